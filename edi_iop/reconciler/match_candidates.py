"""Candidates of each tier: answers beside claims, found by joins on one key after another."""

from __future__ import annotations

import polars as pl

from edi_iop.reconciler.features import OWN_LENGTH, plain
from edi_iop.reconciler.given import Tables
from edi_iop.reconciler.match_pairs import MEMBER_CUT, SHORTEST_MEMBER, sound
from edi_iop.reconciler.match_sides import CLAIM, KEY

LINE = ("service_date", "procedure", "charge_cents")
"""What a line of a claim and one of an answer have in common where nothing but the name is known."""
SHORTEST_PREFIX = 12
"""A shorter beginning of a claim number is no identity."""
ADDED = 3
"""Characters a payer puts behind its own number when it adjusts a claim."""
SHORTEST_ICN = 6


def by_number(answers: pl.DataFrame, claimed: pl.DataFrame) -> pl.DataFrame:
    """T1: CLP01 is CLM01."""
    return answers.join(claimed, left_on="number", right_on="sent_number", coalesce=False)


def by_control(answers: pl.DataFrame, claimed: pl.DataFrame, hits: pl.DataFrame) -> pl.DataFrame:
    """T2: the claim holds every line control number (REF 6R) of the answer."""
    whole = hits.filter(pl.col("hits") == pl.col("asked")).select(*KEY, *CLAIM)
    return answers.join(whole, on=KEY).join(claimed, on=CLAIM)


def merged(pairs: pl.DataFrame) -> pl.DataFrame:
    """T2 of several claims in one answer: each line control number is in one of them, their
    charges make up the answer's, and they are one member's. With `exact`, as all chosen pairs."""
    able = pairs.filter(sound())
    all_lines = pl.col("hits").sum().over(KEY) == pl.col("asked")
    charges = pl.col("sent_charge").sum().over(KEY) == pl.col("answer_charge")
    one_member = pl.col("sent_member").n_unique().over(KEY) == 1
    several = pl.len().over(KEY) > 1
    return able.filter(all_lines & charges & one_member & several).with_columns(
        exact=pl.lit(True), charge=pl.lit(True), line_control=pl.lit(True)
    )


def payer_numbers(answers: pl.DataFrame, found: pl.DataFrame, claims: Tables) -> pl.DataFrame:
    """CLAIM and known_icn: the payer's numbers of claims, by remits matched and by 277CA (REF 1K).

    One number may mean one claim only: where it was seen with several it means none.
    """
    remitted = answers.join(found.select(*KEY, *CLAIM), on=KEY).select(
        *CLAIM, known_icn="answer_icn"
    )
    told = claims.get("acknowledgements")
    sources = [remitted]
    if told is not None and not told.is_empty():
        numbers = claims["claims"].select(
            "claim", "claim_offset", claim_file_id="file_id", sent_under=pl.len().over("claim")
        )
        acknowledged = told.select("claim", known_icn=plain("payer_claim_number")).drop_nulls()
        sources.append(
            acknowledged.join(numbers.filter(pl.col("sent_under") == 1), on="claim").select(
                *CLAIM, "known_icn"
            )
        )
    known = pl.concat(sources).drop_nulls().unique()
    long = pl.col("known_icn").str.len_chars() >= SHORTEST_ICN
    return known.filter(long, pl.len().over("known_icn") == 1)


def by_payer_number(
    answers: pl.DataFrame, claimed: pl.DataFrame, known: pl.DataFrame
) -> pl.DataFrame:
    """T3: CLP07, or REF F8, is a number known for one claim; whole, or with something behind it."""
    own = [
        answers.with_columns(known_icn=pl.col(name), whole=pl.lit(True))
        for name in ("answer_icn", "answer_original")
    ]
    cut = [
        answers.with_columns(
            known_icn=pl.when(pl.col("answer_icn").str.len_chars() > SHORTEST_ICN + cut).then(
                pl.col("answer_icn").str.head(-cut)
            ),
            whole=pl.lit(False),
        )
        for cut in range(1, ADDED + 1)
    ]
    keys = pl.concat([*own, *cut]).drop_nulls("known_icn")
    pairs = keys.join(known, on="known_icn").join(claimed, on=CLAIM)
    return pairs.unique([*KEY, *CLAIM], keep="first", maintain_order=True)


