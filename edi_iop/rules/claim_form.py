"""What a claim says of itself: elements, span, frequency and dates (CLM-01 to CLM-05)."""

from __future__ import annotations

import polars as pl

from edi_iop.rules.case import Case, active, found
from edi_iop.rules.lines import CLAIM, REPLACEMENT, VOID
from edi_iop.texts import composed

_WORDS = {"npi": "NPI", "id": "id"}
_STAYS = "30"
"""Patient status: still a patient."""
_INTERIM_OR_WHOLE = ["1", "2", "3", "4"]


def incomplete(case: Case) -> pl.DataFrame:
    """A claim that lacks an element this payer requires (CLM-01).

    A proposed line becomes a claim only with what it lacks (the mapper names it).
    """
    required = case.policy.claim.required
    absent = [pl.when(pl.col(name).is_null()).then(pl.lit(_worded(name))) for name in required]
    lines = case.iop.filter(pl.col("claim").is_not_null(), pl.col("form") == "I")
    lacking = pl.concat_str(pl.lit(""), *absent, separator=", ", ignore_nulls=True)
    told = lines.with_columns(lacking=lacking.str.strip_prefix(", "))
    says = composed("{}: the claim has no {}", "date", "lacking")
    return found(told.filter(pl.col("lacking") != ""), says, pl.concat_list("ref"))


def wide_span(case: Case) -> pl.DataFrame:
    """A statement across a month, a year or a change of coverage (CLM-02)."""
    splits = case.policy.claim.splits
    begins, ends = pl.col("statement_from"), pl.col("statement_to")
    years = begins.dt.year() != ends.dt.year()
    months = begins.dt.truncate("1mo") != ends.dt.truncate("1mo")
    crossed = pl.coalesce(
        pl.when(years & ("year" in splits)).then(pl.lit("a year")),
        pl.when(months & ("month" in splits)).then(pl.lit("a month")),
        pl.when(pl.col("coverages") > 1).then(pl.lit("a change of coverage")),
    )
    claims = case.lines.filter(pl.col("claim").is_not_null(), pl.col("form") == "I")
    covered = _coverages(case, claims) if "coverage" in splits else pl.DataFrame(schema=_COVERED)
    wide = claims.join(covered, on=CLAIM, how="left").with_columns(crossed=crossed)
    says = composed(
        "{}: the statement {} to {} crosses {}",
        "date",
        begins.cast(pl.String).fill_null("without a first day"),
        ends.cast(pl.String).fill_null("none"),
        "crossed",
    )
    return found(wide.filter(pl.col("crossed").is_not_null()), says, pl.concat_list("ref"))


_COVERED = {"file_id": pl.Int64(), "claim_offset": pl.Int64(), "coverages": pl.UInt32()}


def _coverages(case: Case, lines: pl.DataFrame) -> pl.DataFrame:
    """CLAIM and coverages: under how many coverages with this payer the claim's dates lie."""
    held = case.clients.select("client_id", "coverage_from", "coverage_to", "coverage_priority")
    return (
        lines.select(*CLAIM, "client_id", "service_date", "payer_responsibility")
        .join(
            held,
            left_on=["client_id", "payer_responsibility"],
            right_on=["client_id", "coverage_priority"],
        )
        .filter(active("service_date"))
        .sort("coverage_from")
        .unique([*CLAIM, "service_date"], keep="last")
        .group_by(CLAIM)
        .agg(coverages=pl.col("coverage_from").n_unique())
        .cast(_COVERED)  # type: ignore[arg-type]
    )


def wrong_frequency(case: Case) -> pl.DataFrame:
    """A replacement or void without the payer's claim number, or a status that contradicts (CLM-03)."""
    rule = case.policy.claim
    frequency, status = pl.col("frequency"), pl.col("patient_status")
    facts = ("row", "ref", "date", "claim", "frequency", "patient_status", "replaces")
    claims = pl.concat([case.lines.select(facts), case.voids.select(facts)]).filter(
        pl.col("claim").is_not_null()
    )
    unnamed = frequency.is_in([REPLACEMENT, VOID]) & pl.col("replaces").is_null()
    interim = frequency.is_in(rule.interim_frequencies)
    # a payer without interim bills has every claim as a whole one, while the patient stays too
    asked = _INTERIM_OR_WHOLE if case.policy.billing.interim else rule.interim_frequencies
    contrary = pl.lit(rule.status_agrees) & frequency.is_in(asked) & (interim != (status == _STAYS))
    why = (
        pl.when(unnamed)
        .then(composed("frequency {} names no claim of the payer's (REF F8)", frequency))
        .when(contrary)
        .then(composed("frequency {} with patient status {}", frequency, status))
    )
    told = claims.with_columns(why=why).filter(pl.col("why").is_not_null())
    return found(told, composed("{}: {}", "date", "why"), pl.concat_list("ref"))


def wrong_date(case: Case) -> pl.DataFrame:
    """A line without a date, or dated outside its statement, after it was sent, or outside the stay (CLM-05)."""
    day = pl.col("service_date")
    undated = day.is_null() & pl.col("iop") & (pl.col("form") == "I")
    outside = (day < pl.col("statement_from")) | (day > pl.col("statement_to"))
    why = pl.coalesce(
        pl.when(undated).then(pl.lit("the line says no date of service")),
        pl.when(outside).then(
            composed(
                "outside the statement {} to {}",
                pl.col("statement_from").cast(pl.String),
                pl.col("statement_to").cast(pl.String),
            )
        ),
        pl.when(day > pl.col("sent_on")).then(pl.lit("after the claim was made")),
        pl.when("after").then(pl.lit("after the discharge")),
        pl.when("before").then(pl.lit("before the admission")),
    )
    stays = case.lines.join(_after_discharge(case), on="row", how="left").join(
        _before_admission(case), on="row", how="left"
    )
    told = stays.with_columns(why=why).filter(pl.col("why").is_not_null())
    return found(told, composed("{}: {}", "date", "why"), pl.concat_list("ref"))


def _before_admission(case: Case) -> pl.DataFrame:
    """row, before: whether the records of the date name a later admission."""
    early = case.days.filter(
        pl.col("level_of_care") == "IOP", pl.col("admit_date") > pl.col("service_date")
    )
    day = ["client_id", "service_date"]
    rows = case.iop.select("row", *day).join(early, on=day, how="semi")
    return rows.select("row", before=pl.lit(True))


def _after_discharge(case: Case) -> pl.DataFrame:
    """row, after: whether the client was discharged before the date and not admitted again."""
    episodes = (
        case.days.filter(pl.col("admit_date").is_not_null())
        .group_by("client_id", "episode_id", "admit_date")
        .agg(pl.col("discharge_date").max())
        .select("client_id", "admit_date", "discharge_date")
    )
    ended = episodes.filter(pl.col("discharge_date").is_not_null()).select("client_id").unique()
    return (
        case.iop.select("row", "client_id", "service_date")
        .join(ended, on="client_id", how="semi")
        .join(episodes, on="client_id")
        .group_by("row")
        .agg(
            inside=active("service_date", "admit_date", "discharge_date").any(),
            later=(pl.col("discharge_date") < pl.col("service_date")).fill_null(False).any(),
        )
        .select("row", after=pl.col("later") & ~pl.col("inside"))
    )


def _worded(column: str) -> str:
    return " ".join(_WORDS.get(word, word) for word in column.split("_"))
