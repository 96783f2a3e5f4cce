"""Our own claims as they stand: what corrections and claims to further payers begin from."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from edi_iop.mapper import changed, propose
from edi_iop.mapper.sent import Sent, outdone
from edi_iop.mapper.withdrawn import LINE, netted, withdrawn
from edi_iop.reconciler.acknowledged import acknowledged
from edi_iop.rules.policy import Policy
from edi_iop.runner.records import Known
from edi_iop.runner.settle import Answers
from edi_iop.settings import Settings
from edi_iop.store import Store
from edi_iop.tables.pool import pooled

_CLAIM = ["file_id", "claim_offset"]
_REMIT = ["file_id", "remit_claim_offset"]


@pooled
def sent(
    store: Store,
    known: Known,
    history: pl.DataFrame,
    answered: Answers,
    policies: Mapping[str, Policy],
    settings: Settings,
) -> Sent:
    """Claims that we sent to first payers, not those of another system.

    history: every line sent, as the payers have answered it (tables.SERVICE_LINES).
    """
    files = store.load("files", direction="out", kind="837I").select("file_id")
    live = history.join(files, on="file_id", how="semi", maintain_order="left").filter(
        pl.col("form") == "I",
        pl.col("standing") != "void",
        pl.col("payer_responsibility") == "P",
    )
    remarks, rejected = _remarks(answered), _rejected(store, known)
    anew = outdone(live, pl.concat([remarks.select(_CLAIM), rejected]))
    ours = live.join(anew, on=LINE, how="anti", maintain_order="left")
    history = netted(history, anew)
    made = known.sent["submissions"].select("file_id", "transaction_offset", "created_on")
    claims = known.sent["claims"].join(ours, on=_CLAIM, how="semi", maintain_order="left")
    versions = store.history("encounters") if ours.height else known.encounters
    since = changed.since(ours, versions)
    gone = withdrawn(ours, known.days, versions, policies)
    restated = changed.restated(
        ours.join(gone, on=LINE, how="anti", maintain_order="left"),
        since,
        policies,
        lambda lines: _billed(lines, known, history, policies, settings),
    )
    return Sent(
        ours,
        claims.join(made, on=["file_id", "transaction_offset"], how="left", maintain_order="left"),
        pl.concat([gone, restated, anew]),
        restated,
        since.select(_CLAIM).unique(),
        since.filter("day").select(LINE),
        remarks,
        rejected,
    )


def _billed(
    lines: pl.DataFrame,
    known: Known,
    history: pl.DataFrame,
    policies: Mapping[str, Policy],
    settings: Settings,
) -> pl.DataFrame:
    """What the days of these lines would be billed as today, all others of their clients being sent.

    Days not sent yet are left out: they must not take the units that these have drawn.
    """
    clients = lines.select("client_id").unique()
    others = history.join(clients, on="client_id", how="semi", maintain_order="left")
    days = known.days.join(others, on=["client_id", "service_date"], how="semi")
    return propose(
        days,
        known.encounters.join(clients, on="client_id", how="semi", maintain_order="left"),
        known.clients,
        known.authorizations,
        policies,
        settings,
        known.as_of,
        netted(others, lines.select(LINE)),
    ).lines


def _remarks(answered: Answers) -> pl.DataFrame:
    """Claims sent and what was remarked on them, on the claim or on any of its lines."""
    tied = answered.matches.filter(
        pl.col("remit_line_offset").is_null() & pl.col("claim_offset").is_not_null()
    ).select(*_REMIT, "claim_file_id", "claim_offset")
    return (
        answered.remits["remarks"]
        .join(tied, on=_REMIT)
        .select("claim_offset", file_id="claim_file_id", rarc="remark")
        .select(*_CLAIM, "rarc")
        .unique()
    )


def _rejected(store: Store, known: Known) -> pl.DataFrame:
    """Claims that never reached a payer's system: turned away by themselves or with their file."""
    acks = store.load("acknowledgements")
    if acks.is_empty():
        return known.sent["claims"].clear().select(_CLAIM)
    claims = known.sent["claims"]
    errors = store.load("acknowledgement_errors")
    where = acknowledged(known.sent["submissions"], claims, acks, errors)
    whole = where.submissions.filter(pl.col("standing") == "rejected")
    alone = where.claims.filter(pl.col("decision") == "R").select(_CLAIM)
    with_file = claims.join(whole, on=["file_id", "transaction_offset"], how="semi")
    return pl.concat([alone, with_file.select(_CLAIM)]).unique()
