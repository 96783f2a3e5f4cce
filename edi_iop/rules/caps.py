"""Limits over a week, an episode or a calendar year (DUR-05).

What is counted are days, weeks, units or hours, in the order of their dates. A
line that was denied or is blocked for another reason counts for nothing; a denied
one is itself measured against all the others.
"""

from __future__ import annotations

import polars as pl

from edi_iop.rules.case import Case, found
from edi_iop.rules.codes import listed
from edi_iop.rules.parameters import Cap
from edi_iop.rules.weeks import first_day, program_days
from edi_iop.tables.nothing import once_of_nothing
from edi_iop.texts import composed

_WEEK_DAYS = 7
_DAY = ["client_id", "service_date"]


def over_cap(case: Case) -> pl.DataFrame:
    """More in a week, an episode or a year than the payer pays (DUR-05)."""
    nothing = found(case.lines.clear(), pl.lit(""), pl.concat_list("ref"))
    # a loop over the few caps of a policy; of a line the first that it exceeds is told
    broken = [_over(case, cap) for cap in case.policy.duration.caps.values()]
    return pl.concat([nothing, *broken]).unique("row", keep="first", maintain_order=True)


def _over(case: Case, cap: Cap) -> pl.DataFrame:
    lines = _spanned(case, cap).filter(pl.col("span").is_not_null())
    rolling = cap.per == "week" and case.policy.duration.week_start == "rolling"
    by_date = cap.of in ("days", "weeks")
    over = over_in_any_week(lines, cap.most, by_date) if rolling else _over_span(lines, cap)
    note = f"; {cap.says}" if cap.says else ""
    says = composed(
        "{}: {} of {} payable {} a {}{}",
        "date",
        pl.col("reached").round(2).cast(pl.String).str.strip_suffix(".0"),
        pl.lit(f"{cap.most:g}"),
        pl.lit(cap.of),
        pl.lit(cap.per),
        pl.lit(note),
    )
    return found(over, says, pl.concat_list("ref"), severity=pl.lit(cap.severity))


def _spanned(case: Case, cap: Cap) -> pl.DataFrame:
    """The lines a cap counts, with person, `span` (what it counts over), `counts` and `amount`."""
    blocked = case.faults.filter(pl.col("severity") == "block").get_column("row").implode()
    faulty = pl.col("row").is_in(blocked) & (pl.col("standing") != "paid")
    of_codes = case.lines.filter(listed("procedure", cap.procedures))
    lines = of_codes if cap.procedures else case.iop
    span = pl.col("service_date")  # any seven days: no line stands in one span alone
    if cap.per == "episode":
        admitted = program_days(case).select(*_DAY, "admitted").unique(_DAY)
        lines, span = lines.join(admitted, on=_DAY, how="left"), pl.col("admitted")
    elif cap.per == "year":
        span = pl.col("service_date").dt.truncate("1y")
    elif case.policy.duration.week_start != "rolling":
        span = first_day(case.policy.duration)
    return lines.filter(~faulty, pl.col("service_date").is_not_null()).with_columns(
        span=span, counts=pl.col("standing") != "denied", amount=_amount(cap)
    )


def _amount(cap: Cap) -> pl.Expr:
    """Units or hours of one line; days and weeks are counted by date."""
    units = pl.col("units").fill_null(1.0)
    if cap.of == "hours":
        billed = pl.coalesce(pl.lit(cap.unit_minutes, pl.Int64), pl.col("minutes_per_unit"))
        return pl.coalesce(units * billed, pl.col("minutes")).fill_null(0) / 60
    return units


def _over_span(lines: pl.DataFrame, cap: Cap) -> pl.DataFrame:
    """Lines beyond the cap of their span; a denied one beside everything that counts there."""
    key = ["person", "span"]
    if _by_date(cap):  # so many dates a span has at most
        lines = lines.filter(pl.len().over(key) > cap.most)
    counted = lines.filter("counts").with_columns(reached=_reached(cap, key))
    denied = lines.filter(~pl.col("counts")).join(
        counted.group_by(key).agg(used=pl.col("reached").max()), on=key, how="left"
    )
    measured = denied.with_columns(reached=pl.col("used").fill_null(0) + _step(cap)).drop("used")
    return pl.concat([counted, measured]).filter(pl.col("reached") > cap.most)


