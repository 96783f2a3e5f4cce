"""The verb about code lists: codes load, codes list."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from edi_iop import desk
from edi_iop.cli.options import PATH, date_option, workspace_argument
from edi_iop.cli.output import Output, deliver, output_options


@click.group()
def codes() -> None:
    """List the code lists at hand, and load licensed ones of your own.

    \b
    Example:
      edi-iop codes list clinic
    """


@codes.command("load")
@click.argument("kind", metavar="KIND")
@click.argument("file", type=PATH, metavar="FILE")
@workspace_argument()
@date_option("--as-of", "The day the list is of.")
@output_options()
def codes_load(kind: str, file: Path, workspace: Path, as_of: date | None, output: Output) -> None:
    """Load a code list of your own into a workspace; it stays there.

    KIND is cpt (AMA), carc or rarc (X12), nubc (revenue codes, AHA) or hcpcs (CMS, free). FILE is what
    the owner distributes: a table (CSV, or parted by tab, semicolon or bar) whose column names tell the
    code and its text, CMS's fixed record layout, or lines of a code and its text. Columns of first and
    last days are read too, and `class`, by which a policy can name codes (class:NAME under procedures).

    \b
    Example:
      edi-iop codes load cpt cpt2026.txt clinic --as-of 2026-01-01
    """
    deliver(desk.codes_load(kind, file, workspace, as_of), output)


@codes.command("list")
@click.argument("workspace", type=PATH, required=False, metavar="[WORKSPACE]")
@output_options()
def codes_list(workspace: Path | None, output: Output) -> None:
    """List every code list: its size, its source, and the days it speaks of.

    \b
    Example:
      edi-iop codes list clinic
    """
    deliver(desk.codes_list(workspace), output)
