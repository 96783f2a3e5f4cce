"""Who stands on a claim: attending provider, subscriber, patient, payer, facility."""

from __future__ import annotations

import polars as pl

from edi_iop.guides.external_places import guide_list
from edi_iop.identifiers import is_npi
from edi_iop.mapper import coverage, unbilled
from edi_iop.mapper.episodes import EPISODE
from edi_iop.rules.records import newest
from edi_iop.settings import Settings
from edi_iop.tables import CLIENTS, PROVIDERS
from edi_iop.tables.judged import OF_CLAIM
from edi_iop.texts import composed

DAY = ["client_id", "service_date"]
_SELF = "18"
_COVERED = (
    "coverage",
    "coverage_priority",
    "coverage_from",
    "group_number",
    "subscriber_known",
    "somewhere",
)
_PERSON = (
    "last_name",
    "first_name",
    "middle_name",
    "address1",
    "address2",
    "city",
    "state",
    "zip",
    "birth_date",
    "sex",
)


def coverages(clients: pl.DataFrame) -> pl.DataFrame:
    """The coverage rows as they stand, each with its number (`coverage`)."""
    return newest(clients, CLIENTS.key).drop("file_id", "row").with_row_index("coverage")


def placed(lines: pl.DataFrame, clients: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """The lines with the number of their coverage row, their episode and who answered for it on the day.

    days: as episodes.bounded has them. A day without an attending provider takes the one last
    named in its episode. Of the coverage only what tells claims apart is taken along (_COVERED).
    """
    held = coverages(clients).with_columns(
        subscriber_known=(pl.col("relationship") == _SELF)
        | pl.col("subscriber_last_name").is_not_null(),
        somewhere=pl.col("state").is_in(list(guide_list("states"))),
    )
    key = ["client_id", "payer_id", "member_id"]
    covered = coverage.nearest(
        lines.drop("birth_date", *OF_CLAIM), held.select(*key, *_COVERED, "coverage_to"), key
    )
    last = pl.col("attending_npi").sort_by("service_date").drop_nulls().last().over(EPISODE)
    iop = days.select(
        *DAY,
        "episode_id",
        "admit_date",
        "discharge_status",
        "admission_type",
        "admission_source",
        "episode_start",
        "begins",
        "ends",
        attending_npi=pl.coalesce("attending_npi", last),
    )
    return covered.join(iop, on=DAY, how="left", maintain_order="left")


def roster(providers: pl.DataFrame) -> pl.DataFrame:
    """Attending providers by NPI, as the roster last has them."""
    return (
        newest(providers, PROVIDERS.key)
        .sort("from_date", nulls_last=False)
        .unique("npi", keep="last", maintain_order=True)
        .select(
            attending_npi="npi",
            attending_last_name="last_name",
            attending_first_name="first_name",
            attending_taxonomy="taxonomy",
        )
    )


def sound_roster(providers: pl.DataFrame) -> pl.DataFrame:
    """Those of the roster whom a claim can name: with a name and a true NPI."""
    known = roster(providers).drop_nulls("attending_last_name")
    sound = [npi for npi in known["attending_npi"].drop_nulls().to_list() if is_npi(npi)]
    return known.filter(pl.col("attending_npi").is_in(sound))


def staffed(placed_lines: pl.DataFrame, providers: pl.DataFrame) -> pl.DataFrame:
    """The lines with `staffed`: whether the roster names their attending provider, under a true NPI."""
    known = roster(providers).drop_nulls("attending_last_name")
    sound = sound_roster(providers)["attending_npi"].to_list()
    return placed_lines.with_columns(
        staffed=pl.col("attending_npi").is_in(sound).fill_null(False),
        rostered=pl.col("attending_npi").is_in(known["attending_npi"].implode()).fill_null(False),
    )


def nameable() -> pl.Expr:
    """Whether a claim of the line can name its attending provider, its subscriber and where they live."""
    known = pl.col("subscriber_known") & pl.col("somewhere")
    return pl.col("staffed") & known.fill_null(False)


def gaps(lines: pl.DataFrame) -> list[pl.DataFrame]:
    """Why staffed lines cannot go on a claim (unbilled.rows): no such provider, no true NPI, no subscriber named,

    a state that is none.
    """
    unstaffed = lines.filter(~pl.col("rostered"))
    unsound = lines.filter(pl.col("rostered") & ~pl.col("staffed"))
    unnamed = lines.filter(~pl.col("subscriber_known"))
    nowhere = lines.filter(~pl.col("somewhere"))
    absent = pl.coalesce(
        composed("attending provider {} is in no providers feed", "attending_npi"),
        pl.lit("no attending provider is named"),
    )
    wrong = composed("attending provider {}: the check digit is wrong", "attending_npi")
    bare = composed(
        "client {}: coverage by {} names no subscriber_last_name", "client_id", "payer_id"
    )
    unplaced = composed("client {}: the address names no state or province there is", "client_id")
    return [
        unbilled.rows("NPI_INVALID", unsound, wrong),
        unbilled.rows("ROSTER_MISSING", unstaffed, absent),
        unbilled.rows("FEED_VALUE_MISSING", unnamed, bare),
        unbilled.rows("STATE_UNKNOWN", nowhere, unplaced),
    ]


def people() -> dict[str, pl.Expr]:
    """Subscriber and patient columns out of a coverage row (loops 2010BA and 2010CA).

    Where the patient is the subscriber, the client is told as subscriber and there
    is no patient; else the subscriber's address and birth date are not asked for.
    """
    own = pl.col("relationship") == _SELF
    subscriber: dict[str, pl.Expr] = {
        f"subscriber_{name}": pl.when(own).then(_person(name)) for name in _PERSON
    }
    patient: dict[str, pl.Expr] = {
        f"patient_{name}": pl.when(~own).then(_person(name)) for name in _PERSON
    }
    for name in ("last_name", "first_name"):
        subscriber[f"subscriber_{name}"] = (
            pl.when(own).then(_person(name)).otherwise(pl.col(f"subscriber_{name}"))
        )
    return subscriber | patient


def _person(name: str) -> pl.Expr:
    column = pl.col(name)
    return column.str.replace_all("[^0-9]", "") if name == "zip" else column


def payers(settings: Settings) -> pl.DataFrame:
    """The payers we bill, as claims name them."""
    rows = [(p.id, p.name, p.filing_indicator, p.partner) for p in settings.payers]
    names = ("payer_id", "payer_name", "filing_indicator", "partner")
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


def facilities(settings: Settings) -> pl.DataFrame:
    """The billing providers' columns (loop 2010AA), by NPI."""
    rows = [
        {
            "billing_npi": one.npi,
            "billing_name": one.name,
            "billing_taxonomy": one.taxonomy,
            "billing_address1": one.address1,
            "billing_address2": one.address2 or None,
            "billing_city": one.city,
            "billing_state": one.state,
            "billing_zip": one.zip,
        }
        for one in settings.billing
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String))
