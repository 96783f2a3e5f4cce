"""The verbs match, release and ledger: what a person decides of remits, and what they came to.

A decision is one more row of tables.DECISIONS, never changed afterwards; matches and
ledger are then computed anew.
"""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
from msgspec.structs import replace

from edi_iop.desk import paths
from edi_iop.desk.answer import Answer, status
from edi_iop.desk.numbers import as_known
from edi_iop.errors import NotKnown
from edi_iop.money import to_dollars
from edi_iop.reconciler.match import misgivings
from edi_iop.reports import ledger as sheets
from edi_iop.reports.on_day import OnDay
from edi_iop.runner import lock, portions, records, since
from edi_iop.runner.settle import answers, settle
from edi_iop.store import Store
from edi_iop.tables import DECISIONS
from edi_iop.texts import composed

_REMIT_CLAIM = ("file_id", "remit_claim_offset")
_PAYMENT = ("file_id", "payment_offset")
_SENT = ("claim_file_id", "claim_offset")
_NO_CLAIM = "no claim counts anything of it"
"""Of a payment that was rejected, or that holds no claim."""


def match_accept(root: Path, remit: str, note: str | None = None, by: str | None = None) -> Answer:
    """The first proposal of an unmatched remit claim is its match; what speaks against it is told."""
    with Store.open(paths.workspace(root).database) as store:
        answer = _remit_claim(store, remit)
        key = {name: answer[name] for name in _REMIT_CLAIM}
        proposed = store.load("proposals", **key, rank=1).to_dicts()
        if not proposed:
            raise NotKnown(f"{remit}: {_nothing_proposed(store, root, remit, key)}")
        best = proposed[0]
        tied = {name: best[name] for name in _SENT}
        return _linked(store, root, remit, answer, tied, note, by, tier=best["tier"])


def match_link(
    root: Path, remit: str, claim: str, note: str | None = None, by: str | None = None
) -> Answer:
    """A remit claim answers this claim, whatever the program found; what speaks against it is told."""
    with Store.open(paths.workspace(root).database) as store:
        answer, sent = _remit_claim(store, remit), _claim(store, claim)
        tied = {"claim_file_id": sent["file_id"], "claim_offset": sent["claim_offset"]}
        return _linked(store, root, remit, answer, tied, note, by)


def _linked(
    store: Store,
    root: Path,
    remit: str,
    answer: Mapping[str, Any],
    tied: Mapping[str, Any],
    note: str | None,
    by: str | None,
    tier: str | None = None,
) -> Answer:
    payers = [payer.id for payer in paths.workspace(root).settings().payers]
    doubts = misgivings(*_both(store, answer, tied), payers)
    done = _decide(store, root, "link", answer, note, by, tied, tier)
    if not doubts:
        return done
    warning = (
        f"linked, but {'; '.join(doubts)}; take it back with: edi-iop match undo {root} {remit}"
    )
    return replace(done, status=status(True), remarks=(*done.remarks, warning))


def _nothing_proposed(store: Store, root: Path, remit: str, key: Mapping[str, Any]) -> str:
    """Why there is nothing to accept, and what to do instead."""
    held = _tied(store, key)
    if held.is_empty():
        return (
            f"no claim is proposed for it; link one with: edi-iop match link {root} {remit} CLAIM"
        )
    row = held.row(0, named=True)
    place = {"file_id": row["claim_file_id"], "claim_offset": row["claim_offset"]}
    own = store.load("claims", **place).row(0, named=True)
    return f"it is matched to claim {own['claim']}; take that back with: edi-iop match undo {root} {remit}"


def _tied(store: Store, key: Mapping[str, Any]) -> pl.DataFrame:
    """The claims that a remit claim is matched to (tables.MATCHES)."""
    rows = store.load("matches", **key, remit_line_offset=None)
    return rows.filter(pl.col("claim_file_id").is_not_null())


def match_undo(root: Path, remit: str, note: str | None = None, by: str | None = None) -> Answer:
    """A remit claim does not answer the claim it is matched to."""
    with Store.open(paths.workspace(root).database) as store:
        answer = _remit_claim(store, remit)
        key = {name: answer[name] for name in _REMIT_CLAIM}
        tied = _tied(store, key)
        if tied.is_empty():
            raise NotKnown(
                f"{remit}: it is matched to no claim; see: edi-iop report unmatched {root}"
            )
        best = tied.row(0, named=True)
        return _decide(store, root, "unlink", answer, note, by, best, tier=best["tier"])


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
        told = _decide(store, root, verb, found, note, by)
        return replace(told, remarks=_still_held(store, found)) if verb == "release" else told


