"""The verbs release and ledger: money a person lets count, and what remits came to; how decisions are kept.

A decision is one more row of tables.DECISIONS, never changed afterwards; matches and
ledger are then computed anew.
"""

from __future__ import annotations

import getpass
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
from msgspec.structs import replace

from edi_iop.desk import paths
from edi_iop.desk.answer import Answer
from edi_iop.desk.numbers import as_known
from edi_iop.errors import NotKnown
from edi_iop.money import to_dollars
from edi_iop.reports import ledger as sheets
from edi_iop.reports.on_day import Loading, OnDay
from edi_iop.reports.sheet import Sheet
from edi_iop.runner import lock, past, portions, records, since
from edi_iop.runner.settle import answers, settle
from edi_iop.settings import Workspace
from edi_iop.store import Store
from edi_iop.tables import DECISIONS, LEDGER
from edi_iop.texts import composed

REMIT_CLAIM = ("file_id", "remit_claim_offset")
PAYMENT = ("file_id", "payment_offset")
SENT = ("claim_file_id", "claim_offset")
_NO_CLAIM = "no claim counts anything of it"
"""Of a payment that was rejected, or that holds no claim."""


def release(
    root: Path,
    what: str,
    reject: bool = False,
    undo: bool = False,
    note: str | None = None,
    by: str | None = None,
) -> Answer:
    """Money that is held counts, or (a whole payment) does not count at all; undo takes either back."""
    verb = "undo" if undo else "reject" if reject else "release"
    with Store.open(paths.workspace(root).database) as store:
        found = _held(store, what, any_standing=undo)
        if undo and not _decided_on(store, found):
            raise NotKnown(f"{what}: nobody released or rejected it: there is nothing to take back")
        if verb == "release" and found["standing"] != "held":
            raise NotKnown(
                f"{what}: it is {found['standing']}, not held: a release changes nothing"
            )
        if reject and found.get("remit_claim_offset") is not None:
            raise NotKnown(
                f"{what}: a claim's money cannot be rejected, its payment came; reject the payment, "
                "or leave the claim held"
            )
        told = decide(store, root, found, [{"verb": verb}], note, by)
        return replace(told, remarks=_still_held(store, found)) if verb == "release" else told


def ledger(root: Path, claim: str | None = None, as_of: date | None = None) -> Answer:
    """Where every claim stands as of a date, or what happened to one of them."""
    workspace = paths.workspace(root)
    title = f"as of {as_of}" if as_of else ""
    with Store.open(workspace.database, read_only=True) as store:
        claim = claim and as_known(store, claim)
        seen = store if as_of is None else _on_day(store, workspace, as_of, claim)
        if claim is not None:
            return Answer(_timeline(seen, claim, title, root))
        names = sheets.payer_names(seen.load("payment_standings"), seen.load("payments"))
        return Answer(sheets.accounts(seen.load("accounts"), title, names))


def _on_day(store: Store, workspace: Workspace, day: date, claim: str | None) -> OnDay:
    policies = records.policies(workspace, workspace.settings(), day)
    return OnDay(store, day, past.on_day(store, policies, day, claim, LEDGER))


def _timeline(seen: Loading, claim: str, title: str, root: Path) -> Sheet:
    accounts = seen.load("accounts", account=claim)
    known = not seen.load("claims", ("claim",), claim=claim).is_empty()
    # an answer returned under our number that is not tied to our claim is not the claim's
    tied = pl.col("claim_offset").is_not_null()
    own = tied if known else pl.lit(True)
    if accounts.filter(own).is_empty():
        raise NotKnown(_unspoken(claim, known, not accounts.is_empty(), root))
    postings, provider = (
        seen.load(name, account=claim).filter(own) for name in ("postings", "provider_postings")
    )
    return sheets.timeline(postings, provider, f"{claim} {title}".strip())


def _unspoken(claim: str, known: bool, loose: bool, root: Path) -> str:
    if loose:
        return (
            f"{claim}: no remit speaks of it yet; what was returned under this number is "
            f"unmatched, see: edi-iop report unmatched {root}"
        )
    beside = " yet" if known else ", and no claim was sent under it"
    return f"{claim}: no remit speaks of it{beside}"


def decide(
    store: Store,
    root: Path,
    about: Mapping[str, Any],
    words: Sequence[Mapping[str, Any]],
    note: str | None,
    by: str | None,
) -> Answer:
    """Writes the decisions and computes anew, all or nothing; where the claims concerned stand.

    about: the remit claim or payment. words: what was decided of it, each with its verb and, of a
    match, its tier and the claim and lines. Judged is as of the last night, as reports are.
    """
    workspace = paths.workspace(root)
    day = store.last_night() or date.today()
    settings = workspace.settings()
    policies = records.policies(workspace, settings, day)
    with store.transaction():
        lock.refuse_second(store)
        row = {
            "decided_at": lock.now(),
            "actor": by or getpass.getuser(),
            "note": note,
            **{name: about.get(name) for name in (*PAYMENT, "remit_claim_offset")},
        }
        first = store.next_numbers("decision", len(words))
        rows = [{**row, **word, "decision": first + n} for n, word in enumerate(words)]
        told = pl.DataFrame([{name: one.get(name) for name in DECISIONS.schema} for one in rows])
        store.save({"decisions": DECISIONS.conform(told)})
        if since.in_portions(store):
            portions.settle(store, policies, settings, day)
        else:
            known = records.known(store, policies, day)
            settle(store, known, answers(store, known), policies, settings)
    return Answer(_outcome(store, about))


