"""One intensive outpatient day per member and date, whatever the diagnoses.

Each check returns the surplus lines; the line that is kept is the evidence.
"""

from __future__ import annotations

import polars as pl

from edi_iop.rules.case import DAY, Case, found, plain, references
from edi_iop.rules.codes import marked
from edi_iop.rules.covering import LEVEL
from edi_iop.rules.days import ATTENDED
from edi_iop.rules.lines import REPLACEMENT
from edi_iop.rules.parameters import HALVES
from edi_iop.tables.nothing import once_of_nothing
from edi_iop.texts import composed

_CODE = [*DAY, "procedure"]
_KEPT = (
    "file_id",
    "claim_offset",
    "procedure",
    "billing_npi",
    "standing",
    "frequency",
    "tied",
    "sent_on",
    "answered_on",
    "modifiers",
    "ref",
)


def resubmitted(case: Case) -> pl.DataFrame:
    """The same day and procedure on another claim, though the first still stands (DUP-03)."""
    lines = _beside_kept(case.iop.filter("several"), _CODE)
    first_stands = pl.col("kept_standing").is_in(["sent", "paid"])
    same_biller = (pl.col("billing_npi") == pl.col("kept_billing_npi")).fill_null(True)
    since = pl.col("sent_on").dt.offset_by(f"-{case.policy.iop.lookback_months}mo")
    in_reach = (pl.col("kept_sent_on") >= since).fill_null(True)
    again = lines.filter(_surplus(), _other_claim(), first_stands, same_biller, in_reach)
    says = composed("{}: {} was already sent on another claim", "date", _code())
    return _noted(again, says, _denied_first())


def forced_session(case: Case) -> pl.DataFrame:
    """A second session of the day under a modifier that calls it a service of its own (DUP-04)."""
    forcing = case.policy.iop.forcing_modifiers
    forced = marked("modifiers", forcing) | marked("kept_modifiers", forcing)
    says = composed(
        "{}: a second session of {} under modifier {}",
        "date",
        _code(),
        pl.coalesce("modifiers", "kept_modifiers"),
    )
    return _second_days(case, forced, says)


def second_code(case: Case) -> pl.DataFrame:
    """A different intensive outpatient code on a day that has one (DUP-01)."""
    other = pl.col("procedure").ne_missing(pl.col("kept_procedure"))
    says = composed(
        "{}: {} beside {}; one intensive outpatient day is payable",
        "date",
        _code(),
        pl.col("kept_procedure").fill_null("no code"),
    )
    return _second_days(case, other, says)


