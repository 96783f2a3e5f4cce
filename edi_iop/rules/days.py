"""Encounters to patient days: minutes are a union of intervals, never a sum.

An interval whose end is before its start ran past midnight. It counts up to
midnight only: the per diem is one calendar day's, and minutes of the next date
are not attended on this one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from edi_iop.rules import codes
from edi_iop.rules.in_force import each
from edi_iop.rules.parameters import Answer
from edi_iop.rules.policy import Policy
from edi_iop.rules.records import COVERAGE, newest
from edi_iop.tables import DAYS

ATTENDED = ("attended", "partial")
SIGNED = ("signed", "cosigned")
MIDNIGHT = 24 * 60

DAY = ["client_id", "service_date", "level_of_care"]
_EPISODE = ["client_id", "episode_id"]
_ENDED = ("discharge_date", "discharge_status")
_SAME_SESSION = [*DAY, "service_type", "rendering_npi", "minutes"]
_SAID = (
    "auth_number",
    "episode_id",
    "admit_date",
    "discharge_date",
    "discharge_status",
    "admission_type",
    "admission_source",
    "attending_npi",
    "rendering_npi",
    "payer_id",
    "member_id",
    "birth_date",
)
"""What a day has from the longest of its encounters that says so."""
_OF_COVERAGE = ("payer_id", "member_id", "birth_date")
_DESCRIBED = (*DAY, "length", "start", "source_record_id", "program_track", "diagnoses", *_SAID)
_COUNTED = (
    *_SAME_SESSION, "payer_id", "source_record_id", "program_track", "note_status", "procedure",
    "modifiers", "start", "end",
)  # fmt: skip
"""What each side of a day is made of: of a million encounters no more is copied."""


def current(encounters: pl.DataFrame) -> pl.DataFrame:
    """The newest version of every record, cancelled records gone (table encounters).

    Discharges (record_action `discharge`) are no sessions: each is what all sessions of its episode say.
    """
    if _all_current(encounters):
        return encounters  # of a million rows no copy is made
    last = encounters.sort("record_version", "file_id", "row").unique(
        "source_record_id", keep="last", maintain_order=True
    )
    standing = last.filter(pl.col("record_action").ne_missing("cancel"))
    return _discharged(standing).sort("file_id", "row")


def _discharged(records: pl.DataFrame) -> pl.DataFrame:
    """The sessions, those of an episode with its discharge; the newest of an episode counts."""
    ends = pl.col("record_action").eq_missing("discharge")
    told = records.filter(ends).unique(_EPISODE, keep="last", maintain_order=True)
    return (
        records.filter(~ends)
        .join(
            told.select(*_EPISODE, *(pl.col(name).alias(f"_{name}") for name in _ENDED)),
            on=_EPISODE,
            how="left",
            maintain_order="left",
        )
        .with_columns(pl.coalesce(f"_{name}", name).alias(name) for name in _ENDED)
        .drop(f"_{name}" for name in _ENDED)
    )


def _all_current(encounters: pl.DataFrame) -> bool:
    """Whether every record is there once, none cancelled, in the order of files and rows."""
    file, row = pl.col("file_id"), pl.col("row")
    in_order = (file > file.shift()) | ((file == file.shift()) & (row > row.shift()))
    whole = encounters.select(
        in_order=in_order.all(ignore_nulls=True),
        kept=pl.col("record_action").is_in(["cancel", "discharge"]).not_().fill_null(True).all(),
        numbered=file.is_not_null().all() & row.is_not_null().all(),
        single=pl.col("source_record_id").n_unique() == pl.len(),
    )
    return all(whole.row(0))


def days(
    encounters: pl.DataFrame, clients: pl.DataFrame, policies: Mapping[str, Policy]
) -> pl.DataFrame:
    """tables.DAYS of the attended encounters: one client on one date at one level of care.

    policies: by payer id. Time in a service that the payer pays beside its per diem is
    not time in the program: it is left out of the minutes. Where it does so on a
    condition, only medication-assisted treatment is known to meet it without a line.
    """
    if encounters.is_empty():
        return DAYS.empty()
    rows = _covered(_attended(current(encounters)), newest(clients, COVERAGE))
    counted = each(rows.select(_COUNTED), policies, in_program)
    signed = counted.filter(pl.col("note_status").is_in(SIGNED))
    minutes = (_minutes(signed, "minutes"), _minutes(counted, "unsigned_minutes"))
    del counted, signed  # describing needs the room
    whole = _described(rows.select(_DESCRIBED))
    for sums in minutes:
        whole = whole.join(sums, on=DAY, how="left")
    return DAYS.conform(
        whole.with_columns(pl.col("minutes", "unsigned_minutes").fill_null(0))
    ).sort(DAY)


def _attended(encounters: pl.DataFrame) -> pl.DataFrame:
    """The attended encounters, measured, with what a day is made of."""
    wanted = dict.fromkeys((*_DESCRIBED, *_COUNTED, "service_date"))
    attended = encounters.filter(pl.col("attendance").is_in(ATTENDED))
    return measured(attended).select(name for name in wanted if name not in _OF_COVERAGE)


def in_program(rows: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    """The encounters (with payer_id) that are the program's, and not services the payer pays beside it."""
    apart = _paid_apart(policies, "separate")
    within = rows.join(apart, on=["payer_id", "service_type"], how="anti")
    return within.join(_treated(within, policies), on=["payer_id", "source_record_id"], how="anti")


