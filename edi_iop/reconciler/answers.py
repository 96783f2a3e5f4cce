"""What a payer has said of each line: paid, denied, denied in part, or reversed (835 CLP02, CAS).

A line is denied where nothing was paid and an adjustment refuses it: contract
amounts, patient shares and earlier payers' payments do not (maps/codes/carc.csv,
column role). Answers are folded in payment order, a reversal before what follows it.
"""

from __future__ import annotations

import msgspec
import polars as pl

from edi_iop.codes import with_role
from edi_iop.reconciler.given import Tables
from edi_iop.reconciler.others import with_beside
from edi_iop.rules.catalogue import catalogue
from edi_iop.tables.numbers import joined
from edi_iop.tables.order import keys_of

CLAIM = ("file_id", "remit_claim_offset")
LINE = (*CLAIM, "remit_line_offset")
_REMIT_LINE = ("file_id", "remit_line_offset")
SENT_LINE = ("claim_file_id", "line_offset")
REVERSAL, DENIED = "22", "4"
PREDETERMINATION, NOT_OURS = "25", "23"
"""Claim status codes (CLP02); the last two decide on no service."""
_ORDINALS = {"1": "P", "19": "P", "2": "S", "20": "S", "3": "T", "21": "T"}
BESIDE = ("beside_cents", "earlier_cents")
"""What others than this payer pay, and of it what earlier payers do."""
_COORDINATION = "COB-01"
ALIKE = "alike"
"""Tier of an answer that is word for word that of every line it may be to."""
REPEATED = ("18", "B13")
"""Reasons that say: this was answered before."""


def ordinal() -> pl.Expr:
    """Which payer answers, by CLP02 (`status`): first, second or third (SBR01 of the claim); of a
    denial (4) the claim tells."""
    return pl.col("status").replace_strict(_ORDINALS, default=None, return_dtype=pl.String)


class Said(msgspec.Struct, frozen=True):
    """What payers said of lines sent."""

    every: pl.DataFrame
    """answers"""
    last: pl.DataFrame
    """latest"""
    beside: pl.DataFrame
    """The last answers of later payers to lines that an earlier one paid."""
    decided: pl.DataFrame | None = None
    """tables.OTHER_PAYER_LINES of the claims sent; None: not known."""


def said(
    remits: Tables,
    matches: pl.DataFrame,
    claim_lines: pl.DataFrame,
    decided: pl.DataFrame | None = None,
) -> Said:
    """Every answer of the remits, and the last one to each of the lines sent.

    decided: tables.OTHER_PAYER_LINES of the claims sent.
    """
    every = answers(remits)
    last, beside = _latest(every, matches, claim_lines, decided)
    return Said(every, last, beside, decided)


def refuses() -> pl.Expr:
    """Whether an adjustment refuses a service."""
    harmless = with_role("contract", "patient", "prior_payer", "payment")
    return (pl.col("amount_cents") > 0) & ~pl.col("carc").is_in(harmless)


def refusals(adjustments: pl.DataFrame) -> pl.DataFrame:
    """Adjustments that refuse a service; firm: its code is in our list as a denial."""
    refused = adjustments.filter(refuses())
    return refused.with_columns(firm=pl.col("carc").is_in(with_role("denial")))


def answers(remits: Tables) -> pl.DataFrame:
    """Every remit line, and every remit claim that answers as a whole (remit_line_offset null).

    Columns: the line's key, payment_offset, payment_date, trace_number, ordinal, reversal, paid_cents,
    beside_cents (what the patient or an earlier payer pays) and of it earlier_cents (CARC 23,
    with what those wrote off), denied (nothing paid), partly
    (something paid, something refused), and repeat
    (denied only because it was answered before).
    """
    heads = _heads(remits)
    lines = _lines(remits, heads)
    named = lines.group_by(CLAIM).agg(
        lines=pl.len(), lines_denied=(pl.col("denied") | pl.col("partly")).any()
    )
    refused = (pl.col("claim_refused") > 0) | (pl.col("status") == DENIED)
    unpaid = pl.col("paid_cents").fill_null(0) <= 0
    whole = (
        heads.join(named, on=CLAIM, how="left")
        .with_columns(
            remit_line_offset=pl.lit(None, pl.Int64),
            denied=refused & unpaid & ~pl.col("reversal"),
            partly=pl.lit(False),
        )
        .filter(
            pl.col("lines").is_null() | (pl.col("denied") & ~pl.col("lines_denied").fill_null(True))
        )
    )
    columns = (
        *LINE,
        "payment_offset",
        "payment_date",
        "trace_number",
        "ordinal",
        "reversal",
        "paid_cents",
        *BESIDE,
    )
    said = ("denied", "partly", pl.col("repeat").fill_null(False) & pl.col("denied"))
    return pl.concat([whole.select(*columns, *said), lines.select(*columns, *said)])


