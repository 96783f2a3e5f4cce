"""Which authorization a day draws on: one number a day, units in date order (section 1.5)."""

from __future__ import annotations

import polars as pl

from edi_iop.rules.records import newest

_QUARTERS = 15
_HOUR = 60


def authorized(
    days: pl.DataFrame, authorizations: pl.DataFrame, history: pl.DataFrame
) -> pl.DataFrame:
    """The days with auth_number, auth_track and auth_procedure of the covering authorization.

    days: client_id, payer_id, service_date, minutes, auth_number as the EHR names
    it, and `draws` (false where it takes no units). A covering authorization without
    units left still says what the care is; the number sent is then the EHR's own,
    else the spent one, so that the rules can say what is wrong with it.
    """
    numbered = days.with_row_index("row")
    offers = _offers(numbered, _remaining(authorizations, history))
    taken = _drawn(offers)
    first = offers.unique("row", keep="first", maintain_order=True)
    chosen = pl.concat([taken, first.join(taken, on="row", how="anti")])
    fits = taken.select("row", _fits=pl.lit(True))
    merged = numbered.join(
        chosen.select("row", "_number", "auth_track", "auth_procedure"), on="row", how="left"
    )
    number = (
        pl.when(pl.col("_fits"))
        .then(pl.col("_number"))
        .otherwise(pl.coalesce("auth_number", "_number"))
    )
    return (
        merged.join(fits, on="row", how="left")
        .with_columns(auth_number=number)
        .sort("row")
        .drop("row", "_number", "_fits")
    )


def _remaining(authorizations: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:
    """Approved IOP authorizations, and the units that sent lines have not yet drawn from each."""
    key = ("auth_number", "client_id", "payer_id", "from_date")
    approved = (
        newest(authorizations, key)
        .filter(pl.col("status") == "approved", pl.col("level_of_care") == "IOP")
        .with_row_index("auth")
    )
    lines = history.filter(pl.col("standing").is_in(["sent", "paid"]))
    drawn = (
        lines.select("auth_number", "service_date", line_units="units")
        .join(
            approved.select("auth", "auth_number", "from_date", "to_date", "unit_basis"),
            on="auth_number",
        )
        .filter(pl.col("service_date").is_between("from_date", "to_date"))
        .group_by("auth")
        .agg(drawn=_uses_of_lines())
    )
    left = pl.col("units") - pl.col("drawn").fill_null(0)
    return approved.join(drawn, on="auth", how="left").select(
        "auth",
        "client_id",
        "payer_id",
        "to_date",
        "unit_basis",
        auth_from_date="from_date",
        _number="auth_number",
        auth_track="program_track",
        auth_procedure="procedure",
        auth_units=left,
    )


def _by_time() -> pl.Expr:
    return pl.col("unit_basis").is_in(["hour", "quarter_hour"])


def _uses_of_lines() -> pl.Expr:
    """Units that sent lines drew: days are counted, time is billed in units of itself."""
    days = pl.col("service_date").n_unique().cast(pl.Float64)
    return pl.when(_by_time().first()).then(pl.col("line_units").sum()).otherwise(days)


def _uses_of_day() -> pl.Expr:
    """Units that one attended day draws, in the authorization's own measure."""
    length = pl.when(pl.col("unit_basis") == "hour").then(_HOUR).otherwise(_QUARTERS)
    return pl.when(_by_time()).then(pl.col("minutes") // length).otherwise(1).cast(pl.Float64)


def _offers(days: pl.DataFrame, authorizations: pl.DataFrame) -> pl.DataFrame:
    """Every authorization that covers a day, in the order in which the day asks for them.

    The one the EHR names, then one of the day's own track, then the one that began first.
    """
    by_ehr = pl.col("auth_number").eq_missing(pl.col("_number"))
    same = pl.col("program_track").eq_missing(pl.col("auth_track"))
    return (
        days.join(authorizations, on=["client_id", "payer_id"])
        .filter(pl.col("service_date").is_between("auth_from_date", "to_date"))
        .select(
            "row",
            "auth",
            "service_date",
            "auth_from_date",
            "auth_units",
            "_number",
            "auth_track",
            "auth_procedure",
            named=by_ehr,
            same=same,
            takes=pl.when("draws").then(_uses_of_day()).otherwise(0.0),
        )
        .sort(
            "row",
            "named",
            "same",
            "auth_from_date",
            "auth",
            descending=[False, True, True, False, False],
        )
    )


def _drawn(offers: pl.DataFrame) -> pl.DataFrame:
    """The offer each day draws on when units go by date; a day absent here finds none left.

    Every day asks for its first choice, every authorization keeps the earliest dates
    it has units for, and the days it refuses ask for their next. A pass handles all
    days at once.
    """
    running = pl.col("takes").cum_sum().over("auth", order_by=["service_date", "row"])
    while True:
        asked = offers.unique("row", keep="first", maintain_order=True)
        refused = asked.filter(running > pl.col("auth_units"))
        if refused.is_empty():
            return asked
        offers = offers.join(refused, on=["row", "auth"], how="anti", maintain_order="left")
