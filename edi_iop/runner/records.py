"""What the database holds, as the other rooms take it: feeds as they stand, claims sent, remits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

import msgspec
import polars as pl
from msgspec.structs import replace

from edi_iop import parsers
from edi_iop.reconciler.ledger import Ledger, counted
from edi_iop.rules.days import current, days
from edi_iop.rules.in_force import Policies, of_payers
from edi_iop.rules.lines import sent_on, service_lines
from edi_iop.rules.policy import Policy
from edi_iop.rules.records import History, Records
from edi_iop.settings import Settings, Workspace
from edi_iop.store import Store
from edi_iop.tables import LEDGER, REMITS, SENT
from edi_iop.tables.pool import pooled

if TYPE_CHECKING:
    from edi_iop.parsers.feed_layout import Layout

Tables = dict[str, pl.DataFrame]


class Known(msgspec.Struct, frozen=True):
    """The facility's own records on a date, and what it sent."""

    encounters: pl.DataFrame
    clients: pl.DataFrame
    authorizations: pl.DataFrame
    providers: pl.DataFrame
    days: pl.DataFrame
    sent: Tables
    as_of: date
    policies: Mapping[str, Policy]
    history: History

    @pooled
    def lines(self, standings: pl.DataFrame | None = None) -> pl.DataFrame:
        """Every line sent (tables.SERVICE_LINES), as the payers have answered it so far."""
        went = sent_on(self.sent["submissions"])
        return service_lines(self.sent, self.clients, went, standings)

    def records(self, lines: pl.DataFrame) -> Records:
        """What the rules judge these lines by."""
        return Records(
            lines=lines,
            days=self.days,
            encounters=self.encounters,
            clients=self.clients,
            authorizations=self.authorizations,
            providers=self.providers,
            as_of=self.as_of,
            history=self.history,
        )


def policies(workspace: Workspace, settings: Settings, as_of: date) -> Policies:
    """The policies of every payer we bill, by payer id and day of service.

    BadPolicy where one has none in force on the date.
    """
    names = {payer.id: payer.policy for payer in settings.payers}
    return of_payers(names, as_of, (workspace.payers,))


def layouts(workspace: Workspace) -> tuple[Layout, ...]:
    """The facility's own layouts of feeds; BadMap where one is wrong."""
    own = [workspace.feeds] if workspace.feeds.is_dir() else []
    return parsers.layouts(own, workspace.settings())


def known(store: Store, policies: Mapping[str, Policy], as_of: date) -> Known:
    """The records as they stand."""
    return replace(beside(store, policies, as_of), sent=_sent(store))


@pooled
def beside(store: Store, policies: Mapping[str, Policy], as_of: date) -> Known:
    """The records as they stand, without what was sent."""
    encounters, clients = current(store.load("encounters")), store.load("clients")
    return Known(
        encounters=encounters,
        clients=clients,
        authorizations=store.load("authorizations"),
        providers=store.load("providers"),
        days=days(encounters, clients, policies),
        sent={},
        as_of=as_of,
        policies=policies,
        history=history(store),
    )


def history(store: Store) -> History:
    """From when on the store holds what was sent, and what was answered."""
    return History(
        store.first_day("submissions", "created_on"), store.first_day("payments", "payment_date")
    )


def after_billing(store: Store, known: Known) -> Known:
    """The same records with what has gone out since; billing changes nothing else."""
    return replace(known, sent=_sent(store), history=history(store))


def _sent(store: Store) -> Tables:
    return {name: store.load(name) for name in SENT}


def remits(store: Store) -> Tables:
    """Every remit taken in, those held too."""
    return {name: store.load(name) for name in REMITS}


def accepted(store: Store) -> Tables:
    """The remits that the ledger of the last run has posted; the others' money is not relied on."""
    posted = Ledger(*(store.load(name) for name in LEDGER))
    return counted(remits(store), posted)