def _heads(remits: Tables) -> pl.DataFrame:
    """Remit claims that decide on services, with the day of payment and what is refused at claim level."""
    at_claim = refusals(remits["adjustments"]).filter(pl.col("remit_line_offset").is_null())
    refused = at_claim.group_by(CLAIM).agg(
        claim_refused=pl.col("amount_cents").sum(), repeat=_repeat()
    )
    paid_on = remits["payments"].select("file_id", "payment_offset", "payment_date", "trace_number")
    at_claim = remits["adjustments"].filter(pl.col("remit_line_offset").is_null())
    beside = at_claim.group_by(CLAIM).agg(**_beside())
    decided = pl.col("status").is_in([PREDETERMINATION, NOT_OURS]).not_().fill_null(True)
    return (
        remits["remit_claims"]
        .filter(decided)
        .join(beside, on=CLAIM, how="left")
        .join(paid_on, on=("file_id", "payment_offset"), how="left")
        .join(refused, on=CLAIM, how="left")
        .select(
            *CLAIM,
            "payment_offset",
            "payment_date",
            "trace_number",
            "status",
            "paid_cents",
            "repeat",
            pl.col("claim_refused", *BESIDE).fill_null(0),
            ordinal=ordinal(),
            reversal=pl.col("status").eq_missing(REVERSAL),
        )
    )


def _lines(remits: Tables, heads: pl.DataFrame) -> pl.DataFrame:
    """Remit lines, each denied by its own adjustments or, where it has none, by the claim's."""
    own = remits["adjustments"].filter(pl.col("remit_line_offset").is_not_null())
    key = keys_of((remits["remit_lines"], own), _REMIT_LINE)
    counts = own.group_by(key).agg(adjusted=pl.len(), **_beside())
    refused = (
        refusals(own)
        .group_by(key)
        .agg(refused=pl.col("amount_cents").sum(), firm=pl.col("firm").any(), own_repeat=_repeat())
    )
    by_claim = (pl.col("claim_refused") > 0) | (pl.col("status") == DENIED)
    unpaid = pl.col("paid_cents").fill_null(0) <= 0
    by_itself = pl.col("refused").fill_null(0) > 0
    told = joined(
        remits["remit_lines"].select(*LINE, "paid_cents"), heads.drop("paid_cents", *BESIDE), CLAIM
    )
    beside = joined(joined(told, counts, key, "left"), refused, key, "left")
    lines = beside.with_columns(pl.col(BESIDE).fill_null(0))
    return _first_asked_for(lines, remits["remarks"]).with_columns(
        denied=unpaid
        & ~pl.col("reversal")
        & (by_itself | (pl.col("adjusted").is_null() & by_claim.fill_null(False))),
        partly=~unpaid & ~pl.col("reversal") & pl.col("firm").fill_null(False),
        repeat=pl.coalesce("own_repeat", "repeat"),
    )


def _first_asked_for(lines: pl.DataFrame, remarks: pl.DataFrame) -> pl.DataFrame:
    """The lines; of those left to an earlier payer (CARC 23) whose answer the payer asks for in the
    same breath (the remarks of COB-01), all of that is refused: nobody has paid it."""
    asking = remarks.filter(pl.col("remark").is_in(catalogue()[_COORDINATION].rarcs))
    if asking.is_empty():
        return lines
    left = lines.filter(pl.col("earlier_cents") > 0, pl.col("paid_cents").fill_null(0) <= 0)
    of_claim = asking.filter(pl.col("remit_line_offset").is_null())
    asked = pl.concat(
        [
            left.join(of_claim, on=CLAIM, how="semi").select(LINE),
            left.join(asking, on=LINE, how="semi").select(LINE),
        ]
    ).unique()
    told = lines.join(asked.with_columns(asked=True), on=LINE, how="left", maintain_order="left")
    nobodys = pl.when("asked").then("earlier_cents").otherwise(0)
    return told.with_columns(
        pl.col(BESIDE) - nobodys, refused=pl.col("refused").fill_null(0) + nobodys
    ).drop("asked")


def _beside() -> dict[str, pl.Expr]:
    """BESIDE out of adjustments."""
    everyone, earlier = BESIDE
    return {everyone: _of_roles("patient", "prior_payer"), earlier: _of_roles("prior_payer")}


def _of_roles(*roles: str) -> pl.Expr:
    others = pl.col("carc").is_in(with_role(*roles))
    return pl.when(others).then("amount_cents").otherwise(0).sum()


def _repeat() -> pl.Expr:
    return pl.col("carc").is_in(REPEATED).all()


def with_alike(matches: pl.DataFrame) -> pl.DataFrame:
    """tables.MATCHES with lines that are answered alike each at one of them (match_alike): for what
    is told of lines, not of answers."""
    if matches["alike_offset"].null_count() == matches.height:
        return matches  # as mostly
    own = pl.col("alike_offset").is_not_null()
    told = {
        "line_offset": pl.coalesce("line_offset", "alike_offset"),
        "tier": pl.when(own).then(pl.lit(ALIKE)).otherwise("tier"),
        "grade": pl.when(own).then(pl.lit("proposed")).otherwise("grade"),
        "says": pl.when(~own).then("says"),
    }
    return matches.with_columns(**{name: told[name] for name in told if name in matches.columns})


