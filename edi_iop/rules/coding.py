"""Procedure, revenue code and diagnosis, each against the others (sections 1.4 and 1.6)."""

from __future__ import annotations

import polars as pl

from edi_iop.codes import validity
from edi_iop.rules.case import Case, active, found
from edi_iop.rules.codes import listed, marked
from edi_iop.rules.covering import LEVEL
from edi_iop.rules.days import ATTENDED
from edi_iop.rules.families import TREATED, begins, family
from edi_iop.rules.parameters import RevenueSense
from edi_iop.texts import composed


def unknown_pair(case: Case) -> pl.DataFrame:
    """An intensive outpatient line whose revenue code and procedure are no pair of the payer (REV-01)."""
    revenues = [pair.revenue for pair in case.policy.iop.pairs]
    program = pl.col("iop") | pl.col("revenue").is_in(revenues)
    pairs = ", ".join(f"{pair.revenue} {pair.procedure}" for pair in case.policy.iop.pairs)
    says = composed(
        "{}: {} {} is not a pair of this payer ({})",
        "date",
        pl.col("revenue").fill_null("no revenue code"),
        pl.col("procedure").fill_null("without procedure"),
        pl.lit(pairs),
    )
    return found(case.lines.filter(program, ~pl.col("paired")), says, pl.concat_list("ref"))


def untreated_principal(case: Case) -> pl.DataFrame:
    """A principal diagnosis that no intensive outpatient program treats (DX-02).

    Nicotine, organic (code first) and Z codes, and any outside the treated families.
    """
    lines = case.iop.filter(~pl.col("family").is_in(TREATED))
    says = composed(
        "{}: principal diagnosis {} is not of the substance use or mental health family",
        "date",
        _principal(),
    )
    return found(lines, says, pl.concat_list("ref"))


def other_family(case: Case) -> pl.DataFrame:
    """A principal diagnosis of the family that the procedure is not for (DX-01).

    A line whose codes are no pair is not judged: which of them is wrong is not known.
    """
    treated = case.iop.filter(pl.col("paired"), pl.col("family").is_in(TREATED))
    says = composed(
        "{}: {} with principal diagnosis {} ({})",
        "date",
        "procedure",
        _principal(),
        "family",
    )
    return found(treated.filter(~pl.col("fitting")), says, pl.concat_list("ref"))


def invalid_diagnosis(case: Case) -> pl.DataFrame:
    """A diagnosis that is no billable ICD-10-CM code on the date (DX-03)."""
    # judged once a combination, of which there are few, not once a line
    listed = (
        case.lines.select("diagnoses", "service_date")
        .drop_nulls()
        .unique()
        .with_columns(code=pl.col("diagnoses").str.split(" "))
        .explode("code")
        .filter(pl.col("code") != "")
    )
    held = validity("icd10cm", listed["code"])
    wrong = ~pl.col("known") | ~active("service_date", "from", "to")
    bad = (
        listed.join(held, on="code", how="left")
        .filter(wrong)
        .with_columns(
            why=pl.when(pl.col("known"))
            .then(composed("{} is not valid on the date", "code"))
            .when("longer")
            .then(composed("{} is not specific enough", "code"))
            .otherwise(composed("{} is no ICD-10-CM code", "code"))
        )
        .group_by("diagnoses", "service_date")
        .agg(why=pl.col("why").unique().sort().str.join("; "))
    )
    lines = case.lines.join(bad, on=["diagnoses", "service_date"])
    return found(lines, composed("{}: {}", "date", "why"), pl.concat_list("ref"))


