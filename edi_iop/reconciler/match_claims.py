"""Remit claims to claims (835 loop 2100 to 837 loop 2300): tiers T1 and T2."""

from __future__ import annotations

from functools import reduce

import polars as pl

from edi_iop.reconciler.answers import REPEATED
from edi_iop.reconciler.features import agreement, dates_of, digits, truth
from edi_iop.reconciler.given import Tables

KEY = ("file_id", "remit_claim_offset")
CLAIM = ("claim_file_id", "claim_offset")
_FEATURES = ("number", "charge", "dates", "payee", "payer", "frequency", "priority", "line_control")
_TIE_BREAKS = ("frequency", "payer", "priority")
"""Features that may choose between claims whose number, charge and dates all agree."""
_PRIORITY = {"1": "P", "19": "P", "2": "S", "20": "S", "3": "T", "21": "T"}
"""CLP02 tells which payer answers: first, second or third (SBR01 of the claim)."""
_REVERSAL = "22"
_SHORTEST_CONTROL = r"^\d{1,6}$"
"""A bare small number in 6R may be a line's LX number: it names no claim."""


def match_claims(remits: Tables, claims: Tables) -> pl.DataFrame:
    """Every remit claim with the claim it answers, or with why it has none."""
    answers, sent = _answers(remits), _sent(claims)
    hits = _control_hits(remits, claims)
    named = _compared(_by_number(answers, sent), hits)
    controlled = _compared(_by_control(answers, sent, hits), hits)
    numbered = _narrowed(named.filter(_sound() & (truth("charge") | truth("dates"))))
    first = _chosen(_single(numbered), "T1")
    second = _chosen(_single(_narrowed(controlled.filter(_sound()))), "T2")
    clash = _clashes(first, second)
    found = _earliest(first, second, _chosen(_copies(numbered), "T1"))
    return (
        answers.join(found.join(clash, on=KEY, how="anti"), on=KEY, how="left")
        .join(_seen(named), on=KEY, how="left")
        .join(clash.with_columns(clash=pl.lit(True)), on=KEY, how="left")
        .with_columns(says=pl.when(pl.col("tier").is_null()).then(_why_not()))
    )


def _answers(remits: Tables) -> pl.DataFrame:
    """Remit claims with their payee, payer, days, and whether they deny a repeated claim."""
    payments = remits["payments"].select(
        "file_id",
        "payment_offset",
        "payment_date",
        answer_payer="payer_id",
        answer_payer_code="payer_code",
        answer_npi=pl.when(pl.col("payee_qualifier") == "XX").then(pl.col("payee_id")),
        answer_tin=pl.coalesce(
            digits("payee_tin"), pl.when(pl.col("payee_qualifier") == "FI").then(digits("payee_id"))
        ),
    )
    days = dates_of(remits["remit_lines"], KEY)
    repeats = remits["adjustments"].filter(pl.col("carc").is_in(REPEATED)).select(KEY).unique()
    reversal = pl.col("status").eq_missing(_REVERSAL)
    rows = (
        remits["remit_claims"]
        .join(payments, on=("file_id", "payment_offset"), how="left")
        .join(days, on=KEY, how="left")
        .join(repeats.with_columns(repeat=pl.lit(True)), on=KEY, how="left")
        .select(
            *KEY,
            "payment_offset",
            "payment_date",
            "answer_payer",
            "answer_payer_code",
            "answer_npi",
            "answer_tin",
            number=pl.col("claim").str.strip_chars().replace("", None),
            reversal=reversal,
            answer_charge=pl.col("charge_cents").abs(),
            answer_frequency="frequency",
            answer_priority=pl.col("status").replace_strict(_PRIORITY, default=None),
            answer_from=pl.coalesce("first_day", "statement_from"),
            answer_to=pl.coalesce("last_day", "statement_to", "statement_from"),
            repeat=pl.col("repeat").fill_null(False) & ~reversal,
        )
    )
    split = pl.col("answer_charge").sum().over("file_id", "payment_offset", "number", "reversal")
    return rows.sort("payment_date", *KEY).with_columns(
        split_charge=pl.when(pl.col("number").is_not_null()).then(split),
        copy=pl.when("repeat").then(pl.int_range(1, pl.len() + 1).over("number", "repeat")),
    )


