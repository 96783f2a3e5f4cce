"""Which authorization a day draws on, and a service authorized by itself: units in date order."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date

import polars as pl

from edi_iop.mapper import components, track
from edi_iop.rules import covering
from edi_iop.rules.case import Case, case
from edi_iop.rules.in_force import each, each_row, every
from edi_iop.rules.parameters import HALVES
from edi_iop.rules.policy import Policy
from edi_iop.rules.records import Records, newest
from edi_iop.tables import CLIENTS, DAYS, ENCOUNTERS, PROVIDERS
from edi_iop.tables.nothing import once_of_nothing

_QUARTERS = 15
_HOUR = 60
_KEY = ["auth_number", "client_id", "payer_id", "from_date"]
_TAKEN = {name: pl.String() for name in _KEY} | {"from_date": pl.Date(), "takes": pl.Float64()}
_OF_AN_OFFER = {name: name for name in _TAKEN} | {
    "auth_number": "given_number",
    "from_date": "given_from_date",
}


def authorized(
    days: pl.DataFrame,
    authorizations: pl.DataFrame,
    history: pl.DataFrame,
    policies: Mapping[str, Policy],
) -> pl.DataFrame:
    """The days with auth_number, auth_track and auth_procedure of the covering authorization.

    days: client_id, payer_id, service_date, minutes, auth_number as the EHR names
    it, and `draws` (false where it takes no units). A covering authorization without
    units left still says what the care is; the number sent is then the EHR's own,
    else the spent one, so that the rules can say what is wrong with it.
    """
    numbered = days.with_row_index("row")
    drawn = _drawn_before(days, authorizations, history, policies, _drawn_by_days)
    shared = each_row(numbered, policies, lambda part, own: part.with_columns(share=_share(own)))
    offers = _offers(shared, _of_days(_remaining(authorizations, drawn), policies))
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


@once_of_nothing
def apart(
    services: pl.DataFrame,
    authorizations: pl.DataFrame,
    history: pl.DataFrame,
    policies: Mapping[str, Policy],
    facilities: Collection[str],
) -> pl.DataFrame:
    """The services beside or instead of a per diem, those authorized by themselves with that number (REF G1).

    services: client_id, payer_id, service_date, procedure, units, rendering_npi, billing_npi, auth_number.
    Units go by date, as those of days do; a service that finds none left keeps the number of its
    first choice, so that the rules can say so. `practitioner`: in whose name it is given, where that
    is none of the facilities (their NPIs).
    """
    rows = services.with_row_index("_row")
    own = _own(rows, authorizations, history, policies)
    given_to = pl.col("given_facility_npi")
    return (
        rows.join(
            own.select(
                _row="row",
                own_number="given_number",
                practitioner=pl.when(~given_to.is_in(list(facilities))).then(given_to),
            ),
            on="_row",
            how="left",
            maintain_order="left",
        )
        .with_columns(auth_number=pl.coalesce("own_number", "auth_number"))
        .drop("_row", "own_number")
    )


def _own(
    services: pl.DataFrame,
    authorizations: pl.DataFrame,
    history: pl.DataFrame,
    policies: Mapping[str, Policy],
) -> pl.DataFrame:
    """The authorization of its own that each service draws on, else the one it would have (covering.apart)."""
    asking = services.with_columns(row="_row", turn="_row", standing=pl.lit("proposed"))
    held = newest(authorizations, _KEY)
    offers = covering.apart(each(asking, policies, _timed), held, pl.col("unit_minutes"))
    if offers.is_empty():
        return offers
    sent = history.join(offers.select("client_id").unique(), on="client_id", how="semi")
    drawn = _drawn_before(DAYS.empty(), held, sent, policies, _drawn_by_services)
    left = pl.col("given_units") - pl.col("drawn").fill_null(0)
    open_ = offers.join(
        drawn.rename({"auth_number": "given_number", "from_date": "given_from_date"}),
        on=list(_OF_AN_OFFER.values())[:-1],
        how="left",
    ).with_columns(given_units=left)
    placed = covering.drawn(open_, pl.Series(dtype=pl.UInt32))
    first = covering.first_choice(offers.join(placed, on="row", how="anti"))
    columns = ["row", "given_number", "given_facility_npi"]
    return pl.concat([placed.select(columns), first.select(columns)])


def _timed(services: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    """Those that are no day's own, with the minutes of their code's unit where the policy bills it by time."""
    key = ["payer_id", "procedure"]
    known = components.codes(policies).select(
        "payer_id", "unit_minutes", procedure="component_procedure"
    )
    return (
        services.drop("unit_minutes", strict=False)
        .join(track.by_procedure(policies), on=key, how="anti", maintain_order="left")
        .join(known.unique(key), on=key, how="left", maintain_order="left")
    )


def _drawn_before(
    days: pl.DataFrame,
    authorizations: pl.DataFrame,
    history: pl.DataFrame,
    policies: Mapping[str, Policy],
    drawn_by: Callable[[Case], pl.DataFrame],
) -> pl.DataFrame:
    """Units that the lines sent have drawn (_KEY, drawn), counted as the rules will count them.

    A claim sent without a number draws too. drawn_by: a payer's case to the offers drawn.
    """
    records = Records(
        lines=history,
        days=days,
        encounters=ENCOUNTERS.empty(),
        clients=CLIENTS.empty(),
        authorizations=authorizations,
        providers=PROVIDERS.empty(),
        as_of=date.max,
    )
    lines = history.with_row_index("row")
    # one turn a payer, of whom there are few: each has its own numbers
    billed = set(history["payer_id"].unique())
    drawn = [
        drawn_by(case(records, lines, payer, policies)) for payer in policies if payer in billed
    ]
    nothing = pl.DataFrame(schema=_TAKEN)  # also where no payer is known at all
    return (
        pl.concat([nothing, *(some.select(**_OF_AN_OFFER) for some in drawn)])
        .group_by(_KEY)
        .agg(drawn=pl.col("takes").sum())
    )


def _drawn_by_days(one: Case) -> pl.DataFrame:
    """What days draw on; one sent twice draws once."""
    offers = covering.offers(one.iop_days, one.authorizations)
    return covering.drawn(offers.filter(covering.covering()), pl.Series(dtype=pl.UInt32))


def _drawn_by_services(one: Case) -> pl.DataFrame:
    """What services draw on; a denied one has given its units back."""
    return one.own_drawn.filter("draws")


def _remaining(authorizations: pl.DataFrame, drawn: pl.DataFrame) -> pl.DataFrame:
    """Approved IOP authorizations, and the units that sent lines have not yet drawn from each."""
    approved = (
        newest(authorizations, _KEY)
        .filter(pl.col("status") == "approved", pl.col("level_of_care") == covering.LEVEL)
        .with_row_index("auth")
    )
    left = pl.col("units") - pl.col("drawn").fill_null(0)
    return approved.join(drawn, on=_KEY, how="left").select(
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


def _of_days(authorizations: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    """Without those that are for a service alone: they name a procedure which is no day's."""
    key = ["payer_id", "auth_procedure"]
    days = [
        (payer, pair.procedure) for payer, one in every(policies) for pair in one.policy.iop.pairs
    ]
    known = pl.DataFrame(days, schema=dict.fromkeys(key, pl.String), orient="row")
    alone = authorizations.drop_nulls("auth_procedure").join(known, on=key, how="anti")
    return authorizations.join(alone, on="auth", how="anti", maintain_order="left")


def _by_time() -> pl.Expr:
    return pl.col("unit_basis").is_in(["hour", "quarter_hour"])


def _share(policies: Mapping[str, Policy]) -> pl.Expr:
    """How much of a day one counts as: a half, where the payer counts half days and it is no more."""
    whole = {
        payer: policy.duration.min_day_minutes
        for payer, policy in policies.items()
        if any(pair.unit_basis == "half_day" for pair in policy.iop.pairs)
    }
    least = pl.col("payer_id").replace_strict(whole, default=None, return_dtype=pl.Int64)
    return pl.when(pl.col("minutes") < least).then(1 / HALVES).otherwise(1.0)


def _uses_of_day() -> pl.Expr:
    """Units that one attended day draws, in the authorization's own measure."""
    length = pl.when(pl.col("unit_basis") == "hour").then(_HOUR).otherwise(_QUARTERS)
    timed = (pl.col("minutes") // length).cast(pl.Float64)
    return pl.when(_by_time()).then(timed).otherwise("share")


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
