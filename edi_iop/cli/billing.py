"""Verbs about claims and remits: check, build, reconcile, simulate, clinic."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from edi_iop import desk
from edi_iop.cli.options import (
    PATH,
    Many,
    claim_lines,
    date_option,
    layouts_option,
    names_listed,
    paths_argument,
    policies_option,
    seed_option,
    settings_option,
)
from edi_iop.cli.output import Output, deliver, output_options, working

AS_OF = "The day to judge as of; default: today."


def _is_workspace(given: tuple[Path, ...]) -> bool:
    return len(given) == 1 and desk.is_workspace(given[0])


@click.command()
@paths_argument("given", "WORKSPACE | FILE...")
@policies_option()
@settings_option()
@layouts_option()
@date_option("--as-of", AS_OF)
@output_options()
def check(
    given: tuple[Path, ...],
    payers: tuple[str, ...],
    settings: Path | None,
    layouts: tuple[Path, ...],
    as_of: date | None,
    output: Output,
) -> None:
    """List what breaks a billing rule; no claim is written.

    Of a workspace: what is in its store and its inbox. Of files: feeds (encounters, clients,
    authorizations, providers) and claims already sent (837I, 837P). Exit code 1 where a rule is
    broken.

    \b
    Examples:
      edi-iop check clinic --as-of 2026-03-05
      edi-iop check feeds/ former.837 --payer HARBR=harbor --payer MERID=meridian
    """
    if not _is_workspace(given) and not payers and settings is None:
        raise click.UsageError("files need a policy: --payer harbor, or --settings FILE")
    with working("checking", output):
        answer = desk.check(given, payers, settings, as_of, layouts)
    deliver(answer, output)


@click.command()
@paths_argument("given", "WORKSPACE | FEED...")
@policies_option()
@settings_option()
@layouts_option()
@date_option("--as-of", "The day the claims are made; default: today.")
@click.option(
    "--control",
    type=click.IntRange(1, 999_999_999),
    metavar="N",
    help="First interchange control number, where no workspace keeps count; default: by the clock.",
)
@click.option(
    "-o", "--output", "target", type=PATH, metavar="OUT", help="File, or folder for several."
)
@output_options(to_file=False)
def build(
    given: tuple[Path, ...],
    payers: tuple[str, ...],
    settings: Path | None,
    layouts: tuple[Path, ...],
    as_of: date | None,
    control: int | None,
    target: Path | None,
    output: Output,
) -> None:
    """Write the 837I of the days that break no rule.

    Of a workspace: of what was taken in, into outbox/, remembered as sent; the inbox is left for
    `run`. Of feeds: into OUT; the facility comes from --settings (a workspace's settings.toml).
    Exit code 1 where lines are blocked.

    \b
    Examples:
      edi-iop build clinic
      edi-iop build feeds/ --settings settings.toml --payer harbor -o claims.837
    """
    if _is_workspace(given):
        _only_for_feeds(
            payer=payers or None,
            settings=settings,
            layout=layouts or None,
            control=control,
            target=target,
        )
        with working("building claims", output):
            answer = desk.build_workspace(given[0], as_of)
    else:
        if settings is None or target is None:
            raise click.UsageError("feeds need --settings FILE (who bills) and -o OUT")
        with working("building claims", output):
            answer = desk.build(given, payers, settings, target, as_of, control, layouts)
    deliver(answer, output)


def _only_for_feeds(**options: object) -> None:
    for name, value in options.items():
        if value is not None:
            flag = {"target": "-o"}.get(name, f"--{name}")
            raise click.UsageError(f"{flag} goes with feeds; a workspace has its own")


class Reconcile(Many):
    many = ("--claims", "--remits", "--feeds")


@click.command(cls=Reconcile)
@click.argument("workspace", type=PATH, required=False, metavar="[WORKSPACE]")
@click.option("--claims", multiple=True, type=PATH, metavar="F...", help="837I as sent.")
@click.option("--remits", multiple=True, type=PATH, metavar="F...", help="835 as answered.")
@click.option("--feeds", multiple=True, type=PATH, metavar="F...", help="The facility's records.")
@policies_option()
@settings_option()
@layouts_option()
@date_option("--as-of", AS_OF)
@output_options()
def reconcile(
    workspace: Path | None,
    claims: tuple[Path, ...],
    remits: tuple[Path, ...],
    feeds: tuple[Path, ...],
    payers: tuple[str, ...],
    settings: Path | None,
    layouts: tuple[Path, ...],
    as_of: date | None,
    output: Output,
) -> None:
    """Tie remits to claims and explain every denied line.

    \b
    Examples:
      edi-iop reconcile clinic
      edi-iop reconcile --claims out.837 --remits era.835 --feeds feeds/ --payer harbor
    """
    if workspace is not None:
        if claims or remits or feeds:
            raise click.UsageError("either a WORKSPACE, or --claims and --remits")
        with working("reconciling", output):
            answer = desk.reconcile_workspace(workspace, as_of)
    else:
        if not (claims and remits):
            raise click.UsageError("name a WORKSPACE, or --claims F... and --remits F...")
        if not payers and settings is None:
            raise click.UsageError("files need a policy: --payer harbor, or --settings FILE")
        with working("reconciling", output):
            answer = desk.reconcile(claims, remits, feeds, payers, settings, as_of, layouts)
    deliver(answer, output)


class Simulate(Many):
    many = ("--feeds",)


@click.command(cls=Simulate)
@click.argument("given", nargs=-1, type=PATH, metavar="CLAIMS...")
@policies_option()
@settings_option()
@click.option("--feeds", multiple=True, type=PATH, metavar="F...", help="What the payer may know.")
@seed_option()
@click.option(
    "--mistakes",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="How many authorized lines the payer denies as unauthorized.",
)
@click.option(
    "--wrongly",
    multiple=True,
    callback=claim_lines,
    metavar="CLAIM/LINE",
    help="A line the payer denies wrongly; repeatable.",
)
@click.option(
    "--errors",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="How many good lines the payer denies, for any of its rules.",
)
@click.option(
    "--corrupt",
    callback=names_listed,
    metavar="all|NAME,...",
    help="Corrupt the answers: of these kinds, or of all; `list` shows them.",
)
@date_option("--as-of", "The day the payer answers; default: today.")
@click.option("-o", "--output", "target", type=PATH, metavar="DIR", help="Folder.")
@output_options(to_file=False)
def simulate(
    given: tuple[Path, ...],
    payers: tuple[str, ...],
    settings: Path | None,
    feeds: tuple[Path, ...],
    seed: int,
    mistakes: int,
    wrongly: tuple[tuple[str, int], ...],
    errors: int,
    corrupt: tuple[str, ...],
    as_of: date | None,
    target: Path | None,
    output: Output,
) -> None:
    """Answer claims as a payer would: 999s and 277CAs (acks/), 835s, and the truth.

    With --corrupt the payer is an adversary: numbers cut and exchanged, lines dropped, split and
    bundled, reversals and corrections in later payments, recoveries, files that come again in
    another envelope; truth-claims.ndjson says what each remit claim truly answers.

    Authorizations, coverage and attendance are judged only as far as --feeds tell of them; a
    workspace stands for all its records, and for its payers.

    \b
    Examples:
      edi-iop simulate claims.837 --payer harbor -o answers --seed 7 --feeds feeds/
      edi-iop simulate clinic/outbox -o answers --feeds clinic
      edi-iop simulate former.837 --feeds clinic -o answers --wrongly OB260017/3
      edi-iop simulate former.837 --payer harbor -o answers --corrupt all --seed 7
      edi-iop simulate --corrupt list
    """
    if corrupt == ("list",):
        deliver(desk.corruptions(), output)
        return
    if not given or target is None:
        raise click.UsageError("name CLAIMS and a folder for the answers: -o DIR")
    if not payers and settings is None and not desk.knows_payers(feeds):
        raise click.UsageError("name the payer's policy: --payer harbor, or --settings FILE")
    with working("the payer is deciding", output):
        answer = desk.simulate(
            given, target, payers, settings, feeds, seed, mistakes, as_of, wrongly, corrupt, errors
        )
    deliver(answer, output)


@click.command()
@click.argument("folder", type=PATH, metavar="DIR")
@seed_option()
@click.option(
    "--clients", type=click.IntRange(40, 5000), default=40, show_default=True, help="How many."
)
@click.option(
    "--weeks",
    type=click.IntRange(8, 52),
    default=8,
    show_default=True,
    help="How many; the last eight are the clinic's own to bill, those before were billed.",
)
@output_options()
def clinic(folder: Path, seed: int, clients: int, weeks: int, output: Output) -> None:
    """Write the files of a synthetic clinic, faults planted, and beside them the truth.

    All faults are planted once for every hundred clients.

    \b
    Examples:
      edi-iop clinic sample --seed 7
      edi-iop clinic large --clients 500 --weeks 26
    """
    with working("making a clinic", output):
        answer = desk.clinic(folder, seed, clients, weeks)
    deliver(answer, output)
