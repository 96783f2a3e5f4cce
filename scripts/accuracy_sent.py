"""Claims as a store of several systems and payers holds them, made of those of one synthetic clinic.

Dependents under the id of another; claims to a second payer; members of two payers under ids
alike; numbers of several systems, some given to claims of two payers.
"""

from __future__ import annotations

from itertools import pairwise
from random import Random

import polars as pl

from edi_iop.identifiers import patient_control_number
from edi_iop.simulator.draft import draw
from edi_iop.texts import composed
from scripts.accuracy_clinic import Tables

_CLAIM = ("file_id", "claim_offset")
_FAMILIES = 0.05
"""How many of the members are dependents of another."""
_SECONDS, _TWINS = 8, 3
"""Of a hundred claims so many went to a second payer; so many have the number of one to another
payer; of a hundred members so many have the id of another payer's."""
_SECOND_FILES = 1_000
"""Files of claims to second payers are numbered so far behind those of the first."""


def several(sent: Tables, seed: int) -> Tables:
    """The same claims, and those beside them, as several systems have numbered and sent them."""
    people = with_twin_members(with_families(sent, seed), seed)
    return with_twin_numbers(renumbered(with_seconds(people, seed), seed), seed)


def with_families(sent: Tables, seed: int) -> Tables:
    """The same claims, some patients being dependents under the member id of another."""
    claims = sent["claims"]
    chance = Random(f"{seed} families")
    members = (
        claims.filter(pl.col("patient_last_name").is_null())
        .select("payer_id", "member_id", "subscriber_last_name", "subscriber_first_name")
        .drop_nulls()
        .unique("member_id", keep="first", maintain_order=True)
        .sort("payer_id", "member_id")
    )
    pairs = [
        (one["member_id"], other["member_id"], other["subscriber_last_name"],
         other["subscriber_first_name"])
        for one, other in pairwise(members.iter_rows(named=True))
        if one["payer_id"] == other["payer_id"] and chance.random() < _FAMILIES
    ]  # fmt: skip
    schema = ["member_id", "holder", "holder_last", "holder_first"]
    held = pl.DataFrame(pairs, schema=dict.fromkeys(schema, pl.String), orient="row")
    of_family = pl.col("holder").is_not_null()
    joined = claims.join(held, on="member_id", how="left", maintain_order="left").with_columns(
        patient_last_name=pl.when(of_family)
        .then("subscriber_last_name")
        .otherwise("patient_last_name"),
        patient_first_name=pl.when(of_family)
        .then("subscriber_first_name")
        .otherwise("patient_first_name"),
    )
    moved = joined.with_columns(
        member_id=pl.coalesce("holder", "member_id"),
        subscriber_last_name=pl.coalesce("holder_last", "subscriber_last_name"),
        subscriber_first_name=pl.coalesce("holder_first", "subscriber_first_name"),
    )
    return sent | {"claims": moved.select(claims.columns)}


def with_twin_members(sent: Tables, seed: int) -> Tables:
    """The same claims, some members having the id that another payer gave to one of its own."""
    claims = sent["claims"]
    chance = Random(f"{seed} twin members")
    members = {payer: ids["member_id"].unique().sort().to_list()
               for (payer,), ids in claims.drop_nulls("member_id").group_by("payer_id")}  # fmt: skip
    first, *others = sorted(members, key=lambda payer: (-len(members[payer]), str(payer)))
    pairs = [
        (payer, one, other)
        for payer in others
        for one, other in zip(members[payer], members[first], strict=False)
        if chance.random() * 100 < 2 * _TWINS
    ]
    schema = dict.fromkeys(("payer_id", "member_id", "twin"), pl.String)
    twins = pl.DataFrame(pairs, schema=schema, orient="row")
    joined = claims.join(twins, on=("payer_id", "member_id"), how="left", maintain_order="left")
    moved = joined.with_columns(member_id=pl.coalesce("twin", "member_id"))
    return sent | {"claims": moved.select(claims.columns)}


def with_seconds(sent: Tables, seed: int) -> Tables:
    """All claims, and some of them once more to a second payer, under the member's id there."""
    claims = sent["claims"]
    by_size = claims.group_by("payer_id", "payer_name").len().drop_nulls()
    largest, next_one = by_size.sort("len", "payer_id", descending=[True, False])[:2].rows(
        named=True
    )
    to_next = pl.col("payer_id") == largest["payer_id"]
    second, name = (
        pl.when(to_next).then(pl.lit(next_one[column])).otherwise(pl.lit(largest[column]))
        for column in ("payer_id", "payer_name")
    )
    original = pl.col("frequency").is_in(["1", "2", "3", "4"])
    hit = claims.filter(original, draw("claim_offset", seed + 7) % 100 < _SECONDS)
    to_second = hit.with_columns(
        payer_id=second,
        payer_name=name,
        payer_responsibility=pl.lit("S"),
        member_id=composed("{}{}", second.str.head(2), _other_id()),
        auth_number=pl.lit(None, pl.String),
    )
    return {
        name: pl.concat([rows, _of_second(rows, hit, to_second if name == "claims" else None)])
        for name, rows in sent.items()
    }


