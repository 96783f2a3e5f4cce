"""The desk: one function a verb. The command line and the workbench call only this room."""

from __future__ import annotations

from edi_iop.desk.answer import Answer
from edi_iop.desk.billing import build, check
from edi_iop.desk.book import explain, rules_list, rules_show, rules_test
from edi_iop.desk.files import identify, parse, validate
from edi_iop.desk.paths import is_workspace, write
from edi_iop.desk.payer import clinic, knows_payers, simulate
from edi_iop.desk.reconciling import reconcile, reconcile_workspace
from edi_iop.desk.reporting import report, report_names
from edi_iop.desk.workspaces import build_workspace, db_migrate, db_status, init, run
from edi_iop.reports import render

__all__ = [
    "Answer",
    "build",
    "build_workspace",
    "check",
    "clinic",
    "db_migrate",
    "db_status",
    "explain",
    "identify",
    "init",
    "is_workspace",
    "knows_payers",
    "parse",
    "reconcile",
    "reconcile_workspace",
    "render",
    "report",
    "report_names",
    "rules_list",
    "rules_show",
    "rules_test",
    "run",
    "simulate",
    "validate",
    "write",
]