def ledger(root: Path, claim: str | None = None, as_of: date | None = None) -> Answer:
    """Where every claim stands as of a date, or what happened to one of them."""
    workspace = paths.workspace(root)
    policies = records.policies(workspace, workspace.settings(), as_of or date.today())
    with Store.open(workspace.database, read_only=True) as store:
        claim = claim and as_known(store, claim)
        made = OnDay(store, as_of, policies)
    accounts = made.load("accounts")
    names = sheets.payer_names(made.load("payment_standings"), made.load("payments"))
    title = f"as of {as_of}" if as_of else ""
    if claim is None:
        return Answer(sheets.accounts(accounts, title, names))
    known = claim in set(made.load("claims")["claim"])
    own = pl.col("account") == claim
    loose = accounts.filter(own, pl.col("claim_offset").is_null()).height
    # an answer returned under our number that is not tied to our claim is not the claim's
    own = own & pl.col("claim_offset").is_not_null() if known else own
    if accounts.filter(own).is_empty():
        raise NotKnown(_unspoken(claim, known, bool(loose), root))
    return Answer(
        sheets.timeline(
            made.load("postings").filter(own),
            made.load("provider_postings").filter(own),
            f"{claim} {title}".strip(),
        )
    )


def _unspoken(claim: str, known: bool, loose: bool, root: Path) -> str:
    if loose:
        return (
            f"{claim}: no remit speaks of it yet; what was returned under this number is "
            f"unmatched, see: edi-iop report unmatched {root}"
        )
    beside = " yet" if known else ", and no claim was sent under it"
    return f"{claim}: no remit speaks of it{beside}"


def _decide(
    store: Store,
    root: Path,
    verb: str,
    about: Mapping[str, Any],
    note: str | None,
    by: str | None,
    claim: Mapping[str, Any] | None = None,
    tier: str | None = None,
) -> Answer:
    """Writes the decision and computes anew, both or neither; where the claims concerned stand."""
    workspace = paths.workspace(root)
    today = date.today()
    settings = workspace.settings()
    policies = records.policies(workspace, settings, today)
    with store.transaction():
        lock.refuse_second(store)
        row = {
            "decision": store.next_numbers("decision"),
            "decided_at": lock.now(),
            "actor": by or getpass.getuser(),
            "verb": verb,
            "tier": tier,
            "note": note,
            **{name: about.get(name) for name in (*_PAYMENT, "remit_claim_offset")},
            **{name: (claim or {}).get(name) for name in _SENT},
        }
        frame = pl.DataFrame({name: [value] for name, value in row.items()})
        store.save({"decisions": DECISIONS.conform(frame)})
        if since.in_portions(store):
            portions.settle(store, policies, settings, today)
        else:
            known = records.known(store, policies, today)
            settle(store, known, answers(store, known), policies, settings)
    return Answer(_outcome(store, about))


def _decided_on(store: Store, about: Mapping[str, Any]) -> bool:
    """Whether the last word on this payment or claim is a release or rejection."""
    of_payment = about.get("remit_claim_offset") is None
    key = {name: about[name] for name in (_PAYMENT if of_payment else _REMIT_CLAIM)}
    whole = {"remit_claim_offset": None} if of_payment else {}
    words = store.load("decisions", **key, **whole).filter(
        pl.col("verb").is_in(["release", "reject", "undo"])
    )
    return words.sort("decision")["verb"].to_list()[-1:] in (["release"], ["reject"])


