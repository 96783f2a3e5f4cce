"""Answers of an adversary who wrote down what each of them truly answers, beside what the program made of them.

A synthetic clinic's claims are renumbered as several systems would number them, answered by
payers under their policies, corrupted (edi_iop/simulator/adversary.py) and mailed as 835 files;
these are parsed, matched and posted as any drop is. Whether what is left of an answer suffices
is said by edi_iop/simulator/enough.py, which knows nothing of how the program matches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter

import polars as pl

from edi_iop.reconciler.ledger import Ledger
from edi_iop.reconciler.reconcile import Reconciled, reconcile
from edi_iop.rules.policy import Policy
from edi_iop.rules.records import Records
from edi_iop.simulator import adversary, enough
from edi_iop.simulator import payer as payers
from edi_iop.simulator.adversary import Adversary
from edi_iop.simulator.draft import CLAIM, LINE, PAYMENT, draw
from scripts import accuracy_clinic, accuracy_sent
from scripts.accuracy_clinic import Tables, remits_of

_OTHERS = 2
"""Of a hundred answered claims so many are none of ours."""


@dataclass(frozen=True)
class Clinic:
    """What was sent, and what the payers know of it."""

    sent: Tables
    """All that the payers got."""
    ours: Tables
    """Of that what we have: an answer to any other claim answers none of ours."""
    policies: Mapping[str, Policy]
    known: Records


@dataclass(frozen=True)
class Judged:
    """Answers beside what the program made of them."""

    seed: int
    claims: pl.DataFrame
    """A row a remit claim: kinds, event, true_claims, found, outcome, decides, misled."""
    lines: pl.DataFrame
    """A row a remit line: true_lines, found, outcome, decides."""
    ledger: Ledger
    accounts: pl.DataFrame
    """A row a claim sent whose answers are all matched and in payments that are posted: what is
    posted and recovered by the ledger, and by the truth."""
    taken_wrong: int
    """Accounts of which the ledger has more taken back than was of what they truly answer."""
    seconds: float


def clinic(seed: int, clients: int, weeks: int) -> Clinic:
    """The claims of a synthetic clinic, under the numbers of several systems."""
    made = accuracy_clinic.clinic(seed, clients, weeks)
    sent = accuracy_sent.several(made.sent.tables, seed)
    return Clinic(sent, _most_of(sent, seed), made.policies, made.known)


def _most_of(sent: Tables, seed: int) -> Tables:
    """The claims that are ours: the payers answer some of another system's too."""
    kept = sent["claims"].filter(draw("claim_offset", seed) % 100 >= _OTHERS)
    lines = sent["claim_lines"].join(
        kept, on=("file_id", "claim_offset"), how="semi", maintain_order="left"
    )
    return sent | {"claims": kept, "claim_lines": lines}


def adjudicated(made: Clinic, seed: int, mistakes: int = 20) -> payers.Answer:
    """What the payers answer before anything goes wrong."""
    most = adversary.CLAIMS_A_PAYMENT
    return payers.adjudicate(
        made.sent, made.policies, made.known, seed, mistakes, claims_a_payment=most
    )


def answered(made: Clinic, seed: int) -> Adversary:
    """The adversary's answers to all claims."""
    return adversary.corrupted(adjudicated(made, seed), made.ours, seed)


def judged(made: Clinic, mail: Adversary, seed: int) -> Judged:
    """All files parsed, matched, posted, and beside the truth."""
    began = perf_counter()
    remits = remits_of(one.content for one in mail.files)
    found = reconcile(remits, made.ours, policies=made.policies)
    seconds = perf_counter() - began
    claims = _claims(made, mail, remits, found)
    accounts = _accounts(made, mail, found.ledger)
    return Judged(
        seed,
        claims,
        _lines(made, mail, remits, found, claims),
        found.ledger,
        accounts.filter(~pl.col("id").is_in(_unclear(mail, claims).implode())),
        _taken_wrong(mail, claims, found.ledger).height,
        seconds,
    )


def _written(mail: Adversary) -> pl.DataFrame:
    """file_id, place, CLAIM: the draft's claims in the order of each file."""
    held = [
        pl.DataFrame({PAYMENT: list(one.payments)}).with_columns(file_id=pl.lit(n, pl.Int64))
        for n, one in enumerate(mail.files, 1)
    ]
    ordered = pl.concat(held).join(mail.draft.claims.select(PAYMENT, CLAIM), on=PAYMENT)
    return ordered.sort("file_id", PAYMENT, CLAIM).with_columns(
        place=pl.int_range(pl.len()).over("file_id")
    )