def _other_id() -> pl.Expr:
    """The digits of a member's id the other way round: a person has one id at each payer."""
    return pl.col("member_id").str.replace_all(r"\D", "").str.reverse()


def _of_second(rows: pl.DataFrame, hit: pl.DataFrame, claims: pl.DataFrame | None) -> pl.DataFrame:
    """The rows of claims that went to a second payer once more, in files of their own."""
    key = _CLAIM if "claim_offset" in rows.columns else ("file_id",)
    own = rows.join(hit, on=key, how="semi", maintain_order="left") if claims is None else claims
    return own.with_columns(pl.col("file_id") + _SECOND_FILES)


def renumbered(sent: Tables, seed: int) -> Tables:
    """The same claims under our own numbers, and under those of other systems: long, with zeros
    in front, with hyphens, in lower case; each patient's under those of one system.

    A claim to a second payer has the number of the first one's, or that with something behind
    it, or one of its own.
    """
    claims = sent["claims"].with_row_index("serial")
    chance = Random(f"{seed} numbers")
    systems = {member: chance.randrange(6) for member in claims["member_id"].unique().sort()}
    numbers = [
        _number(systems.get(member, 0), serial + seed % 1000 * 1_000_000, claim)
        for serial, member, claim in claims.select("serial", "member_id", "claim").iter_rows()
    ]
    numbered = claims.drop("serial").with_columns(new=pl.Series(numbers))
    return _under(sent, _as_the_first(numbered, seed))


def _as_the_first(numbered: pl.DataFrame, seed: int) -> pl.DataFrame:
    """_CLAIM and new: of claims to second payers many are numbered by the first one's."""
    first = numbered.select(pl.col("file_id") + _SECOND_FILES, "claim_offset", first="new")
    way = draw("claim_offset", seed + 8) % 3
    like = (
        pl.when(way == 0)
        .then("first")
        .when(way == 1)
        .then(composed("{}-2", "first"))
        .otherwise("new")
    )
    return numbered.join(first, on=_CLAIM, how="left", maintain_order="left").select(
        *_CLAIM, new=pl.coalesce(like, "new")
    )


def with_twin_numbers(sent: Tables, seed: int) -> Tables:
    """The same claims, some under the number of a claim of another patient at another payer."""
    claims = sent["claims"]
    alone = claims.filter(pl.len().over("claim") == 1).sort(draw("claim_offset", seed + 9), *_CLAIM)
    pairs = alone.select(
        *_CLAIM,
        new=pl.col("claim").shift(1),
        other=pl.col("payer_id") != pl.col("payer_id").shift(1),
        another=pl.col("member_id") != pl.col("member_id").shift(1),
        pair=pl.int_range(pl.len()),
    )
    hit = pairs.filter(
        "other", "another", pl.col("pair") % 2 == 1, pl.col("pair") % 100 < 2 * _TWINS
    )
    return _under(sent, hit.select(*_CLAIM, "new"))


def _under(sent: Tables, new: pl.DataFrame) -> Tables:
    """The claims under new numbers, and their lines under control numbers made of these."""
    lines = sent["claim_lines"].join(new, on=_CLAIM, how="left", maintain_order="left")
    control = composed(
        "L{}{}", pl.col("new").str.tail(10), pl.col("line").cast(pl.String).str.zfill(3)
    )
    known = pl.col("line_control").is_not_null() & pl.col("new").is_not_null()
    return sent | {
        "claims": sent["claims"]
        .join(new, on=_CLAIM, how="left", maintain_order="left")
        .with_columns(claim=pl.coalesce("new", "claim"))
        .drop("new"),
        "claim_lines": lines.with_columns(
            line_control=pl.when(known).then(control).otherwise("line_control")
        ).drop("new"),
    }


def _number(system: int, serial: int, claim: str) -> str:
    """A claim number as one of six systems makes it."""
    return (
        patient_control_number(serial),
        patient_control_number(serial),
        claim,
        f"{serial:010d}",
        f"{serial % 9000 + 1000}-{serial:08d}-WILLOW-HOUSE",
        f"ac{serial:07d}x",
    )[system]
