"""What payers, clearinghouses and their systems do to answers on the way: a registry of corruptions.

Each is a short function over columns: a draft and the claims hit in, a draft out. What a
corruption needs of a claim is an expression over `described`. None knows how answers are matched.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import msgspec
import polars as pl

from edi_iop.simulator.draft import CLAIM, PAYMENT, Draft, both_of, draw

Do = Callable[[Draft, pl.DataFrame, int], Draft]


class Corruption(msgspec.Struct, frozen=True):
    """One thing that goes wrong."""

    name: str
    says: str
    do: Do
    able: pl.Expr
    """Which claims it can befall (columns of `described`)."""
    partner: str | None = None
    """The column that names the other claim it takes with it."""
    stacks: bool = False
    """It may come on top of another one."""


_KINDS = (
    "corrupt_numbers",
    "corrupt_lines",
    "corrupt_claims",
    "corrupt_money",
    "corrupt_payers",
    "corrupt_twins",
)
"""The modules that register."""
_REGISTRY: dict[str, Corruption] = {}


def corruption(
    name: str,
    says: str,
    able: pl.Expr | None = None,
    partner: str | None = None,
    stacks: bool = False,
) -> Callable[[Do], Do]:
    """Registers a function as a corruption."""

    def register(do: Do) -> Do:
        if name in _REGISTRY:
            raise ValueError(f"corruption {name} is there twice")
        _REGISTRY[name] = Corruption(
            name, says, do, pl.lit(True) if able is None else able, partner, stacks
        )
        return do

    return register


def registry() -> dict[str, Corruption]:
    """All corruptions by name, in order."""
    for name in _KINDS:
        import_module(f"edi_iop.simulator.{name}")
    return _REGISTRY


def described(draft: Draft, seed: int) -> pl.DataFrame:
    """The claims with what decides which corruptions can befall them.

    size (of the number), lines, procedures, institutional, modified, several_units, refused, dated, controlled;
    sibling: the member's next claim in the payment; other: another claim of the payer; first_number,
    of_two_payers: as in `second_answers`; twin_number, twin_member: another payer answers under the
    same number, of a member of the same id.
    """
    own = draft.lines.group_by(CLAIM).agg(
        lines=pl.len(),
        procedures=pl.col("procedure").n_unique(),
        revenues=pl.col("revenue").n_unique(),
        institutional=pl.col("revenue").is_not_null().any(),
        modified=pl.col("modifiers").is_not_null().any(),
        several_units=(pl.coalesce("original_units", "units") >= 2).any(),
        refused=(pl.col("paid_cents") == 0).any(),
        dated=pl.col("service_date").is_not_null().all(),
        days=pl.col("service_date").n_unique(),
        controlled=pl.col("line_control").is_not_null().all(),
        codes=pl.col("procedure").unique().sort().str.join(" "),
        first_day=pl.col("service_date").min(),
        last_day=pl.col("service_date").max(),
    )
    claims = draft.claims.join(own, on=CLAIM, how="left").join(
        draft.payments.select(PAYMENT, "payer_id", "payee_id", "wave"), on=PAYMENT, how="left"
    )
    known = claims.with_columns(
        size=pl.col("claim").str.len_chars().cast(pl.Int64),
        member=pl.coalesce("patient_id", "subscriber_id"),
        drawn=draw(CLAIM, seed),
    ).with_columns(
        twin_number=pl.col("payer_id").n_unique().over("claim") > 1,
        twin_member=pl.col("payer_id").n_unique().over("member") > 1,
    )
    seconds = second_answers(draft)
    return _with_other(_with_sibling(known.join(seconds, on=CLAIM, how="left")))


def second_answers(draft: Draft) -> pl.DataFrame:
    """CLAIM of claims that two payers were billed for: the same person, days and charge.

    of_two_payers: true. first_number: the number under which the first payer answered, of the
    second one's answer; none where more claims than these two are alike.
    """
    days = draft.lines.group_by(CLAIM).agg(days=pl.col("service_date").sort())
    same = ("payee_id", "patient_last_name", "patient_first_name", "days", "charge_cents")
    of_two = (
        draft.claims.join(days, on=CLAIM)
        .join(draft.payments.select(PAYMENT, "payer_id", "payee_id"), on=PAYMENT)
        .filter(pl.col("payer_id").n_unique().over(same) > 1)
    )
    other_status, number = (pl.col(name).reverse().over(same) for name in ("status", "claim"))
    second = (pl.col("status") == "2") | ((pl.col("status") == "4") & (other_status == "1"))
    two = pl.len().over(same) == 2
    return of_two.select(
        CLAIM, of_two_payers=pl.lit(True), first_number=pl.when(two & second).then(number)
    )


def _with_sibling(claims: pl.DataFrame) -> pl.DataFrame:
    """sibling: of every second claim of a member in a payment, the next one."""
    group = (PAYMENT, "member")
    ordered = claims.sort(*group, CLAIM)
    place = pl.int_range(pl.len()).over(group)
    return ordered.with_columns(
        sibling=pl.when(place % 2 == 0).then(pl.col(CLAIM).shift(-1).over(group)),
        sibling_priority=pl.col("status").shift(-1).over(group) == pl.col("status"),
    )


def _with_other(claims: pl.DataFrame) -> pl.DataFrame:
    """other: of every second claim, by chance, another of the payee's; told_apart: they differ
    in something an answer shows beside its number; other_person: they are of two members."""
    group = ("payer_id", "payee_id")
    ordered = claims.sort(*group, "drawn", CLAIM)
    place = pl.int_range(pl.len()).over(group)
    shown = ("member", "first_day", "last_day", "charge_cents", "codes")
    # the member first
    differs = [pl.col(name).ne_missing(pl.col(name).shift(-1).over(group)) for name in shown]
    return ordered.with_columns(
        other=pl.when(place % 2 == 0).then(pl.col(CLAIM).shift(-1).over(group)),
        told_apart=pl.any_horizontal(*differs),
        other_person=differs[0],
    )


def befallen(
    draft: Draft, kinds: list[Corruption], share: float, seed: int
) -> list[tuple[Corruption, pl.DataFrame]]:
    """Which claims each corruption hits: every claim is hit once at most, all kinds alike often."""
    pool = described(draft, seed).sort("drawn", CLAIM)
    free = pool.select(CLAIM)
    quota = max(1, round(pool.height * share / len(kinds)))
    hits = []
    for kind in kinds:  # a few dozen
        able = pool.join(free, on=CLAIM, how="semi", maintain_order="left").filter(kind.able)
        if kind.partner is None:
            hit = able.select(CLAIM).head(quota)
        else:
            others = able.filter(pl.col(kind.partner).is_in(free[CLAIM].implode()))
            hit = others.select(CLAIM, partner=kind.partner).head(quota)
        free = free.join(both_of(hit), on=CLAIM, how="anti", maintain_order="left")
        hits.append((kind, hit))
    return hits
