"""Verbs about files: identify, validate, parse."""

from __future__ import annotations

from pathlib import Path

import click

from edi_iop import desk
from edi_iop.cli.options import paths_argument, snip_levels
from edi_iop.cli.output import Output, deliver, output_options, whole, working


@click.command()
@paths_argument()
@output_options()
def identify(paths: tuple[Path, ...], output: Output) -> None:
    """Say what each file is, by its content.

    Kind, guide, sender, receiver, control number and counts; a name or suffix tells nothing. A folder stands for all files in it.

    \b
    Example:
      edi-iop identify inbox/
    """
    with working("identifying", output):
        answer = desk.identify(paths)
    deliver(answer, output)


@click.command()
@paths_argument()
@click.option(
    "--snip",
    callback=snip_levels,
    metavar="LEVELS",
    help="Only findings of these SNIP levels, as in 1-3,5.",
)
@output_options()
def validate(paths: tuple[Path, ...], snip: set[int] | None, output: Output) -> None:
    """List every finding of the files, each at its exact place.

    X12 against its implementation guide, remits also against their own sums, feeds against their
    columns. Exit code 1 where there is an error.

    \b
    Example:
      edi-iop validate remit.835 --snip 1-3 --format ndjson
    """
    with working("validating", output):
        answer = desk.validate(paths, snip)
    deliver(answer, output)


@click.command()
@paths_argument()
@click.option("--table", required=True, metavar="NAME", help="Canonical table, as in remit_lines.")
@output_options()
def parse(paths: tuple[Path, ...], table: str, output: Output) -> None:
    """Take one canonical table out of the files.

    With -o the file gets everything; on a terminal names, member ids and birth dates are masked
    unless --show-phi is given. --format csv, json and ndjson carry money in cents.

    \b
    Example:
      edi-iop parse remit.835 --table remit_lines -o lines.csv
    """
    with working("parsing", output):
        answer = desk.parse(paths, table)
    deliver(answer, whole(output))


VERBS = (identify, validate, parse)
