"""Matching and money on the answers of an adversary who wrote down what each of them truly answers.

A synthetic clinic's claims are renumbered as several systems would number them, answered by
payers under their policies, corrupted (edi_iop/simulator/adversary.py) and mailed as 835 files;
these are parsed, matched and posted as any drop is. Whether what is left of an answer suffices
is said by edi_iop/simulator/enough.py, which knows nothing of how the program matches.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from time import perf_counter

import polars as pl

from edi_iop.reconciler.ledger import Ledger
from edi_iop.reconciler.reconcile import Reconciled, reconcile
from edi_iop.rules.policy import Policy
from edi_iop.rules.records import Records
from edi_iop.simulator import adversary, enough
from edi_iop.simulator import payer as payers
from edi_iop.simulator.adversary import Adversary, Mailed
from edi_iop.simulator.draft import CLAIM, LINE, PAYMENT, draw
from scripts import accuracy_clinic, accuracy_sent
from scripts.accuracy_clinic import Tables, remits_of

CLIENTS = 1_500
"""Of one clinic: about 33,000 answers in 26 weeks."""
_OTHERS = 2
"""Of a hundred answered claims so many are none of ours."""
RECALL = 0.995
"""Of the answers that leave enough to decide."""


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


def table(claims: pl.DataFrame) -> pl.DataFrame:
    """A row a corruption: answers, right, wrong, proposed, open, and the recall of what decides."""
    none = pl.col("kinds").list.len() == 0
    kinds = claims.with_columns(
        kind=pl.when(none).then(pl.lit(["none"])).otherwise("kinds")
    ).explode("kind")
    outcome = pl.col("outcome")
    decided = pl.col("decides") & ~pl.col("misled")
    return (
        kinds.group_by("kind")
        .agg(
            pl.len().alias("answers"),
            *(
                (outcome == name).sum().alias(name)
                for name in ("right", "wrong", "proposed", "open")
            ),
            decided.sum().alias("enough"),
            (decided & (outcome == "right")).sum().alias("of_enough"),
            pl.col("misled").sum(),
        )
        .with_columns(recall=pl.col("of_enough") / pl.col("enough"))
        .sort("kind")
    )


# -- money, whatever order files come in


def conserved(mail: Adversary, ledger: Ledger) -> str | None:
    """What does not add up: of each payment, and of all that was truly paid; None where all does."""
    counts = ledger.payments.filter(pl.col("standing").is_in(["posted", "held"]))
    rest = (
        pl.col("amount_cents")
        - pl.col("posted_cents")
        + pl.col("provider_adjustment_cents")
        - pl.col("held_cents")
    )
    apart = counts.filter(rest != 0)
    if apart.height:
        return f"{apart.height} payments are not posted - provider adjustments + held"
    paid, known = mail.draft.payments["amount_cents"].sum(), counts["amount_cents"].sum()
    return None if paid == known else f"paid {paid} cents, known {known}"


_PLACES = ("file_id", "payment_offset", CLAIM, "byte_offset", "pair_file", "pair_offset",
           "same_file", "same_offset", "sequence", "says")  # fmt: skip
"""Where something stands, and what is said of that: no part of what a ledger comes to."""


def content(ledger: Ledger) -> Tables:
    """A ledger without the places of its rows, and without what has no effect."""
    rows = {
        "payments": ledger.payments.filter(pl.col("standing") != "duplicate"),
        "postings": ledger.postings,
        "provider_postings": ledger.provider_postings,
        "accounts": ledger.accounts,
    }
    bare = {name: one.drop(_PLACES, strict=False) for name, one in rows.items()}
    return {name: one.sort(pl.all()) for name, one in bare.items()}


def _ledger(made: Clinic, files: list[Mailed]) -> Ledger:
    remits = remits_of(one.content for one in files)
    return reconcile(remits, made.ours, policies=made.policies).ledger


def in_any_order(made: Clinic, mail: Adversary, seed: int, times: int) -> Iterator[str]:
    """How ledgers differ where the same files come in other orders, some of them again."""
    first: Tables | None = None
    chance = Random(f"{seed} orders")
    for time in range(times):
        files = list(mail.files)
        if time:
            files += chance.sample(files, len(files) // 3)
            chance.shuffle(files)
        found = content(_ledger(made, files))
        first = first or found
        for name, rows in found.items():
            if not rows.equals(first[name]):
                yield f"order {time}: {name} differ"


# -- the gates


@dataclass(frozen=True)
class Total:
    """What several clinics' answers come to."""

    claims: pl.DataFrame
    lines: pl.DataFrame
    faults: tuple[str, ...]
    """What of the money does not add up, or depends on an order."""
    accounts: int
    accounts_right: int
    taken_wrong: int
    seconds: float

    def failures(self) -> Iterator[str]:
        """The gates that do not hold."""
        wrong = [
            rows.filter(pl.col("outcome") == "wrong", ~pl.col("misled")).height
            for rows in (self.claims, self.lines)
        ]
        if any(wrong):
            yield f"{wrong[0]} answers and {wrong[1]} lines matched wrong"
        for name, rows in (("answers", self.claims), ("lines", self.lines)):
            if recalled(rows) < RECALL:
                yield f"{name}: of those that leave enough {recalled(rows):.4%} are matched"
        if proposed(self.claims) < RECALL:
            yield f"of what points to a claim and decides none {proposed(self.claims):.2%} is proposed"
        yield from self.faults
        if self.accounts_right != self.accounts:
            yield f"{self.accounts - self.accounts_right} accounts stand otherwise than they were paid"
        if self.taken_wrong:
            yield f"of {self.taken_wrong} accounts more is taken back than was"


