"""Verbs by which a person decides and acts: match, release, remedy; and the ledger they go by."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import click

from edi_iop import desk
from edi_iop.cli.options import PATH, date_option, workspace_argument
from edi_iop.cli.output import Output, deliver, output_options, working

REMIT = "A remit claim: the number it came under, or FILE:OFFSET as reports name it."


def _noted(verb: Callable[..., Any]) -> Callable[..., Any]:
    """--note and --by: why, and who."""
    by = click.option("--by", metavar="NAME", help="Who decides; default: the user logged in.")
    note = click.option("--note", metavar="TEXT", help="Why, for whoever asks later.")
    return note(by(verb))


def _pairs(
    ctx: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> tuple[tuple[int, int], ...]:
    """`2=1`: the answer's second line is to line 1 of the claim."""
    for text in given:
        if not re.fullmatch(r"\d+=\d+", text):
            raise click.BadParameter(f"{text!r} is not N=LX, as in 2=1", ctx, parameter)
    return tuple((int(line), int(number)) for line, number in (text.split("=") for text in given))


@click.group()
def match() -> None:
    """Tie remits to claims by hand; every word is kept.

    \b
    Examples:
      edi-iop report unmatched clinic
      edi-iop match accept clinic 12:3456 --note "same days, number cut"
      edi-iop match link clinic 12:3456 E4KQ00000XZ
      edi-iop match link clinic 12:3456 E4KQ00000XZ --line 1=2 --line 2=1
      edi-iop match undo clinic 12:3456
    """


@match.command()
@workspace_argument()
@click.argument("remit", metavar="REMIT")
@_noted
@output_options()
def accept(workspace: Path, remit: str, note: str | None, by: str | None, output: Output) -> None:
    """Take the claim that is proposed for an unmatched remit claim.

    \b
    Example:
      edi-iop match accept clinic 12:3456
    """
    with working("matching", output):
        answer = desk.match_accept(workspace, remit, note, by)
    deliver(answer, output)


@match.command()
@workspace_argument()
@click.argument("remit", metavar="REMIT")
@click.argument("claim", metavar="CLAIM")
@click.option(
    "--line",
    "lines",
    metavar="N=LX",
    multiple=True,
    callback=_pairs,
    help="The answer's line N (1 is its first SVC) is to line LX of the claim; several may be given.",
)
@_noted
@output_options()
def link(
    workspace: Path,
    remit: str,
    claim: str,
    lines: tuple[tuple[int, int], ...],
    note: str | None,
    by: str | None,
    output: Output,
) -> None:
    """Tie a remit claim, or lines of it, to a claim, whatever was found.

    Lines that nothing tells apart stay open (`report unmatched`); --line says which is which.

    \b
    Examples:
      edi-iop match link clinic 12:3456 E4KQ00000XZ
      edi-iop match link clinic 12:3456 E4KQ00000XZ --line 1=2 --line 2=1
    """
    with working("matching", output):
        answer = desk.match_link(workspace, remit, claim, note, by, lines)
    deliver(answer, output)


@match.command()
@workspace_argument()
@click.argument("remit", metavar="REMIT")
@click.option(
    "--line",
    "lines",
    metavar="N",
    multiple=True,
    type=click.IntRange(min=1),
    help="Only the answer's line N (1 is its first SVC), off the line it is matched to.",
)
@_noted
@output_options()
def undo(
    workspace: Path,
    remit: str,
    lines: tuple[int, ...],
    note: str | None,
    by: str | None,
    output: Output,
) -> None:
    """Take a remit claim, or lines of it, off the claim it is matched to.

    The program does not match these two again; `match link` does. A line that was tied by hand is
    the program's to match again, any other one stays open.

    \b
    Example:
      edi-iop match undo clinic 12:3456 --note "another admission"
    """
    with working("matching", output):
        answer = desk.match_undo(workspace, remit, note, by, lines)
    deliver(answer, output)


@click.command()
@workspace_argument()
@click.argument("what", metavar="WHAT")
@click.option("--reject", is_flag=True, help="The payment does not count: another one does.")
@click.option("--undo", "back", is_flag=True, help="Take an earlier release or rejection back.")
@_noted
@output_options()
def release(
    workspace: Path,
    what: str,
    reject: bool,
    back: bool,
    note: str | None,
    by: str | None,
    output: Output,
) -> None:
    """Let money that is held count, or reject its payment.

    WHAT is a payment (its number, or FILE:OFFSET) or a remit claim (its number, or FILE:OFFSET),
    as `report held` and `report payments` name them.

    \b
    Examples:
      edi-iop report held clinic
      edi-iop release clinic 12:171 --note "the payer confirmed both checks"
      edi-iop release clinic 13:171 --reject
    """
    if reject and back:
        raise click.UsageError("--reject and --undo exclude each other")
    with working("posting", output):
        answer = desk.release(workspace, what, reject, back, note, by)
    deliver(answer, output)


@click.command()
@workspace_argument()
@click.argument("claim", required=False, metavar="[CLAIM]")
@date_option("--as-of", "Only payments up to this date; default: all.")
@output_options()
def ledger(workspace: Path, claim: str | None, as_of: date | None, output: Output) -> None:
    """Show where claims stand, or what happened to one of them.

    \b
    Examples:
      edi-iop ledger clinic --as-of 2026-03-31
      edi-iop ledger clinic E4KQ00000XZ
    """
    with working("adding up", output):
        answer = desk.ledger(workspace, claim, as_of)
    deliver(answer, output)


def _remedy_name(ctx: click.Context, parameter: click.Parameter, name: str | None) -> str | None:
    if name is not None and name not in desk.remedies():
        listed = ", ".join(desk.remedies())
        raise click.BadParameter(f"{name!r} is none; one of {listed}", ctx, parameter)
    return name


@click.command()
@workspace_argument()
@click.argument("claim", metavar="CLAIM")
@click.option(
    "--as",
    "chosen",
    metavar="REMEDY",
    callback=_remedy_name,
    help="Write this one, whatever the report advises; default: what each denied line asks for.",
)
@click.option(
    "-o", "--output", "target", type=PATH, metavar="DIR", help="Folder; default: remedies/."
)
@date_option("--as-of", "The day of the letter or claim; default: today.")
@output_options(to_file=False)
def remedy(
    workspace: Path,
    claim: str,
    chosen: str | None,
    target: Path | None,
    as_of: date | None,
    output: Output,
) -> None:
    """Write the corrected claim, the void, the new claim or the letter that a denial asks for.

    For a person to check and send; nothing goes to outbox/. A claim is an 837I, a letter a DOCX
    made of WORKSPACE/letters/appeal.docx or, without it, of the template that ships; both hold
    names. Exit code 1 where something in it needs a look, 3 where a precondition forbids it.

    \b
    Examples:
      edi-iop remedy clinic E4KQ00000XZ
      edi-iop remedy clinic E4KQ00000XZ --as clinical_appeal -o appeals
    """
    with working("writing", output):
        answer = desk.remedy(workspace, claim, chosen, target, as_of)
    deliver(answer, output)
