"""The verb report: a question to a workspace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path

import polars as pl
from msgspec.structs import replace

from edi_iop.desk import material, paths
from edi_iop.desk.answer import Answer, Flow, Outcome, status
from edi_iop.desk.files import error_lines, lines_of
from edi_iop.desk.numbers import as_known
from edi_iop.errors import BadPolicy, NotKnown
from edi_iop.reports.detailed import ABOUT, ASKED, PARTED
from edi_iop.reports.on_day import OnDay
from edi_iop.reports.parted import Parted
from edi_iop.reports.question import PolicyOn, Question
from edi_iop.reports.questions import MONEY, REPORTS
from edi_iop.reports.sheet import Sheet
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
    return [*REPORTS, *PARTED, *ASKED]


def report(
    name: str,
    root: Path,
    about: str | None = None,
    as_of: date | None = None,
    deposits: Sequence[Path] = (),
) -> Answer | Flow:
    """The answer to one question about a workspace; a list of denials is an answer, no failure.

    about: the claim or payment asked about. as_of: the day it is asked for, by default that
    of the last run; of money the day up to which payments count, by default all. deposits:
    bank lists beside those taken in, for the report bank.
    """
    _check(name, root, about, as_of)
    workspace = paths.workspace(root)
    given = material.of_files(paths.delivered(deposits))
    wrong = error_lines(given.findings, given.names)
    if deposits and given.table("deposits").is_empty():
        wrong = (*wrong, _UNLISTED)
    left_out = given.findings.filter(pl.col("code") == "FEED_TOTAL_SKIPPED")
    outcome = Outcome(status(bool(wrong)), (*wrong, *lines_of(left_out, given.names)))
    if name in PARTED:
        return _Report(name, workspace, about, as_of, outcome)
    with _opened(workspace) as store:
        if name in MONEY and as_of is not None:
            policies = records.policies(workspace, workspace.settings(), as_of)
            sheet = MONEY[name](OnDay(store, as_of, past.on_day(store, policies, as_of)))
        elif name in REPORTS:
            sheet = REPORTS[name](store)
        else:
            if about is not None and name == "claim":
                about = as_known(store, about)
            asked = _question(workspace, store, about, as_of)
            sheet = ASKED[name](replace(asked, deposits=given.table("deposits")))
    return Answer(replace(sheet, name=name), outcome.status, outcome.remarks)


class _Report(Flow):
    """A report of a row a line: read while it is written, all of it as the store is at one moment."""

    def __init__(
        self,
        name: str,
        workspace: Workspace,
        about: str | None,
        as_of: date | None,
        outcome: Outcome,
    ) -> None:
        self.name, self.outcome = name, outcome
        self._workspace, self._about, self._as_of = workspace, about, as_of

    def parts(self) -> Iterator[Sheet]:
        with self._parted() as parted:
            yield from parted.parts()

    def read(self) -> Iterator[Sheet]:
        with self._parted() as parted:
            for sheet in parted.read():
                yield self._named(sheet)

    def short(self) -> Sheet:
        with self._parted() as parted:
            return self._named(parted.short())

    def together(self) -> Sheet:
        with self._parted() as parted:
            return self._named(parted.together())

    def kept(self) -> Sheet:
        with self._parted() as parted:
            return self._named(parted.kept())

    @contextmanager
    def _parted(self) -> Iterator[Parted]:
        with _opened(self._workspace) as store:
            yield PARTED[self.name](_question(self._workspace, store, self._about, self._as_of))

    def _named(self, sheet: Sheet) -> Sheet:
        return sheet if sheet.name else replace(sheet, name=self.name)


def _check(name: str, root: Path, about: str | None, as_of: date | None) -> None:
    """NotKnown where there is no such report, or it is asked for what it does not tell."""
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


@contextmanager
def _opened(workspace: Workspace) -> Iterator[Store]:
    """The store as it is at one moment: a run may write to it meanwhile."""
    with Store.open(workspace.database, read_only=True) as store, store.unchanged():
        yield store


def _question(
    workspace: Workspace, store: Store, about: str | None, as_of: date | None
) -> Question:
    day = as_of or store.last_night() or date.today()
    facility = rates(workspace.settings())
    return Question(store, day, _policies(workspace, day), about, rates=facility)


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
