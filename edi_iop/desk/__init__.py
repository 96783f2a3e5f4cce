"""The desk: one function a verb. The command line and the workbench call only this room."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edi_iop.desk.answer import Answer, Flow
    from edi_iop.desk.backtesting import rules_backtest
    from edi_iop.desk.billing import build, check
    from edi_iop.desk.book import explain, rules_list, rules_show, rules_test
    from edi_iop.desk.deciding import ledger, release
    from edi_iop.desk.feeding import feed_check, feed_guess
    from edi_iop.desk.files import identify, parse, validate
    from edi_iop.desk.lists import codes_list, codes_load
    from edi_iop.desk.matching import match_accept, match_link, match_undo
    from edi_iop.desk.paths import is_workspace, write, writing
    from edi_iop.desk.payer import clinic, corruptions, knows_payers, simulate
    from edi_iop.desk.payer_rules import rules_diff, rules_of_payer
    from edi_iop.desk.reconciling import reconcile, reconcile_workspace
    from edi_iop.desk.remedying import remedies, remedy
    from edi_iop.desk.reporting import report, report_names
    from edi_iop.desk.showing import show
    from edi_iop.desk.workspaces import build_workspace, db_migrate, db_status, init, run
    from edi_iop.reports import render, render_parts, render_read, to_parquet, to_xlsx

__all__ = [
    "Answer",
    "Flow",
    "build",
    "build_workspace",
    "check",
    "clinic",
    "codes_list",
    "codes_load",
    "corruptions",
    "db_migrate",
    "db_status",
    "explain",
    "feed_check",
    "feed_guess",
    "identify",
    "init",
    "is_workspace",
    "knows_payers",
    "ledger",
    "match_accept",
    "match_link",
    "match_undo",
    "parse",
    "reconcile",
    "reconcile_workspace",
    "release",
    "remedies",
    "remedy",
    "render",
    "render_parts",
    "render_read",
    "report",
    "report_names",
    "rules_backtest",
    "rules_diff",
    "rules_list",
    "rules_of_payer",
    "rules_show",
    "rules_test",
    "run",
    "show",
    "simulate",
    "to_parquet",
    "to_xlsx",
    "validate",
    "write",
    "writing",
]

_ROOMS = {
    "edi_iop.desk.answer": (
        "Answer",
        "Flow",
    ),
    "edi_iop.desk.backtesting": ("rules_backtest",),
    "edi_iop.desk.billing": (
        "build",
        "check",
    ),
    "edi_iop.desk.book": (
        "explain",
        "rules_list",
        "rules_show",
        "rules_test",
    ),
    "edi_iop.desk.deciding": (
        "ledger",
        "release",
    ),
    "edi_iop.desk.feeding": (
        "feed_check",
        "feed_guess",
    ),
    "edi_iop.desk.files": (
        "identify",
        "parse",
        "validate",
    ),
    "edi_iop.desk.lists": (
        "codes_list",
        "codes_load",
    ),
    "edi_iop.desk.matching": (
        "match_accept",
        "match_link",
        "match_undo",
    ),
    "edi_iop.desk.paths": (
        "is_workspace",
        "write",
        "writing",
    ),
    "edi_iop.desk.payer": (
        "clinic",
        "corruptions",
        "knows_payers",
        "simulate",
    ),
    "edi_iop.desk.payer_rules": (
        "rules_diff",
        "rules_of_payer",
    ),
    "edi_iop.desk.reconciling": (
        "reconcile",
        "reconcile_workspace",
    ),
    "edi_iop.desk.remedying": (
        "remedies",
        "remedy",
    ),
    "edi_iop.desk.reporting": (
        "report",
        "report_names",
    ),
    "edi_iop.desk.showing": ("show",),
    "edi_iop.desk.workspaces": (
        "build_workspace",
        "db_migrate",
        "db_status",
        "init",
        "run",
    ),
    "edi_iop.reports": (
        "render",
        "render_parts",
        "render_read",
        "to_parquet",
        "to_xlsx",
    ),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> object:
    """Loads a verb when it is first asked for: help and usage errors need none of the engine."""
    if name not in _ROOM_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_ROOM_OF[name]), name)