def _still_held(store: Store, about: Mapping[str, Any]) -> tuple[str, ...]:
    """What of a payment just released waits for another reason, and how to release that."""
    paid = store.load("payment_standings", **{name: about[name] for name in _PAYMENT})
    held = int(paid["held_cents"].sum())
    inside = store.load("postings", **{name: about[name] for name in _PAYMENT}).filter(
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
            *_REMIT_CLAIM,
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
    keys = _PAYMENT if about.get("remit_claim_offset") is None else _REMIT_CLAIM
    postings = store.load("postings", **{name: about[name] for name in keys})
    accounts = store.load("accounts")
    key = ("payer", "account", *_SENT)
    touched = accounts.join(postings.select(key), on=key, how="semi", nulls_equal=True)
    names = sheets.payer_names(store.load("payment_standings"), store.load("payments"))
    return replace(sheets.accounts(touched, names=names), none=_NO_CLAIM)


def _both(
    store: Store, answer: Mapping[str, Any], tied: Mapping[str, Any]
) -> tuple[dict[str, pl.DataFrame], dict[str, pl.DataFrame]]:
    """The tables of one remit claim, and those of one claim."""
    key = {name: answer[name] for name in _REMIT_CLAIM}
    paid = {name: answer[name] for name in _PAYMENT}
    own = {"file_id": tied["claim_file_id"], "claim_offset": tied["claim_offset"]}
    remits = {
        "payments": store.load("payments", **paid),
        **{
            name: store.load(name, **key)
            for name in ("remit_claims", "remit_lines", "adjustments", "remarks")
        },
    }
    return remits, {name: store.load(name, **own) for name in ("claims", "claim_lines")}


def _reference(text: str) -> tuple[int, int] | None:
    """FILE:OFFSET, as reports name a segment."""
    file_id, colon, offset = text.partition(":")
    if colon and file_id.isdecimal() and offset.isdecimal():
        return int(file_id), int(offset)
    return None


def _one(rows: pl.DataFrame, text: str, what: str, offset: str) -> dict[str, Any]:
    """The only row, or a sentence that says how to name one."""
    if rows.is_empty():
        raise NotKnown(f"{text}: there is no such {what}")
    if rows.height > 1:
        named = ", ".join(
            f"{row['file_id']}:{row[offset]}" for row in rows.head(5).iter_rows(named=True)
        )
        raise NotKnown(f"{text}: {rows.height} of that name; name one of {named}")
    return rows.row(0, named=True)


def _remit_claim(store: Store, text: str) -> dict[str, Any]:
    """A remit claim by FILE:OFFSET or by the number it was returned under."""
    place = _reference(text)
    if place is not None:
        rows = store.load("remit_claims", file_id=place[0], remit_claim_offset=place[1])
    else:
        rows = store.load("remit_claims", claim=as_known(store, text))
    return _one(rows, text, "remit claim", "remit_claim_offset")


def _claim(store: Store, text: str) -> dict[str, Any]:
    """A claim as sent by FILE:OFFSET or by its number."""
    place = _reference(text)
    if place is not None:
        rows = store.load("claims", file_id=place[0], claim_offset=place[1])
    else:
        rows = store.load("claims", claim=as_known(store, text))
    return _one(rows, text, "claim", "claim_offset")


def _held(store: Store, text: str, any_standing: bool) -> dict[str, Any]:
    """A payment, or a remit claim, that is held; of any standing where a word is taken back."""
    payments, postings = store.load("payment_standings"), store.load("postings")
    waiting = pl.lit(True) if any_standing else pl.col("standing") == "held"
    place = _reference(text)
    if place is not None:
        at = [
            (pl.col("file_id") == place[0]) & (pl.col(name) == place[1])
            for name in ("payment_offset", "remit_claim_offset")
        ]
        paid, posted = payments.filter(at[0]), postings.filter(at[1])
    else:
        paid = payments.filter(waiting, pl.col("trace_number") == text)
        posted = postings.filter(
            waiting,
            pl.col("account") == as_known(store, text),
            pl.col("says") != "its payment is held",
        )
    if not paid.is_empty():
        return _one(paid, text, "payment", "payment_offset")
    posted = posted.filter(waiting)
    inside = postings.filter(pl.col("trace_number") == text, pl.col("standing") == "held")
    if posted.is_empty() and not inside.is_empty():
        raise NotKnown(
            f"{text}: the payment counts, but of its claims wait: {_named(inside)}; release those"
        )
    return _one(posted, text, "payment or claim that is held", "remit_claim_offset")


def _named(claims: pl.DataFrame) -> str:
    """`A00001025 (38:469)`, five at most."""
    each = claims.head(5).select(composed("{} ({}:{})", "account", *_REMIT_CLAIM)).to_series()
    return ", ".join(each)
