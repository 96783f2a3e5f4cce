"""The verb match: a remit claim, or lines of it, tied to a claim by hand, or taken off it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from msgspec.structs import replace

from edi_iop.desk import paths
from edi_iop.desk.answer import Answer, status
from edi_iop.desk.deciding import PAYMENT, REMIT_CLAIM, SENT, decide, remit_claim, sent_claim
from edi_iop.errors import NotKnown
from edi_iop.reconciler.match import misgivings
from edi_iop.reconciler.match_hand import HAND
from edi_iop.store import Store
from edi_iop.texts import composed

Lines = Sequence[tuple[int, int]]
"""Lines of an answer (1 is its first SVC), each with the line of the claim (LX) it answers."""
_TOLD = ("dates", "procedure", "revenue", "charge", "line control")
"""Features whose disagreement is told of lines tied by hand; units are the payer's to change."""


def match_accept(root: Path, remit: str, note: str | None = None, by: str | None = None) -> Answer:
    """The first proposal of an unmatched remit claim is its match; what speaks against it is told."""
    with Store.open(paths.workspace(root).database) as store:
        answer = remit_claim(store, remit)
        proposed = store.load("proposals", **_key(answer), rank=1).to_dicts()
        if not proposed:
            raise NotKnown(f"{remit}: {_nothing_proposed(store, root, remit, answer)}")
        best = proposed[0]
        word = {"verb": "link", "tier": best["tier"], **{name: best[name] for name in SENT}}
        return _linked(store, root, remit, answer, [word], note, by)


def match_link(
    root: Path,
    remit: str,
    claim: str,
    note: str | None = None,
    by: str | None = None,
    lines: Lines = (),
) -> Answer:
    """A remit claim answers this claim, whatever the program found; what speaks against it is told.

    lines: what of its lines answers which line of the claim; of the others the program decides.
    """
    with Store.open(paths.workspace(root).database) as store:
        answer, sent = remit_claim(store, remit), sent_claim(store, claim)
        tied = {"claim_file_id": sent["file_id"], "claim_offset": sent["claim_offset"]}
        words = [{"verb": "link", **tied}]
        if lines:
            held = _tied(store, answer).select(SENT).to_dicts()
            words = [*(() if tied in held else words), *_lines(store, answer, tied, lines)]
        return _linked(store, root, remit, answer, words, note, by)


def match_undo(
    root: Path,
    remit: str,
    note: str | None = None,
    by: str | None = None,
    lines: Collection[int] = (),
) -> Answer:
    """A remit claim does not answer the claim it is matched to; of lines, these the line each is tied to.

    A line that the program matched stays open; one that a person tied is the program's again.
    """
    with Store.open(paths.workspace(root).database) as store:
        answer = remit_claim(store, remit)
        tied = _tied(store, answer)
        if tied.is_empty():
            raise NotKnown(
                f"{remit}: it is matched to no claim; see: edi-iop report unmatched {root}"
            )
        if not lines:
            best = tied.row(0, named=True)
            word = {"verb": "unlink", **{name: best[name] for name in (*SENT, "tier")}}
            return decide(store, root, answer, [word], note, by)
        taken = _ties_of(store, answer, lines)
        for line in lines:
            if taken.filter(pl.col("position") == line).is_empty():
                raise NotKnown(f"{remit}: its line {line} is matched to no line")
        return decide(store, root, answer, _apart(taken), note, by)


def _lines(
    store: Store, answer: Mapping[str, Any], tied: Mapping[str, Any], lines: Lines
) -> list[dict[str, Any]]:
    """The words that tie these lines, and that take back what a person said of them before."""
    returned = _numbered(store.load("remit_lines", **_key(answer)), "position", "remit_line_offset")
    sent = _numbered(store.load("claim_lines", **_place(tied)), "line", "line_offset")
    for line, number in lines:
        _known(line, returned, "the answer")
        _known(number, sent, "the claim")
    before = _ties_of(store, answer, [line for line, _ in lines]).filter(pl.col("tier") == HAND)
    pairs = dict.fromkeys((returned[line], sent[number]) for line, number in lines)
    words = [
        {"verb": "link", **tied, "remit_line_offset": line, "line_offset": own_line}
        for line, own_line in pairs
    ]
    return [*_apart(before), *words]


def _ties_of(store: Store, answer: Mapping[str, Any], lines: Collection[int]) -> pl.DataFrame:
    """tables.MATCHES of these lines of an answer that are tied to a line, with their position."""
    places = store.load("remit_lines", **_key(answer)).select("remit_line_offset", "position")
    rows = store.load("matches", **_key(answer)).filter(pl.col("line_offset").is_not_null())
    return rows.join(places, on="remit_line_offset").filter(pl.col("position").is_in(list(lines)))