def _sent(claims: Tables) -> pl.DataFrame:
    """Claims as sent, with the days they cover."""
    days = dates_of(claims["claim_lines"], ("file_id", "claim_offset"))
    return (
        claims["claims"]
        .join(days, on=("file_id", "claim_offset"), how="left")
        .select(
            "claim_offset",
            claim_file_id="file_id",
            sent_number=pl.col("claim").str.strip_chars(),
            sent_charge="charge_cents",
            sent_from=pl.min_horizontal("first_day", "statement_from"),
            sent_to=pl.max_horizontal("last_day", "statement_to"),
            sent_npi="billing_npi",
            sent_tin=digits("billing_tin"),
            sent_payer="payer_id",
            sent_frequency="frequency",
            sent_priority="payer_responsibility",
            sent_member="member_id",
        )
    )


def _by_number(answers: pl.DataFrame, sent: pl.DataFrame) -> pl.DataFrame:
    """Pairs whose CLP01 is the CLM01."""
    return answers.join(sent, left_on="number", right_on="sent_number", coalesce=False)


def _control_hits(remits: Tables, claims: Tables) -> pl.DataFrame:
    """How many of a remit claim's line control numbers each claim holds (hits of asked)."""
    asked = (
        remits["remit_lines"]
        .filter(~pl.col("line_control").str.contains(_SHORTEST_CONTROL))
        .select(*KEY, "line_control")
        .unique()
        .with_columns(asked=pl.len().over(KEY))
    )
    held = claims["claim_lines"].select("line_control", "claim_offset", claim_file_id="file_id")
    pairs = asked.join(held.unique(), on="line_control")
    return pairs.group_by(*KEY, *CLAIM).agg(hits=pl.len(), asked=pl.col("asked").first())


def _by_control(answers: pl.DataFrame, sent: pl.DataFrame, hits: pl.DataFrame) -> pl.DataFrame:
    """Pairs where the claim holds every line control number of the answer."""
    whole = hits.filter(pl.col("hits") == pl.col("asked")).select(*KEY, *CLAIM)
    return answers.join(whole, on=KEY).join(sent, on=CLAIM)


def _compared(pairs: pl.DataFrame, hits: pl.DataFrame) -> pl.DataFrame:
    """The pairs with every feature true, false or unknown."""
    same_npi = pl.col("answer_npi") == pl.col("sent_npi")
    same_tin = pl.col("answer_tin") == pl.col("sent_tin")
    inside = (pl.col("answer_from") >= pl.col("sent_from")) & (
        pl.col("answer_to") <= pl.col("sent_to")
    )
    disjoint = (pl.col("answer_to") < pl.col("sent_from")) | (
        pl.col("answer_from") > pl.col("sent_to")
    )
    same_charge = pl.col("answer_charge") == pl.col("sent_charge")
    all_parts = pl.col("split_charge") == pl.col("sent_charge")
    return pairs.join(hits, on=(*KEY, *CLAIM), how="left").with_columns(
        number=pl.col("number") == pl.col("sent_number"),
        charge=same_charge | all_parts.fill_null(False),
        dates=inside,
        disjoint=disjoint,
        payee=pl.when(same_npi.fill_null(False) | same_tin.fill_null(False))
        .then(True)
        .otherwise(pl.coalesce(same_npi, same_tin)),
        payer=(pl.col("answer_payer") == pl.col("sent_payer"))
        | (pl.col("answer_payer_code") == pl.col("sent_payer")),
        frequency=pl.col("answer_frequency") == pl.col("sent_frequency"),
        priority=pl.col("answer_priority") == pl.col("sent_priority"),
        line_control=pl.when(pl.col("hits") > 0).then(pl.col("hits") == pl.col("asked")),
    )


def _sound() -> pl.Expr:
    """No veto: the payee is not another, the dates are not wholly outside the claim."""
    return pl.col("payee").fill_null(True) & ~truth("disjoint")