def latest(
    answered: pl.DataFrame,
    matches: pl.DataFrame,
    claim_lines: pl.DataFrame,
    decided: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The last answer to each claim line: claim_file_id, line_offset, and the answer's columns.

    beside_cents is by what the claim says that earlier payers paid, where it does (decided:
    tables.OTHER_PAYER_LINES).

    Parts of a split line count together; of lines answered alike each has one of the answers; an
    answer to a whole claim is one to each of its lines. That a claim was answered before is no
    answer beside that answer, unless the payer took it back. What an earlier payer paid stands,
    whatever a later one, to which the claim was passed on, says of it. claim_lines: file_id,
    claim_offset, line_offset of the lines sent.
    """
    return _latest(answered, matches, claim_lines, decided)[0]


def _latest(
    answered: pl.DataFrame,
    matches: pl.DataFrame,
    claim_lines: pl.DataFrame,
    decided: pl.DataFrame | None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """latest, and the last answers of later payers beside those."""
    of_claim = pl.col("remit_line_offset").is_null()
    places = with_alike(matches).select(*LINE, "claim_file_id", "claim_offset", "line_offset")
    known = places.filter(pl.col("claim_file_id").is_not_null())
    ties = known.filter(pl.col("line_offset").is_not_null())
    key = keys_of((answered, ties), _REMIT_LINE)
    tied = ties.select(*key, "claim_file_id", "claim_offset", "line_offset")
    to_lines = joined(answered.filter(~of_claim), tied, key)
    sent = claim_lines.select("claim_offset", "line_offset", claim_file_id="file_id")
    # how a claim's money falls on its lines such an answer does not say
    spread = (
        answered.filter(of_claim)
        .join(known.filter(of_claim).select(*CLAIM, "claim_file_id", "claim_offset"), on=CLAIM)
        .join(sent, on=("claim_file_id", "claim_offset"))
        .with_columns(pl.lit(None, pl.Int64).alias(name) for name in BESIDE)
        .select(to_lines.columns)
    )
    # most lines are answered once: there is nothing to add up, nor to put in order
    told = pl.concat([to_lines, spread]).with_columns(once=pl.len().over(SENT_LINE) == 1)
    several = _last_of(told.filter(~pl.col("once")))
    once = told.filter("once").with_columns(
        pl.col("paid_cents").fill_null(0), pl.col("denied", "repeat").fill_null(True)
    )
    last, beside = _by_payer(several)
    every = pl.concat([once.select(last.columns), last])
    return with_beside(every, decided), with_beside(beside, decided)


def _last_of(told: pl.DataFrame) -> pl.DataFrame:
    """Of lines answered several times the answers in order, the last one last, each's parts together.

    An answer that was reversed, and that reversal, count only where nothing else was said: a
    correction stands also where the reversal of what it corrects came after it.
    """
    taken_back = pl.col("reversal").filter(~pl.col("repeat")).last().over(SENT_LINE)
    # when a file came plays no part: the payment's date and number do
    order = ("payment_date", "trace_number", "payment_offset", "reversal", "remit_claim_offset")
    return (
        told.group_by(*SENT_LINE, *CLAIM)
        .agg(
            pl.col("payment_date", "trace_number", "payment_offset", "ordinal", "reversal").first(),
            pl.col("paid_cents").sum(),
            *(
                pl.when(pl.col(name).is_not_null().all()).then(pl.col(name).sum()).alias(name)
                for name in BESIDE
            ),
            pl.col("denied", "repeat").all(),
        )
        .sort(
            order,
            descending=[False, False, False, True, False],
            nulls_last=False,
            maintain_order=True,
        )
        .with_columns(settled=_settled())
        .sort("settled", descending=True, maintain_order=True)
        .filter(~pl.col("repeat") | taken_back.fill_null(True))
        .drop("settled")
    )


def _by_payer(told: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Of answers in order the one that stands for each line, and what a later payer last said beside it.

    It is the last one; but what the first of several payers paid is not undone by the next one's.
    """
    last = told.unique(SENT_LINE, keep="last", maintain_order=True)
    first = pl.col("ordinal").min().over(SENT_LINE)  # P, S, T
    own = (
        told.filter(pl.col("ordinal").fill_null(first) == first)
        .unique(SENT_LINE, keep="last", maintain_order=True)
        .filter(~pl.col("reversal"), pl.col("paid_cents") > 0)
    )
    beside = last.join(own, on=SENT_LINE, how="semi").join(
        own, on=(*SENT_LINE, *CLAIM), how="anti", maintain_order="left"
    )
    stands = pl.concat([last.join(own, on=SENT_LINE, how="anti", maintain_order="left"), own])
    return stands.drop("ordinal"), beside.drop("ordinal")


def _settled() -> pl.Expr:
    """An answer to a line and the reversal of the same amount that comes after it, of rows in order."""
    same = (*SENT_LINE, pl.col("paid_cents").abs())
    turn = pl.int_range(pl.len()).over(*same, "reversal")
    return (pl.len().over(*same, turn) == 2) & ~pl.col("reversal").first().over(*same, turn)
