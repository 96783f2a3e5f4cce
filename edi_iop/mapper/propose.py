"""Patient days to proposed service lines: one per diem a client, payer and date."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

import polars as pl

from edi_iop.findings import Finding
from edi_iop.mapper import (
    asked,
    attended,
    authorize,
    components,
    coverage,
    modifiers,
    track,
    unbilled,
)
from edi_iop.rules.days import ATTENDED, current
from edi_iop.rules.in_force import apart, each, each_row
from edi_iop.rules.policy import Policy
from edi_iop.rules.rates import rated, rates
from edi_iop.rules.records import newest
from edi_iop.settings import Settings
from edi_iop.tables import CLIENTS, SERVICE_LINES
from edi_iop.tables.amounts import whole_cents
from edi_iop.tables.nothing import once_of_nothing
from edi_iop.tables.pool import pooled
from edi_iop.texts import composed

_DAY = ["client_id", "payer_id", "service_date"]


class Proposed(NamedTuple):
    """What would be billed, and what cannot be."""

    lines: pl.DataFrame
    """tables.SERVICE_LINES"""
    findings: list[Finding]
    hindered: pl.DataFrame
    """tables.VIOLATIONS: attended and not among the lines, with what it lacks (unbilled)."""


@pooled
def propose(
    days: pl.DataFrame,
    encounters: pl.DataFrame,
    clients: pl.DataFrame,
    authorizations: pl.DataFrame,
    policies: Mapping[str, Policy],
    settings: Settings,
    as_of: date,
    history: pl.DataFrame | None = None,
) -> Proposed:
    """Lines that attended IOP days would be billed as, and what hinders.

    encounters: newest versions. policies: by payer id, of each day the version in force. history: lines already
    sent; a day that was billed is not proposed again (see already_billed).
    Minutes are signed ones; a day with unsigned notes only is proposed on those,
    so that the rules can hold it (DOC-01).
    """
    sent = SERVICE_LINES.empty() if history is None else history
    clients = newest(clients, CLIENTS.key)
    events = current(encounters)
    covered = coverage.with_payer(_iop_days(days, clients), clients)
    billable = sorted(policies.keys() & {payer.id for payer in settings.payers})
    known = attended.placed(covered.filter(pl.col("payer_id").is_in(billable)), events, settings)
    housed = known.filter(pl.col("billing_npi").is_not_null())
    ready = _ready(housed, authorizations, policies, sent)
    shapes = [_shapes_of(part, events, own, sent) for part, own in apart(ready, policies)]
    diems, beside, services = (pl.concat(found) for found in zip(*shapes, strict=True))
    facilities = [one.npi for one in settings.billing]
    every = pl.concat(
        [beside.with_columns(beside=pl.lit(True)), services.with_columns(beside=pl.lit(False))],
        how="diagonal",
    )
    authorized = authorize.apart(every, authorizations, sent, policies, facilities)
    ours = authorized.filter(pl.col("practitioner").is_null())
    parts, alone = ours.filter("beside"), ours.filter(~pl.col("beside"))
    coded = parts.filter(pl.col("revenue").is_not_null())
    named = alone.filter(components.coded(), pl.col("units") > 0)
    lines = pl.concat([_shaped(diems), _shaped(coded), _shaped(named)])
    priced = _priced(each_row(lines, policies, modifiers.modified), settings)
    lacking = [
        _unknown_payers(covered, billable),
        _unknown_facilities(known),
        _of_practitioners(authorized),
        _uncoded(parts),
        _uncoded_services(alone),
        _too_short(alone),
        _of_no_minutes(ready, events, policies, sent),
        _unpriced(priced),
    ]
    strangers = _strangers(events, clients)
    findings = [*_unknown_clients(strangers, clients), *unbilled.told(lacking)]
    hindered = unbilled.together([_strange(strangers), *lacking])
    return Proposed(_lines(priced, settings, as_of), findings, hindered)


def _shapes_of(
    ready: pl.DataFrame,
    events: pl.DataFrame,
    policies: Mapping[str, Policy],
    sent: pl.DataFrame,
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Per diems, services beside them, and the services of days that are billed by them alone."""
    apart = components.by_service(policies)
    whole = ready.filter(~apart)
    asking = asked.askers(whole, events, policies)
    diems = asked.per_diems(asking, _wanted(whole, asking, policies), events, policies)
    parts = _unsent(asked.components(asking, policies), sent)
    services = components.services(ready.filter(apart), events, policies)
    return diems, parts, _unsent(services, sent)


def _unsent(parts: pl.DataFrame, sent: pl.DataFrame) -> pl.DataFrame:
    """The services that were not sent before under their code."""
    billed = _among(parts, sent.filter(_was_sent()), ["procedure"])
    return parts.join(billed, on="source_record_id", how="anti", maintain_order="left")


def already_billed(
    days: pl.DataFrame, policies: Mapping[str, Policy], history: pl.DataFrame
) -> pl.DataFrame:
    """The IOP days among these whose per diem was sent before and not voided since."""
    per_diems = each(history.filter(_was_sent()), policies, _per_diems)
    return _among(days.filter(pl.col("level_of_care") == "IOP"), per_diems, [])


