"""Which claim the reference of a provider adjustment names (835 PLB03-2).

A reference often holds the number of a claim inside a longer text, the patient's
account, a day and the payer's number in one: known numbers are looked for inside it, and
references that are the beginning of one, for payers cut long numbers. What is found
may be meant, or stand there by chance: only where one claim is left is it named.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import polars as pl

from edi_iop.reconciler.accounts import SENT
from edi_iop.reconciler.features import characters
from edi_iop.reconciler.match_candidates import SHORTEST_PREFIX

PLB = ("file_id", "byte_offset", "position")
NAMED = ("account", "account_key", *SENT)
_SHORTEST = 6
"""Shorter numbers are found in longer ones by chance."""
_CUT_AT = (17, 20, 30, 50)
"""Where numbers are cut: at what some payers store of one, what is promised of CLM01 (837),
what a REF02 holds, and a PLB03-2."""


class References(msgspec.Struct, frozen=True):
    """The references of provider adjustments, to ask which of them may name a claim's number."""

    texts: pl.DataFrame
    """PLB and text: those long enough to hold a number."""

    @classmethod
    def of(cls, adjustments: pl.DataFrame) -> References:
        """adjustments: tables.PROVIDER_ADJUSTMENTS."""
        texts = adjustments.select(*PLB, text=characters("reference"))
        return cls(texts.filter(_size("text") >= _SHORTEST))

    def none(self) -> pl.DataFrame:
        """No adjustment (PLB)."""
        return self.texts.select(PLB).clear()

    def holding(self, numbers: pl.Series) -> pl.DataFrame:
        """PLB of those that hold one of the numbers, or that one of them goes on from."""
        rows = numbers.alias("key").to_frame().select(characters("key")).unique()
        known = rows.filter(_size("key") >= _SHORTEST)
        if known.is_empty() or self.texts.is_empty():
            return self.none()
        perhaps = self._perhaps(known).to_list()
        named = pl.col("text").str.contains_any(perhaps) if perhaps else pl.lit(False)
        inside = self.texts.filter(named)
        cut = self.texts.join(_beginnings(known, self.texts), on="text", how="semi")
        return pl.concat([inside, cut]).select(PLB).unique()

    def _perhaps(self, known: pl.DataFrame) -> pl.Series:
        """The few numbers that begin like a part of a reference: to look for them all takes long."""
        parts = _pieces(self.texts, range(_SHORTEST, _SHORTEST + 1))["key"].unique()
        return known.filter(pl.col("key").str.head(_SHORTEST).is_in(parts.implode()))["key"]

    def pieces(self, adjustments: pl.DataFrame) -> pl.Series:
        """Every part of these references that is long enough to be the number of a claim."""
        texts = self.texts.join(adjustments, on=PLB, how="semi")
        longest = texts.select(_size("text").max()).item() or 0
        parts = _pieces(texts, range(_SHORTEST, longest + 1))
        return parts["key"].unique()

    def beginnings(self, adjustments: pl.DataFrame) -> pl.Series:
        """These references whole, where they are long enough to be a number cut."""
        texts = self.texts.join(adjustments, on=PLB, how="semi")
        return texts.filter(_size("text") >= SHORTEST_PREFIX)["text"].unique()


def named(rows: pl.DataFrame, events: pl.DataFrame, claims: pl.DataFrame) -> pl.DataFrame:
    """PLB and NAMED of the adjustments whose reference names one account.

    rows: PLB, payer, reference, amount_cents. events: events.told. claims: tables.CLAIMS.
    """
    texts = rows.select(
        *PLB,
        "payer",
        "reference",
        taken_cents="amount_cents",
        text=characters("reference"),
        cut=pl.col("reference").str.len_chars().is_in(_CUT_AT),
    ).filter(_size("text") >= _SHORTEST)
    if texts.is_empty():
        events, claims = events.clear(), claims.clear()  # nobody asks for their numbers
    sent = claims.select(
        claim_file_id="file_id",
        claim_offset="claim_offset",
        sent_payer="payer_id",
        key=characters("claim"),
    )
    numbers = _answered(events, sent)
    others = sent.filter(_size("key") >= _SHORTEST).select("key", "sent_payer")
    others = others.unique().join(numbers, on="key", how="anti")
    found = [
        _whole(texts, numbers, others.select("key").unique()),
        _begun(texts, numbers.join(sent.drop("key"), on=SENT, how="left"), others),
    ]
    return _only(_meant(pl.concat(found)))


