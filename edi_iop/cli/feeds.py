"""Verbs about feeds: feed guess, feed check."""

from __future__ import annotations

from pathlib import Path

import click

from edi_iop import desk
from edi_iop.cli.options import PATH, layouts_option, paths_argument
from edi_iop.cli.output import Output, deliver, output_options, working


@click.group()
def feed() -> None:
    """Bring a partner's own export in: propose a layout, check its rows.

    \b
    Example:
      edi-iop feed check export.csv --layout partner.toml
    """


@feed.command()
@click.argument("path", metavar="FILE", type=PATH)
@click.option(
    "-o", "--output", "target", type=PATH, metavar="LAYOUT.toml", help="Write the layout here."
)
@output_options(to_file=False)
def guess(path: Path, target: Path | None, output: Output) -> None:
    """Propose a layout for a CSV or XML export, to be edited.

    By the header and the values: dates and times and their form, ICD-10-CM, HCPCS and revenue codes,
    NPI by their check digit. Exit code 1 where a required column is not found.

    \b
    Example:
      edi-iop feed guess export.csv -o clinic/feeds/partner.toml
    """
    with working("looking at the export", output):
        answer = desk.feed_guess(path, target)
    deliver(answer, output)


@feed.command()
@paths_argument()
@layouts_option()
@output_options()
def check(paths: tuple[Path, ...], layouts: tuple[Path, ...], output: Output) -> None:
    """Say row by row what is wrong with feeds, and what to do.

    Feeds of any form: CSV and XML, canonical or by a layout, HL7, FHIR, 837 encounters. Values are
    shown only with --show-phi. Exit code 1 where a row cannot be used.

    \b
    Example:
      edi-iop feed check export.csv --layout partner.toml
    """
    with working("checking", output):
        answer = desk.feed_check(paths, layouts)
    deliver(answer, output)
