"""Judging a denial: the rules its codes can mean, run against our own records.

Confirmed: a rule that the payer's codes can mean is broken by our own records.
Refuted: the rules the codes mean best can all be checked, and our records show
the contrary; or of two days of a date none is paid, and this is the one to keep. Unknown: anything else; `says` names what is missing. One rule,
two directions: the violations are those of rules.check over the lines as sent.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from edi_iop.codes import UNLISTED, codes, meaning
from edi_iop.reconciler.evidence import NEEDS, line_reference, missing, older, support
from edi_iop.reconciler.lists import listed
from edi_iop.reconciler.signatures import (
    REASON,
    REASON_AND_REMARK,
    RELATED,
    STRUCTURE,
    meant,
    rule_book,
)
from edi_iop.rules.catalogue import catalogue
from edi_iop.rules.policy import Policy
from edi_iop.rules.records import History, Records
from edi_iop.tables.nothing import once_of_nothing
from edi_iop.texts import composed

_OTHERS = 3
"""Further rules named beside the first."""
_KEPT = (
    "one intensive outpatient day of the date is payable, none is paid, and this is the one to keep"
)
BEYOND = "of which one may be meant"
"""Said of what lies before all our records."""
_SOFT = ("warn", "info")
"""Severities that bar no payment: such a violation explains only a denial that names its rule."""


@once_of_nothing
def judged(
    denied: pl.DataFrame,
    about: pl.DataFrame,
    records: Records,
    violations: pl.DataFrame,
    policies: Mapping[str, Policy],
    repeats: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The denials with verdict, rule, score, other_rules, says and evidence.

    repeats: again.sent_before, which no rule finds.
    """
    lacking = missing(about, records, policies)
    ranked = _ranked(denied, _hits(about, violations, repeats), lacking, policies)
    history = records.history or History(None, None)
    meant_best = _meant_best(ranked)
    asked = meant_best.select("denial", kind="shows").drop_nulls().unique()
    kinds = support(about, records, policies, asked)
    contrary = _contrary(meant_best, kinds, older(about, history))
    return (
        denied.join(_best(ranked), on="denial", how="left")
        .join(contrary, on="denial", how="left")
        .join(_surplus(about, violations), on="denial", how="left")
        .join(_refutations().select("rule", kept_remedy="refuted_remedy"), on="rule", how="left")
        .with_columns(payable=_payable())
        .with_columns(payers_words=payers_words(), why=_why_unknown(policies))
        .with_columns(verdict=_verdict(), closing=_closing())
        .with_columns(
            says=_says(),
            evidence=_chosen_evidence(),
            refuted_remedy=pl.when("payable").then("kept_remedy").otherwise("refuted_remedy"),
            first=_first_step(),
            rule=pl.when(_named()).then("rule"),
            score=pl.when(_named()).then("score"),
        )
    )


def _hits(
    about: pl.DataFrame, violations: pl.DataFrame, repeats: pl.DataFrame | None
) -> pl.DataFrame:
    """denial, rule, soft, broken, proof: what our records show broken about each denied line.

    What is told of the payer's answer itself (a window that closes, a price below the contract)
    is no fault that the payer could mean.
    A duplicate where the payer refused the line to keep and paid the surplus one
    counts too: the violation then stands on the other line and names this one.
    """
    told_after = [rule.id for rule in catalogue().values() if rule.stage == "post"]
    violations = violations.filter(~pl.col("rule").is_in(told_after))
    own = about.join(
        violations.rename({"file_id": "claim_file_id", "evidence": "proof"}).select(
            "claim_file_id", "claim_offset", "line_offset", "rule", "severity", "says", "proof"
        ),
        on=("claim_file_id", "claim_offset", "line_offset"),
    )
    surplus = (
        violations.filter(pl.col("rule").str.starts_with("DUP"))
        .with_columns(proof=pl.concat_list(line_reference()))
        .explode("evidence")
        .select("rule", "severity", "says", "proof", reference="evidence")
    )
    mirrored = about.with_columns(reference=line_reference()).join(surplus, on="reference")
    columns = ("denial", "rule", "severity", "says", "proof")
    known = [own, mirrored] if repeats is None else [own, mirrored, repeats]
    return (
        pl.concat([one.select(columns) for one in known])
        .group_by("denial", "rule", maintain_order=True)
        .agg(
            soft=pl.col("severity").is_in(_SOFT).all(),
            broken=pl.col("says").first(),
            proof=pl.col("proof").explode().unique(maintain_order=True),
        )
    )


