"""Services that the per diem already pays for (sections 2.2 and 2.5)."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from edi_iop.rules.case import DAY, Case, found
from edi_iop.rules.policy import Policy

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
    roster = case.providers.select("from_date", "to_date", rendering_npi="npi")
    employed = pl.col("service_date").is_between(
        pl.col("from_date").fill_null(pl.col("service_date")),
        pl.col("to_date").fill_null(pl.col("service_date")),
    )
    included = case.policy.professional.fees == "included"
    apart = [name for name, bundle in case.policy.bundles.items() if bundle.answer == "separate"]
    claims = (
        _on_iop_days(case)
        .filter(pl.col("form") == "P", pl.lit(included))
        .filter(~_bundle(case.policy).is_in(apart).fill_null(False))
    )
    by_staff = claims.join(roster, on="rendering_npi").filter(employed).unique("row")
    says = pl.format(
        "{}: professional service {} by the program's staff is part of the day",
        "date",
        pl.col("procedure").fill_null("without a code"),
    )
    return found(by_staff, says, pl.concat_list("day_ref"))


def _bundled(case: Case, of_class: pl.Expr) -> pl.DataFrame:
    lines = _on_iop_days(case).with_columns(bundle=_bundle(case.policy))
    included = [name for name, bundle in case.policy.bundles.items() if bundle.answer == "included"]
    says = pl.format(
        "{}: {} ({}) is part of the intensive outpatient day",
        "date",
        pl.coalesce("procedure", pl.format("revenue code {}", "revenue")),
        "bundle",
    )
    return found(
        lines.filter(pl.col("bundle").is_in(included), of_class), says, pl.concat_list("day_ref")
    )


def _on_iop_days(case: Case) -> pl.DataFrame:
    """Lines that are no intensive outpatient lines, beside the per diem of their day."""
    revenues = [pair.revenue for pair in case.policy.iop.pairs]
    other = ~pl.col("iop") & ~pl.col("revenue").is_in(revenues).fill_null(False)
    return case.lines.filter(other).join(case.iop_days.select(*DAY, day_ref="ref"), on=DAY)


def _bundle(policy: Policy) -> pl.Expr:
    """The class of a component service: by its procedure, else by its revenue code."""
    classes = policy.bundles.items()
    by_procedure = [
        pl.when(listed("procedure", bundle.procedures)).then(pl.lit(name))
        for name, bundle in classes
    ]
    by_revenue = [
        pl.when(listed("revenue", bundle.revenues)).then(pl.lit(name)) for name, bundle in classes
    ]
    return pl.coalesce(*by_procedure, *by_revenue, pl.lit(None, pl.String()))


def listed(column: str, codes: Sequence[str]) -> pl.Expr:
    """Whether a code is one of these, or in one of these spans (A4000-A9999)."""
    code = pl.col(column)
    single = [one for one in codes if "-" not in one]
    spans = [one.split("-") for one in codes if "-" in one]
    inside = (
        code.is_between(pl.lit(low), pl.lit(high)) & (code.str.len_chars() == len(low))
        for low, high in spans
    )
    return pl.any_horizontal(code.is_in(single), *inside)
