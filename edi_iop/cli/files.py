"""Verbs about files: show, identify, validate, parse."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from edi_iop import desk, processes
from edi_iop.cli.options import PATH, layouts_option, paths_argument, snip_levels, texts_option
from edi_iop.cli.output import Output, deliver, flow, leave, output_options, stream, whole, working


@click.command()
@paths_argument()
@click.option("--claim", metavar="CLAIM", help="Only this claim (CLM01, CLP01), with its headers.")
@texts_option()
@output_options(forms=("table", "json", "ndjson"))
def show(
    paths: tuple[Path, ...], claim: str | None, workspace: Path | None, output: Output
) -> None:
    """Show an 835 or 837 decoded, each raw segment beside its meaning.

    Loop by loop, amounts lined up, findings at their segments; 999, 277CA and other X12 too. -v adds
    byte offsets. Names, ids, birth dates and addresses are hidden unless --show-phi is given.

    \b
    Example:
      edi-iop show remit.835 --claim EXE4VG45F5Y
    """
    decoded = desk.show(paths, claim, output.show_phi, workspace)
    terminal = None if output.target else sys.stdout
    stream(decoded.text(output.format, terminal, output.verbose), output, "reading")
    leave(decoded, output)


@click.command()
@paths_argument()
@layouts_option()
@output_options()
def identify(paths: tuple[Path, ...], layouts: tuple[Path, ...], output: Output) -> None:
    """Say what each file is, by its content.

    Kind, guide, sender, receiver, control number and counts, a row an interchange; a name or suffix
    tells nothing. An archive (zip, gz) stands for all files in it, - for standard input.

    \b
    Example:
      edi-iop identify inbox/*
    """
    with working("identifying", output):
        answer = desk.identify(paths, layouts)
    deliver(answer, output)


@click.command()
@paths_argument()
@click.option(
    "--snip",
    callback=snip_levels,
    metavar="LEVELS",
    help="Only findings of these SNIP levels, as in 1-3,5.",
)
@click.option(
    "--ack",
    type=PATH,
    metavar="DIR",
    help="Write each 837's and 835's TA1 and 999 into this folder; bad values only with --show-phi.",
)
@click.option(
    "--companion",
    metavar="NAME",
    help="Hold claims against this companion guide too (level 7), as in harbor.",
)
@click.option(
    "--workspace",
    type=PATH,
    metavar="WORKSPACE",
    help="Know the codes of the lists loaded into it too (codes load).",
)
@layouts_option()
@output_options()
def validate(
    paths: tuple[Path, ...],
    snip: set[int] | None,
    ack: Path | None,
    companion: str | None,
    workspace: Path | None,
    layouts: tuple[Path, ...],
    output: Output,
) -> None:
    """List every finding of the files, each at its exact place.

    X12 against its implementation guide, remits also against their own sums, feeds against their
    columns. Exit code 1 where there is an error. With --ack each file is answered, whatever --snip
    shows: errors that have a 999 code reject their transaction set, and what is rejected is exit code 1.

    \b
    Example:
      edi-iop validate remit.835 --snip 1-3 --format ndjson
      edi-iop validate inbox/* --ack answers/
      edi-iop validate claim.837 --companion harbor
    """
    _made_ready(paths)
    answer = desk.validate(
        paths, snip, ack, output.show_phi, companion, layouts, workspace=workspace
    )
    flow(answer, output, "validating")


@click.command()
@paths_argument()
@click.option("--table", required=True, metavar="NAME", help="Canonical table, as in remit_lines.")
@layouts_option()
@output_options()
def parse(paths: tuple[Path, ...], table: str, layouts: tuple[Path, ...], output: Output) -> None:
    """Take one canonical table out of the files.

    With -o the file gets everything; on a terminal names, member ids and birth dates are masked
    unless --show-phi is given. All formats but table carry money in cents. - stands for standard
    input; the table `segments` holds every byte of the files.

    \b
    Example:
      edi-iop parse remit.835 --table remit_lines -o lines.csv
    """
    _made_ready(paths)
    flow(desk.parse(paths, table, layouts), whole(output), "parsing")


def _made_ready(paths: Sequence[Path]) -> None:
    """Where X12 alone is read."""
    if all(_is_x12(path) for path in paths):
        processes.made_ready_for_x12(sum(path.stat().st_size for path in paths))


def _is_x12(path: Path) -> bool:
    """Whether a file, and no pipe, begins as X12 does."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return file.read(3) == b"ISA"
    except OSError:  # said where it is read
        return False