def _surplus(about: pl.DataFrame, violations: pl.DataFrame) -> pl.DataFrame:
    """denial, surplus: why a denied line should not have been sent at all.

    No other rule was asked about such a line, so that none is known to be kept.
    """
    faults = violations.filter(
        pl.col("rule").str.starts_with("DUP"), ~pl.col("severity").is_in(_SOFT)
    ).select("claim_offset", "line_offset", "says", "evidence", claim_file_id="file_id")
    beside = about.with_columns(itself=line_reference()).join(
        faults, on=("claim_file_id", "claim_offset", "line_offset")
    )
    # the line to keep may have too many units: it is its own evidence, and no surplus
    others = beside.filter(~pl.col("evidence").list.contains(pl.col("itself")))
    return others.group_by("denial", maintain_order=True).agg(surplus=pl.col("says").first())


def _ranked(
    denied: pl.DataFrame,
    hits: pl.DataFrame,
    lacking: pl.DataFrame,
    policies: Mapping[str, Policy],
) -> pl.DataFrame:
    """Every candidate rule of each denial, the best first: shown by our records, then by score.

    lacks: what our records would need for the rule and do not hold. A rule seems
    broken where records are missing (no authorization on file, where none were ever
    fed): that shows nothing.
    """
    rules = catalogue()
    book = rule_book(rules)
    named = meant(denied, rules, policies).join(book, on="rule")
    families = named.select("denial", "family").unique()
    related = (
        hits.select("denial", "rule")
        .join(book, on="rule")
        .join(families, on=("denial", "family"))
        .join(named, on=("denial", "rule"), how="anti")
        .with_columns(prior=pl.lit(RELATED))
    )
    every = pl.concat([named, related.select(named.columns)])
    told = (
        every.join(hits, on=("denial", "rule"), how="left")
        .join(lacking, on="denial", how="left")
        .with_columns(lacks=_lacks())
        .drop(NEEDS)
    )
    best = pl.col("prior") == pl.col("prior").max().over("denial")
    hit = pl.col("broken").is_not_null() & (~pl.col("soft") | best) & pl.col("lacks").is_null()
    return (
        told.with_columns(hit=hit, top=best)
        .with_columns(score=pl.col("prior") + pl.when("hit").then(STRUCTURE).otherwise(0.0))
        .with_columns(pl.col("score").round(2))
        .sort(
            ["denial", "hit", "score", "order", "rule"],
            descending=[False, True, True, False, False],
        )
    )


def _best(ranked: pl.DataFrame) -> pl.DataFrame:
    """One row a denial: the best rule with its proof, and the others."""
    return ranked.group_by("denial", maintain_order=True).agg(
        pl.col("rule", "score", "hit", "broken", "proof", "rule_remedy", "rule_step").first(),
        other_rules=pl.col("rule").slice(1, _OTHERS),
    )


def _meant_best(ranked: pl.DataFrame) -> pl.DataFrame:
    """The rules that the codes mean best, whether they say so clearly, and how each is refuted."""
    clear = (pl.col("prior") >= REASON_AND_REMARK) | (
        (pl.col("prior") >= REASON) & (pl.len().over("denial") == 1)
    )
    top = ranked.filter("top").with_columns(clear=clear)
    return top.join(_refutations(), on="rule", how="left", maintain_order="left")