def _by_date(cap: Cap) -> bool:
    """Of each span dates or weeks are counted that it has lines of."""
    return cap.of == "days" or (cap.of == "weeks" and cap.per != "episode")


def _reached(cap: Cap, key: list[str]) -> pl.Expr:
    """How much of the cap is used up with a line, the lines of a span in date order."""
    if cap.of == "days":
        return pl.col("service_date").rank("dense").over(key).cast(pl.Float64)
    if cap.of == "weeks" and cap.per == "episode":
        since = (pl.col("service_date") - pl.col("admitted")).dt.total_days()
        return (since // _WEEK_DAYS + 1).cast(pl.Float64)
    if cap.of == "weeks":
        week = (pl.col("service_date") - pl.col("span")).dt.total_days() // _WEEK_DAYS
        return week.rank("dense").over(key).cast(pl.Float64)
    return pl.col("amount").cum_sum().over(key, order_by=["service_date", "turn"])


def _step(cap: Cap) -> pl.Expr:
    return pl.lit(1.0) if cap.of in ("days", "weeks") else pl.col("amount")


@once_of_nothing
def over_in_any_week(lines: pl.DataFrame, most: float, by_date: bool = False) -> pl.DataFrame:
    """Lines beyond the limit in the seven days that end with them, with `reached`.

    lines: person, service_date, turn, counts, amount (by_date: every date counts one).
    A line refused leaves room for the days after it: a pass refuses the first of
    each person, and only those who had one are asked again. There are as many
    passes as one person has such lines.
    """
    asked, over = lines.filter("counts"), [lines.clear().with_columns(reached=pl.lit(0.0))]
    while True:
        beyond = _in_seven_days(asked, by_date).filter(pl.col("reached") > most)
        if beyond.is_empty():
            break
        refused = beyond.filter(
            pl.col("service_date") == pl.col("service_date").min().over("person")
        )
        over.append(refused)
        asked = asked.join(refused, on="person", how="semi").join(refused, on="row", how="anti")
    live = lines.filter("counts").join(pl.concat(over), on="row", how="anti")
    return pl.concat([*over, _denied_beside(lines, live, most, by_date)])


def _in_seven_days(lines: pl.DataFrame, by_date: bool) -> pl.DataFrame:
    """The lines with what the seven days up to each of them come to."""
    reached = (
        lines.sort("person", "service_date")
        .group_by("person", "service_date", maintain_order=True)
        .agg(amount=pl.lit(1.0) if by_date else pl.col("amount").sum())
        .rolling("service_date", period=f"{_WEEK_DAYS}d", group_by="person")
        .agg(reached=pl.col("amount").sum())
    )
    return lines.join(reached, on=["person", "service_date"])


def _denied_beside(
    lines: pl.DataFrame, live: pl.DataFrame, most: float, by_date: bool
) -> pl.DataFrame:
    """Denied lines that have no room beside the live ones of the seven days around them."""
    denied = lines.filter(~pl.col("counts"))
    others = live.select("person", other_date="service_date", other="amount")
    away = (pl.col("other_date") - pl.col("service_date")).dt.total_days()
    used = pl.col("other_date").n_unique() if by_date else pl.col("other").sum()
    beside = (
        denied.join(others, on="person")
        .filter(away.is_between(1 - _WEEK_DAYS, _WEEK_DAYS - 1))
        .group_by("row")
        .agg(used=used.cast(pl.Float64))
    )
    step = pl.lit(1.0) if by_date else pl.col("amount")
    measured = denied.join(beside, on="row").with_columns(reached=pl.col("used") + step)
    return measured.filter(pl.col("reached") > most).drop("used")
