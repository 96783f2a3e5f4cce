"""The receipt of a run: what came in, what became of it, what went out, and that nothing is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import polars as pl

from edi_iop.errors import ControlTotals
from edi_iop.reconciler.acknowledged import decided
from edi_iop.store import Store
from edi_iop.tables.pool import pooled

Receipt = dict[str, Any]
"""Plain values, as reports/RUN.json has them; see `receipt` for the keys."""

STATUSES = ("applied", "held", "duplicate", "quarantined")
_DECISIONS = {"A": "accepted", "E": "with_errors", "P": "in_part", "R": "rejected"}


@pooled
def receipt(
    store: Store, run: str, as_of: str, delivered: int, seconds: Mapping[str, float]
) -> Receipt:
    """The run's receipt out of the database.

    files: in = applied + duplicate + quarantined; held is the part of applied
    whose money is not accepted. money: in = accepted + held, by payment; accepted is
    what is posted of claims less provider adjustments.
    answered: what this run answered to others. acks: what others answered to us.
    built, blocked: this night's claims and the lines kept back. corrections: of claims
    sent, those built tonight and those that are held. sent_broken: lines
    of claims already sent, by us or another system, that break a rule. remits, denials:
    of the payments this run took in. findings: of the run's files, and of the
    feeds as they stand. clean: nothing in it needs a person.
    """
    files = store.load("files", run=run)
    arrived = files.filter(pl.col("direction") == "in")
    made: Receipt = {
        "run": run,
        "as_of": as_of,
        "files": _files(arrived),
        "not_applied": _not_applied(arrived),
        "money": _money(store, arrived),
        "answered": _answered(store, files),
        "acks": _acks(store, arrived),
        "built": _built(
            store, files.filter(pl.col("kind") == "837I", pl.col("direction") == "out")
        ),
        "corrections": _corrections(store),
        "blocked": _breaking(store, proposed=True),
        "sent_broken": _breaking(store, proposed=False),
        "remits": _remits(store, run),
        "denials": _denials(store, run),
        "findings": _findings(store, files),
        "seconds": dict(seconds),
    }
    _verify(made, delivered)
    return {**made, "clean": _is_clean(made)}


def _files(arrived: pl.DataFrame) -> dict[str, Any]:
    kinds = arrived["kind"].unique().sort().to_list()
    by_kind = {kind: _by_status(arrived.filter(pl.col("kind") == kind)) for kind in kinds}
    return {**_by_status(arrived), "by_kind": by_kind}


def _by_status(files: pl.DataFrame) -> dict[str, int]:
    counts = {name: _count(files, pl.col("status") == name) for name in STATUSES}
    counts["applied"] += counts["held"]
    return {"in": files.height, **counts}


def _not_applied(arrived: pl.DataFrame) -> list[dict[str, Any]]:
    """Held and quarantined files by number: names of files may tell of people."""
    troubled = arrived.filter(pl.col("status").is_in(["held", "quarantined"]))
    return troubled.select("file_id", "kind", "status", "reason").to_dicts()


def _money(store: Store, arrived: pl.DataFrame) -> dict[str, Any]:
    """By payment: its amount is what is posted of its claims, less PLB, and what is held.

    accepted is the amount without what is held. A duplicate, or what a person rejected,
    is money that came no second time.
    """
    payments = store.load("payments").select("file_id", "payment_offset", "payer_name")
    rows = (
        _of(store, "payment_standings", arrived)
        .join(payments, on=["file_id", "payment_offset"], how="left", maintain_order="left")
        .select(
            "file_id",
            "payer_name",
            "amount_cents",
            "posted_cents",
            "provider_adjustment_cents",
            "held_cents",
            payment="trace_number",
            payment_date=pl.col("payment_date").cast(pl.String),
            status=pl.col("standing").replace("posted", "accepted"),
        )
    )
    counts = rows.filter(pl.col("status").is_in(["accepted", "held"]))
    held = int(counts["held_cents"].sum())
    due = int(counts["posted_cents"].sum()) - int(counts["provider_adjustment_cents"].sum())
    return {
        "in_cents": int(counts["amount_cents"].sum()),
        "accepted_cents": due,
        "held_cents": held,
        "posted_cents": int(counts["posted_cents"].sum()),
        "provider_adjustment_cents": int(counts["provider_adjustment_cents"].sum()),
        "payments": rows.to_dicts(),
    }


def _answered(store: Store, files: pl.DataFrame) -> dict[str, Any]:
    """Interchanges answered, an answer each: its kind, and the worst it says."""
    out = files.filter(pl.col("direction") == "out")
    kinds = out.filter(pl.col("kind").is_in(["999", "TA1"]))
    decisions = _tally(_of(store, "replies", out), "decision")
    return {
        "interchanges": kinds.height,
        "by_kind": _tally(kinds, "kind"),
        "by_decision": {word: decisions.get(code, 0) for code, word in _DECISIONS.items()},
    }


def _acks(store: Store, arrived: pl.DataFrame) -> dict[str, Any]:
    """What was taken and what was not, by kind: interchanges, transaction sets and claims."""
    single = pl.col("level").is_in(["interchange", "transaction", "claim"])
    told = decided(_of(store, "acknowledgements", arrived)).filter(single)
    refused = told.filter(pl.col("decision") == "R")
    return {
        "answers": told.height,
        "by_kind": _tally(told, "kind"),
        "rejected": refused.height,
        "rejected_by_kind": _tally(refused, "kind"),
    }


def _built(store: Store, sent: pl.DataFrame) -> dict[str, Any]:
    claims = _of(store, "claims", sent)
    return {
        "files": _count(sent, pl.col("status") != "held"),
        "held_files": _count(sent, pl.col("status") == "held"),
        "claims": claims.height,
        "lines": _of(store, "claim_lines", sent).height,
        "charge_cents": int(claims["charge_cents"].sum()),
    }


def _corrections(store: Store) -> dict[str, Any]:
    found = store.load("corrections")
    ready = found.filter(pl.col("status") == "built")
    return {"held": found.height - ready.height, "by_action": _tally(ready, "action")}


def _breaking(store: Store, *, proposed: bool) -> dict[str, Any]:
    """Lines that a rule stops: proposed ones were kept back, sent ones are for a person."""
    lines, by_rule = store.breaking(proposed=proposed)
    return {"lines": lines, "by_rule": by_rule}


def _remits(store: Store, run: str) -> dict[str, int]:
    """Remit claims and lines of what came in, those of duplicates left out."""
    claims, matched, lines, left = store.answered(run)
    return {
        "claims": claims,
        "matched": matched,
        "unmatched": claims - matched,
        "lines": lines,
        "lines_unmatched": left,
    }


def _denials(store: Store, run: str) -> dict[str, Any]:
    by_verdict: Counter[str] = Counter()
    by_rule: Counter[str] = Counter()
    for verdict, rule, lines in store.denied(run):
        by_verdict[verdict] += lines
        by_rule[rule] += lines
    return {
        "lines": by_verdict.total(),
        "by_verdict": dict(sorted(by_verdict.items())),
        "by_rule": dict(sorted(by_rule.items())),
    }


def _findings(store: Store, files: pl.DataFrame) -> dict[str, int]:
    found = pl.concat([_of(store, "findings", files), store.load("findings", file_id=None)])
    return {
        name: _count(found, pl.col("severity") == name) for name in ("error", "warning", "info")
    }


def _verify(made: Receipt, delivered: int) -> None:
    """Nothing lost, nothing counted twice: what was claimed has a row, what came in is accounted for."""
    files, money = made["files"], made["money"]
    ended = files["applied"] + files["duplicate"] + files["quarantined"]
    if not files["in"] == ended == delivered:
        raise ControlTotals(
            f"run {made['run']}: {delivered} files were claimed, {files['in']} recorded, {ended} "
            "ended; compare work/ with `report files` before the next run"
        )
    if money["in_cents"] != money["accepted_cents"] + money["held_cents"]:
        raise ControlTotals(
            f"run {made['run']}: payments do not add up to what was accepted and held; "
            "compare with `report payments`"
        )


def _is_clean(made: Receipt) -> bool:
    files = made["files"]
    return not (
        files["held"]
        or files["quarantined"]
        or made["money"]["held_cents"]
        or made["built"]["held_files"]
        or made["blocked"]["lines"]
        or made["corrections"]["held"]
        or made["findings"]["error"]
        or made["acks"]["rejected"]
    )


def _of(store: Store, name: str, files: pl.DataFrame) -> pl.DataFrame:
    """The rows of these files."""
    return store.among(name, files.select("file_id"))


def _tally(frame: pl.DataFrame, column: str) -> dict[str, int]:
    counted = frame.group_by(column).len().sort(column)
    return dict(counted.iter_rows())


def _count(frame: pl.DataFrame, condition: pl.Expr) -> int:
    return frame.filter(condition).height