def one_family(case: Case) -> pl.DataFrame:
    """An integrated program's line whose diagnoses are of one family (DX-04)."""
    integrated = marked("modifiers", case.policy.modifiers.co_occurring)
    programs = (
        case.encounters.filter(
            pl.col("level_of_care") == LEVEL, pl.col("attendance").is_in(ATTENDED)
        )
        .group_by("client_id", "service_date")
        .agg(co_occurring=(pl.col("program_track") == "CO").any())
    )
    lines = case.iop.join(programs, on=["client_id", "service_date"], how="left").filter(
        integrated | pl.col("co_occurring").fill_null(False)
    )
    listed = lines.select("diagnoses").drop_nulls().unique()
    each = pl.col("diagnoses").str.split(" ")
    families = listed.with_columns(
        treated=each.list.eval(family(pl.element(), case.policy))
        .list.eval(pl.element().filter(pl.element().is_in(TREATED)))
        .list.unique()
    ).filter(pl.col("treated").list.len() == 1)
    single = lines.join(families, on="diagnoses")
    says = composed(
        "{}: billed or charted as co-occurring, with diagnoses of one family ({})",
        "date",
        pl.col("treated").list.first(),
    )
    return found(single, says, pl.concat_list("ref"))


def wrong_bill(case: Case) -> pl.DataFrame:
    """Type of bill, condition codes or procedure that this payer's IOP claims do not have (REV-02).

    A proposed line has its condition codes yet to come.
    """
    known = case.policy.codes
    institutional = case.lines.filter(pl.col("form") == "I")
    sent = pl.col("claim").is_not_null()
    lacking = [
        pl.when(sent & ~marked("condition_codes", [code])).then(pl.lit(f"no condition code {code}"))
        for code in known.condition_codes
    ]
    barred = [
        pl.when(marked("condition_codes", [code])).then(pl.lit(f"condition code {code}"))
        for code in known.barred_condition_codes
    ]
    types = pl.col("facility_type").is_in(known.bill_types or [""]) | (not known.bill_types)
    wrong_type = pl.when(~types).then(composed("type of bill {}x", "facility_type"))
    foreign = pl.when(begins(pl.col("procedure"), known.barred_procedures)).then(
        composed("{} is no code of such a claim", "procedure")
    )
    of_claim = pl.when("iop").then(pl.coalesce(wrong_type, *barred, *lacking))
    judged = institutional.with_columns(why=pl.coalesce(foreign, of_claim))
    wrong = judged.filter(pl.col("why").is_not_null())
    return found(wrong, composed("{}: {}", "date", "why"), pl.concat_list("ref"))


def untaken_procedure(case: Case) -> pl.DataFrame:
    """A procedure that this payer does not take (REV-04)."""
    known = case.policy.codes
    refused = listed("procedure", known.refused)
    if known.accepted:
        refused |= (pl.col("form") == "I") & ~listed("procedure", known.accepted)
    lines = case.lines.filter(pl.col("procedure").is_not_null(), refused)
    says = composed("{}: this payer does not take {}", "date", "procedure")
    return found(lines, says, pl.concat_list("ref"))


def other_sense(case: Case) -> pl.DataFrame:
    """A revenue code by which this payer means something else than the line says (REV-03)."""
    nothing = found(case.lines.clear(), pl.lit(""), pl.concat_list("ref"))
    # a loop over the few codes whose sense a payer sets
    return pl.concat(
        [nothing, *(_unlike(case, code, sense) for code, sense in case.policy.codes.senses.items())]
    )


def _unlike(case: Case, revenue: str, sense: RevenueSense) -> pl.DataFrame:
    lines = case.lines.filter(pl.col("revenue") == revenue)
    other_code = pl.lit(bool(sense.procedures)) & ~listed("procedure", sense.procedures)
    treats = pl.col("family").is_in(TREATED)
    other_track = treats & (pl.col("family") != pl.lit(sense.track, pl.String))
    unlike = lines.filter((other_code & pl.col("procedure").is_not_null()) | other_track)
    says = composed("{}: to this payer {} means {}", "date", "revenue", pl.lit(sense.says))
    return found(unlike, says, pl.concat_list("ref"))


def _principal() -> pl.Expr:
    return pl.col("diagnoses").str.split(" ").list.first()
