"""The verb rules backtest: what the rules of today would have stopped of the claims of the past."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import polars as pl
from msgspec.structs import replace

from edi_iop.desk import paths
from edi_iop.desk.answer import Answer
from edi_iop.errors import NotKnown
from edi_iop.money import to_dollars
from edi_iop.reconciler import backtest
from edi_iop.reports.sheet import Field, Sheet
from edi_iop.rules.catalogue import catalogue
from edi_iop.rules.records import Records
from edi_iop.runner import records as workspace_records
from edi_iop.runner.settle import answers
from edi_iop.store import Store

_LINES = ("claim", "line", "payer", "service_date", "sent_on", "charge_cents", "answer")


def rules_backtest(
    root: Path,
    since: date,
    on: date | None = None,
    rules: Sequence[str] = (),
    lines: bool = False,
) -> Answer:
    """What the rules would have stopped of the lines sent since a day.

    Each line under its payer's policy of its date of service; with `on` every line as if the
    policies of that day had always been in force. rules: only these. lines: a row a stopped
    line, not a row a rule. Writes nothing.
    """
    wanted = {rule.upper() for rule in rules}
    for rule in sorted(wanted - catalogue().keys()):
        raise NotKnown(f"--rule {rule}: there is none of that id; see: edi-iop rules list")
    today = on or date.today()
    replayed = _replayed(root, since, today, hypothetical=on is not None)
    if rules:
        replayed = replayed.with_columns(pl.col("rules").list.set_intersection(sorted(wanted)))
    stopped = replayed.filter(pl.col("rules").list.len() > 0)
    sheet = _by_line(stopped) if lines else _by_rule(stopped)
    return Answer(replace(sheet, closing=_closing(replayed, stopped, since)))


def _replayed(root: Path, since: date, today: date, hypothetical: bool) -> pl.DataFrame:
    workspace = paths.workspace(root)
    dated = workspace_records.policies(workspace, workspace.settings(), today)
    policies = dated.at(today) if hypothetical else dated
    with Store.open(workspace.database, read_only=True) as store:
        known = workspace_records.known(store, policies, today)
        answered = answers(store, known)

    def records(lines: pl.DataFrame, day: date) -> Records:
        return replace(known, as_of=day).records(lines)

    return backtest.replay(
        known.lines(answered.standings),
        answered.remits,
        answered.matches,
        records,
        policies,
        since,
    )


def _by_rule(stopped: pl.DataFrame) -> Sheet:
    fields = (
        Field("RULE", "rule"),
        Field("STOPPED", "lines", "number"),
        Field("CHARGE", "charge_cents", "money"),
        Field("DENIED", "denied_lines", "number"),
        Field("CHARGE", "denied_cents", "money"),
        Field("PAID", "paid_lines", "number"),
        Field("PAYMENT", "paid_cents", "money"),
        Field("OPEN", "open_lines", "number"),
        Field("CHARGE", "open_cents", "money"),
    )
    return Sheet("", backtest.by_rule(stopped), fields, none="no rule would have stopped anything")


def _by_line(stopped: pl.DataFrame) -> Sheet:
    rows = stopped.rename({"payer_id": "payer"}).select(
        *_LINES, "paid_cents", "rules", "says", "policy"
    )
    fields = (
        Field("CLAIM", "claim"),
        Field("LINE", "line", "number"),
        Field("DATE", "service_date"),
        Field("RULES", "rules"),
        Field("CHARGE", "charge_cents", "money"),
        Field("ANSWER", "answer", "flag"),
        Field("PAID", "paid_cents", "money"),
    )
    return Sheet("", rows, fields, none="no rule would have stopped anything")


def _closing(replayed: pl.DataFrame, stopped: pl.DataFrame, since: date) -> str:
    """Each line once: of the denied ones how many, of the paid ones how many wrongly."""
    return (
        f"{replayed.height:,} lines sent since {since}, {stopped.height:,} stopped: "
        f"{_share(stopped, replayed, 'denied', 'charge_cents')}; "
        f"{_share(stopped, replayed, 'paid', 'paid_cents')}, which would have been held wrongly"
    )


def _share(stopped: pl.DataFrame, replayed: pl.DataFrame, answer: str, cents: str) -> str:
    """`12 of 14 denied lines (3,420.00 of 3,990.00)`"""
    part, whole = (frame.filter(pl.col("answer") == answer)[cents] for frame in (stopped, replayed))
    return (
        f"{part.len():,} of {whole.len():,} {answer} lines "
        f"({to_dollars(int(part.sum()))} of {to_dollars(int(whole.sum()))})"
    )
