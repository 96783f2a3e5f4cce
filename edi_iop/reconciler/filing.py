"""Proof of timely filing: when a service was first sent, and who took it in (999, TA1, 277CA)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import msgspec
import polars as pl

from edi_iop.reconciler.acknowledged import DECISIONS, SUBMISSION, acknowledged, answered_on
from edi_iop.reconciler.denials import person
from edi_iop.rules.policy import Policy

_TAKEN = ("A", "E", "P")
"""Accepted, accepted with errors, in part."""
_SAME = ("payer_id", "person", "service_date", "procedure")
Tables = Mapping[str, pl.DataFrame]


class Event(msgspec.Struct, frozen=True):
    """One thing that happened to a claim on its way to the payer."""

    on: date | None
    what: str
    reference: str
    taken: bool = False
    """The receiver says that it took the claim in, and none after it turned it away."""


class Proof(msgspec.Struct, frozen=True):
    """What can be shown of the filing of a service."""

    statement: str
    events: tuple[Event, ...]
    in_time: bool | None
    """By the policy's limit; None where no limit or no date is known."""
    acknowledged: bool
    """A receiver's answer is among the events; else they show our sending alone."""


def proof(
    about: pl.DataFrame,
    lines: pl.DataFrame,
    tables: Tables,
    files: pl.DataFrame,
    policy: Policy | None,
) -> Proof | None:
    """Every submission of the services of these lines, the first first; None where none is known.

    lines: all lines sent (tables.SERVICE_LINES). tables: claims, submissions, acknowledgements,
    acknowledgement_errors. files: tables.FILES, which tell when a 999 came.
    """
    own = about.with_columns(person=person()).select(_SAME).unique()
    same = lines.with_columns(person=person()).join(own, on=_SAME, how="semi")
    claims = tables["claims"].join(
        same.select("file_id", "claim_offset").unique(), on=["file_id", "claim_offset"], how="semi"
    )
    if claims.is_empty():
        return None
    sent = tables["submissions"].join(claims.select(SUBMISSION).unique(), on=SUBMISSION, how="semi")
    events = tuple(_events(sent, claims, tables, files))
    return _stated(events, about, policy)


def _events(
    sent: pl.DataFrame, claims: pl.DataFrame, tables: Tables, files: pl.DataFrame
) -> list[Event]:
    """In the order they happened; a handful, so rows will do."""
    told = acknowledged(
        tables["submissions"],
        tables["claims"],
        tables["acknowledgements"],
        tables["acknowledgement_errors"],
    )
    days = dict(answered_on(tables["acknowledgements"], files).iter_rows())
    numbers = _payer_numbers(tables["acknowledgements"])
    words = told.submissions.join(sent.select(SUBMISSION), on=SUBMISSION, how="semi")
    said = {tuple(row[name] for name in SUBMISSION): row for row in words.to_dicts()}
    statuses = told.claims.join(claims, on=["file_id", "claim_offset"], how="semi").to_dicts()
    turned_away = _turned_away(statuses)
    events: list[Event] = []
    for row in sent.sort("created_on", "file_id", "transaction_offset").to_dicts():
        key = tuple(row[name] for name in SUBMISSION)
        inside = claims.filter(pl.col("file_id") == key[0], pl.col("transaction_offset") == key[1])
        control = (
            f"interchange {row['interchange_control']}, group {row['group_control']}, "
            f"transaction {row['transaction_control']}"
        )
        named = ", ".join(inside["claim"].to_list())
        stands = not turned_away.issuperset(inside.select("file_id", "claim_offset").iter_rows())
        events.append(Event(row["created_on"], f"claim {named} sent (837)", control))
        events += _functional(said.get(key, {}), days, control, stands)
        events += [
            _claim_status(status, days, numbers, stands)
            for status in statuses
            if (status["file_id"], status["transaction_offset"]) == key
        ]
    return sorted(events, key=lambda event: event.on or date.max)


def _turned_away(statuses: Sequence[Mapping[str, object]]) -> set[tuple[object, object]]:
    """Claims of which the last word is no: what the payer says goes further than the clearinghouse."""
    payer_last = sorted(statuses, key=lambda status: status["by"] == "payer")
    last = {(one["file_id"], one["claim_offset"]): one["decision"] for one in payer_last}
    return {claim for claim, decision in last.items() if decision == "R"}


def _functional(
    said: Mapping[str, object], days: Mapping[int, date | None], control: str, stands: bool
) -> list[Event]:
    """TA1 and 999 of the submission, as far as there are any."""
    events = []
    for name, what in (("ta1", "interchange"), ("functional", "transaction set")):
        decision, file = said.get(name), said.get(f"{name}_file")
        if not isinstance(decision, str) or not isinstance(file, int):
            continue
        kind = "TA1" if name == "ta1" else "999"
        word = _word(decision)
        taken = decision in _TAKEN and kind == "999" and stands
        events.append(Event(days.get(file), f"{what} {word} ({kind})", control, taken))
    return events


def _claim_status(
    status: Mapping[str, object],
    days: Mapping[int, date | None],
    numbers: Mapping[tuple[int, str], str],
    stands: bool,
) -> Event:
    """What clearinghouse or payer says of the claim (277CA)."""
    file, claim = int(str(status["answer_file"])), str(status["claim"])
    said = status["statuses"]
    codes = "; ".join(str(one) for one in said if one) if isinstance(said, list) else ""
    number = numbers.get((file, claim.upper()))
    reference = f"claim {claim}, status {codes or 'none'}"
    if number:
        reference += f", payer's number {number}"
    word = _word(str(status["decision"]))
    return Event(
        days.get(file),
        f"claim {word} by the {status['by']} (277CA)",
        reference,
        status["decision"] in _TAKEN and stands,
    )


def _word(decision: str) -> str:
    return DECISIONS.get(decision, "answered")


def _payer_numbers(acks: pl.DataFrame) -> dict[tuple[int, str], str]:
    rows = acks.drop_nulls(["claim", "payer_claim_number"]).select(
        "file_id", pl.col("claim").str.to_uppercase(), "payer_claim_number"
    )
    return {(file, claim): number for file, claim, number in rows.iter_rows()}


def _stated(events: tuple[Event, ...], about: pl.DataFrame, policy: Policy | None) -> Proof:
    """The sentence of the proof: first sent, first taken in, and the limit."""
    served = about["service_date"].min()
    through = about["statement_to"].max()
    by_statement = policy is not None and policy.timely.counts_from == "statement_through"
    begin = through if by_statement and isinstance(through, date) else served
    sent = next((event for event in events if "sent" in event.what and event.on), None)
    taken = next((event for event in events if event.taken and event.on), None)
    shown = taken or sent
    if shown is None or shown.on is None or not isinstance(begin, date):
        return Proof("When the claim was first sent our records do not tell.", events, None, False)
    waited = (shown.on - begin).days
    said = [f"The first claim was sent on {sent.on}." if sent else "", _taken_in(taken)]
    counted = "the end of the statement" if by_statement else "the date of service"
    said.append(f"That is {waited} days after {counted}, {begin}.")
    if policy is None:
        return Proof(" ".join(filter(None, said)), events, None, taken is not None)
    limit = policy.timely.initial_days
    last_day = begin + timedelta(days=limit)
    said.append(f"The limit is {limit} days ({last_day}).")
    return Proof(" ".join(filter(None, said)), events, shown.on <= last_day, taken is not None)


def _taken_in(taken: Event | None) -> str:
    return f"On {taken.on}: {taken.what}, {taken.reference}." if taken else ""
