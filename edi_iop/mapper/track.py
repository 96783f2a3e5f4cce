"""Which per diem a day earns: authorization first, then track, then principal diagnosis (1.6)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import polars as pl

from edi_iop.rules.in_force import of_payer
from edi_iop.rules.parameters import HALVES
from edi_iop.rules.policy import MINUTES_PER_UNIT, Policy

CODED = ("procedure", "revenue", "minutes_per_unit", "full_day_minutes", "units")
"""What coded() says of a day's own per diem."""
_TRACKS = ["SUD", "MH"]


def pairs(policies: Mapping[str, Policy]) -> pl.DataFrame:
    """Every payer's procedure and revenue pairs, and what their units count.

    minutes_per_unit is null but where time is billed, full_day_minutes but where half days are.
    """
    rows = [
        (
            payer,
            pair.track,
            pair.procedure,
            pair.revenue,
            MINUTES_PER_UNIT.get(pair.unit_basis),
            policy.duration.min_day_minutes if pair.unit_basis == "half_day" else None,
        )
        for payer, policy in policies.items()
        for pair in policy.iop.pairs
    ]
    schema = {
        "payer_id": pl.String,
        "track": pl.String,
        "procedure": pl.String,
        "revenue": pl.String,
        "minutes_per_unit": pl.Int64,
        "full_day_minutes": pl.Int64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def by_procedure(policies: Mapping[str, Policy]) -> pl.DataFrame:
    """The payers' pairs, of each procedure the first."""
    return pairs(policies).unique(["payer_id", "procedure"], keep="first", maintain_order=True)


PRINCIPAL = pl.col("diagnoses").str.extract(r"^(\S+)", 1)
MONTH = pl.col("service_date").dt.truncate("1mo")


def together(lines: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    """The lines with track, and what those of one claim agree in: month, principal and claim_track.

    A line that is no per diem (`program` is null) goes with its day's; a pair may be of either track.
    """
    day = ["payer_id", "client_id", "service_date"]
    key = ["payer_id", "procedure"]
    known = by_procedure(policies).select(*key, "track", program=pl.lit(True))
    tracked = lines.join(known, on=key, how="left", maintain_order="left")
    own = pl.col("track")
    return tracked.with_columns(
        month=MONTH,
        principal=PRINCIPAL,
        claim_track=own.fill_null(own.drop_nulls().first().over(day)),
    )


def terms(policies: Mapping[str, Policy]) -> pl.Expr:
    """A number that differs where a payer's policy has come to make or to price claims otherwise.

    Claims cross no such day: their type of bill, codes and rates would be of two kinds.
    """
    number = pl.lit(0)
    for payer in policies:  # one turn a payer and version, of which there are few
        for place, (last, one) in enumerate(pairwise(of_payer(policies, payer)), 1):
            if _making(last.policy) != _making(one.policy):
                since = (pl.col("payer_id") == payer) & (pl.col("service_date") >= one.since)
                number = pl.when(since).then(place).otherwise(number)
    return number


def _making(policy: Policy) -> object:
    """What a policy makes claims of, and what it pays for them."""
    return policy.billing, policy.iop.pairs, policy.claim.splits


def coded(days: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    """The days with track, procedure, revenue, units and diagnoses in billing order.

    days: payer_id, program_track, diagnoses, minutes, auth_track, auth_procedure;
    payers without a policy must be gone. `listed` keeps the diagnoses as charted.
    """
    known = pairs(policies)
    numbered = days.with_row_index("_day").rename({"diagnoses": "listed"})
    charted = _charted(numbered, policies)
    chosen = _with_track(numbered, charted, known)
    paired = chosen.join(
        known.unique(["payer_id", "track"], keep="first", maintain_order=True),
        on=["payer_id", "track"],
        how="left",
    ).with_columns(units=units())
    ordered = _in_billing_order(charted, paired, policies)
    return paired.join(ordered, on="_day", how="left").sort("_day").drop("_day")


def units() -> pl.Expr:
    """Units of an attended day: its hours or quarters, of half days one or two, else one.

    A day too short for one unit keeps one, so that the rules can judge it (DUR-01).
    """
    timed = pl.col("minutes") // pl.col("minutes_per_unit")
    halves = pl.when(pl.col("minutes") >= pl.col("full_day_minutes")).then(HALVES)
    return pl.max_horizontal(timed, halves, pl.lit(1)).cast(pl.Float64)


def _charted(days: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    """One row a diagnosis of a day, in the chart's order, with its family."""
    codes = (
        days.select("_day", "payer_id", diagnosis=pl.col("listed").fill_null("").str.split(" "))
        .explode("diagnosis")
        .filter(pl.col("diagnosis") != "")
        .with_columns(position=pl.int_range(pl.len()).over("_day"))
    )
    # a loop over distinct codes, not rows: the family is a function of the policy
    families = [
        (
            payer,
            code,
            policies[payer].family(code),
            code.startswith(policies[payer].diagnosis.pregnancy_sud),
        )
        for payer, code in codes.select("payer_id", "diagnosis").unique().iter_rows()
    ]
    schema = {
        "payer_id": pl.String,
        "diagnosis": pl.String,
        "family": pl.String,
        "pregnancy": pl.Boolean,
    }
    known = pl.DataFrame(families, schema=schema, orient="row")
    return codes.join(known, on=["payer_id", "diagnosis"], how="left", maintain_order="left")


def _with_track(days: pl.DataFrame, charted: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """The day's track, by the first of these that names one.

    The covering authorization's procedure, its track, the day's own track, the
    family of the first psychiatric or substance use diagnosis, the payer's first pair.
    """
    by_code = known.select("payer_id", auth_procedure="procedure", _by_code="track").unique(
        ["payer_id", "auth_procedure"], keep="first", maintain_order=True
    )
    by_family = (
        charted.filter(pl.col("family").is_in(_TRACKS))
        .group_by("_day", maintain_order=True)
        .agg(_by_family=pl.col("family").first())
    )
    by_payer = known.group_by("payer_id", maintain_order=True).agg(
        _by_payer=pl.col("track").first()
    )
    named = [
        pl.when(pl.col(name).is_in(_TRACKS)).then(pl.col(name))
        for name in ("_by_code", "auth_track", "program_track", "_by_family", "_by_payer")
    ]
    return (
        days.join(by_code, on=["payer_id", "auth_procedure"], how="left")
        .join(by_family, on="_day", how="left")
        .join(by_payer, on="payer_id", how="left")
        .with_columns(track=pl.coalesce(named))
        .drop("_by_code", "_by_family", "_by_payer")
    )


def _in_billing_order(
    charted: pl.DataFrame, days: pl.DataFrame, policies: Mapping[str, Policy]
) -> pl.DataFrame:
    """Diagnoses with the first that fits the procedure as principal, the rest as charted.

    A pregnancy complicated by substance use stays principal; where none fits,
    the chart's order stays, and the rules say what is wrong (DX-01, DX-02).
    """
    fitting = pl.DataFrame(
        [
            (payer, procedure, track, True)
            for payer, policy in policies.items()
            for procedure, tracks in policy.diagnosis.tracks_by_procedure.items()
            for track in tracks
        ],
        schema={
            "payer_id": pl.String,
            "procedure": pl.String,
            "family": pl.String,
            "fits": pl.Boolean,
        },
        orient="row",
    )
    right = (pl.col("position") == 0) & pl.col("pregnancy") & (pl.col("track") == "SUD")
    rows = (
        charted.join(days.select("_day", "procedure", "track"), on="_day")
        .join(fitting, on=["payer_id", "procedure", "family"], how="left")
        .with_columns(candidate=pl.col("fits").fill_null(False) | right)
    )
    first = pl.col("position").filter("candidate").min().over("_day")
    return (
        rows.with_columns(principal=(pl.col("position") == first).fill_null(False))
        .sort("_day", "principal", "position", descending=[False, True, False])
        .group_by("_day", maintain_order=True)
        .agg(diagnoses=pl.col("diagnosis").str.join(" "))
    )