def union_minutes(spans: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """Minutes that the spans of a key cover together: columns of key, and `minutes`.

    spans: columns of key, start and end in minutes of the day. Each span adds
    what lies after the latest end before it.
    """
    reached = pl.col("end").cum_max().shift(1).over(list(key))
    added = pl.col("end") - pl.max_horizontal("start", reached)
    return (
        spans.sort("start", "end")
        .with_columns(added=added.clip(lower_bound=0))
        .group_by(list(key), maintain_order=True)
        .agg(minutes=pl.col("added").sum())
    )


def measured(encounters: pl.DataFrame) -> pl.DataFrame:
    """The encounters with start and end in minutes of the day, and their length."""
    start, end = _minute("start_time"), _minute("end_time")
    timed = start.is_not_null() & end.is_not_null()
    until = pl.when(end < start).then(MIDNIGHT).otherwise(end)
    return encounters.with_columns(
        start=pl.when(timed).then(start), end=pl.when(timed).then(until)
    ).with_columns(length=pl.coalesce(pl.col("end") - pl.col("start"), "minutes").fill_null(0))


def _minute(time: str) -> pl.Expr:
    return pl.col(time).dt.hour().cast(pl.Int64) * 60 + pl.col(time).dt.minute()


def _covered(encounters: pl.DataFrame, clients: pl.DataFrame) -> pl.DataFrame:
    """The encounters with the primary coverage of their date; the later coverage wins."""
    births = clients.select("client_id", "birth_date").unique("client_id", keep="last")
    active = (pl.col("coverage_from") <= pl.col("service_date")) & (
        pl.col("coverage_to").is_null() | (pl.col("service_date") <= pl.col("coverage_to"))
    )
    coverage = (
        encounters.select("client_id", "service_date")
        .unique()
        .join(clients.filter(pl.col("coverage_priority") == "P"), on="client_id")
        .filter(active)
        .sort("coverage_from", "file_id", "row")
        .unique(["client_id", "service_date"], keep="last")
        .select("client_id", "service_date", "payer_id", "member_id")
    )
    return encounters.join(coverage, on=["client_id", "service_date"], how="left").join(
        births, on="client_id", how="left"
    )


def _treated(encounters: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    """payer_id and record of medication-assisted treatment that a payer so pays apart."""
    types = _paid_apart(policies, "separate_if")
    some = encounters.join(types, on=["payer_id", "service_type"], how="semi")
    # one turn a payer, of whom there are few: each has its own codes
    treated = [
        some.filter(pl.col("payer_id") == payer, medication_assisted(policy))
        for payer, policy in policies.items()
    ]
    return pl.concat([some.clear(), *treated]).select("payer_id", "source_record_id")


def medication_assisted(policy: Policy) -> pl.Expr:
    """Whether an encounter or a line is medication-assisted treatment, by procedure or modifier."""
    known = policy.medication
    return codes.listed("procedure", known.procedures) | codes.marked("modifiers", known.modifiers)


def _paid_apart(policies: Mapping[str, Policy], answer: Answer) -> pl.DataFrame:
    """Service types that a payer pays beside the per diem: always, or on a condition mat_otp.

    Without a per diem there is no beside: such services are the program.
    """
    apart = [
        (payer, service_type)
        for payer, policy in policies.items()
        if not policy.iop.by_component
        for bundle in policy.bundles.values()
        if bundle.answer == answer and (answer == "separate" or "mat_otp" in bundle.conditions)
        for service_type in bundle.service_types
    ]
    schema = {"payer_id": pl.String, "service_type": pl.String}
    return pl.DataFrame(apart, schema=schema, orient="row")


def _minutes(encounters: pl.DataFrame, name: str) -> pl.DataFrame:
    """Minutes of each day: the union of its intervals, and the sessions without times."""
    timed = union_minutes(encounters.filter(pl.col("start").is_not_null()), DAY)
    untimed = _untimed(encounters.filter(pl.col("start").is_null()))
    both = pl.concat([timed, untimed]).group_by(DAY).agg(pl.col("minutes").sum())
    return both.rename({"minutes": name})


def _untimed(encounters: pl.DataFrame) -> pl.DataFrame:
    """Minutes of sessions without times, added up.

    Their overlap cannot be seen. But one session exported once for each track
    (the dual-diagnosis duplicate) is known by its type, staff and length.
    """
    nth = pl.int_range(pl.len()).over([*_SAME_SESSION, "program_track"])
    once = encounters.with_columns(nth=nth).unique([*_SAME_SESSION, "nth"], maintain_order=True)
    return once.group_by(DAY, maintain_order=True).agg(
        minutes=pl.col("minutes").fill_null(0).sum().cast(pl.Int64)
    )


def _described(encounters: pl.DataFrame) -> pl.DataFrame:
    """One row a day, with what the longest of its encounters that says so says."""
    longest_first = encounters.sort(
        "length", "start", "source_record_id", descending=[True, False, False], nulls_last=True
    )
    tracks = pl.col("program_track").drop_nulls()
    listed = pl.col("diagnoses").str.split(" ").explode(empty_as_null=True).drop_nulls()
    return longest_first.group_by(DAY, maintain_order=True).agg(
        pl.when(tracks.n_unique() > 1)
        .then(pl.lit("CO"))
        .otherwise(tracks.first())
        .alias("program_track"),
        listed.unique(maintain_order=True).str.join(" ").replace("", None).alias("diagnoses"),
        *(pl.col(name).drop_nulls().first() for name in _SAID),
        encounters=pl.col("source_record_id").sort(),
    )
