"""Services that the per diem already pays for (sections 2.2 and 2.5).

A payer includes a class of services, pays it apart, or pays it apart where one of
its conditions holds: the tri-state of parameters.Answer.
"""

from __future__ import annotations

import polars as pl

from edi_iop.rules import conditions
from edi_iop.rules.case import Case, active, found, references
from edi_iop.rules.days import ATTENDED, medication_assisted
from edi_iop.texts import composed

LAB = "lab"
"""The bundle of laboratory tests in every policy."""


def component(case: Case) -> pl.DataFrame:
    """A component service on an intensive outpatient day (BUN-01)."""
    # professional fees that are paid apart are not components of the facility's day
    forms = ["I"] if case.policy.professional.fees == "separate" else ["I", "P"]
    return _bundled(case, (pl.col("bundle") != LAB) & pl.col("form").is_in(forms))


def laboratory(case: Case) -> pl.DataFrame:
    """A drug or alcohol test on an intensive outpatient day (BUN-04)."""
    return _bundled(case, pl.col("bundle") == LAB)


def professional_fee(case: Case) -> pl.DataFrame:
    """A professional claim by the program's own staff on an intensive outpatient day (BUN-02)."""
    if case.policy.professional.fees == "separate":
        return found(case.lines.clear(), pl.lit(""), pl.concat_list("ref"))
    claims = _by_staff(case, _payable(case, case.beside_iop.filter(pl.col("form") == "P")))
    says = composed(
        "{}: professional service {} by the program's staff is part of the day",
        "date",
        pl.col("procedure").fill_null("without a code"),
    )
    return found(claims.filter(~pl.col("payable")), says, pl.concat_list("day_ref"))


def unauthorized_fee(case: Case) -> pl.DataFrame:
    """A professional fee paid apart, without the authorization it needs (BUN-03)."""
    professional = case.policy.professional
    asked = professional.separate_authorization and professional.fees != "included"
    claims = case.beside_iop.filter(pl.col("form") == "P", pl.lit(asked))
    authorized = conditions.separate_auth(case, claims).implode()
    lacking = _by_staff(case, claims.filter(~pl.col("row").is_in(authorized)))
    says = composed(
        "{}: {} is paid apart only with an authorization of its own; none is on file",
        "date",
        pl.col("procedure").fill_null("the service"),
    )
    return found(lacking, says, pl.concat_list("ref"))


def unbilled_medication(case: Case) -> pl.DataFrame:
    """Medication-assisted treatment that is paid apart and on no line of the day (BUN-05).

    It is told of the day's own line, since the missing one is not there.
    """
    policy = case.policy
    apart = [
        kind
        for bundle in policy.bundles.values()
        if bundle.answer == "separate" or "mat_otp" in bundle.conditions
        for kind in bundle.service_types
    ]
    given = case.encounters.filter(
        pl.col("attendance").is_in(ATTENDED),
        pl.col("service_type").is_in(apart),
        medication_assisted(policy),
    ).select("client_id", "service_date", "source_record_id", treatment="procedure")
    billed = case.lines.filter(medication_assisted(policy)).select("client_id", "service_date")
    missed = (
        given.join(billed, on=["client_id", "service_date"], how="anti")
        .group_by("client_id", "service_date")
        .agg(pl.col("treatment").drop_nulls().first(), left=pl.col("source_record_id").sort())
    )
    beside = case.iop_days.join(missed, on=["client_id", "service_date"])
    says = composed(
        "{}: {} was given, the payer pays it apart, and no line bills it",
        "date",
        pl.col("treatment").fill_null("medication-assisted treatment"),
    )
    return found(beside, says, references("encounter", pl.col("left")))


def _bundled(case: Case, of_class: pl.Expr) -> pl.DataFrame:
    lines = _payable(case, case.beside_iop.filter(pl.col("bundle").is_not_null(), of_class))
    says = composed(
        "{}: {} ({}) is part of the intensive outpatient day",
        "date",
        pl.coalesce("procedure", composed("revenue code {}", "revenue")),
        "bundle",
    )
    return found(lines.filter(~pl.col("payable")), says, pl.concat_list("day_ref"))


def _payable(case: Case, lines: pl.DataFrame) -> pl.DataFrame:
    """The lines with `payable`: whether this payer pays them beside the day.

    A class answers for its services; for staff's professional fees the policy's
    own answer counts as well.
    """
    bundles = case.policy.bundles
    fees = case.policy.professional
    always = [name for name, bundle in bundles.items() if bundle.answer == "separate"]
    # a loop over the few classes that a condition opens
    rows = [
        conditions.met(case, lines.filter(pl.col("bundle") == name), bundle.conditions)
        for name, bundle in bundles.items()
        if bundle.answer == "separate_if"
    ]
    if fees.fees == "separate_if":
        claims = lines.filter(pl.col("form") == "P")
        rows.append(conditions.met(case, claims, fees.conditions))
    opened = pl.concat([pl.Series("row", dtype=pl.UInt32), *rows])
    return lines.with_columns(
        payable=pl.col("bundle").is_in(always).fill_null(False)
        | pl.col("row").is_in(opened.implode())
    )


def _by_staff(case: Case, lines: pl.DataFrame) -> pl.DataFrame:
    """The lines rendered by someone who is on the roster on the date."""
    roster = case.providers.select("from_date", "to_date", rendering_npi="npi")
    employed = lines.join(roster, on="rendering_npi").filter(
        active("service_date", "from_date", "to_date")
    )
    return lines.join(employed, on="row", how="semi")
