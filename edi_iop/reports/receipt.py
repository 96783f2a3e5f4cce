"""The receipt of a run in words; its JSON is the receipt itself (CONTRACT, receipt)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from edi_iop.money import to_dollars
from edi_iop.reports.sheet import Field, Sheet
from edi_iop.reports.sums import counting

Receipt = Mapping[str, Any]
_NOTHING = "nothing"


def sheet(receipt: Receipt) -> Sheet:
    """A line a stage: what came in, what went out, what was paid, what needs a person."""
    said = dict(_lines(receipt))
    rows = pl.DataFrame(
        {"stage": list(said), "says": list(said.values())},
        schema={"stage": pl.String, "says": pl.String},
    )
    title = f"run {receipt['run']} as of {receipt['as_of']}"
    fields = (Field("STAGE", "stage"), Field("RESULT", "says", widest=1000))
    closing = "clean" if receipt["clean"] else "needs attention"
    return Sheet(title, rows, fields, closing=closing, document=receipt)


def _lines(receipt: Receipt) -> Iterator[tuple[str, str]]:
    yield "files in", _files(receipt["files"])
    for file in receipt["not_applied"]:
        yield (
            f"  file {file['file_id']}",
            f"{file['status']}: {file['reason'] or 'no reason given'}",
        )
    yield "money in", _money(receipt["money"])
    yield "answered", _answered(receipt["answered"])
    yield "acks", _acks(receipt["acks"])
    yield "built", _built(receipt["built"])
    yield "corrected", _corrected(receipt["corrections"])
    yield "blocked", _tallied(receipt["blocked"]["lines"], "line", receipt["blocked"]["by_rule"])
    sent = receipt["sent_broken"]
    yield "at odds", _tallied(sent["lines"], "sent line", sent["by_rule"])
    yield "remits", _remits(receipt["remits"])
    denials = receipt["denials"]
    yield "denials", _tallied(denials["lines"], "line", denials["by_verdict"])
    if denials["lines"]:
        yield "  rules", _listed(denials["by_rule"])
    yield "findings", _listed(receipt["findings"])
    yield "seconds", _listed(receipt["seconds"])


def _files(files: Receipt) -> str:
    if not files["in"]:
        return _NOTHING
    held = f" ({files['held']} of them held)" if files["held"] else ""
    ended = (
        f"{files['applied']} applied{held}, {files['duplicate']} duplicate, "
        f"{files['quarantined']} quarantined"
    )
    kinds = _listed({kind: counts["in"] for kind, counts in files["by_kind"].items()})
    return f"{files['in']}: {ended}; {kinds}"


_NO_EFFECT = ("duplicate", "rejected")
"""Payments whose money came no second time."""


def _money(money: Receipt) -> str:
    if not money["payments"]:
        return _NOTHING
    accepted, held = to_dollars(money["accepted_cents"]), to_dollars(money["held_cents"])
    count = sum(one.get("status") not in _NO_EFFECT for one in money["payments"])
    return (
        f"{to_dollars(money['in_cents'])} in {counting(count, 'payment')}: "
        f"{accepted} accepted, {held} held"
    )


def _answered(answered: Receipt) -> str:
    if not answered["interchanges"]:
        return _NOTHING
    said = {name.replace("_", " "): count for name, count in answered["by_decision"].items()}
    kinds = _listed(answered["by_kind"])
    return f"{counting(answered['interchanges'], 'interchange')}: {_listed(said)}; {kinds}"


def _acks(acks: Receipt) -> str:
    if not acks["answers"]:
        return _NOTHING
    refused = f"; rejected {_listed(acks['rejected_by_kind'])}" if acks["rejected"] else ""
    return f"{counting(acks['answers'], 'answer')}: {_listed(acks['by_kind'])}{refused}"


def _corrected(corrections: Receipt) -> str:
    held, made = corrections["held"], corrections["by_action"]
    waiting = [f"{held} held"] if held else []
    return ", ".join([*([_listed(made)] if made else []), *waiting]) or _NOTHING


def _built(built: Receipt) -> str:
    if not built["files"] and not built["held_files"]:
        return _NOTHING
    held = f"; {counting(built['held_files'], 'file')} held" if built["held_files"] else ""
    return (
        f"{counting(built['files'], '837I file')}: {counting(built['claims'], 'claim')}, "
        f"{counting(built['lines'], 'line')}, {to_dollars(built['charge_cents'])}{held}"
    )


def _remits(remits: Receipt) -> str:
    if not remits["claims"]:
        return _NOTHING
    left = remits.get("lines_unmatched", 0)  # receipts of earlier versions have none
    open_lines = f"; of their lines {left} not" if left else ""
    return (
        f"{counting(remits['claims'], 'claim')} with {counting(remits['lines'], 'line')}: "
        f"{remits['matched']} matched, {remits['unmatched']} not{open_lines}"
    )


def _tallied(count: int, noun: str, parts: Mapping[str, int]) -> str:
    return f"{counting(count, noun)}: {_listed(parts)}" if count else _NOTHING


def _listed(parts: Mapping[str, float]) -> str:
    """`error 2, warning 1`; what is zero is left out."""
    return ", ".join(f"{name} {count:g}" for name, count in parts.items() if count) or "none"