def _apart(ties: pl.DataFrame) -> list[dict[str, Any]]:
    """The words that take lines off those they are tied to."""
    rows = ties.select(*SENT, "remit_line_offset", "line_offset", "tier").to_dicts()
    return [{"verb": "unlink", **row} for row in rows]


def _numbered(lines: pl.DataFrame, number: str, offset: str) -> dict[int, int]:
    return dict(lines.select(number, offset).drop_nulls().iter_rows())


def _known(line: int, lines: Mapping[int, int], whose: str) -> None:
    if line not in lines:
        named = ", ".join(str(one) for one in sorted(lines)) or "none"
        raise NotKnown(f"{whose} has no line {line}; it has: {named}")


def _linked(
    store: Store,
    root: Path,
    remit: str,
    answer: Mapping[str, Any],
    words: Sequence[Mapping[str, Any]],
    note: str | None,
    by: str | None,
) -> Answer:
    """Written and computed anew, with what speaks against it and how to take it back."""
    payers = [payer.id for payer in paths.workspace(root).settings().payers]
    whole = [word for word in words if "remit_line_offset" not in word]
    doubts = [doubt for word in whole for doubt in misgivings(*_both(store, answer, word), payers)]
    done = decide(store, root, answer, words, note, by)
    doubts += _of_lines(store, answer) if len(whole) < len(words) else []
    if not doubts:
        return done
    warning = (
        f"linked, but {'; '.join(doubts)}; take it back with: edi-iop match undo {root} {remit}"
    )
    return replace(done, status=status(True), remarks=(*done.remarks, warning))


def _of_lines(store: Store, answer: Mapping[str, Any]) -> list[str]:
    """What speaks against the lines of an answer that a person tied, in words."""
    ties = store.load("matches", **_key(answer), tier=HAND).filter(
        pl.col("line_offset").is_not_null()
    )
    returned = store.load("remit_lines", **_key(answer)).select(
        "remit_line_offset", "position", returned_cents=pl.col("charge_cents").abs()
    )
    sent = store.among(
        "claim_lines", ties.select(file_id="claim_file_id", claim_offset="claim_offset").unique()
    )
    lines = sent.select("line_offset", "line", "charge_cents", claim_file_id="file_id")
    both = ties.join(returned, on="remit_line_offset").join(
        lines, on=("claim_file_id", "line_offset")
    )
    against = pl.col("disagreed").list.set_intersection(_TOLD)
    differ = both.filter(against.list.len() > 0).select(
        composed(
            "its line {} and the claim's line {} disagree in {}",
            "position",
            "line",
            against.list.join(", "),
        )
    )
    over = (
        both.group_by("claim_file_id", "line_offset", maintain_order=True)
        .agg(
            pl.col("line", "charge_cents").first(), pl.col("returned_cents").sum(), answers=pl.len()
        )
        .filter(pl.col("answers") > 1, pl.col("returned_cents") > pl.col("charge_cents"))
    )
    told = over.select(composed("more is answered of the claim's line {} than it charges", "line"))
    return [*differ.to_series(), *told.to_series()]


def _nothing_proposed(store: Store, root: Path, remit: str, answer: Mapping[str, Any]) -> str:
    """Why there is nothing to accept, and what to do instead."""
    held = _tied(store, answer)
    if held.is_empty():
        return (
            f"no claim is proposed for it; link one with: edi-iop match link {root} {remit} CLAIM"
        )
    row = held.row(0, named=True)
    own = store.load("claims", **_place(row)).row(0, named=True)
    return f"it is matched to claim {own['claim']}; take that back with: edi-iop match undo {root} {remit}"


def _tied(store: Store, answer: Mapping[str, Any]) -> pl.DataFrame:
    """The claims that a remit claim is matched to (tables.MATCHES)."""
    rows = store.load("matches", **_key(answer), remit_line_offset=None)
    return rows.filter(pl.col("claim_file_id").is_not_null())


def _key(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {name: answer[name] for name in REMIT_CLAIM}


def _place(tied: Mapping[str, Any]) -> dict[str, Any]:
    """Where the claim stands that an answer is tied to."""
    return {"file_id": tied["claim_file_id"], "claim_offset": tied["claim_offset"]}


def _both(
    store: Store, answer: Mapping[str, Any], tied: Mapping[str, Any]
) -> tuple[dict[str, pl.DataFrame], dict[str, pl.DataFrame]]:
    """The tables of one remit claim, and those of one claim."""
    key = _key(answer)
    paid = {name: answer[name] for name in PAYMENT}
    remits = {
        "payments": store.load("payments", **paid),
        **{
            name: store.load(name, **key)
            for name in ("remit_claims", "remit_lines", "adjustments", "remarks")
        },
    }
    return remits, {name: store.load(name, **_place(tied)) for name in ("claims", "claim_lines")}