def _claims(made: Clinic, mail: Adversary, remits: Tables, found: Reconciled) -> pl.DataFrame:
    sent = made.ours["claims"].select(
        "claim_offset", claim_file_id="file_id", id=pl.int_range(pl.len(), dtype=pl.Int64)
    )
    key = ("file_id", "offset")
    whole = found.matches.filter(pl.col("remit_line_offset").is_null())
    tied = (
        whole.join(sent, on=("claim_file_id", "claim_offset"), how="left")
        .group_by("file_id", offset=CLAIM)
        .agg(
            found=pl.col("id").drop_nulls().unique().sort(),
            tier=pl.col("tier").first(),
            says=pl.col("says").first(),
        )
    )
    proposed = (
        found.proposals.join(sent, on=("claim_file_id", "claim_offset"))
        .group_by("file_id", offset=CLAIM)
        .agg(proposed=pl.col("id"))
    )
    parsed = (
        remits["remit_claims"]
        .sort("file_id", CLAIM)
        .select("file_id", offset=CLAIM, place=pl.int_range(pl.len()).over("file_id"))
    )
    nothing = pl.lit([], pl.List(pl.Int64))
    return (
        _written(mail)
        .join(parsed, on=("file_id", "place"), how="inner", validate="1:1")
        .join(mail.draft.claims, on=CLAIM)
        .join(mail.names, on=CLAIM)
        # a duplicate is not matched: of copies one is
        .join(tied, on=key)
        .join(proposed, on=key, how="left")
        .with_columns(
            pl.col("true_claims").list.sort(),
            pl.col("proposed").fill_null(nothing),
            decides=pl.col("named").list.len() > 0,
        )
        .with_columns(misled=pl.col("decides") & (pl.col("named") != pl.col("true_claims")))
        .with_columns(outcome=_outcome("true_claims"))
    )


def _outcome(true: str) -> pl.Expr:
    """right, wrong, proposed (what is true is among the proposals) or open."""
    there = pl.col("proposed").list.set_intersection(pl.col(true)).list.len() > 0
    return (
        pl.when(pl.col("found") == pl.col(true))
        .then(pl.lit("right"))
        .when(pl.col("found").list.len() > 0)
        .then(pl.lit("wrong"))
        .when(there)
        .then(pl.lit("proposed"))
        .otherwise(pl.lit("open"))
    )


def _lines(
    made: Clinic, mail: Adversary, remits: Tables, found: Reconciled, claims: pl.DataFrame
) -> pl.DataFrame:
    """Lines of the answers whose claim is matched right, and of those matched wrong."""
    sent = made.ours["claim_lines"].select(
        "line_offset", claim_file_id="file_id", id=pl.int_range(pl.len(), dtype=pl.Int64)
    )
    tied = (
        found.matches.filter(pl.col("remit_line_offset").is_not_null())
        .join(sent, on=("claim_file_id", "line_offset"), how="left")
        .group_by("file_id", offset=LINE)
        .agg(
            pl.col("tier", "says").first(),
            found=pl.col("id").drop_nulls().unique().sort(),
        )
    )
    parsed = (
        remits["remit_lines"]
        .sort("file_id", LINE)
        .select("file_id", offset=LINE, place=pl.int_range(pl.len()).over("file_id"))
    )
    draft = mail.draft
    written = (
        _written(mail)
        .drop("place")
        .join(draft.lines.select(CLAIM, LINE, "true_lines"), on=CLAIM)
        .sort("file_id", PAYMENT, CLAIM, LINE)
        .with_columns(place=pl.int_range(pl.len()).over("file_id"))
    )
    matched = claims.filter(pl.col("found").list.len() > 0).select("file_id", CLAIM, "misled")
    return (
        written.join(parsed, on=("file_id", "place"), how="inner", validate="1:1")
        .join(tied, on=("file_id", "offset"))
        .join(matched, on=("file_id", CLAIM))
        .join(enough.lines_named(draft, made.ours), on=LINE, how="left")
        .join(draft.claims.select(CLAIM, "kinds", "event"), on=CLAIM)
        .with_columns(
            pl.col("true_lines").list.sort(),
            proposed=pl.lit([], pl.List(pl.Int64)),
            decides=pl.col("line_decides").fill_null(False),
        )
        .with_columns(outcome=_outcome("true_lines"))
    )


