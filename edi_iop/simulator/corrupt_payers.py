"""Corruptions of who answers (loop 1000A): a successor, a payer renamed, another payer, a second one."""

from __future__ import annotations

import polars as pl
from msgspec.structs import replace

from edi_iop.simulator.corrupt_claims import summed
from edi_iop.simulator.corrupt_lines import balanced_lines
from edi_iop.simulator.corruptions import corruption, second_answers
from edi_iop.simulator.draft import CLAIM, LINE, Draft, at, draw
from edi_iop.tables import ADJUSTMENTS
from edi_iop.texts import composed

CROSSED_OVER = "crossed over"
_LATER = ("2", "20", "3", "21")
"""CLP02 of a second and a third payer; 20 and 21 say that it went on from there too."""
_PRIOR_PAYER = ("OA", "23")


@corruption("other-payer", "another payer answers, one that is billed too")
def other_payer(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    return draft.paid_by(hit, _other_payer(draft), "8")


@corruption(
    "crossed-over",
    "a second payer that was not billed answers under the first one's number (2, 3, 20, 21)",
    (pl.col("status") == "1") & pl.col("of_two_payers").is_null(),
)
def crossed_over(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    """The first payer has sent the claim on; of some its answer says so (19, NM1*TT)."""
    says_so = hit.filter(draw(CLAIM, seed) % 2 == 0)
    made, copies = draft.copied(hit, 1, CROSSED_OVER)
    second = at(copies)
    ids = composed("X{}", draw("origin", seed) + 100_000)
    claims = made.claims.with_columns(
        status=pl.when(second)
        .then(_one_of(_LATER, seed))
        .when(at(says_so))
        .then(pl.lit("19"))
        .otherwise("status"),
        payer_claim_number=pl.when(second)
        .then(composed("7{}", "payer_claim_number"))
        .otherwise("payer_claim_number"),
        crossover_payer=pl.when(at(says_so))
        .then(pl.lit("SECOND PAYER"))
        .otherwise("crossover_payer"),
        crossover_id=pl.when(at(says_so)).then(pl.lit("SECOND1")).otherwise("crossover_id"),
        **{
            name: pl.when(second & pl.col(name).is_not_null()).then(ids).otherwise(name)
            for name in ("patient_id", "subscriber_id")
        },
    )
    sent_on = _with_next(claims, second)
    paid = _what_the_first_left(replace(made, claims=sent_on), copies)
    return paid.paid_by(copies, _other_payer(draft), "5")


@corruption(
    "crossed-billed",
    "a second payer that was billed itself answers under the first one's number (2, 20)",
    pl.col("first_number").ne_missing(pl.col("claim")) & pl.col("first_number").is_not_null(),
)
def crossed_billed(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    """Some under another id than it was billed under."""
    numbers = second_answers(draft).join(hit, on=CLAIM, how="semi").select(CLAIM, "first_number")
    claims = (
        draft.claims.join(numbers, on=CLAIM, how="left", maintain_order="left")
        .with_columns(
            claim=pl.coalesce("first_number", "claim"),
            status=pl.when(at(hit)).then(_one_of(_LATER[:2], seed)).otherwise("status"),
        )
        .drop("first_number")
    )
    unknown = hit.filter(draw(CLAIM, seed + 2) % 3 == 0)
    return replace(draft, claims=_with_next(claims, at(hit))).paid_by(unknown, _new_ids(), "4")


def _with_next(claims: pl.DataFrame, later: pl.Expr) -> pl.DataFrame:
    """A later payer that has sent the claim on once more names whom it went to (20, 21; NM1*TT)."""
    on = later & pl.col("status").is_in(["20", "21"])
    named = {"crossover_payer": "NEXT HEALTH PLAN", "crossover_id": "NEXT1"}
    return claims.with_columns(
        pl.when(on).then(pl.lit(text)).otherwise(name).alias(name) for name, text in named.items()
    )


@corruption("successor", "another payer answers, whom nobody has billed: the payer's successor")
def successor(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    ids = {name: composed("{}NEXT", name) for name in ("payer_id", "payer_code")}
    whole = {"payer_name": "SUCCESSOR HEALTH ADMINISTRATORS", "payer_trace_id": "1999999999"}
    return draft.paid_by(hit, ids | {name: pl.lit(text) for name, text in whole.items()}, "9")


@corruption("renamed-payer", "the payer has a new name, or a new id under the old one")
def renamed_payer(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    by_name = hit.filter(draw(CLAIM, seed) % 2 == 0)
    by_id = hit.join(by_name, on=CLAIM, how="anti")
    name = {"payer_name": composed("{} DBA NEWNAME", "payer_name")}
    return draft.paid_by(by_name, name, "7").paid_by(by_id, _new_ids(), "6")


def _new_ids() -> dict[str, pl.Expr]:
    """The payer under ids that stand on no claim."""
    return {one: composed("{}2", one) for one in ("payer_id", "payer_code")}


def _one_of(statuses: tuple[str, ...], seed: int) -> pl.Expr:
    places = draw(CLAIM, seed + 1) % len(statuses)
    return places.replace_strict(dict(enumerate(statuses)), return_dtype=pl.String)


def _other_payer(draft: Draft) -> dict[str, pl.Expr]:
    """Of each payment the next payer of the draft in the place of its own.

    Corruptions that bring in further payers are registered after those that ask for it.
    """
    names = ("payer_id", "payer_name", "payer_code", "payer_trace_id")
    payers = draft.payments.unique("payer_id", keep="first", maintain_order=True).sort("payer_id")
    ids, rolled = payers["payer_id"].to_list(), payers.select(names)
    after = pl.concat([rolled.slice(1), rolled.head(1)])
    return {
        name: pl.col("payer_id").replace_strict(
            dict(zip(ids, after[name], strict=True)), return_dtype=pl.String
        )
        for name in names
    }


def _what_the_first_left(draft: Draft, claims: pl.DataFrame) -> Draft:
    """These claims paid what was left to the patient; all else was the first payer's (OA 23)."""
    group, carc = _PRIOR_PAYER
    left = (
        draft.adjustments.filter(at(claims), pl.col("group") == "PR")
        .group_by(LINE)
        .agg(left=pl.col("amount_cents").sum())
    )
    before = (
        draft.lines.filter(at(claims))
        .join(left, on=LINE, how="left", maintain_order="left")
        .with_columns(amount_cents=pl.col("charge_cents") - pl.col("left").fill_null(0))
        .filter(pl.col("amount_cents") != 0)
    )
    taken = ADJUSTMENTS.conform(
        before.select(
            "file_id",
            CLAIM,
            LINE,
            "amount_cents",
            byte_offset=pl.lit(0),
            position=pl.lit(1),
            group=pl.lit(group),
            carc=pl.lit(carc),
        )
    )
    rest = draft.adjustments.filter(~at(claims))
    lines = draft.lines.filter(at(claims)).select(LINE)
    allowed = pl.when(~at(claims)).then("allowed_cents").alias("allowed_cents")
    made = replace(
        draft,
        adjustments=pl.concat([rest, taken]),
        lines=draft.lines.with_columns(allowed),
        remarks=draft.remarks.filter(~at(claims)),
    )
    return summed(balanced_lines(made, lines), claims)