def _decided_on(store: Store, about: Mapping[str, Any]) -> bool:
    """Whether the last word on this payment or claim is a release or rejection."""
    of_payment = about.get("remit_claim_offset") is None
    key = {name: about[name] for name in (PAYMENT if of_payment else REMIT_CLAIM)}
    whole = {"remit_claim_offset": None} if of_payment else {}
    words = store.load("decisions", **key, **whole).filter(
        pl.col("verb").is_in(["release", "reject", "undo"])
    )
    return words.sort("decision")["verb"].to_list()[-1:] in (["release"], ["reject"])


def _still_held(store: Store, about: Mapping[str, Any]) -> tuple[str, ...]:
    """What of a payment just released waits for another reason, and how to release that."""
    paid = store.load("payment_standings", **{name: about[name] for name in PAYMENT})
    held = int(paid["held_cents"].sum())
    inside = store.load("postings", **{name: about[name] for name in PAYMENT}).filter(
        pl.col("standing") == "held"
    )
    if about.get("remit_claim_offset") is not None or not (held or inside.height):
        return ()
    nothing = "nothing of it counts yet: " if held == int(paid["amount_cents"].sum()) else ""
    reasons = inside.select(
        composed(
            "claim {} still waits: {}; release it by {}:{}",
            "account",
            pl.col("says").fill_null("held"),
            *REMIT_CLAIM,
        )
    ).to_series()
    rest = held - int(inside["paid_cents"].sum())
    left = (f"{to_dollars(rest)} of it is in no claim and no adjustment",) if rest else ()
    return (
        f"released; {nothing}{to_dollars(held)} of it stays held",
        *reasons,
        *left,
    )


def _outcome(store: Store, about: Mapping[str, Any]) -> Any:
    """What became of the payment's claims, or of the claim."""
    keys = PAYMENT if about.get("remit_claim_offset") is None else REMIT_CLAIM
    postings = store.load("postings", **{name: about[name] for name in keys})
    accounts = store.among("accounts", postings.select("account")).sort(
        "last_on", "account", "payer", nulls_last=True
    )
    key = ("payer", "account", *SENT)
    touched = accounts.join(
        postings.select(key), on=key, how="semi", nulls_equal=True, maintain_order="left"
    )
    names = sheets.payer_names(
        store.load("payment_standings", (*PAYMENT, "payer", "payment_date")),
        store.load("payments", (*PAYMENT, "payer_name")),
    )
    return replace(sheets.accounts(touched, names=names), none=_NO_CLAIM)


def _reference(text: str) -> tuple[int, int] | None:
    """FILE:OFFSET, as reports name a segment."""
    file_id, colon, offset = text.partition(":")
    if colon and file_id.isdecimal() and offset.isdecimal():
        return int(file_id), int(offset)
    return None


def _only(rows: pl.DataFrame, text: str, what: str, offset: str) -> dict[str, Any]:
    """The only row, or a sentence that says how to name one."""
    if rows.is_empty():
        raise NotKnown(f"{text}: there is no such {what}")
    if rows.height > 1:
        named = ", ".join(
            f"{row['file_id']}:{row[offset]}" for row in rows.head(5).iter_rows(named=True)
        )
        raise NotKnown(f"{text}: {rows.height} of that name; name one of {named}")
    return rows.row(0, named=True)


def remit_claim(store: Store, text: str) -> dict[str, Any]:
    """A remit claim by FILE:OFFSET or by the number it was returned under."""
    return _by_name(store, text, "remit_claims", "remit_claim_offset", "remit claim")


def sent_claim(store: Store, text: str) -> dict[str, Any]:
    """A claim as sent by FILE:OFFSET or by its number."""
    return _by_name(store, text, "claims", "claim_offset", "claim")


def _by_name(store: Store, text: str, table: str, offset: str, what: str) -> dict[str, Any]:
    place = _reference(text)
    if place is not None:
        rows = store.load(table, **{"file_id": place[0], offset: place[1]})
    else:
        rows = store.load(table, claim=as_known(store, text))
    return _only(rows, text, what, offset)


def _held(store: Store, text: str, any_standing: bool) -> dict[str, Any]:
    """A payment, or a remit claim, that is held; of any standing where a word is taken back."""
    waiting = pl.lit(True) if any_standing else pl.col("standing") == "held"
    place = _reference(text)
    if place is not None:
        paid, posted = (
            store.load(name, **{"file_id": place[0], offset: place[1]})
            for name, offset in (
                ("payment_standings", "payment_offset"),
                ("postings", "remit_claim_offset"),
            )
        )
    else:
        paid = store.load("payment_standings", trace_number=text).filter(waiting)
        named = store.load("postings", account=as_known(store, text))
        posted = named.filter(waiting, pl.col("says") != "its payment is held")
    if not paid.is_empty():
        return _only(paid, text, "payment", "payment_offset")
    posted = posted.filter(waiting)
    payments = store.load("payment_standings", PAYMENT, trace_number=text)
    inside = store.among("postings", payments).filter(pl.col("standing") == "held")
    if posted.is_empty() and not inside.is_empty():
        raise NotKnown(
            f"{text}: the payment counts, but of its claims wait: {_named(inside)}; release those"
        )
    return _only(posted, text, "payment or claim that is held", "remit_claim_offset")


def _named(claims: pl.DataFrame) -> str:
    """`A00001025 (38:469)`, five at most."""
    each = claims.head(5).select(composed("{} ({}:{})", "account", *REMIT_CLAIM)).to_series()
    return ", ".join(each)
