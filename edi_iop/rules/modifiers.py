"""Modifiers that a payer asks for: by procedure, by age, for telehealth (MOD-01)."""

from __future__ import annotations

import polars as pl

from edi_iop.rules.case import Case, found
from edi_iop.rules.codes import listed, marked
from edi_iop.rules.covering import LEVEL
from edi_iop.rules.days import ATTENDED


def missing(case: Case) -> pl.DataFrame:
    """A line without a modifier it must have, or by telehealth and not marked so (MOD-01).

    Of a payer that says nothing of telehealth such a day is only warned of.
    """
    rule, telehealth = case.policy.modifiers, case.policy.telehealth
    by_code = [
        pl.when(listed("procedure", [code]) & ~marked("modifiers", wanted)).then(_lacks(wanted))
        for code, wanted in rule.by_procedure.items()
    ]
    adult_on = pl.col("birth_date").dt.offset_by(f"{case.policy.duration.adult_age}y")
    group = (
        pl.when(adult_on <= pl.col("service_date"))
        .then(pl.lit("adult"))
        .otherwise(pl.lit("adolescent"))
    )
    by_age = [
        pl.when(
            pl.col("iop"),
            pl.col("birth_date").is_not_null(),
            group == age,
            ~marked("modifiers", wanted),
        ).then(_lacks(wanted))
        for age, wanted in rule.by_age.items()
    ]
    remote = pl.col("remote").fill_null(False)
    unmarked = pl.lit(bool(telehealth.modifiers)) & ~marked("modifiers", telehealth.modifiers)
    silent = telehealth.allowed is None and not telehealth.modifiers
    by_telehealth = [
        pl.when(remote & (telehealth.allowed is False)).then(
            pl.lit("by telehealth, which this payer does not take")
        ),
        pl.when(remote & unmarked).then(_lacks(telehealth.modifiers)),
        pl.when(remote & silent).then(pl.lit("by telehealth, of which this payer says nothing")),
    ]
    lines = case.lines.join(_by_telehealth(case), on=["client_id", "service_date"], how="left")
    asked = pl.coalesce(*by_code, *by_age, pl.lit(None, pl.String))
    told = lines.with_columns(asked=asked, remotely=pl.coalesce(*by_telehealth)).with_columns(
        why=pl.coalesce("asked", "remotely")
    )
    only_silent = pl.col("asked").is_null() & pl.lit(silent)
    return found(
        told.filter(pl.col("why").is_not_null()),
        pl.format("{}: {}", "date", "why"),
        pl.concat_list("ref"),
        severity=pl.when(only_silent).then(pl.lit("warn")),
    )


def _lacks(wanted: tuple[str, ...]) -> pl.Expr:
    return pl.lit(f"no modifier {' or '.join(wanted)}")


def _by_telehealth(case: Case) -> pl.DataFrame:
    """client_id, service_date, remote: days all of whose IOP sessions were by telehealth."""
    attended = case.encounters.filter(
        pl.col("level_of_care") == LEVEL, pl.col("attendance").is_in(ATTENDED)
    )
    return attended.group_by("client_id", "service_date").agg(
        remote=(pl.col("telehealth") == "Y").fill_null(False).all()
    )
