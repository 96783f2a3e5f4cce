"""Corruptions of identifiers: the claim number (CLP01) and the member's id (NM109)."""

from __future__ import annotations

import polars as pl
from msgspec.structs import replace

from edi_iop.simulator.corruptions import corruption
from edi_iop.simulator.draft import CLAIM, Draft, at, both_of, draw, exchanged
from edi_iop.texts import composed

_SIZE = pl.col("size")
_NUMBER = pl.col("claim")
_THERE = _NUMBER != "0"


def _renumbered(draft: Draft, hit: pl.DataFrame, number: pl.Expr) -> Draft:
    return draft.of_claims(pl.when(at(hit)).then(number).otherwise("claim").alias("claim"))


@corruption("cut-20", "the claim number is cut to 20 characters", _SIZE > 20, stacks=True)
def cut_20(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    return _renumbered(draft, hit, _NUMBER.str.head(20))


@corruption("cut-17", "the claim number is cut to 17 characters", _SIZE > 17, stacks=True)
def cut_17(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    return _renumbered(draft, hit, _NUMBER.str.head(17))


@corruption("cut", "the claim number loses its last characters", _SIZE > 7, stacks=True)
def cut(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    lost = draw(CLAIM, seed) % 4 + 1
    return _renumbered(draft, hit, _NUMBER.str.head(_NUMBER.str.len_chars() - lost))


@corruption(
    "upper", "the claim number is upper-cased", _NUMBER.str.to_uppercase() != _NUMBER, stacks=True
)
def upper(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    return _renumbered(draft, hit, _NUMBER.str.to_uppercase())


@corruption(
    "zeros", "leading zeros of the claim number are gone", _NUMBER.str.contains("^0+."), stacks=True
)
def zeros(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    return _renumbered(draft, hit, _NUMBER.str.strip_chars_start("0"))


@corruption("punctuation", "hyphens of the claim number go, or come", _SIZE >= 6, stacks=True)
def punctuation(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    bare = _NUMBER.str.replace_all(r"[^A-Za-z0-9]", "")
    parted = composed("{}-{}", bare.str.head(4), bare.str.slice(4))
    return _renumbered(draft, hit, pl.when(bare == _NUMBER).then(parted).otherwise(bare))


@corruption("mistyped", "one character of the claim number is another", _SIZE >= 6, stacks=True)
def mistyped(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    place = draw(CLAIM, seed) % _NUMBER.str.len_chars()
    there = _NUMBER.str.slice(place, 1)
    wrong = pl.when(there == "7").then(pl.lit("3")).otherwise(pl.lit("7"))
    return _renumbered(
        draft, hit, pl.concat_str(_NUMBER.str.head(place), wrong, _NUMBER.str.slice(place + 1))
    )


@corruption("longer", "the payer puts two characters behind the claim number", _THERE, stacks=True)
def longer(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    return _renumbered(draft, hit, composed("{}A1", "claim"))


@corruption(
    "prefixed", "the payer puts its own letters before the claim number", _THERE, stacks=True
)
def prefixed(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    return _renumbered(draft, hit, composed("HX{}", "claim"))


@corruption("lost", "the payer has no claim number: CLP01 is 0", stacks=True)
def lost(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    return _renumbered(draft, hit, pl.lit("0"))


@corruption("swap", "the numbers of two claims are exchanged", pl.col("told_apart"), "other")
def swap(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    return _exchanged(draft, hit)


@corruption(
    "swap-bare",
    "the numbers of two claims are exchanged, line control numbers are gone",
    pl.col("told_apart"),
    "other",
)
def swap_bare(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    return _exchanged(draft, hit).with_lines_lacking(both_of(hit), "line_control")


@corruption(
    "swap-siblings",
    "the numbers of two claims of one member are exchanged, line control numbers are gone",
    pl.col("sibling").is_not_null() & pl.col("dated"),
    "sibling",
)
def swap_siblings(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    return swap_bare(draft, _apart(draft, hit), seed)


def _apart(draft: Draft, hit: pl.DataFrame) -> pl.DataFrame:
    """Pairs that differ in days or codes: others are the same answer twice, whatever its number."""
    shown = draft.lines.group_by(CLAIM).agg(
        shown=pl.struct("service_date", "procedure").sort().hash().sum()
    )
    pairs = hit.join(shown, on=CLAIM).join(
        shown, left_on="partner", right_on=CLAIM, suffix="_partner"
    )
    return pairs.filter(pl.col("shown") != pl.col("shown_partner")).select(CLAIM, "partner")


def _exchanged(draft: Draft, hit: pl.DataFrame) -> Draft:
    swapped = exchanged(hit, draft.claims.select(CLAIM, theirs="claim"))
    claims = draft.claims.join(swapped, on=CLAIM, how="left", maintain_order="left")
    return replace(
        draft, claims=claims.with_columns(claim=pl.coalesce("theirs", "claim")).drop("theirs")
    )


@corruption("member", "the member's id is another, as after a correction (NM1*QC)", stacks=True)
def member(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    other = composed("Z{}{}", draw(CLAIM, seed) + 100_000, draw(CLAIM, seed + 1) % 100)
    return _of_member(draft, hit, other)


@corruption("member-suffix", "two digits stand behind the member's id", stacks=True)
def member_suffix(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    return _of_member(draft, hit, composed("{}01", pl.coalesce("patient_id", "subscriber_id")))


def _of_member(draft: Draft, hit: pl.DataFrame, number: pl.Expr) -> Draft:
    names = ("patient_id", "subscriber_id")
    there = [pl.when(at(hit) & pl.col(n).is_not_null()).then(number).otherwise(n) for n in names]
    claims = draft.claims.with_columns(
        one.alias(name) for one, name in zip(there, names, strict=True)
    )
    return replace(draft, claims=claims)


@corruption("initial", "the patient's first name is cut to its first letter", stacks=True)
def initial(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    first = pl.col("patient_first_name")
    return draft.of_claims(
        pl.when(at(hit)).then(first.str.head(1)).otherwise(first).alias("patient_first_name")
    )


@corruption("name", "the patient's last name is another, as after a marriage", stacks=True)
def name(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    other = pl.concat_str(pl.lit("NEWLYWED"), draw(CLAIM, seed) % 97)
    letters = other.str.replace_many([str(n) for n in range(10)], list("ABCDEFGHIJ"))
    return draft.of_claims(
        pl.when(at(hit)).then(letters).otherwise("patient_last_name").alias("patient_last_name")
    )


@corruption(
    "people-swap",
    "two answers have each other's patient (NM1*QC and IL)",
    pl.col("other_person"),
    "other",
)
def people_swap(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    names = [f"{who}_{what}" for who in ("patient", "subscriber")
             for what in ("last_name", "first_name", "id")]  # fmt: skip
    theirs = exchanged(hit, draft.claims.select(CLAIM, *names))
    claims = draft.claims.join(
        theirs.with_columns(_hit=True), on=CLAIM, how="left", maintain_order="left", suffix="_new"
    )
    taken = [pl.when("_hit").then(f"{one}_new").otherwise(one).alias(one) for one in names]
    return replace(draft, claims=claims.with_columns(taken).select(draft.claims.columns))
