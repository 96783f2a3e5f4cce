"""Answers in the making (835 tables), and beside them the truth that no payer writes down.

Corruptions change a draft; `finished` numbers it anew and makes it balance. Beside
the columns of the tables a claim has true_claims, kinds and event, a line true_lines,
a payment wave. Numbers of the truth are places (row numbers) in the claims and lines sent.
"""

from __future__ import annotations

import msgspec
import polars as pl
from msgspec.structs import replace

from edi_iop.tables import (
    ADJUSTMENTS,
    PAYMENTS,
    PROVIDER_ADJUSTMENTS,
    REMARKS,
    REMIT_CLAIMS,
    REMIT_LINES,
)
from edi_iop.texts import composed

Tables = dict[str, pl.DataFrame]
CLAIM, LINE, PAYMENT = "remit_claim_offset", "remit_line_offset", "payment_offset"
ANSWER = "answer"
"""The event of a claim answered for the first time."""
_STEP = 10_000_000
"""Copies are numbered so far behind what they are copies of."""
_CHAIN, _REGULAR = 10, 3
"""Payments of one payee are numbered in chains of at most so many, of which so many pay first
answers; what follows an answer stands in a later payment of its chain."""
_DAYS = 14
"""From one payment of a chain to the next."""
_NOTHING = pl.lit([], pl.List(pl.String))