def _contrary(top: pl.DataFrame, kinds: pl.DataFrame, beyond: pl.DataFrame) -> pl.DataFrame:
    """Whether the rules meant best are all refuted, by what, and what is missing where not.

    That nothing of the kind stands in our records tells only of the time they reach back to.

    denial, refutable, against (evidence), refuted_by (a sentence), refuted_remedy, lacking.
    """
    cases = (
        top.join(kinds, left_on=("denial", "shows"), right_on=("denial", "kind"), how="left")
        .join(beyond, on="denial", how="left")
        .with_columns(beyond=_beyond())
        .with_columns(refuted=_refuted(), sentence=_sentence())
    )
    return cases.group_by("denial", maintain_order=True).agg(
        refutable=pl.col("refuted").all(),
        clear=pl.col("clear").all(),
        against=pl.col("evidence").first(),
        refuted_by=pl.col("sentence").first(),
        refuted_remedy=pl.col("refuted_remedy").first(),
        lacking=_lacking().drop_nulls().first(),
    )


def _refutations() -> pl.DataFrame:
    """How each rule is refuted: by which kind of record, in which words, with which remedy.

    beside: of what else of the past all must be at hand (claims sent, and their answers).
    """
    names = ("rule", "shows", "beside")
    return listed("refutations").select(*names, refuted_remedy="remedy", contrary="says")


def _lacks() -> pl.Expr:
    """The records that a rule needs and we do not hold, in words."""
    words = [pl.when(pl.col("needs").list.contains(need)).then(need) for need in NEEDS]
    return pl.concat_str(words, separator=" and ", ignore_nulls=True).replace("", None)


def _refuted() -> pl.Expr:
    shown = pl.col("evidence").is_not_null() & pl.col("shows").is_not_null()
    return shown & pl.col("lacks").is_null() & pl.col("beyond").is_null() & pl.col("clear")


def _beyond() -> pl.Expr:
    """What the payer may refer to and our records do not reach back to."""
    of = pl.col("beside").str
    asked = [pl.when(of.contains(name)).then(name) for name in ("sent", "answers")]
    return pl.concat_str(asked, separator=" and ", ignore_nulls=True).replace("", None)


def _sentence() -> pl.Expr:
    """Why the rule is refuted; a policy that does not ask for what is said to be missing says so alone."""
    of_policy = pl.col("evidence").list.eval(pl.element().str.starts_with("policy:")).list.all()
    return pl.when(of_policy).then("note").otherwise(composed("{}: {}", "contrary", "note"))


def _lacking() -> pl.Expr:
    """Why a rule can neither be confirmed nor refuted."""
    return (
        pl.when(pl.col("lacks").is_not_null())
        .then(composed("our records lack {}", "lacks"))
        .when(pl.col("beyond").is_not_null())
        .then(composed("our records lack {}, {}", "beyond", pl.lit(BEYOND)))
        .when(pl.col("shows").is_null() & pl.col("contrary").is_not_null())
        .then("contrary")
        .when(pl.col("evidence").is_null())
        .then(pl.lit("our records hold nothing that speaks for or against it"))
    )


def payers_words() -> pl.Expr:
    """CO-197 M62 (no authorization on file); `no reason code` where the payer gave none."""
    told = {code: meaning("carc", code) for code in codes("carc")}
    label = pl.col("carc").replace_strict(told, default=UNLISTED, return_dtype=pl.String)
    reason = composed("{}-{}", "group", "carc").fill_null("no reason code")
    remarks = pl.col("rarcs").list.join(" ")
    named = pl.when(remarks == "").then(reason).otherwise(composed("{} {}", reason, remarks))
    given = pl.col("carc").is_not_null()
    return pl.when(given).then(composed("{} ({})", named, label)).otherwise(named)