def recalled(rows: pl.DataFrame) -> float:
    """Of what leaves enough to decide, how much is matched right."""
    enough_left = rows.filter("decides", ~pl.col("misled"))
    return float((enough_left["outcome"] == "right").mean() or 0)  # type: ignore[arg-type]


def proposed(claims: pl.DataFrame) -> float:
    """Of unmatched answers in which something points to the true claim, how many propose it."""
    points = pl.col("hinted").list.set_intersection("true_claims").list.len() > 0
    left = claims.filter(pl.col("outcome").is_in(["proposed", "open"]), points)
    return 1.0 if left.is_empty() else int((left["outcome"] == "proposed").sum()) / left.height


def measured(
    seed: int, answers: int, clients: int = CLIENTS, weeks: int = 26, orders: int = 3
) -> Total:
    """So many corrupted answers, a clinic after the other; the orders of files with the first."""
    claims, lines, faults = [], [], []
    accounts = right = taken_wrong = count = 0
    seconds = 0.0
    while count < answers:
        made = clinic(seed, clients, weeks)
        mail = answered(made, seed)
        one = judged(made, mail, seed)
        fault = conserved(mail, one.ledger)
        faults += [] if fault is None else [f"seed {seed}: {fault}"]
        if not count:
            faults += [f"seed {seed}: {text}" for text in in_any_order(made, mail, seed, orders)]
        claims.append(one.claims)
        lines.append(one.lines)
        accounts += one.accounts.height
        right += int(one.accounts["right"].sum())
        taken_wrong += one.taken_wrong
        count += one.claims.height
        seconds += one.seconds
        seed += 1
    rows = pl.concat(claims), pl.concat(lines)
    return Total(*rows, tuple(faults), accounts, right, taken_wrong, seconds)


def printed(total: Total) -> Iterator[str]:
    """The table by corruption, lines, and money, as text."""
    yield (
        f"{'CORRUPTION':16}{'ANSWERS':>9}{'RIGHT':>9}{'WRONG':>7}{'PROPOSED':>10}{'OPEN':>6}"
        f"{'ENOUGH':>9}{'RECALL':>10}{'MISLED':>8}"
    )
    everything = total.claims.with_columns(kinds=pl.lit(["ALL"]))
    for rows in (total.claims, everything):
        for row in table(rows).iter_rows(named=True):  # a table for people
            recall = "-" if not row["enough"] else f"{100 * row['recall']:.2f} %"
            yield (
                f"{row['kind']:16}{row['answers']:9,}{row['right']:9,}{row['wrong']:7,}"
                f"{row['proposed']:10,}{row['open']:6,}{row['enough']:9,}{recall:>10}"
                f"{row['misled']:8,}"
            )
    counts = dict(total.lines.group_by("outcome").len().iter_rows())
    yield (
        f"lines of matched answers: {counts.get('right', 0):,} right, {counts.get('wrong', 0):,} "
        f"wrong, {counts.get('open', 0):,} left open; recall {100 * recalled(total.lines):.2f} %"
    )
    yield (
        f"of unmatched answers that point to a claim {100 * proposed(total.claims):.2f} % propose it"
    )
    yield f"accounts that stand as they were paid: {total.accounts_right:,} of {total.accounts:,}"


def report(seed: int, answers: int) -> bool:
    """Prints what so many answers come to; whether every gate holds."""
    total = measured(seed, answers)
    print(
        f"seed {seed}: {total.claims.height:,} corrupted answers, parsed, matched and posted in "
        f"{total.seconds:.1f} s"
    )
    for line in printed(total):
        print(line)
    failures = list(total.failures())
    for failure in failures:
        print(f"FAILED: {failure}")
    return not failures
