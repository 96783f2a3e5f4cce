"""One claim written again by hand: replaced (7), voided (8) or sent anew, as an 837I that nobody has sent yet.

Its numbers are counted like those of every claim of ours, so that they are never used
twice; it is remembered as sent only once it comes in through the inbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import msgspec
import polars as pl
from msgspec.structs import replace

from edi_iop import parsers
from edi_iop.errors import Forbidden
from edi_iop.mapper import Numbers, build, propose
from edi_iop.mapper.repair import Repaired, repaired
from edi_iop.mapper.withdrawn import netted
from edi_iop.reconciler.beside import left_out
from edi_iop.rules.catalogue import STOPPING
from edi_iop.rules.days import current, days
from edi_iop.rules.engine import check
from edi_iop.rules.lines import kept_lines
from edi_iop.rules.policy import Policy
from edi_iop.rules.records import Records
from edi_iop.runner.reply import made as made_at
from edi_iop.settings import Settings
from edi_iop.store import Store
from edi_iop.tables import SERVICE_LINES, VIOLATIONS
from edi_iop.texts import composed

_LINE = ["file_id", "claim_offset", "line_offset"]


class Sides(msgspec.Struct, frozen=True):
    """What the store holds about one claim, and about its client beside it."""

    header: pl.DataFrame
    """Its row of tables.CLAIMS."""
    own: pl.DataFrame
    """Its lines (tables.SERVICE_LINES)."""
    records: Records
    """The client's; lines are all those sent for the client."""


class Remade(msgspec.Struct, frozen=True):
    """The file, and what is different in it."""

    content: bytes
    remedy: str
    changes: tuple[str, ...]
    still: tuple[str, ...]
    """Rules that the claim would still break; of a draft, and of a void, the errors of its form."""
    draft: bool = False
    """As it was sent: our records cannot say what to change, a person is to."""


def sides(store: Store, header: pl.DataFrame, policies: Mapping[str, Policy], as_of: date) -> Sides:
    """The claim (one row of tables.CLAIMS) with its client's records."""
    own = kept_lines(store.sent(header))
    client = own["client_id"].drop_nulls().first()
    its = None if client is None else store.load("line_standings", client_id=client)
    lines = own if its is None else kept_lines(store.sent(its))
    encounters, clients, authorizations = (
        store.load(name, client_id=client) for name in ("encounters", "clients", "authorizations")
    )
    encounters = current(encounters)
    records = Records(
        lines=lines,
        days=days(encounters, clients, policies),
        encounters=encounters,
        clients=clients,
        authorizations=authorizations,
        providers=store.load("providers"),
        as_of=as_of,
    )
    return Sides(header, own, records)


def remade(
    store: Store, about: Sides, remedy: str, policies: Mapping[str, Policy], settings: Settings
) -> Remade:
    """The 837I of a remedy; Forbidden where there is nothing to change or nobody to send it to.

    Where we hold no records of the client it is a draft: the claim as sent, under the remedy's
    frequency and the payer's number. A void repeats what was sent, its errors too.
    """
    payer = about.header["payer_id"][0]
    if payer not in {one.id for one in settings.payers}:
        raise Forbidden(f"payer {payer} is not listed in settings.toml; add it with its partner")
    row = about.header.row(0, named=True)
    out = left_out(store.load("violations", **{name: row[name] for name in _LINE[:2]}))
    surplus = out.filter(pl.col("severity").is_in(STOPPING)).select(_LINE).unique()
    settled = _settled(about, out, remedy)
    gone = pl.concat([surplus, settled]).unique()
    nothing_left = gone.height == about.own.height
    if remedy == "corrected_7" and nothing_left and surplus.height:
        remedy = "void_8"
    if remedy in ("corrected_7", "new_claim_1") and nothing_left and settled.height:
        raise Forbidden(
            "every line of it is paid or billed again since, so that it would be billed twice"
        )
    found = _repaired(about, remedy, gone, policies, settings)
    unchanged = remedy != "void_8" and len(found.changes) == settled.height
    if unchanged and not about.records.encounters.is_empty():
        raise Forbidden(
            "our records show nothing to change in it; correct the records (encounters, clients, "
            "authorizations), run the night, and ask again"
        )
    content, faults = _written(store, about, found, policies, settings)
    if faults and not unchanged and remedy != "void_8":
        raise Forbidden(f"the claim would not pass: {faults[0]}; correct what it was made of")
    broken = () if remedy == "void_8" else _still_broken(about, found, remedy, policies)
    still = (*faults, *broken)
    return Remade(content, remedy, found.changes, still, unchanged)


