"""The verb report: a question to a workspace."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from edi_iop.desk import paths
from edi_iop.desk.answer import Answer
from edi_iop.errors import NotKnown
from edi_iop.reports.questions import REPORTS
from edi_iop.store import Store


def report_names() -> list[str]:
    return list(REPORTS)


def report(name: str, root: Path) -> Answer:
    """The answer to one question about a workspace; a list of denials is an answer, no failure."""
    if name not in REPORTS:
        raise NotKnown(f"report {name}: there is none; one of {', '.join(REPORTS)}")
    with Store.open(paths.workspace(root).database, read_only=True) as store:
        return Answer(replace(REPORTS[name](store), name=name))
