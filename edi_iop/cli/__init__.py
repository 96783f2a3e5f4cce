"""The command `edi-iop`: one verb, one call of the desk."""

from __future__ import annotations

from edi_iop import processes


def main() -> None:
    """The console script."""
    processes.start_lightly()
    from edi_iop.cli.front import cli  # what is loaded from here on is loaded lightly

    cli(prog_name="edi-iop")
