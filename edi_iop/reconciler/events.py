"""Remit claims as events of accounts: what reverses what, what takes whose place (835 CLP02).

The order of events is that of the payments' dates, and within a date that of their
numbers: when a file arrived, and which of two copies did first, plays no part. A
reversal (22) takes back the payment of exactly its amounts. An answer that speaks of
lines answered before, without a reversal, takes their place where nothing was paid for
them; where it was, it waits for a person, or for the payer to take the first back. A denial
that is paid is to be reversed too (RFI 1741), and seldom is: no money can count twice there,
so that the payment is posted, and says what it lacks.
"""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from edi_iop.reconciler.accounts import AMOUNTS, EVENT, WHOLE
from edi_iop.reconciler.answers import (
    DENIED,
    NOT_OURS,
    PREDETERMINATION,
    REPEATED,
    REVERSAL,
    ordinal,
)
from edi_iop.reconciler.contents import CLAIM, PAYMENT, claim_contents
from edi_iop.reconciler.given import Tables
from edi_iop.tables.amounts import dollars
from edi_iop.texts import composed

ACCOUNT = ("payer", "account_key")
_CHAIN = (*ACCOUNT, "ordinal")
_ORDER = ("effective_on", "trace_number", "payment_content", "place")
"""Two notices of one date and number are told apart by what they say."""


def told(remits: Tables, paid: pl.DataFrame, allotted: pl.DataFrame) -> pl.DataFrame:
    """Remit claims of payments that are posted or held, one row an account, with their order.

    paid: duplicates.payment_standings. allotted: accounts.shares.
    """
    heads = remits["remit_claims"].select(
        *PAYMENT,
        "remit_claim_offset",
        "status",
        "payer_claim_number",
        forwarded_to="crossover_payer",
        interest="interest_cents",
        returned="claim",
        place=pl.col("remit_claim_offset").rank("ordinal").over(PAYMENT),
    )
    of_payment = paid.filter(pl.col("standing").is_in(["posted", "held"])).select(
        *PAYMENT,
        "trace_number",
        "payer",
        effective_on="payment_date",
        payment_standing="standing",
        payment_content="content",
    )
    reasons = remits["adjustments"].filter(pl.col("amount_cents") != 0)
    repeats = reasons.group_by(CLAIM).agg(repeated=pl.col("carc").is_in(REPEATED).all())
    ordered = (
        heads.join(of_payment, on=PAYMENT)
        .join(repeats, on=CLAIM, how="left")
        .join(allotted, on=CLAIM)
        .with_columns(
            reversal=pl.col("status").eq_missing(REVERSAL),
            # of a merge the first share has it: what is not in a line goes there
            interest_cents=pl.when(pl.col("share") == 0).then("interest"),
            moneyless=pl.col("status").is_in([PREDETERMINATION, NOT_OURS]).fill_null(False),
            ordinal=pl.coalesce(ordinal(), "sent_ordinal", pl.lit("P")),
        )
        .with_columns(
            repeated=pl.col("repeated").fill_null(False)
            & (pl.col("paid_cents") == 0)
            & ~pl.col("reversal")
        )
        .sort(*ACCOUNT, *_ORDER, *EVENT, nulls_last=True)
        .with_columns(
            sequence=pl.int_range(1, pl.len() + 1).over(ACCOUNT),
            alone=_one_payment(),
        )
    )
    return _with_contents(ordered, remits)


def _with_contents(told: pl.DataFrame, remits: Tables) -> pl.DataFrame:
    """The events with what they say (content), of accounts that several payments speak of."""
    several = told.filter(~pl.col("alone"))
    asked = {
        name: rows.join(several, on=CLAIM, how="semi")
        for name, rows in remits.items()
        if "remit_claim_offset" in rows.columns
    }
    contents = claim_contents(asked).drop("payment_offset")
    return told.join(contents, on=CLAIM, how="left", maintain_order="left")


def _one_payment() -> pl.Expr:
    """One payment alone speaks of the account: nothing follows anything."""
    firsts = [pl.col(name) == pl.col(name).first().over(ACCOUNT) for name in PAYMENT]
    return pl.all_horizontal(*firsts).all().over(ACCOUNT)


