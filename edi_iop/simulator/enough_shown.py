"""What an answer and a claim show a reader (enough), as he compares it."""

from __future__ import annotations

import polars as pl

from edi_iop.simulator.draft import CLAIM, PAYMENT, Draft

Tables = dict[str, pl.DataFrame]
KEY = ("file_id", "claim_offset")
TRUE = "true"
"""A claim sent, by its row number."""
SPARE = 2
"""Characters behind a member's id, or missing there, make no other member."""
ANY_END = 99
"""Characters behind a name: a middle name, or all but an initial."""
_LATER = ("2", "3", "20", "21")
_PLACES = {"1": "P", "19": "P", "2": "S", "20": "S", "3": "T", "21": "T"}


def answers_of(draft: Draft) -> pl.DataFrame:
    """What each answer shows."""
    code = pl.coalesce("original_procedure", "procedure")
    own = draft.lines.group_by(CLAIM).agg(
        first=pl.col("service_date").min(),
        last=pl.max_horizontal("service_date", "service_date_to").max(),
        codes=code.unique().drop_nulls(),
    )
    payee = draft.payments.select(PAYMENT, "payer_id", "payee_id")
    divided = draft.remarks.filter(pl.col("remark") == "MA15").select(CLAIM).unique()
    return (
        draft.claims.join(own, on=CLAIM, how="left", maintain_order="left")
        .join(divided.with_columns(divided=True), on=CLAIM, how="left", maintain_order="left")
        .join(payee, on=PAYMENT, how="left", maintain_order="left")
        .select(
            CLAIM,
            "payer_id",
            "payee_id",
            "codes",
            PAYMENT,
            reversal=pl.col("status") == "22",
            later=pl.col("status").is_in(_LATER),
            place=pl.col("status").replace_strict(_PLACES, default=None, return_dtype=pl.String),
            divided=pl.col("divided").fill_null(False),
            returned=pl.col("claim").replace("0", None),
            plain=plain("claim"),
            first=pl.coalesce("first", "statement_from"),
            last=pl.coalesce("last", "statement_to"),
            charge=pl.col("charge_cents").abs(),
            member=plain(pl.coalesce("patient_id", "subscriber_id")),
            name=name("patient_last_name"),
            given=name("patient_first_name"),
        )
    )


def claims_of(sent: Tables) -> pl.DataFrame:
    """What each claim sent shows."""
    own = (
        sent["claim_lines"]
        .group_by(KEY)
        .agg(
            sent_first=pl.col("service_date").min(),
            sent_last=pl.max_horizontal("service_date", "service_date_to").max(),
            sent_codes=pl.col("procedure").unique().drop_nulls(),
        )
    )
    dependent = pl.col("patient_last_name").is_not_null()
    last, first = (
        pl.when(dependent).then(f"patient_{part}_name").otherwise(f"subscriber_{part}_name")
        for part in ("last", "first")
    )
    return (
        sent["claims"]
        .join(places_of(sent), on=KEY, how="left", maintain_order="left")
        .join(own, on=KEY, how="left", maintain_order="left")
        .select(
            TRUE,
            "sent_codes",
            *KEY,
            sent_number="claim",
            sent_plain=plain("claim"),
            sent_payer="payer_id",
            sent_place="payer_responsibility",
            sent_payee="billing_npi",
            sent_first=pl.coalesce("sent_first", "statement_from"),
            sent_last=pl.coalesce("sent_last", "statement_to"),
            sent_charge="charge_cents",
            sent_member=plain("member_id"),
            sent_name=name(last),
            sent_given=name(first),
        )
    )


def places_of(sent: Tables) -> pl.DataFrame:
    """KEY and TRUE of every claim sent."""
    return sent["claims"].select(*KEY, pl.int_range(pl.len(), dtype=pl.Int64).alias(TRUE))


def plain(column: str | pl.Expr) -> pl.Expr:
    """Letters and digits in upper case, no zeros at the beginning."""
    text = pl.col(column) if isinstance(column, str) else column
    kept = text.str.to_uppercase().str.replace_all(r"[^A-Z0-9]", "")
    return kept.str.strip_chars_start("0").replace("", None)


def name(column: str | pl.Expr) -> pl.Expr:
    """A name's letters in upper case."""
    text = pl.col(column) if isinstance(column, str) else column
    return text.str.to_uppercase().str.replace_all(r"[^\p{L}]", "").replace("", None)


def someone_else() -> pl.Expr:
    """The member's id or the name is another, and the other of both does not agree."""
    member = begins("member", "sent_member", SPARE)
    person = begins("name", "sent_name", ANY_END) & begins("given", "sent_given", ANY_END)
    by_id = ~member.fill_null(True) & ~person.fill_null(False)
    return by_id | (~person.fill_null(True) & ~member.fill_null(False))


def inside() -> pl.Expr:
    """The answer's days are those of the claim, or some of them."""
    return (pl.col("first") >= pl.col("sent_first")) & (pl.col("last") <= pl.col("sent_last"))


def begins(one: str, other: str, spare: int) -> pl.Expr:
    """Two texts are the same but for characters at the end of one."""
    a, b = pl.col(one), pl.col(other)
    sizes = [column.str.len_chars().cast(pl.Int64) for column in (a, b)]
    near = (sizes[0] - sizes[1]).abs() <= spare
    return (a.str.starts_with(b) | b.str.starts_with(a)) & near