def excess_units(case: Case) -> pl.DataFrame:
    """More units of one code on a day than are payable, on one line or on several (DUP-02).

    A per diem is limited by the policy, half days by twice as many, a code billed
    by time by what was attended. Denied lines that a later claim took up are counted
    among themselves, as the payer counted them.
    """
    units = pl.col("units").fill_null(1)
    by_time = pl.col("minutes_per_unit").is_not_null()
    # a day without enough attendance is the fault of the day (DUR-01), not of its units
    long_enough = pl.col("unsigned_minutes") >= pl.col("min_day_minutes")
    limit = (
        pl.when(pl.col("unit_basis") == "half_day")
        .then(case.policy.iop.units_per_day * HALVES)
        .when(~by_time)
        .then(case.policy.iop.units_per_day)
        .when(long_enough)
        .then(pl.col("unsigned_minutes") // pl.col("minutes_per_unit"))
    )
    # a line alone on its day is looked at only where it has too many units by itself
    lines = _whole_days(case).with_columns(limit=limit).filter(pl.col("several") | (units > limit))
    total = units.cum_sum().over(_CODE)
    counted = _beside_kept(lines.with_columns(total=total), _CODE)
    again = _as_denied(counted, _CODE).with_columns(total=total)
    each = pl.concat([counted.filter(~_worked_again()), again])
    over = each.filter(pl.col("total") > pl.col("limit"), _is_kept() | _surplus())
    says = composed("{}: {} units of {}; {} payable", "date", plain("total"), _code(), "limit")
    return found(over, says, pl.concat_list("kept_ref"), surplus=~_is_kept())


def merged_tracks(case: Case) -> pl.DataFrame:
    """A proposed line into which encounters of both tracks went (DUP-05)."""
    tracks = (
        case.encounters.filter(
            pl.col("level_of_care") == LEVEL, pl.col("attendance").is_in(ATTENDED)
        )
        .group_by("client_id", "service_date")
        .agg(
            pl.col("program_track").filter(pl.col("program_track").is_in(["SUD", "MH"])).n_unique(),
            merged=pl.col("source_record_id").sort(),
        )
        .filter(pl.col("program_track") > 1)
    )
    lines = case.iop.filter(pl.col("standing") == "proposed")
    both = lines.join(tracks, on=["client_id", "service_date"])
    says = composed("{}: encounters of both tracks are billed as one {}", "date", _code())
    return found(both, says, references("encounter", pl.col("merged")))


def _whole_days(case: Case) -> pl.DataFrame:
    """IOP lines each of which stands for a day; of components several make one."""
    return case.iop.filter(~pl.col("component"))


def _second_days(case: Case, wrong: pl.Expr, says: pl.Expr) -> pl.DataFrame:
    """Surplus lines of days that have several, where something is wrong between them and the kept one.

    Denied lines that a later claim took up are looked at among themselves first.
    """
    lines = _beside_kept(_whole_days(case).filter("several"), DAY)
    twice = _as_denied(lines, DAY).filter(_surplus(), wrong)
    others = lines.join(twice, on="row", how="anti", maintain_order="left")
    told = found(twice, says, pl.concat_list("kept_ref"), surplus=pl.lit(True))
    return pl.concat([_noted(others.filter(_surplus(), wrong), says, _worked_again()), told])


@once_of_nothing
def _as_denied(lines: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """The denied lines that a later claim took up, each beside the first among them: the code sent anew."""
    again = lines.filter(_worked_again())
    sent_anew = pl.col("procedure").eq_missing(pl.col("kept_procedure"))
    return _beside_kept(again.sort(~sent_anew, maintain_order=True), key)


def _noted(lines: pl.DataFrame, says: pl.Expr, again: pl.Expr) -> pl.DataFrame:
    """The surplus lines; of those that were there first (again), only that the day was billed again."""
    note = pl.when(again).then(pl.lit("info"))
    return found(lines, says, pl.concat_list("kept_ref"), severity=note, surplus=~again)


def _worked_again() -> pl.Expr:
    """A denied line that a later claim took up: it was the first, and has faults of its own.

    A claim that was sent before the denial was there takes nothing up: the payer had both.
    """
    known = (pl.col("kept_sent_on") >= pl.col("answered_on")).fill_null(True)
    return _denied_first() & known


def _denied_first() -> pl.Expr:
    """A denied line that was sent before the one that is kept."""
    later = (pl.col("sent_on") < pl.col("kept_sent_on")).fill_null(False)
    return (pl.col("standing") == "denied") & later


def _code() -> pl.Expr:
    return pl.col("procedure").fill_null("no code")


@once_of_nothing
def _beside_kept(lines: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """The lines with the first of their key, which is kept (Case.lines is in that order)."""
    kept = (pl.col(name).first().over(key).alias(f"kept_{name}") for name in ("row", *_KEPT))
    return lines.with_columns(kept)


def _is_kept() -> pl.Expr:
    return pl.col("row") == pl.col("kept_row")


def _other_claim() -> pl.Expr:
    """Of another claim; what is proposed stands all together, at offset 0 of file 0."""
    return (pl.col("file_id") != pl.col("kept_file_id")) | (
        pl.col("claim_offset") != pl.col("kept_claim_offset")
    )


def _surplus() -> pl.Expr:
    """Not the kept line, nor one that only takes another's place.

    A replacement that names no claim we know and what it replaces are one. A
    denied line is not made surplus by what is proposed after it, nor by an
    earlier one whose denial was there when it was sent.
    """
    later = pl.col("sent_on") < pl.col("kept_sent_on")
    loose, kept_loose = (
        (pl.col(f"{which}frequency") == REPLACEMENT) & ~pl.col(f"{which}tied")
        for which in ("", "kept_")
    )
    replaces = loose | (kept_loose & later)
    known = (pl.col("sent_on") >= pl.col("kept_answered_on")).fill_null(True)
    anew = (pl.col("kept_standing") == "proposed") | (
        (pl.col("kept_standing") == "denied") & (pl.col("sent_on") > pl.col("kept_sent_on")) & known
    )
    denied = (pl.col("standing") == "denied") & anew.fill_null(False)
    return ~_is_kept() & ~(replaces.fill_null(False) & _other_claim()) & ~denied