class Draft(msgspec.Struct, frozen=True):
    """What payers are about to send, in their order."""

    payments: pl.DataFrame
    claims: pl.DataFrame
    """origin: the answer (CLAIM as the payer made it) that a copy or a part was made of."""
    lines: pl.DataFrame
    adjustments: pl.DataFrame
    remarks: pl.DataFrame
    provider: pl.DataFrame

    def of_claims(self, claims: pl.Expr) -> Draft:
        """The same with other claims columns."""
        return replace(self, claims=self.claims.with_columns(claims))

    def marked(self, hit: pl.DataFrame, kind: str) -> Draft:
        """The claims hit bear the name of the corruption."""
        added = pl.when(at(hit)).then(pl.concat_list("kinds", pl.lit(kind))).otherwise("kinds")
        return self.of_claims(added.alias("kinds"))

    def copied(self, hit: pl.DataFrame, wave: int, event: str) -> tuple[Draft, pl.DataFrame]:
        """The claims hit once more, so many payments later, and the copies' keys (CLAIM)."""
        step = _STEP * (1 + int(self.claims[CLAIM].max()) // _STEP)  # type: ignore[arg-type]
        claims = self.claims.filter(at(hit)).with_columns(
            pl.col(CLAIM) + step,
            pl.col(PAYMENT) + wave,
            event=pl.lit(event),
        )
        lines = self.lines.filter(at(hit)).with_columns(pl.col(CLAIM, LINE) + step)
        beside = [
            rows.filter(at(hit)).with_columns(pl.col(CLAIM, LINE) + step)
            for rows in (self.adjustments, self.remarks)
        ]
        made = replace(
            self,
            claims=pl.concat([self.claims, claims]),
            lines=pl.concat([self.lines, lines]),
            adjustments=pl.concat([self.adjustments, beside[0]]),
            remarks=pl.concat([self.remarks, beside[1]]),
        )
        return made.paid_in(claims[PAYMENT]), claims.select(CLAIM)

    def paid_in(self, payments: pl.Series) -> Draft:
        """The draft with payments of these numbers, made where they are not there yet."""
        asked = pl.DataFrame({PAYMENT: payments.unique().sort()})
        new = asked.join(self.payments, on=PAYMENT, how="anti").with_columns(
            of=pl.col(PAYMENT) // _CHAIN * _CHAIN
        )
        made = (
            new.join(self.payments.rename({PAYMENT: "of"}), on="of")
            .with_columns(
                wave=pl.col(PAYMENT) % _CHAIN,
                trace_number=composed("{}{}", "trace_number", pl.col(PAYMENT) % _CHAIN),
            )
            .with_columns(_later())
            .select(self.payments.columns)
        )
        return replace(self, payments=pl.concat([self.payments, made]))

    def paid_by(self, hit: pl.DataFrame, payer: dict[str, pl.Expr], mark: str) -> Draft:
        """The claims hit in payments of another payer, in chains of their own.

        payer: columns of payments that are another payer's. mark: stands before the numbers of
        the payments, another one for each such payer.
        """
        chain = pl.col(PAYMENT) // _CHAIN
        moved = self.claims.filter(at(hit)).select(chain=chain).unique()
        behind = (pl.col(PAYMENT).max() // _CHAIN + 1) * _CHAIN
        step = self.payments.select(behind).item()
        others = self.payments.filter(chain.is_in(moved["chain"].implode())).with_columns(
            pl.col(PAYMENT) + step,
            trace_number=composed("{}{}", pl.lit(mark), "trace_number"),
            **payer,
        )
        there = pl.when(at(hit)).then(pl.col(PAYMENT) + step).otherwise(PAYMENT).alias(PAYMENT)
        return replace(self, payments=pl.concat([self.payments, others])).of_claims(there)

    def with_lines_lacking(self, hit: pl.DataFrame, *names: str) -> Draft:
        """The lines of these claims without anything in these columns."""
        gone = [pl.when(~at(hit)).then(pl.col(name)).alias(name) for name in names]
        return replace(self, lines=self.lines.with_columns(gone))

    def without(self, hit: pl.DataFrame) -> Draft:
        """The answers without these claims and all that stands in them."""
        names = ("claims", "lines", "adjustments", "remarks")
        return replace(self, **{name: getattr(self, name).filter(~at(hit)) for name in names})


def at(hit: pl.DataFrame, key: str = CLAIM) -> pl.Expr:
    """Rows of these claims (or lines)."""
    return pl.col(key).is_in(hit[key].implode())


def both_of(hit: pl.DataFrame) -> pl.DataFrame:
    """CLAIM of the claims hit, and of their partners where they have any."""
    if "partner" not in hit.columns:
        return hit.select(CLAIM)
    return pl.concat([hit.select(CLAIM), hit.select(pl.col("partner").alias(CLAIM))])


def exchanged(hit: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
    """Each claim hit, and its partner, with what the other one has. theirs: CLAIM and columns."""
    pairs = pl.concat([hit, hit.select(pl.col("partner").alias(CLAIM), partner=CLAIM)])
    return pairs.join(theirs.rename({CLAIM: "partner"}), on="partner").drop("partner")


def moved(rows: pl.DataFrame, to: pl.DataFrame, by: str, key: str) -> pl.DataFrame:
    """Rows under other keys. to: by, and `_new`, the key that rows of that `by` get."""
    new = pl.coalesce("_new", key).alias(key)
    return rows.join(to, on=by, how="left", maintain_order="left").with_columns(new).drop("_new")


def draw(column: str, seed: int) -> pl.Expr:
    """A number below 65,536 for each row, by a key and the seed alone."""
    mixed = (pl.col(column) + seed % 2**20 * 2_654_435_761) % 2**32
    for _ in range(2):
        mixed = (mixed ^ (mixed // 2**16)) * 0x45D9F3B % 2**32
    return (mixed ^ (mixed // 2**16)) // 2**16


def drafted(tables: Tables, origin: pl.DataFrame, claims: Tables) -> Draft:
    """The answers of a payer, untouched.

    tables: 835 tables as payer_remit makes them. origin: payer_remit.origin. claims: claims and
    claim_lines as sent, whose row numbers are the truth's; what is not among them answers none.
    """
    sent = claims["claims"].select(
        "claim_offset", sent_file_id="file_id", true=pl.int_range(pl.len(), dtype=pl.Int64)
    )
    lines = claims["claim_lines"].select(
        "line_offset", sent_file_id="file_id", true=pl.int_range(pl.len(), dtype=pl.Int64)
    )
    of_lines = origin.join(lines, on=("sent_file_id", "line_offset")).select(
        LINE, true_lines=pl.concat_list("true")
    )
    of_claims = (
        origin.unique(CLAIM)
        .join(sent, on=("sent_file_id", "claim_offset"))
        .select(CLAIM, true_claims=pl.concat_list("true"))
    )
    payments = _chained(tables["payments"])
    numbers = payments.select(PAYMENT, "chained")
    heads = _of_payments(
        tables["remit_claims"].join(of_claims, on=CLAIM, how="left", maintain_order="left"),
        numbers,
        "chained",
    )
    nobody = pl.lit([], pl.List(pl.Int64))
    return Draft(
        payments=_renumbered(payments, PAYMENT, "chained").with_columns(_later()),
        claims=heads.with_columns(
            pl.col("true_claims").fill_null(nobody),
            kinds=_NOTHING,
            event=pl.lit(ANSWER),
            origin=CLAIM,
        ),
        lines=tables["remit_lines"]
        .join(of_lines, on=LINE, how="left", maintain_order="left")
        .with_columns(pl.col("true_lines").fill_null(nobody)),
        adjustments=tables["adjustments"],
        remarks=tables["remarks"],
        provider=_of_payments(tables["provider_adjustments"], numbers, "chained"),
    )


def _chained(payments: pl.DataFrame) -> pl.DataFrame:
    """chained: each payment's number in the chains of its payee; wave: its place in its chain."""
    payee = ("payer_id", "payee_id")
    placed = payments.with_columns(
        wave=pl.int_range(pl.len()).over(payee) % _REGULAR,
    )
    chain = (pl.col("wave") == 0).cum_sum().cast(pl.Int64)
    return placed.with_columns(chained=chain * _CHAIN + pl.col("wave"))


def _later() -> list[pl.Expr]:
    """A payment's dates by its place in the chain; those given are the first one's."""
    days = pl.duration(days=pl.col("wave") * _DAYS)
    return [pl.col(name) + days for name in ("payment_date", "production_date")]


def finished(draft: Draft) -> Draft:
    """The draft in the order of its payments, numbered from 1, its payments balanced.

    A payment that would be less than nothing is carried forward (PLB FB) to the payee's next.
    """
    kept = draft.payments.join(
        pl.concat([draft.claims.select(PAYMENT), draft.provider.select(PAYMENT)]),
        on=PAYMENT,
        how="semi",
    )
    payments = kept.sort("payer_id", "wave", PAYMENT).with_columns(
        new_payment=pl.int_range(1, pl.len() + 1)
    )
    order = payments.select(PAYMENT, "new_payment")
    claims = (
        draft.claims.join(order, on=PAYMENT)
        .sort("new_payment", CLAIM)
        .with_columns(new_claim=pl.int_range(1, pl.len() + 1))
    )
    lines = (
        draft.lines.join(claims.select(CLAIM, "new_claim"), on=CLAIM)
        .sort("new_claim", LINE)
        .with_columns(new_line=pl.int_range(1, pl.len() + 1))
    )
    keys = lines.select(LINE, "new_line")
    numbered = Draft(
        payments=_renumbered(payments, PAYMENT, "new_payment"),
        claims=_renumbered(_renumbered(claims, CLAIM, "new_claim"), PAYMENT, "new_payment"),
        lines=_renumbered(_renumbered(lines, CLAIM, "new_claim"), LINE, "new_line").with_columns(
            position=pl.int_range(1, pl.len() + 1).over(CLAIM)
        ),
        adjustments=_placed(draft.adjustments, claims, keys),
        remarks=_placed(draft.remarks, claims, keys),
        provider=_of_payments(draft.provider, order, "new_payment").with_columns(
            byte_offset=pl.int_range(1, draft.provider.height + 1)
        ),
    )
    return _balanced(numbered)


def _renumbered(rows: pl.DataFrame, key: str, new: str) -> pl.DataFrame:
    return rows.with_columns(pl.col(new).alias(key)).drop(new)


def _placed(rows: pl.DataFrame, claims: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Adjustments or remarks under the new numbers; what is said of a claim stands together."""
    moved = rows.join(claims.select(CLAIM, "new_claim"), on=CLAIM).join(lines, on=LINE, how="left")
    ordered = _renumbered(_renumbered(moved, CLAIM, "new_claim"), LINE, "new_line").sort(
        CLAIM, LINE, nulls_last=False, maintain_order=True
    )
    return ordered.with_columns(byte_offset=pl.int_range(1, pl.len() + 1))


def _of_payments(rows: pl.DataFrame, order: pl.DataFrame, new: str) -> pl.DataFrame:
    moved = rows.join(order, on=PAYMENT, maintain_order="left")
    return _renumbered(moved, PAYMENT, new)


def _balanced(draft: Draft) -> Draft:
    """BPR02 is the claims' sum less the provider adjustments, and never below nothing."""
    claims = draft.claims.group_by(PAYMENT).agg(paid=pl.col("paid_cents").sum())
    taken = draft.provider.group_by(PAYMENT).agg(taken=pl.col("amount_cents").sum())
    summed = (
        draft.payments.join(claims, on=PAYMENT, how="left", maintain_order="left")
        .join(taken, on=PAYMENT, how="left", maintain_order="left")
        .with_columns(rest=pl.col("paid").fill_null(0) - pl.col("taken").fill_null(0))
    )
    carried, owed = _carried(summed)
    amounts = pl.Series("amount_cents", owed, dtype=pl.Int64)
    some = pl.col("amount_cents") > 0
    payments = (
        summed.with_columns(amounts)
        .with_columns(
            handling=pl.when(some).then(pl.lit("I")).otherwise(pl.lit("H")),
            method=pl.when(some).then(pl.lit("CHK")).otherwise(pl.lit("NON")),
            transaction_control=pl.col(PAYMENT).cast(pl.String).str.zfill(4),
        )
        .drop("paid", "taken", "rest")
    )
    provider = pl.concat([draft.provider, carried]).sort(PAYMENT, maintain_order=True)
    return replace(
        draft,
        payments=payments,
        provider=provider.with_columns(byte_offset=pl.int_range(1, pl.len() + 1)),
    )


def _carried(summed: pl.DataFrame) -> tuple[pl.DataFrame, list[int]]:
    """Balances carried forward (PLB FB), and what each payment then comes to.

    A loop over payments: what one leaves is the next one's beginning.
    """
    open_cents: dict[tuple[str, str], int] = {}
    rows, amounts = [], []
    for payment, payer, payee, day, rest in summed.select(
        PAYMENT, "payer_id", "payee_id", "payment_date", "rest"
    ).iter_rows():
        before = open_cents.pop((payer, payee), 0)
        left = rest - before
        owed = max(-left, 0)
        if before:
            rows.append((payment, payee, day, before))
        if owed:
            rows.append((payment, payee, day, -owed))
            open_cents[payer, payee] = owed
        amounts.append(left + owed)
    schema = {PAYMENT: pl.Int64, "provider_id": pl.String, "day": pl.Date, "amount_cents": pl.Int64}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return provider_rows(frame, "FB", pl.lit("CARRIED FORWARD")), amounts


def provider_rows(rows: pl.DataFrame, reason: str, reference: pl.Expr) -> pl.DataFrame:
    """PLB rows of PAYMENT, provider_id, day (in its fiscal year) and amount_cents."""
    return PROVIDER_ADJUSTMENTS.conform(
        rows.with_columns(
            file_id=pl.lit(0),
            byte_offset=pl.lit(0),
            position=pl.lit(1),
            fiscal_date=pl.col("day").dt.month_end().dt.replace(month=12).dt.month_end(),
            reason=pl.lit(reason),
            reference=reference,
        )
    )


def tables_of(draft: Draft) -> Tables:
    """The 835 tables, without the truth."""
    return {
        "payments": PAYMENTS.conform(draft.payments),
        "remit_claims": REMIT_CLAIMS.conform(draft.claims),
        "remit_lines": REMIT_LINES.conform(draft.lines),
        "adjustments": ADJUSTMENTS.conform(draft.adjustments),
        "provider_adjustments": PROVIDER_ADJUSTMENTS.conform(draft.provider),
        "remarks": REMARKS.conform(draft.remarks),
    }