def judged(
    events: pl.DataFrame,
    said: pl.DataFrame,
    recovered: pl.DataFrame,
    released: pl.DataFrame,
    replacing: Collection[str] = (),
) -> pl.DataFrame:
    """Every event with event, standing, current, pair_file, pair_offset and says.

    events: `told`. said: accounts.said_lines. recovered: provider_ledger.taken_back.
    released: CLAIM of those that a person lets count. replacing: payers (ids) whose second
    payment takes the first one's place.
    """
    of_posted = pl.col("payment_standing") == "posted"
    paired = _paired(events.filter(of_posted))
    chained = _chained(paired, said)
    followed = _followed(paired, chained, recovered)
    ruled = followed.join(
        released.with_columns(by_hand=pl.lit(True)), on=CLAIM, how="left", maintain_order="left"
    ).with_columns(event=_event(), why=_why_held(list(replacing)))
    free = pl.col("why").is_null() | pl.col("by_hand").fill_null(False)
    posted = ruled.with_columns(
        standing=pl.when(free).then(pl.lit("posted")).otherwise(pl.lit("held"))
    ).with_columns(says=_says())
    waiting = events.filter(~of_posted).with_columns(
        event=_plain_event(), standing=pl.lit("held"), says=pl.lit("its payment is held")
    )
    current = pl.concat(
        [standing_lines(posted, chained).select(EVENT).unique(), _alone(posted).select(EVENT)]
    )
    return (
        pl.concat([posted, waiting], how="diagonal")
        .join(current.with_columns(current=pl.lit(True)), on=EVENT, how="left")
        .with_columns(pl.col("current").fill_null(False))
        .sort(*ACCOUNT, "sequence")
    )


