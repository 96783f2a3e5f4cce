"""Which authorization covers a line, and how many of its units are left.

Columns that begin with given_ are the authorization's, those without are the line's.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
from polars import selectors

from edi_iop.rules.parameters import MINUTES_PER_UNIT
from edi_iop.rules.records import NOBODY
from edi_iop.tables.nothing import once_of_nothing

LEVEL = "IOP"
ON_THE_WAY = ("sent", "paid")

_ASKED = (
    *("row", "turn", "file_id", "claim_offset", "line_offset", "claim", "line", "form", "ref"),
    *("standing", "client_id", "payer_id", "member_id", "service_date", "date", "auth_number"),
    *("procedure", "revenue", "track", "units", "unit_basis", "component", "minutes"),
    *("minutes_per_unit", "min_day_minutes", "billing_npi", "facility_npi"),
)
"""What an offer has of its line: of half a million lines every column counts."""
_IN_ORDER_OF_CHOICE = {"row": False, "named": True, "given_from_date": False, "given": False}


@once_of_nothing
def offers(lines: pl.DataFrame, authorizations: pl.DataFrame) -> pl.DataFrame:
    """Each IOP line beside every authorization that its client has with its payer for IOP care.

    given: the authorization's running number. on_date: it is authorized for the
    line's date. fits: member, codes and track are the authorized ones, where it
    names them. named: the claim carries its number. takes: units the line draws.
    """
    held = (
        authorizations.filter(pl.col("level_of_care") == LEVEL)
        .rename({"auth_number": "number"})
        .select("client_id", "payer_id", pl.exclude("client_id", "payer_id").name.prefix("given_"))
        .with_row_index("given")
    )
    asked = selectors.by_name(*_ASKED, require_all=False)
    return (
        lines.filter("iop")
        .select(asked)
        .join(held, on=["client_id", "payer_id"])
        .with_columns(
            on_date=pl.col("service_date").is_between("given_from_date", "given_to_date"),
            approved=pl.col("given_status") == "approved",
            denied=pl.col("given_status") == "denied",
            fits=fits(),
            named=_folded("auth_number").eq_missing(_folded("given_number")),
            takes=_taken(),
        )
    )


@once_of_nothing
def apart(
    services: pl.DataFrame, authorizations: pl.DataFrame, unit_minutes: pl.Expr
) -> pl.DataFrame:
    """Each service beside every approved authorization that is for it alone (by_itself) on its date.

    services: lines that are no intensive outpatient ones. unit_minutes: of one unit of their code,
    null where it counts no time. Shaped for `drawn`.
    """
    held = (
        authorizations.filter(pl.col("status") == "approved")
        .rename({"auth_number": "number"})
        .select("client_id", "payer_id", pl.exclude("client_id", "payer_id").name.prefix("given_"))
        .with_row_index("given")
    )
    asked = selectors.by_name(*_ASKED, "rendering_npi", require_all=False)
    return (
        services.select(asked, unit_minutes=unit_minutes)
        .join(held, on=["client_id", "payer_id"])
        .filter(by_itself(), pl.col("service_date").is_between("given_from_date", "given_to_date"))
        .with_columns(
            named=_folded("auth_number").eq_missing(_folded("given_number")),
            takes=_taken_apart(),
        )
    )


def by_itself() -> pl.Expr:
    """Whether an authorization is for a service alone: for its procedure, or in its practitioner's name.

    One that names no procedure and is the facility's own is the program's.
    """
    for_it = pl.col("given_procedure") == pl.col("procedure")
    given_to = pl.col("given_facility_npi")
    in_name = (given_to == pl.col("rendering_npi")) & given_to.ne_missing(pl.col("billing_npi"))
    return for_it.fill_null(in_name).fill_null(False)


def facility_fits() -> pl.Expr:
    """Whether the authorization was given to who bills or to where the service was given.

    An authorization that names no facility, or a facility that nobody named, says nothing.
    """
    given = pl.col("given_facility_npi")
    ours = (given == pl.col("billing_npi")) | (given == pl.col("facility_npi"))
    return (
        given.is_null() | (pl.col("billing_npi") == NOBODY).fill_null(True) | ours.fill_null(False)
    )


def fits() -> pl.Expr:
    """Whether member, codes and track of a line are the authorized ones, where it names them."""
    return pl.all_horizontal(
        _allows("given_member_id", "member_id", _folded),
        _allows("given_procedure", "procedure"),
        _allows("given_revenue", "revenue"),
        _allows("given_program_track", "track") | (pl.col("given_program_track") == "CO"),
    )


def on_file(offers: pl.DataFrame) -> pl.DataFrame:
    """Of each line what its client's authorizations come to: whether any, which, for which dates."""
    approved, denied, on_date = pl.col("approved"), pl.col("denied"), pl.col("on_date")
    covers, number = covering(), pl.col("given_number")
    totals = [
        approved.any(),
        (~approved & ~denied).any().alias("pending"),
        (approved & on_date).any().alias("approved_on_date"),
        (denied & on_date).any().alias("denied_on_date"),
        covers.any().alias("covered"),
        number.filter(approved).unique(maintain_order=True).alias("approved_numbers"),
        number.filter(denied & on_date).unique(maintain_order=True).alias("denied_numbers"),
        number.filter(approved & on_date).unique(maintain_order=True).alias("date_numbers"),
        number.filter(covers).unique(maintain_order=True).alias("covering_numbers"),
        pl.col("given_units").filter(covers).sum().alias("covering_units"),
        pl.col("given_from_date").filter(approved).min().alias("begins"),
        pl.col("given_to_date").filter(approved).max().alias("ends"),
    ]
    return offers.group_by("row").agg(totals)