WAITING = ("corrected", "stray-reversal")
"""What follows an answer under these waits for a person: a second payment of the same lines
without a reversal, a reversal of nothing known."""


def _unclear(mail: Adversary, claims: pl.DataFrame) -> pl.Series:
    """Claims with an answer that is not matched right, or in a payment that is held."""
    draft = mail.draft
    held = draft.payments.filter(pl.len().over("payer_id", "trace_number") > 1)[PAYMENT]
    unclear = pl.concat(
        [
            claims.filter(pl.col("outcome") != "right").select("true_claims"),
            draft.claims.filter(pl.col(PAYMENT).is_in(held.implode())).select("true_claims"),
        ]
    )
    return unclear.explode("true_claims")["true_claims"]


def _accounts(made: Clinic, mail: Adversary, ledger: Ledger) -> pl.DataFrame:
    """posted_cents and recovered_cents of claims, by the ledger and by the truth."""
    draft = mail.draft
    waits = pl.col("kinds").list.set_intersection(list(WAITING)).list.len() > 0
    counts = ~(waits & (pl.col("event") != "answer"))
    whole = draft.claims.select(
        CLAIM, "event", "kinds", id=pl.col("true_claims").list.first(), whole="paid_cents"
    )
    places = made.ours["claims"].select(
        "file_id", "claim_offset", id=pl.int_range(pl.len(), dtype=pl.Int64)
    )
    lines = made.ours["claim_lines"].select(
        "file_id", "claim_offset", line=pl.int_range(pl.len(), dtype=pl.Int64)
    ).join(places, on=("file_id", "claim_offset"))  # fmt: skip
    by_line = (
        draft.lines.select(CLAIM, "paid_cents", line=pl.col("true_lines").list.first())
        .join(lines.select("line", "id"), on="line")
        .join(whole.drop("id", "whole"), on=CLAIM)
    )
    lineless = whole.join(draft.lines, on=CLAIM, how="anti").rename({"whole": "paid_cents"})
    columns = ("id", "event", "kinds", "paid_cents")
    paid = pl.concat([by_line.select(columns), lineless.select(columns)])
    truly = paid.group_by("id").agg(posted=pl.col("paid_cents").filter(counts).sum())
    recovered = paid.filter(_taken_back()).group_by("id").agg(recovered=pl.col("paid_cents").sum())
    return (
        ledger.accounts.drop_nulls("claim_offset")
        .join(
            places, left_on=("claim_file_id", "claim_offset"), right_on=("file_id", "claim_offset")
        )
        .group_by("id")
        .agg(pl.col("posted_cents", "recovered_cents").sum())
        .join(truly, on="id", how="inner")
        .join(recovered, on="id", how="left")
        .with_columns(pl.col("recovered").fill_null(0))
        .with_columns(right=pl.col("posted") == pl.col("posted_cents"))
    )


def _taken_back() -> pl.Expr:
    """Payments that a provider adjustment takes back."""
    kinds = pl.col("kinds").list.set_intersection(["taken-back", "recovered"])
    return (pl.col("event") == "answer") & (kinds.list.len() > 0)


def _taken_wrong(mail: Adversary, claims: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """The accounts, those of unmatched answers too, that have more taken back than was truly."""
    account = ("payer", "account", "claim_file_id", "claim_offset")
    # of answers to none of ours those to one claim are known by the first of them
    meant = (
        mail.draft.claims.filter(_taken_back())
        .explode("true_claims", empty_as_null=True)
        .select("paid_cents", meant=_meant("true_claims"))
        .group_by("meant")
        .agg(recovered=pl.col("paid_cents").sum())
    )
    truly = (
        ledger.postings.select(*account, "file_id", offset=CLAIM)
        .join(claims.select("file_id", "offset", "origin", "true_claims"), on=("file_id", "offset"))
        .explode("true_claims", empty_as_null=True)
        .select(*account, meant=_meant("true_claims"))
        .unique()
        .join(meant, on="meant")
        .group_by(account)
        .agg(pl.col("recovered").sum())
    )
    told = ledger.accounts.join(truly, on=account, how="left", nulls_equal=True)
    return told.filter(pl.col("recovered_cents") > pl.col("recovered").fill_null(0))


def _meant(claim: str) -> pl.Expr:
    return pl.struct(claim, other=pl.when(pl.col(claim).is_null()).then("origin"))