def _why_unknown(policies: Mapping[str, Policy]) -> pl.Expr:
    """What stands in the way of a verdict; null where nothing does."""
    return (
        pl.when(pl.col("unmatched").is_not_null() & pl.col("claim_file_id").is_not_null())
        .then(composed("which line of the claim it answers is not known: {}", "unmatched"))
        .when(pl.col("unmatched").is_not_null())
        .then(composed("the answer is not matched to what was sent: {}", "unmatched"))
        .when(pl.col("claim_file_id").is_null())
        .then(pl.lit("the answer is not matched to what was sent"))
        .when(pl.col("sent_standing") == "void")
        .then(pl.lit("the claim was replaced or voided since"))
        .when(~pl.col("payer").is_in(list(policies)).fill_null(False))
        .then(pl.lit("no policy of this payer is at hand"))
        .when(pl.col("hit").fill_null(False))
        .then(None)
        .when(~_named())
        .then(pl.lit("no rule of the book is clearly meant by these codes"))
        .when(pl.col("surplus").is_not_null())
        .then(composed("whether it was broken is not asked of a surplus line: {}", "surplus"))
        .when(pl.col("refutable").fill_null(False))
        .then(None)
        .otherwise(
            pl.coalesce("lacking", pl.lit("the codes can mean several rules, and none is broken"))
        )
    )


def _named() -> pl.Expr:
    """The codes, or our records, say enough to name a rule."""
    return pl.col("hit").fill_null(False) | (pl.col("score") >= REASON).fill_null(False)


def _payable() -> pl.Expr:
    """The rule broken is that of two days of a date, and this is the day to keep: none is paid."""
    doubled = pl.col("hit") & pl.col("rule").str.starts_with("DUP")
    return doubled.fill_null(False) & pl.col("to_keep").fill_null(False)


def _verdict() -> pl.Expr:
    return (
        pl.when(pl.col("why").is_not_null())
        .then(pl.lit("unknown"))
        .when("payable")
        .then(pl.lit("refuted"))
        .when("hit")
        .then(pl.lit("confirmed"))
        .otherwise(pl.lit("refuted"))
    )


def _says() -> pl.Expr:
    part = pl.when("partly").then(pl.lit(" Paid in part.")).otherwise(pl.lit(""))
    said = pl.col("payers_words")
    text = (
        pl.when(pl.col("verdict") == "confirmed")
        .then(composed("{}: {}", said, "broken"))
        .when("payable")
        .then(composed("{}, but {}", said, pl.lit(_KEPT)))
        .when(pl.col("verdict") == "refuted")
        .then(composed("{}, but {}", said, "refuted_by"))
        .otherwise(composed("{}: {}", said, "why"))
    )
    return composed("{}.{}", text.str.strip_chars_end("."), part)


def _chosen_evidence() -> pl.Expr:
    """The records behind the verdict; the line itself where a rule names no record."""
    itself = pl.concat_list(line_reference())
    return (
        pl.when((pl.col("verdict") == "confirmed") | pl.col("payable"))
        .then(pl.when(pl.col("proof").list.len() > 0).then("proof").otherwise(itself))
        .when(pl.col("verdict") == "refuted")
        .then("against")
        .otherwise(pl.lit([], pl.List(pl.String)))
    )


def _closing() -> pl.Expr:
    """The whole next step where there is nothing left to do."""
    void = pl.col("sent_standing").eq_missing("void")
    return pl.when(void).then(pl.lit("Nothing to do: work the claim that took this one's place."))


def _first_step() -> pl.Expr:
    """What comes before any remedy: where the verdict is unknown, or the other day is in the way."""
    both = pl.col("payable") & (pl.col("beside_stands") == "denied")
    other = composed("claim {} line {}", "paired_claim", pl.col("paired_line").fill_null(0))
    return (
        pl.when(both & pl.col("one_claim"))
        .then(composed("Leave out line {}, the surplus day.", pl.col("paired_line").fill_null(0)))
        .when(both)
        .then(composed("First take back the surplus day, {}.", other))
        .when(pl.col("verdict") != "unknown")
        .then(None)
        .when(pl.col("claim_file_id").is_null())
        .then(pl.lit("Find the claim this answers, then decide."))
        .when(pl.col("unmatched").is_not_null())
        .then(pl.lit("Find the line this answers, then decide."))
        .when(pl.col("why").str.starts_with("our records lack"))
        .then(composed("Complete the records ({}), then decide.", "why"))
        .otherwise(pl.lit("Read the payer's codes and the record, then decide."))
    )