def _answered(events: pl.DataFrame, sent: pl.DataFrame) -> pl.DataFrame:
    """payer, key, NAMED and paid_cents of the account: the numbers of accounts; several may have one."""
    about = ("payer", *NAMED)
    paid = events.filter(~pl.col("reversal"), pl.col("paid_cents") > 0)
    sums = paid.group_by("payer", "account_key").agg(pl.col("paid_cents").sum())
    names = pl.concat(
        [
            events.select(*about, key=characters("payer_claim_number")),
            # as returned a number may be cut short: then it stands inside those of others
            events.select(*about, key=characters("returned")).filter(
                pl.col("claim_offset").is_null() | (_size("key") >= SHORTEST_PREFIX)
            ),
            events.select(about).join(sent.select(*SENT, "key"), on=SENT),
        ]
    )
    apart = names.filter(_size("key") >= _SHORTEST).unique(["payer", "key", "account_key"])
    return apart.join(sums, on=("payer", "account_key"), how="left").with_columns(
        pl.col("paid_cents").fill_null(0)
    )


def _pieces(texts: pl.DataFrame, sizes: Iterable[int]) -> pl.DataFrame:
    """The texts with key and begin: every piece of these sizes; a reference has 50 characters."""
    places = pl.int_ranges(pl.max_horizontal(_size("text") - pl.col("size") + 1, pl.lit(0)))
    parts = [
        texts.filter(_size("text") >= size)
        .with_columns(size=pl.lit(size, pl.Int64))
        .with_columns(begin=places)
        .explode("begin", empty_as_null=False)
        .with_columns(key=pl.col("text").str.slice("begin", size))
        .drop("size")
        for size in sizes
    ]
    nothing = texts.clear().with_columns(begin=pl.lit(0, pl.Int64), key=pl.lit(""))
    return pl.concat([nothing, *parts])