def standing_amounts(posted: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    """ACCOUNT and AMOUNTS: what stands now of each account, by the last answer to each line."""
    last = standing_lines(posted, _chained(posted, said))
    every = pl.concat([one.select(*ACCOUNT, *AMOUNTS) for one in (last, _alone(posted))])
    return every.group_by(ACCOUNT).agg(pl.col(AMOUNTS).sum())


def _able() -> pl.Expr:
    """It answers what was claimed, and was not taken back."""
    answer = ~(pl.col("reversal") | pl.col("moneyless") | pl.col("repeated"))
    return answer & pl.col("pair_offset").is_null()


def _alone(posted: pl.DataFrame) -> pl.DataFrame:
    """Posted answers of accounts that one payment speaks of: all of them stand."""
    return posted.filter(_able() & pl.col("alone") & (pl.col("standing") == "posted"))


# -- reversals

_PAIR = (*ACCOUNT, "share", "size", "paid_size")


def _paired(events: pl.DataFrame) -> pl.DataFrame:
    """pair_file, pair_offset: the payment a reversal takes back, and the reversal of a payment.

    Among events of one account and the same amounts the first payment not taken back yet
    is the one; a reversal with none before it has no pair. In one payment a reversal
    speaks of what was paid before that payment.
    """
    sized = events.filter(~pl.col("moneyless")).with_columns(
        size=pl.col("charge_cents").abs(), paid_size=pl.col("paid_cents").abs()
    )
    about = sized.join(sized.filter("reversal"), on=_PAIR, how="semi")
    takes = about.with_columns(takes=pl.col("reversal").any().over(*_PAIR, *PAYMENT))
    second = ~pl.col("reversal")
    ordered = takes.sort(
        *_PAIR,
        "effective_on",
        "takes",
        "trace_number",
        "payment_content",
        second,
        "place",
        nulls_last=True,
    )
    counted = ordered.with_columns(
        paid_so_far=second.cum_sum().over(_PAIR).cast(pl.Int64),
        taken_so_far=pl.col("reversal").cum_sum().over(_PAIR).cast(pl.Int64),
    )
    short = pl.max_horizontal(pl.col("taken_so_far") - pl.col("paid_so_far"), pl.lit(0))
    parked = counted.with_columns(parked=short.cum_max().over(_PAIR))
    has_pair = pl.col("parked") == pl.col("parked").shift(1, fill_value=0).over(_PAIR)
    ranked = parked.with_columns(
        rank=pl.when(second)
        .then("paid_so_far")
        .when(has_pair)
        .then(pl.col("taken_so_far") - pl.col("parked"))
    )
    other = ranked.select(
        *_PAIR,
        "rank",
        ~pl.col("reversal"),
        pair_file="file_id",
        pair_offset="remit_claim_offset",
        pair_trace="trace_number",
    ).drop_nulls("rank")
    pairs = ranked.join(other, on=(*_PAIR, "rank", "reversal")).select(
        *EVENT, "pair_file", "pair_offset", "pair_trace"
    )
    return events.join(pairs, on=EVENT, how="left", maintain_order="left")


# -- answers that take the place of others


def _chained(paired: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    """The lines that payments not taken back speak of, by chain: one payer's words on one claim.

    Where a claim is answered without lines, all its answers are answers to the whole;
    unless their charges make up the claim's: then each is a part of it.
    """
    able = paired.filter(_able() & ~pl.col("alone"))
    if "standing" in able.columns:
        able = able.filter(pl.col("standing") == "posted")
    lines = able.select(
        *EVENT, "payment_offset", *_CHAIN, *_ORDER, "content", "sent_charge", charge="charge_cents"
    ).join(said, on=EVENT)
    has_lines = (pl.col("line_key") != WHOLE).any().over(EVENT)
    firsts = pl.col("charge").filter(pl.int_range(pl.len()).over(EVENT) == 0)
    parts = firsts.sum().over(_CHAIN) == pl.col("sent_charge")
    # Of a claim with lines the rest stands with its event; without, it is the answer itself.
    key = (
        pl.when(has_lines.all().over(_CHAIN))
        .then("line_key")
        .when(parts.fill_null(False))
        .then(composed("{} of {}:{}", pl.lit(WHOLE), *CLAIM))
        .otherwise(pl.lit(WHOLE))
    )
    return lines.with_columns(line_key=key, rest=has_lines & (pl.col("line_key") == WHOLE))


def standing_lines(posted: pl.DataFrame, chained: pl.DataFrame) -> pl.DataFrame:
    """Of each line what the last posted payment says; with it the rest of its event."""
    able = posted.filter(pl.col("standing") == "posted")
    lines = chained.join(able.select(EVENT), on=EVENT, how="semi").sort(
        *_CHAIN, *_ORDER, nulls_last=True
    )
    named = lines.filter(~pl.col("rest"))
    # rows are in order: what is of the last row's payment stands
    last = [pl.col(name) == pl.col(name).last().over(*_CHAIN, "line_key") for name in PAYMENT]
    latest = named.filter(pl.all_horizontal(*last))
    rest = lines.filter("rest").join(latest.select(EVENT).unique(), on=EVENT, how="semi")
    return pl.concat([latest, rest])


def _followed(paired: pl.DataFrame, chained: pl.DataFrame, recovered: pl.DataFrame) -> pl.DataFrame:
    """What earlier payments said of the same lines, or of the same claim.

    follows: something; paid_before: and paid for the claim; paid_line_before: and for such a
    line; same_before: word for word the same; reversed_before: it was taken back; settled:
    the payer took back what it had paid.
    """
    pays = pl.col("paid_cents").sum().over(EVENT) != 0
    per_payment = (
        chained.filter(~pl.col("rest"))
        .with_columns(pays=pays)
        .sort(*_CHAIN, *_ORDER, nulls_last=True)
        .group_by(*_CHAIN, "line_key", *PAYMENT, maintain_order=True)
        .agg(
            pl.col("pays").any(),
            pl.col("remit_claim_offset", "share"),
            pays_line=(pl.col("paid_cents") != 0).any(),
        )
    )
    chain = (*_CHAIN, "line_key")
    seen = (
        per_payment.with_columns(
            follows=pl.int_range(pl.len()).over(chain) > 0,
            paid_before=pl.col("pays").cum_max().shift(1, fill_value=False).over(chain),
            paid_line_before=pl.col("pays_line").cum_max().shift(1, fill_value=False).over(chain),
        )
        .explode("remit_claim_offset", "share")
        .group_by(EVENT)
        .agg(pl.col("follows", "paid_before", "paid_line_before").any())
    )
    events = paired.join(seen, on=EVENT, how="left", maintain_order="left").join(
        recovered, on=ACCOUNT, how="left", maintain_order="left"
    )
    return _beside(events)


def _beside(events: pl.DataFrame) -> pl.DataFrame:
    """same_before, reversed_before, too_much and settled, by the order of the account's events."""
    stands = _able()
    charge = pl.when(stands).then("charge_cents").otherwise(0)
    paid = pl.when(stands).then("paid_cents").otherwise(0)
    ordered = events.sort(*_CHAIN, *_ORDER, nulls_last=True)
    # what the chain's earlier payments charged and paid: sums up to here less this payment's own
    own = [one.cum_sum().over(*_CHAIN, *PAYMENT) for one in (charge, paid)]
    before = [
        one.cum_sum().over(_CHAIN) - mine for one, mine in zip((charge, paid), own, strict=True)
    ]
    alike = [pl.col(name).first().over(*_CHAIN, "content", stands) for name in PAYMENT]
    elsewhere = [pl.col(name) != first for name, first in zip(PAYMENT, alike, strict=True)]
    return ordered.with_columns(
        charged_before=before[0],
        paid_sum_before=before[1],
        same_before=stands & pl.any_horizontal(*elsewhere),
        reversed_before=(pl.col("reversal").cum_max().over(ACCOUNT)).fill_null(False),
    ).with_columns(
        too_much=(
            pl.col("charged_before") + pl.col("charge_cents") > pl.col("sent_charge")
        ).fill_null(False)
        & (pl.col("paid_sum_before") != 0),
        settled=_settled(paid.sum().over(_CHAIN)),
        stands=stands,
    )


def _settled(whole: pl.Expr) -> pl.Expr:
    """At some time the payer had taken back all that it had paid before, or before a later answer;
    what it takes of the later one's money afterwards changes nothing of that."""
    taken = pl.col("taken_so_far")
    before = taken.list.contains(pl.col("paid_sum_before")).fill_null(False)
    return before.cum_max(reverse=True).over(_CHAIN) | taken.list.contains(whole).fill_null(False)


def _plain_event() -> pl.Expr:
    """What a remit claim is by its own status."""
    return (
        pl.when("reversal")
        .then(pl.lit("reversal"))
        .when(pl.col("status") == PREDETERMINATION)
        .then(pl.lit("predetermination"))
        .when(pl.col("status") == NOT_OURS)
        .then(pl.lit("not ours"))
        .when("repeated")
        .then(pl.lit("answered before"))
        .when(pl.col("status") == DENIED)
        .then(pl.lit("denial"))
        .otherwise(pl.lit("payment"))
    )


def _again() -> pl.Expr:
    return pl.col("follows").fill_null(False) | pl.col("too_much")


def _event() -> pl.Expr:
    """What a remit claim is among the others of its account."""
    return (
        pl.when(pl.col("stands") & pl.col("same_before"))
        .then(pl.lit("repeat"))
        .when(pl.col("stands") & (_again() | pl.col("reversed_before")))
        .then(pl.lit("correction"))
        .otherwise(_plain_event())
    )


def _why_held(replacing: list[str]) -> pl.Expr:
    """Why its money is not posted; null where it is."""
    pays = pl.col("paid_cents") != 0
    paid_before = pl.col("paid_before").fill_null(False) | pl.col("too_much")
    refuses = ~pays & pl.col("paid_line_before").fill_null(False)
    waits = pl.col("stands") & ((pays & paid_before) | refuses) & ~pl.col("settled")
    return (
        pl.when(pl.col("reversal") & pl.col("pair_offset").is_null())
        .then(
            composed(
                "parked: no payment of {} is known that it takes back{}",
                dollars(-pl.col("paid_cents")),
                pl.when(pl.col("paid_sum_before") > 0)
                .then(composed("; {} was paid before it", dollars(pl.col("paid_sum_before"))))
                .otherwise(pl.lit("")),
            )
        )
        .when(pl.col("moneyless") & pays)
        .then(composed("pays {}, which its status forbids", dollars(pl.col("paid_cents"))))
        .when(waits & pl.col("same_before"))
        .then(pl.lit("the same answer came with an earlier payment"))
        .when(waits & ~pl.col("sent_payer").is_in(replacing).fill_null(False))
        .then(
            composed(
                "{} lines that {} was paid for, without a reversal",
                pl.when(pays).then(pl.lit("pays")).otherwise(pl.lit("pays nothing for")),
                dollars(pl.col("paid_sum_before")),
            )
        )
    )


def _says() -> pl.Expr:
    released = pl.when(pl.col("standing") == "posted").then(pl.lit(" (released by hand)"))
    paid_before = pl.col("paid_before").fill_null(False) | pl.col("too_much")
    return (
        pl.when(pl.col("why").is_not_null())
        .then(pl.concat_str("why", released.fill_null("")))
        .when(pl.col("reversal"))
        .then(composed("takes back what {} paid", pl.col("pair_trace").fill_null("a payment")))
        .when(pl.col("pair_offset").is_not_null())
        .then(composed("taken back by {}", pl.col("pair_trace").fill_null("a payment")))
        .when(pl.col("stands") & _again() & pl.col("settled") & (pl.col("paid_sum_before") != 0))
        .then(pl.lit("takes the place of what a provider adjustment took back"))
        .when(pl.col("stands") & _again() & (pl.col("paid_cents") != 0) & ~paid_before)
        .then(pl.lit("pays what an earlier answer did not, without a reversal of that answer"))
        .when(pl.col("stands") & _again())
        .then(pl.lit("takes the place of an earlier answer, without a reversal"))
        .when(pl.col("forwarded_to").is_not_null())
        .then(composed("forwarded to {}", "forwarded_to"))
        .when(pl.col("interest_cents").fill_null(0) != 0)
        .then(composed("with interest of {} beside it", dollars(pl.col("interest_cents"))))
    )