def by_folded_number(answers: pl.DataFrame, claimed: pl.DataFrame) -> pl.DataFrame:
    """T4: CLP01 as mangled: case, punctuation, zeros, O for 0, cut at its end, or lengthened.

    checked: the number is ours and its check character holds.
    """
    named = answers.drop_nulls("folded")
    same = named.join(
        claimed, left_on="folded", right_on="sent_folded", coalesce=False
    ).with_columns(checked=pl.col("sent_checked"))
    size = pl.col("folded").str.len_chars()
    lengths = named.filter(size >= SHORTEST_PREFIX).select(size.unique())["folded"].to_list()
    cut = [
        _of_length(named, length).join(
            claimed.filter(pl.col("sent_folded").str.len_chars() > length).with_columns(
                beginning=pl.col("sent_folded").str.head(length)
            ),
            left_on="folded",
            right_on="beginning",
        )
        for length in lengths
    ]
    ours = named.filter(size > OWN_LENGTH).with_columns(
        beginning=pl.col("folded").str.head(OWN_LENGTH)
    )
    longer = ours.join(
        claimed.filter("sent_checked"), left_on="beginning", right_on="sent_folded", coalesce=False
    )
    parts = [
        same,
        *(one.with_columns(checked=pl.lit(False)) for one in cut),
        longer.drop("beginning").with_columns(checked=pl.lit(True)),
    ]
    every = pl.concat(parts, how="diagonal")
    return every.unique([*KEY, *CLAIM], keep="first", maintain_order=True)


def _of_length(named: pl.DataFrame, length: int) -> pl.DataFrame:
    return named.filter(pl.col("folded").str.len_chars() == length)


def by_member(answers: pl.DataFrame, claimed: pl.DataFrame) -> pl.DataFrame:
    """T5: the member's id, but for characters at its end, and a day in common."""
    theirs = pl.concat(
        [
            _cuts(answers, name, keep=(*KEY,))
            for name in ("answer_patient_id", "answer_subscriber_id")
        ]
    ).unique()
    ours = _cuts(claimed, "sent_member", keep=CLAIM).unique()
    # ids that differ in their last characters are two people's: one of them must be whole
    near = theirs.join(ours, on="member_key").filter(pl.col("whole") | pl.col("whole_right"))
    pairs = near.select(*KEY, *CLAIM).unique()
    return _overlapping(answers.join(pairs, on=KEY).join(claimed, on=CLAIM))


def _cuts(rows: pl.DataFrame, name: str, keep: tuple[str, ...]) -> pl.DataFrame:
    """keep, member_key and whole: an id, and the id without its last one or two characters."""
    size = pl.col(name).str.len_chars().cast(pl.Int64)
    whole = rows.select(*keep, member_key=name, whole=pl.lit(True))
    cut = [
        rows.filter(size - cut >= SHORTEST_MEMBER).select(
            *keep, member_key=pl.col(name).str.head(-cut), whole=pl.lit(False)
        )
        for cut in range(1, MEMBER_CUT + 1)
    ]
    return pl.concat([whole, *cut]).drop_nulls()


def _overlapping(pairs: pl.DataFrame) -> pl.DataFrame:
    """Pairs that have a day in common, or may have."""
    apart = (pl.col("answer_to") < pl.col("sent_from")) | (
        pl.col("answer_from") > pl.col("sent_to")
    )
    return pairs.filter(~apart.fill_null(False))


def by_name(
    answers: pl.DataFrame, claimed: pl.DataFrame, remits: Tables, claims: Tables
) -> pl.DataFrame:
    """T6: the patient's last name, a day in common, and a line of the same day, code and charge."""
    pairs = _overlapping(
        answers.drop_nulls("answer_last").join(
            claimed, left_on="answer_last", right_on="sent_last", coalesce=False
        )
    )
    ours = claims["claim_lines"].select("claim_offset", *LINE, claim_file_id="file_id")
    alike = (
        pairs.select(*KEY, *CLAIM)
        .join(charged(remits), on=KEY)
        .join(ours, on=(*CLAIM, *LINE))
        .select(*KEY, *CLAIM)
        .unique()
    )
    return pairs.join(alike, on=(*KEY, *CLAIM), how="semi")


def charged(remits: Tables) -> pl.DataFrame:
    """KEY and LINE of every remit line, charges without the sign of a reversal."""
    return remits["remit_lines"].select(
        *KEY, "service_date", "procedure", pl.col("charge_cents").abs()
    )


def replacements(
    found: pl.DataFrame, answers: pl.DataFrame, claimed: pl.DataFrame, known: pl.DataFrame
) -> pl.DataFrame:
    """Answers of frequency 7 or 8 tied to an original, beside what was sent to replace it.

    What replaces a claim names the payer's number of it (REF F8).
    """
    originals = found.select(*KEY, *CLAIM).join(
        claimed.filter(~pl.col("sent_frequency").is_in(["7", "8"])).select(CLAIM), on=CLAIM
    )
    later = known.rename({"known_icn": "sent_replaces"}).join(
        claimed.rename({name: f"new_{name}" for name in CLAIM}), on="sent_replaces"
    )
    pairs = (
        answers.filter(pl.col("answer_frequency").is_in(["7", "8"]))
        .join(originals, on=KEY)
        .join(later, on=CLAIM)
        .drop(CLAIM)
        .rename({f"new_{name}": name for name in CLAIM})
    )
    return pairs.filter(pl.col("answer_frequency") == pl.col("sent_frequency"))
