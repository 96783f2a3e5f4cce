"""The command `edi-iop`: one verb, one call of the desk."""

from __future__ import annotations

import edi_iop.cli.billing as billing
import edi_iop.cli.book as book
import edi_iop.cli.deciding as deciding
import edi_iop.cli.feeds as feeds
import edi_iop.cli.files as files
import edi_iop.cli.lists as lists
import edi_iop.cli.workspaces as workspaces
from edi_iop import processes
from edi_iop.cli.front import cli

__all__ = ["cli", "main"]

for _verb in (
    *workspaces.VERBS, *files.VERBS, *feeds.VERBS, *billing.VERBS, *deciding.VERBS, *book.VERBS,
    *lists.VERBS,
):  # fmt: skip
    cli.add_command(_verb)


def main() -> None:
    """The console script."""
    processes.start_lightly()
    cli(prog_name="edi-iop")