def covering() -> pl.Expr:
    """Whether an offer is an approved authorization for this date and service."""
    return pl.col("approved") & pl.col("on_date") & pl.col("fits")


@once_of_nothing
def drawn(offers: pl.DataFrame, blocked: pl.Series) -> pl.DataFrame:
    """The offer each line draws its units from; a line absent here finds none left.

    draws: whether the line takes units from it, or would only have.
    offers: covering ones only. A line draws unless it was denied (its units came
    back) or is blocked for another reason and not yet paid. A denied line is
    measured against all that was sent, also where it has another fault: which of them
    the payer means only its codes say. A blocked one not answered has its fault already.
    """
    denied = pl.col("standing") == "denied"
    faulty = pl.col("row").is_in(blocked.implode()) & (pl.col("standing") != "paid")
    draws = ~faulty & ~denied
    placed = _placed(offers.filter(draws))
    used = (
        placed.filter(pl.col("standing").is_in(ON_THE_WAY))
        .group_by("given")
        .agg(used=pl.col("takes").sum())
    )
    enough = pl.col("used").fill_null(0) + pl.col("takes") <= pl.col("given_units")
    others = (
        offers.filter(~draws)
        .join(used, on="given", how="left")
        .filter((faulty & ~denied) | enough)
        .select(offers.columns)
    )
    return pl.concat(
        [
            placed.with_columns(draws=pl.lit(True)),
            first_choice(others).with_columns(draws=pl.lit(False)),
        ]
    )


def _placed(offers: pl.DataFrame) -> pl.DataFrame:
    """The offer each line gets when units are drawn in date order: by what was paid, then by what was
    sent, and what is proposed has what is left.

    Every line asks for its first choice, every authorization keeps the first in
    that order it has units for, and the lines it refuses ask for their next choice.
    Once a date finds too few units, so do the dates after it. A pass handles all
    lines at once; there are about as many passes as one client has extensions.
    """
    later = [pl.col("standing") != "paid", pl.col("standing") == "proposed"]
    order = [*later, pl.col("service_date"), pl.col("turn")]
    running = pl.col("takes").cum_sum().over("given", order_by=order)
    while True:
        asked = first_choice(offers)
        refused = asked.filter(running > pl.col("given_units"))
        if refused.is_empty():
            return asked
        offers = offers.join(refused, on=["row", "given"], how="anti")


def first_choice(offers: pl.DataFrame) -> pl.DataFrame:
    by, descending = list(_IN_ORDER_OF_CHOICE), list(_IN_ORDER_OF_CHOICE.values())
    return offers.sort(by, descending=descending).unique("row", keep="first", maintain_order=True)


def _folded(column: str) -> pl.Expr:
    """A number for tolerant comparison: feeds and claims write one with and without dashes and zeros."""
    return (
        pl.col(column)
        .str.to_uppercase()
        .str.replace_all("[^0-9A-Z]", "")
        .str.strip_chars_start("0")
    )


def _allows(given: str, billed: str, form: Callable[[str], pl.Expr] = pl.col) -> pl.Expr:
    return pl.col(given).is_null() | pl.col(billed).is_null() | (form(given) == form(billed))


def _taken() -> pl.Expr:
    """Units that a line takes, in the authorization's own basis.

    Time is the line's own where it is billed by time, else what was attended,
    else the shortest day the payer accepts. Of the components of a day only the
    first takes anything.
    """
    first = pl.col("row") == pl.col("row").min().over("given", "service_date")
    billed = pl.col("units") * pl.col("minutes_per_unit")
    minutes = pl.coalesce(billed, "minutes", "min_day_minutes").cast(pl.Float64)
    length = pl.col("given_unit_basis").replace_strict(
        MINUTES_PER_UNIT, default=None, return_dtype=pl.Int64
    )
    half_days = pl.when(pl.col("unit_basis") == "half_day").then(pl.col("units") / 2)
    whole = pl.coalesce(minutes // length, half_days, 1.0)
    return pl.when(pl.col("component") & ~first).then(0.0).otherwise(whole)


def _taken_apart() -> pl.Expr:
    """Units that a service takes of its own authorization, in the authorization's basis.

    A visit is a session, which a code that counts time has one of. What neither code nor policy
    puts into minutes is counted unit for unit.
    """
    basis, units = pl.col("given_unit_basis"), pl.col("units").fill_null(1.0)
    first = pl.col("row") == pl.col("row").min().over("given", "service_date")
    timed = pl.col("unit_minutes").is_not_null()
    length = basis.replace_strict(MINUTES_PER_UNIT, default=None, return_dtype=pl.Int64)
    return (
        pl.when(basis == "day")
        .then(first.cast(pl.Float64))
        .when((basis == "visit") & timed)
        .then(1.0)
        .otherwise(pl.coalesce(units * pl.col("unit_minutes") / length, units))
    )