def _whole(texts: pl.DataFrame, numbers: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Numbers that stand whole in a reference (_READING).

    One of six characters in a longer run of letters and digits may be there by chance; one
    that stands by itself hardly, and a long one not at all, nor two of one account.
    numbers: of accounts. others: of claims that nothing answers; they may be meant as well.
    """
    lengths = pl.concat([numbers["key"], others["key"]]).str.len_chars().unique()
    pieces = _pieces(texts, lengths)
    of_accounts = _named_otherwise(_of_the_paid(pieces.join(numbers, on=("payer", "key"))))
    found = pl.concat([of_accounts, pieces.join(others, on="key")], how="diagonal")
    tokens = pl.col("reference").str.to_uppercase().str.replace_all(r"[^A-Z0-9]+", "-")
    ends = tokens.str.split("-").list.eval(pl.element().str.len_chars().cum_sum())
    ends = ends.cast(pl.List(pl.Int64))
    starts = ends.list.contains(pl.col("begin")) | (pl.col("begin") == 0)
    account = (*PLB, "account_key")
    apart = pl.col("end").min().over(account) <= pl.col("begin").max().over(account)
    return (
        found.with_columns(end=pl.col("begin") + _size("key"), begun=pl.lit(False))
        .with_columns(
            bounded=starts & ends.list.contains(pl.col("end")),
            twice=apart & pl.col("account_key").is_not_null(),
        )
        .with_columns(sure=(_size("key") >= SHORTEST_PREFIX) | pl.col("twice"))
        # what came back of a claim we do not hold may be cut: it begins those of others
        .filter(
            pl.col("bounded")
            | pl.col("sure")
            | pl.col("claim_offset").is_not_null()
            | pl.col("account_key").is_null()
        )
        .select(_READING)
    )


def _of_the_paid(found: pl.DataFrame) -> pl.DataFrame:
    """Without accounts that were paid less than is taken back, where another one was paid as much."""
    able = pl.col("paid_cents") >= pl.col("taken_cents")
    return found.filter(able | ~able.any().over(PLB))


def _named_otherwise(found: pl.DataFrame) -> pl.DataFrame:
    """Of accounts that have one number those that another number names too; if none, nobody."""
    place = (*PLB, "begin", "key")
    shared = pl.col("account_key").n_unique().over(place) > 1
    own = found.filter(~shared)
    several = found.filter(shared)
    told = several.join(own, on=(*PLB, "account_key"), how="semi")
    nobody = several.join(told, on=place, how="anti").unique(place)
    return pl.concat([own, told, nobody.with_columns(_nobody(found))])


def _nobody(rows: pl.DataFrame) -> list[pl.Expr]:
    return [pl.lit(None, rows.schema[name]).alias(name) for name in NAMED]


def _begun(texts: pl.DataFrame, numbers: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """References that are the beginning of a longer number (_READING): sure where cut as a field is.

    A number that another payer's claim has too, with something behind it, is this payer's own all
    the same. numbers and others with sent_payer: to whom their claims were sent.
    """
    longer = _beginnings(numbers, texts, "payer", *NAMED, "paid_cents", "sent_payer")
    of_accounts = _of_the_paid(texts.join(longer, on=("payer", "text")))
    rivals = texts.join(_beginnings(others, texts, "sent_payer"), on="text")
    one = pl.col("account_key").n_unique() == 1
    return (
        pl.concat([of_accounts, _not_of_others(rivals, of_accounts)], how="diagonal")
        .group_by(*PLB, "text", "cut")
        .agg(pl.when(one).then(pl.col(name).first()).alias(name) for name in NAMED)
        .with_columns(
            begin=pl.lit(0, pl.Int64),
            end=_size("text"),
            begun=pl.lit(True),
            bounded=pl.lit(False),
            twice=pl.lit(False),
            sure="cut",
        )
        .select(_READING)
    )


def _not_of_others(rivals: pl.DataFrame, of_accounts: pl.DataFrame) -> pl.DataFrame:
    """The rivals without those sent to another payer than all claims of the accounts beside them."""
    asked = of_accounts.select(*PLB, asked="sent_payer").unique()
    beside = rivals.select(*PLB, "sent_payer").unique().join(asked, on=PLB)
    elsewhere = (pl.col("sent_payer") != pl.col("asked")).fill_null(False).all()
    others = beside.group_by(*PLB, "sent_payer").agg(elsewhere=elsewhere).filter("elsewhere")
    return rivals.join(others, on=(*PLB, "sent_payer"), how="anti")


def _beginnings(numbers: pl.DataFrame, texts: pl.DataFrame, *keep: str) -> pl.DataFrame:
    """text and what is kept of longer numbers: their beginnings, as long as one of the texts."""
    lengths = texts.select(_size("text").unique()).to_series()
    parts = [
        numbers.filter(_size("key") > length).select(*keep, text=pl.col("key").str.head(length))
        for length in lengths.filter(lengths >= SHORTEST_PREFIX)
    ]
    return pl.concat([numbers.clear().select(*keep, text="key"), *parts])


# -- what is meant

_READING = (*PLB, *NAMED, "begin", "end", "begun", "bounded", "twice", "sure")
"""What may be meant by a reference: an account, none where it is nobody's, and by which part of
the text. bounded: the part stands between separators. twice: another part beside it names the
account too. sure: it is not there by chance."""


def _meant(found: pl.DataFrame) -> pl.DataFrame:
    """The readings without those that another account's is the reason of."""
    readings = found.with_row_index("reading")
    pairs = readings.join(
        readings.select(*PLB, *(pl.col(name).alias(f"other_{name}") for name in _READING[3:])),
        on=PLB,
    ).filter(pl.col("account_key").ne_missing(pl.col("other_account_key")))
    overlaps = (pl.col("other_begin") < pl.col("end")) & (pl.col("begin") < pl.col("other_end"))
    inside = (
        (pl.col("other_begin") <= pl.col("begin"))
        & (pl.col("end") <= pl.col("other_end"))
        & (pl.col("end") - pl.col("begin") < pl.col("other_end") - pl.col("other_begin"))
    )
    loose = ~pl.col("sure") & ~pl.col("bounded")
    firm = ~pl.col("bounded") | (pl.col("other_twice") & ~pl.col("twice"))
    part = (pl.col("other_sure") & firm) | pl.col("other_bounded")
    chance = pl.col("other_sure") | (pl.col("other_bounded") & overlaps & ~pl.col("begun"))
    silenced = pairs.filter((loose & chance) | (inside & part))
    return readings.join(silenced, on="reading", how="anti")


def _only(readings: pl.DataFrame) -> pl.DataFrame:
    """PLB and NAMED where all readings are of one account."""
    one = pl.col("account_key").n_unique().over(PLB) == 1
    return readings.filter(one).drop_nulls("account_key").unique(PLB).select(*PLB, *NAMED)


def _size(column: str) -> pl.Expr:
    return pl.col(column).str.len_chars().cast(pl.Int64)
