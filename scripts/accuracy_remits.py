"""Matching and money on corrupted answers (accuracy_answers): a table by corruption, and the gates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import polars as pl

from edi_iop.reconciler.ledger import Ledger
from edi_iop.reconciler.reconcile import reconcile
from edi_iop.simulator.adversary import Adversary, Mailed
from edi_iop.simulator.draft import CLAIM
from scripts.accuracy_answers import Clinic, answered, clinic, judged
from scripts.accuracy_clinic import Tables, remits_of

CLIENTS = 1_500
"""Of one clinic: about 33,000 answers in 26 weeks."""
RECALL = 0.995
"""Of the answers that leave enough to decide."""


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
        wrong = [int((rows["outcome"] == "wrong").sum()) for rows in (self.claims, self.lines)]
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
