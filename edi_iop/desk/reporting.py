"""The verb report: a question to a workspace."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path

import polars as pl
from msgspec.structs import replace

from edi_iop.desk import material, paths
from edi_iop.desk.answer import Answer, status
from edi_iop.desk.files import error_lines, lines_of
from edi_iop.desk.numbers import as_known
from edi_iop.errors import BadPolicy, NotKnown
from edi_iop.reports.detailed import ABOUT, ASKED
from edi_iop.reports.on_day import OnDay
from edi_iop.reports.question import PolicyOn, Question
from edi_iop.reports.questions import MONEY, REPORTS
from edi_iop.rules.in_force import Policies, of_payers
from edi_iop.rules.policy import Policy
from edi_iop.rules.rates import rates
from edi_iop.runner import past, records
from edi_iop.settings import Workspace
from edi_iop.store import Store

_UNLISTED = (
    "no deposit was read; a list begins with a header that names a date and an amount column"
)


def report_names() -> list[str]:
    return [*REPORTS, *ASKED]


def report(
    name: str,
    root: Path,
    about: str | None = None,
    as_of: date | None = None,
    deposits: Sequence[Path] = (),
) -> Answer:
    """The answer to one question about a workspace; a list of denials is an answer, no failure.

    about: the claim or payment asked about. as_of: the day it is asked for, by default that
    of the last run; of money the day up to which payments count, by default all. deposits:
    bank lists beside those taken in, for the report bank.
    """
    if name not in report_names():
        raise NotKnown(f"report {name}: there is none; one of {', '.join(report_names())}")
    if as_of is not None and name in REPORTS and name not in MONEY:
        raise NotKnown(f"report {name}: it tells what is known now; leave --as-of away")
    if about is not None and name not in ABOUT:
        raise NotKnown(f"report {name}: it takes no number; leave {about} away")
    if about is None and name in ABOUT and ABOUT[name].needed:
        raise NotKnown(
            f"report {name}: name the {ABOUT[name].what}, as in: report {name} {root} NUMBER"
        )
    workspace = paths.workspace(root)
    given = material.of_files(paths.delivered(deposits))
    with Store.open(workspace.database, read_only=True) as store:
        if name in MONEY and as_of is not None:
            policies = records.policies(workspace, workspace.settings(), as_of)
            sheet = MONEY[name](OnDay(store, as_of, past.on_day(store, policies, as_of)))
        elif name in REPORTS:
            sheet = REPORTS[name](store)
        else:
            day = as_of or store.last_night() or date.today()
            facility = rates(workspace.settings())
            if about is not None and name == "claim":
                about = as_known(store, about)
            asked = Question(
                store, day, _policies(workspace, day), about, given.table("deposits"), facility
            )
            sheet = ASKED[name](asked)
    wrong = error_lines(given.findings, given.names)
    if deposits and given.table("deposits").is_empty():
        wrong = (*wrong, _UNLISTED)
    left_out = given.findings.filter(pl.col("code") == "FEED_TOTAL_SKIPPED")
    said = (*wrong, *lines_of(left_out, given.names))
    return Answer(replace(sheet, name=name), status(bool(wrong)), said)


def _policies(workspace: Workspace, asked_for: date) -> PolicyOn:
    """The workspace's policies by payer and day of service; none of a payer that has none today."""
    names = {payer.id: payer.policy for payer in workspace.settings().payers}

    @cache
    def of_payer(payer: str) -> Policies:
        try:
            return of_payers({payer: names[payer]}, asked_for, (workspace.payers,))
        except BadPolicy:
            return Policies(asked_for, {})

    def policy_on(payer: str, day: date) -> Policy | None:
        return of_payer(payer).on(payer, day) if payer in names else None

    return policy_on