def _settled(about: Sides, out: pl.DataFrame, remedy: str) -> pl.DataFrame:
    """Keys of the lines that the remedy would bill twice: billed again since or, by a new claim, paid."""
    paid = (pl.col("standing") == "paid") & (remedy == "new_claim_1")
    again = out.filter(~pl.col("severity").is_in(STOPPING), remedy != "void_8").select(_LINE)
    return pl.concat([about.own.filter(paid).select(_LINE), again]).unique()


def _repaired(
    about: Sides,
    remedy: str,
    gone: pl.DataFrame,
    policies: Mapping[str, Policy],
    settings: Settings,
) -> Repaired:
    """The claim by what its days would be billed as today."""
    records = about.records
    proposed, *_ = propose(
        records.days,
        records.encounters,
        records.clients,
        records.authorizations,
        policies,
        settings,
        records.as_of,
        _without_it(about),
    )
    same = proposed.filter(
        pl.col("payer_id") == about.header["payer_id"][0],
        pl.col("service_date").is_in(about.own["service_date"].implode()),
    )
    return repaired(remedy, about.header, about.own, gone, same, records.clients, policies)


def _without_it(about: Sides) -> pl.DataFrame:
    """The client's lines with this claim's as if it had never been sent."""
    return netted(about.records.lines, about.own.select(_LINE))


def _still_broken(
    about: Sides, found: Repaired, remedy: str, policies: Mapping[str, Policy]
) -> tuple[str, ...]:
    """What the rules stop in the claim as it would go out."""
    filed = pl.col("sent_on") if remedy == "corrected_7" else pl.lit(None, pl.Date)
    lines = found.lines.with_columns(
        filed_on=filed,
        file_id=pl.lit(0, pl.Int64), claim_offset=pl.lit(0, pl.Int64), standing=pl.lit("proposed"),
        claim=pl.lit(None, pl.String), sent_on=pl.lit(about.records.as_of),
    )  # fmt: skip
    every = pl.concat([_without_it(about), SERVICE_LINES.conform(lines)])
    broken = check(replace(about.records, lines=every), policies).filter(
        pl.col("file_id") == 0, pl.col("severity").is_in(STOPPING)
    )
    return tuple(broken["says"].unique().sort())


def _written(
    store: Store,
    about: Sides,
    found: Repaired,
    policies: Mapping[str, Policy],
    settings: Settings,
) -> tuple[bytes, tuple[str, ...]]:
    """The interchange under numbers of its own, and the errors by which it would be refused."""
    records = about.records
    with store.transaction():
        numbers = Numbers(
            serial=store.next_numbers("serial"),
            interchange=store.next_numbers("interchange"),
            transaction=store.next_numbers("transaction"),
        )
    built = build(
        SERVICE_LINES.conform(found.given.lines),
        VIOLATIONS.empty(),
        records.clients,
        records.providers,
        records.days,
        settings,
        policies,
        numbers,
        made_at(records.as_of),
        further=found.given,
    )
    content = built.files[0].content
    findings = parsers.parse([(1, content)])[1].findings
    errors = findings.filter(pl.col("severity") == "error")
    told = errors.select(composed("{} ({})", "message", "code")).to_series()
    return content, tuple(told)