def _per_diems(lines: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    procedures = track.pairs(policies).select("payer_id", "procedure").unique()
    return lines.join(procedures, on=["payer_id", "procedure"], how="semi")


@once_of_nothing
def _among(rows: pl.DataFrame, sent: pl.DataFrame, also: list[str]) -> pl.DataFrame:
    """The rows of a client's day, and what else they agree in, that are among those sent.

    By client: a family shares a member id, and a member id may be corrected since.
    Only a line whose client is not known counts by its member id.
    """
    strangers = sent.filter(pl.col("client_id").is_null())
    numbered = rows.with_row_index("_row")
    own = numbered.join(sent, on=[*_DAY, *also], how="semi", nulls_equal=True)
    by_member = ["payer_id", "member_id", "service_date", *also]
    same_member = numbered.join(strangers, on=by_member, how="semi")
    found = pl.concat([own, same_member]).unique("_row").sort("_row")
    return found.drop("_row")


def _was_sent() -> pl.Expr:
    """Sent and standing: a denied line too, since denials are worked, not sent again blindly."""
    return pl.col("standing").is_in(["sent", "paid", "denied"])


def _iop_days(days: pl.DataFrame, clients: pl.DataFrame) -> pl.DataFrame:
    """IOP days of known clients, with the minutes they are billed on: signed ones, else any."""
    signed, noted = pl.col("minutes").fill_null(0), pl.col("unsigned_minutes").fill_null(0)
    return (
        days.filter(pl.col("level_of_care") == "IOP")
        .join(clients, on="client_id", how="semi")
        .with_columns(minutes=pl.when(signed > 0).then(signed).otherwise(noted))
    )


def _ready(
    days: pl.DataFrame,
    authorizations: pl.DataFrame,
    policies: Mapping[str, Policy],
    history: pl.DataFrame,
) -> pl.DataFrame:
    """The days with authorization, track, pair, units and diagnoses.

    `draws`: the day has attended minutes and was not billed before. `short`: it has,
    and is billed by its services, which draw on no authorization of the day's.
    """
    fresh = days.join(already_billed(days, policies, history), on=_DAY, how="anti").select(
        *_DAY, fresh=pl.lit(True)
    )
    due = pl.col("fresh").fill_null(False) & (pl.col("minutes") > 0)
    measured = each_row(
        days.join(fresh, on=_DAY, how="left", maintain_order="left"),
        policies,
        lambda part, own: part.with_columns(short=due & components.short(own)),
    )
    marked = measured.with_columns(draws=due & ~pl.col("short"))
    known = authorize.authorized(marked.drop("fresh"), authorizations, history, policies)
    own = known.with_columns(auth_number=pl.when(~pl.col("short")).then("auth_number"))
    return each_row(own, policies, track.coded)


def _wanted(
    days: pl.DataFrame, asking: pl.DataFrame, policies: Mapping[str, Policy]
) -> pl.DataFrame:
    """Days that want a per diem: attended, not billed, and no short ones of component services alone.

    A day long enough is a program's day whatever codes its sessions carry: those stand beside the
    per diem, and the rules say whether the payer takes them there (BUN-01).
    """
    apart = asking.filter(~pl.col("per_diem")).select("source_record_id").to_series().implode()
    whole = pl.col("encounters").list.set_difference(apart).list.len() > 0
    return days.filter("draws", whole | components.long_enough(policies))


def _shaped(frame: pl.DataFrame) -> pl.DataFrame:
    """Per diems and components in the same columns."""
    asked_charge = "asked_charge_cents" if "asked_charge_cents" in frame.columns else None
    return frame.select(
        "client_id",
        "payer_id",
        "member_id",
        "birth_date",
        "service_date",
        "revenue",
        "procedure",
        "modifiers",
        "units",
        "auth_number",
        "diagnoses",
        "rendering_npi",
        "encounters",
        "program_track",
        "track",
        "telehealth",
        "billing_npi",
        payer_responsibility="coverage_priority",
        per_diem=pl.lit(asked_charge is None),
        asked_charge_cents=pl.lit(None, pl.Int64) if asked_charge is None else pl.col(asked_charge),
    )


def _priced(lines: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """The lines with their charge: the component's as asked, else units at the rate or price."""
    prices = pl.DataFrame(
        [(code, settings.charge_cents(code)) for code in settings.charges],
        schema={"procedure": pl.String, "price_cents": pl.Int64},
        orient="row",
    )
    unit = pl.coalesce("unit_charge_cents", "price_cents")
    by_price = whole_cents(unit * pl.col("units"))
    dated = rated(lines, rates(settings))
    return dated.join(prices, on="procedure", how="left", maintain_order="left").with_columns(
        charge_cents=pl.coalesce("asked_charge_cents", by_price)
    )


def _lines(priced: pl.DataFrame, settings: Settings, as_of: date) -> pl.DataFrame:
    """Numbered proposals in the order of payer, client and date."""
    billers = pl.DataFrame(
        [(one.npi, one.tin, one.facility_type) for one in settings.billing],
        schema=dict.fromkeys(("billing_npi", "billing_tin", "facility_type"), pl.String),
        orient="row",
    )
    housed = priced.join(billers, on="billing_npi", how="left", maintain_order="left")
    ordered = housed.filter(pl.col("charge_cents").is_not_null()).sort(
        "payer_id",
        "client_id",
        "service_date",
        "per_diem",
        "procedure",
        descending=[False, False, False, True, False],
    )
    return SERVICE_LINES.conform(
        ordered.with_columns(
            file_id=pl.lit(0),
            claim_offset=pl.lit(0),
            line_offset=pl.int_range(1, pl.len() + 1),
            form=pl.lit("I"),
            standing=pl.lit("proposed"),
            frequency=pl.lit("1"),
            sent_on=pl.lit(as_of),
        )
    )


def _strangers(encounters: pl.DataFrame, clients: pl.DataFrame) -> pl.DataFrame:
    """Attended encounters of clients whom no clients feed names."""
    seen = encounters.filter(pl.col("attendance").is_in(ATTENDED))
    return seen.join(clients, on="client_id", how="anti")


def _unknown_clients(strangers: pl.DataFrame, clients: pl.DataFrame) -> list[Finding]:
    if clients.is_empty() and strangers.height > 1:
        count = f"{strangers.height:,}"
        return [
            Finding("CLIENT_UNKNOWN", f"{count} encounters: no clients feed is there; not billed")
        ]
    return [
        Finding(
            "CLIENT_UNKNOWN",
            f"encounter {record} (row {row}): its client is in no clients feed; not billed",
            file=None if file_id is None else str(file_id),
        )
        for file_id, row, record in strangers.select("file_id", "row", "source_record_id")
        .sort("file_id", "row")
        .iter_rows()
    ]


def _strange(strangers: pl.DataFrame) -> pl.DataFrame:
    program = attended.attended(strangers).sort("service_date", "client_id")
    says = pl.lit("its client is in no clients feed")
    return unbilled.rows("CLIENT_UNKNOWN", program, says)


def _unknown_payers(days: pl.DataFrame, billable: list[str]) -> pl.DataFrame:
    lost = days.filter(~pl.col("payer_id").is_in(billable))
    says = composed("payer {} is not listed in settings.toml", "payer_id")
    return unbilled.rows("PAYER_UNKNOWN", lost, says)


def _unknown_facilities(days: pl.DataFrame) -> pl.DataFrame:
    lost = days.filter(pl.col("billing_npi").is_null())
    says = pl.lit("its facility_npi is of no facility in settings.toml")
    return unbilled.rows("FACILITY_UNKNOWN", lost, says)


def _uncoded_services(services: pl.DataFrame) -> pl.DataFrame:
    lacking = services.filter(~components.coded())
    says = composed(
        "payer {} takes services one by one, and its policy has no code for {}",
        "payer_id",
        "service_type",
    )
    return unbilled.rows("COMPONENT_UNKNOWN", lacking, says)


def _too_short(services: pl.DataFrame) -> pl.DataFrame:
    short = services.filter(components.coded(), pl.col("units") <= 0)
    says = composed(
        "{}: {} minutes, and a unit is {}", pl.coalesce("procedure", "revenue"), "length",
        "unit_minutes",
    )  # fmt: skip
    return unbilled.rows("SERVICE_SHORT", short, says)


def _of_no_minutes(
    days: pl.DataFrame, events: pl.DataFrame, policies: Mapping[str, Policy], sent: pl.DataFrame
) -> pl.DataFrame:
    """Days whose every session is of no length, so that there is nothing to bill."""
    empty = attended.of_no_minutes(events)
    lost = days.filter(pl.col("minutes") <= 0).join(empty, on=attended.DAY, how="semi")
    unbilled_yet = lost.join(already_billed(lost, policies, sent), on=_DAY, how="anti")
    return unbilled.rows("SESSION_EMPTY", unbilled_yet, pl.lit("its sessions have no minutes"))


def _of_practitioners(parts: pl.DataFrame) -> pl.DataFrame:
    theirs = parts.filter(pl.col("practitioner").is_not_null())
    says = composed(
        "{} (payer {}) is authorized in the name of practitioner {}, not of the facility",
        "procedure",
        "payer_id",
        "practitioner",
    )
    return unbilled.rows("PROFESSIONAL_SERVICE", theirs, says)


def _uncoded(parts: pl.DataFrame) -> pl.DataFrame:
    lacking = parts.filter(pl.col("revenue").is_null())
    says = composed(
        "encounter {} (row {}): asks for {} without a revenue code",
        "source_record_id",
        "row",
        "procedure",
    )
    return unbilled.rows("FEED_VALUE_MISSING", lacking, says)


def _unpriced(priced: pl.DataFrame) -> pl.DataFrame:
    lacking = priced.filter(pl.col("charge_cents").is_null())
    code = pl.col("procedure").fill_null("per diem without a pair")
    says = composed("{} (payer {}): no charge is set", code, "payer_id")
    return unbilled.rows("CHARGE_UNKNOWN", lacking, says)