def _preferring(pairs: pl.DataFrame, feature: str) -> pl.DataFrame:
    """Of each answer's candidates only those where the feature agrees, if there are any."""
    return pairs.filter(truth(feature) | ~truth(feature).any().over(KEY))


def _narrowed(sound: pl.DataFrame) -> pl.DataFrame:
    """Candidates left after charge with dates, then the tie breaks; exact: one at the first step.

    Several that agree in charge only, or in dates only, are all dropped.
    """
    both = sound.with_columns(both=truth("charge") & truth("dates"))
    first = _preferring(both, "both").with_columns(exact=pl.len().over(KEY) == 1)
    return reduce(_preferring, _TIE_BREAKS, first.filter(pl.col("exact") | pl.col("both")))


def _single(candidates: pl.DataFrame) -> pl.DataFrame:
    """The candidates of answers that have exactly one."""
    return candidates.filter(pl.len().over(KEY) == 1)


def _copies(candidates: pl.DataFrame) -> pl.DataFrame:
    """One of several claims that were sent alike under one number.

    A payer answers the first of them, and denies the later ones as repeated
    (CARC 18, B13): such a denial goes to the next copy, any other answer to the first.
    """
    content = pl.struct(
        "sent_charge", "sent_from", "sent_to", "sent_frequency", "sent_payer", "sent_member"
    )
    alike = candidates.filter(pl.len().over(KEY) > 1, content.n_unique().over(KEY) == 1)
    order = pl.int_range(pl.len()).over(KEY)
    wanted = pl.min_horizontal(pl.col("copy").fill_null(0), pl.len().over(KEY) - 1)
    return alike.sort(*KEY, *CLAIM).filter(order == wanted)


def _chosen(pairs: pl.DataFrame, tier: str) -> pl.DataFrame:
    """The pairs as matches: what agreed, what did not, and how sure it is."""
    return pairs.select(
        *KEY,
        *CLAIM,
        tier=pl.lit(tier),
        grade=pl.when("exact").then(pl.lit("certain")).otherwise(pl.lit("strong")),
        agreed=agreement(_FEATURES, True),
        disagreed=agreement(_FEATURES, False),
    )


def _clashes(first: pl.DataFrame, second: pl.DataFrame) -> pl.DataFrame:
    """Answers whose number names one claim and whose line control numbers another."""
    pairs = first.join(second, on=KEY, suffix="_second")
    same = pl.all_horizontal(pl.col(key) == pl.col(f"{key}_second") for key in CLAIM)
    held = pl.col("agreed").list.contains("line control")
    return pairs.filter(~same & ~held).select(KEY)


def _earliest(*tiers: pl.DataFrame) -> pl.DataFrame:
    """The first tier's match of every answer."""
    return pl.concat(tiers).unique(subset=KEY, keep="first", maintain_order=True)


def _seen(named: pl.DataFrame) -> pl.DataFrame:
    """What stood in the way, over all claims of the number."""
    return named.group_by(KEY).agg(
        sent_under=pl.len(),
        sound=_sound().sum(),
        agreeing=(_sound() & (truth("charge") | truth("dates"))).sum(),
        other_payee=(~pl.col("payee").fill_null(True)).any(),
    )


def _why_not() -> pl.Expr:
    """Why an answer has no claim."""
    number = pl.col("number")
    return (
        pl.when("clash")
        .then(pl.lit("its claim number names one claim, its line control numbers another"))
        .when(number.is_null() | (number == "0"))
        .then(pl.lit("the payer returned no claim number"))
        .when(pl.col("sent_under").is_null())
        .then(pl.format("no claim was sent under number {}", number.fill_null("")))
        .when((pl.col("sound") == 0) & pl.col("other_payee"))
        .then(pl.lit("the payment is to another payee than the claim's billing provider"))
        .when(pl.col("sound") == 0)
        .then(pl.lit("its dates of service lie outside the claim of that number"))
        .when(pl.col("agreeing") == 0)
        .then(pl.lit("neither charge nor dates agree with the claim of that number"))
        .otherwise(pl.format("{} claims sent under that number agree alike", pl.col("agreeing")))
    )
