"""Modifiers that a payer asks for: by procedure, by age, for telehealth (MOD-01)."""

from __future__ import annotations

import polars as pl

from edi_iop.rules.case import Case, found
from edi_iop.rules.codes import listed, marked
from edi_iop.rules.covering import LEVEL
from edi_iop.rules.days import ATTENDED
from edi_iop.rules.parameters import Telehealth
from edi_iop.texts import composed


def missing(case: Case) -> pl.DataFrame:
    """A line without a modifier it must have, or by telehealth and not marked so (MOD-01).

    Of a payer that says nothing of telehealth such a day is only warned of.
    """
    asked = pl.coalesce(*_by_code(case), *_by_age(case), pl.lit(None, pl.String))
    lines = case.lines.join(_by_telehealth(case), on=["client_id", "service_date"], how="left")
    told = lines.with_columns(asked=asked, remotely=_remotely(case.policy.telehealth))
    only_silent = pl.col("asked").is_null() & pl.lit(_silent(case.policy.telehealth))
    broken = told.with_columns(why=pl.coalesce("asked", "remotely")).filter(
        pl.col("why").is_not_null()
    )
    return found(
        broken,
        composed("{}: {}", "date", "why"),
        pl.concat_list("ref"),
        severity=pl.when(only_silent).then(pl.lit("warn")),
    )


def _by_code(case: Case) -> list[pl.Expr]:
    return [
        pl.when(listed("procedure", [code]) & ~marked("modifiers", wanted)).then(_lacks(wanted))
        for code, wanted in case.policy.modifiers.by_procedure.items()
    ]


def _by_age(case: Case) -> list[pl.Expr]:
    adult_on = pl.col("birth_date").dt.offset_by(f"{case.policy.duration.adult_age}y")
    adult = adult_on <= pl.col("service_date")
    group = pl.when(adult).then(pl.lit("adult")).otherwise(pl.lit("adolescent"))
    known = pl.col("iop") & pl.col("birth_date").is_not_null()
    return [
        pl.when(known, group == age, ~marked("modifiers", wanted)).then(_lacks(wanted))
        for age, wanted in case.policy.modifiers.by_age.items()
    ]


def _silent(rule: Telehealth) -> bool:
    return rule.allowed is None and not rule.modifiers


def _remotely(rule: Telehealth) -> pl.Expr:
    """What is wrong with a day by telehealth; null where nothing is."""
    remote = pl.col("remote").fill_null(False)
    unmarked = pl.lit(bool(rule.modifiers)) & ~marked("modifiers", rule.modifiers)
    return pl.coalesce(
        pl.when(remote & (rule.allowed is False)).then(
            pl.lit("by telehealth, which this payer does not take")
        ),
        pl.when(remote & unmarked).then(_lacks(rule.modifiers)),
        pl.when(remote & _silent(rule)).then(
            pl.lit("by telehealth, of which this payer says nothing")
        ),
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
