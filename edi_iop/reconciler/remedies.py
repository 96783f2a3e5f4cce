"""What to do about a denial, in which order of precedence, and by when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from edi_iop.reconciler.beside import surplus
from edi_iop.reconciler.lists import listed
from edi_iop.rules.in_force import each_row
from edi_iop.rules.policy import Policy
from edi_iop.texts import composed

UNDECIDED = "undecided"
SHORT_DAY = "DUR-01"
_CAP = "DUR-05"


def remedied(judged: pl.DataFrame, policies: Mapping[str, Policy], as_of: date) -> pl.DataFrame:
    """The verdicts with remedy, disposition, next_step, deadline and deadline_source.

    as_of: the day that tells whether a deadline is over.

    judged: denial, verdict, rule, rule_remedy, rule_step, refuted_remedy, reasons, carc, rarcs, category,
    payer, payer_claim_number, payment_date, service_date, statement_to, lines_left, surplus,
    closing; of a day that is one of two payable, to_keep, one_claim, beside_stands.
    """
    by_policy = each_row(judged, policies, _by_service)
    chosen = _overridden(by_policy.with_columns(remedy=_first_choice()))
    lists = listed("remedies").rename({"next_step": "step"})
    clocked = each_row(
        chosen.with_columns(remedy=_billed_rightly()).join(lists, on="remedy", how="left"),
        policies,
        lambda part, own: part.join(_clocks(own), on="payer", how="left"),
    ).with_columns(next_step=_next_step(), disposition=_disposition(), clock=_clock())
    return _dated(clocked).with_columns(next_step=_in_time(as_of))


def _by_service(rows: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    """A short day (DUR-01) is billed anew by its services where the payer takes them one by one."""
    takers = [payer for payer, one in policies.items() if one.duration.short_day == "components"]
    short = (pl.col("rule") == SHORT_DAY) & pl.col("payer").is_in(takers)
    return rows.with_columns(
        rule_remedy=pl.when(short).then(pl.lit("corrected_7")).otherwise("rule_remedy")
    )


def _first_choice() -> pl.Expr:
    """Confirmed: the rule's remedy. Refuted: the appeal. Unknown: what the reason asks for.

    A surplus line is worked where the line to keep is. A claim with other lines is replaced
    without the surplus one rather than voided; that claim asks for the line to keep, too. A
    claim of nothing but surplus lines, and such as were billed again since, is voided: its
    replacement would be empty. Beyond a benefit's limit (DUR-05) the patient owes what the payer
    leaves to them; elsewhere an extension is asked for.
    """
    by_reason = listed("carc_remedies")
    usual = pl.col("carc").replace_strict(
        by_reason["carc"], by_reason["remedy"], default=None, return_dtype=pl.String
    )
    return (
        pl.when(pl.col("closing").is_not_null())
        .then(None)
        .when(pl.col("payable") & pl.col("one_claim") & (pl.col("beside_stands") == "denied"))
        .then(pl.lit("corrected_7"))
        .when((pl.col("verdict") == "confirmed") & _surplus_line())
        .then(pl.lit("corrected_7"))
        .when((pl.col("verdict") == "confirmed") & _surplus_claim())
        .then(pl.lit("void_8"))
        .when((pl.col("verdict") == "confirmed") & (pl.col("rule") == _CAP) & _patients())
        .then(pl.lit("patient_responsibility"))
        .when(pl.col("verdict") == "confirmed")
        .then("rule_remedy")
        .when(surplus())
        .then(pl.lit("no_action_duplicate"))
        .when(pl.col("verdict") == "refuted")
        .then("refuted_remedy")
        .otherwise(usual)
    )


def _surplus_line() -> pl.Expr:
    return (pl.col("rule_remedy") == "void_8") & (pl.col("lines_left") > 0)


def _surplus_claim() -> pl.Expr:
    return (pl.col("rule_remedy") == "corrected_7") & surplus() & (pl.col("lines_left") == 0)


def _overridden(chosen: pl.DataFrame) -> pl.DataFrame:
    """Remarks that forbid an appeal or a replacement take the remedy's place, in the list's order."""
    overrides = (
        listed("rarc_overrides")
        .with_row_index("rank")
        .with_columns(instead_of=pl.col("instead_of").str.split(" "))
        .explode("instead_of")
        .select("rank", rarc="rarc", remedy="instead_of", other="remedy")
    )
    asked = (
        chosen.filter(pl.col("closing").is_null())
        .select("denial", pl.col("remedy").fill_null(UNDECIDED), rarc="rarcs")
        .explode("rarc")
        .join(overrides, on=("rarc", "remedy"))
        .sort("denial", "rank")
        .unique("denial", keep="first", maintain_order=True)
    )
    return chosen.join(
        asked.select("denial", "other", by="rarc"), on="denial", how="left"
    ).with_columns(remedy=pl.coalesce("other", "remedy"))


def _billed_rightly() -> pl.Expr:
    """Group PR and nothing else lets the patient be billed; nothing of PR is written off."""
    remedy, patients = pl.col("remedy"), _patients()
    return (
        pl.when(remedy.eq("patient_responsibility") & ~patients)
        .then(pl.lit("write_off_CO"))
        .when(remedy.eq("write_off_CO") & patients)
        .then(pl.lit("patient_responsibility"))
        .otherwise(remedy)
    )


def _patients() -> pl.Expr:
    """The payer leaves all that it refuses to the patient (CAS01 PR), and says so."""
    owed = pl.col("reasons").list.eval(pl.element().str.starts_with("PR-")).list.all()
    return owed & (pl.col("reasons").list.len() > 0)


def _disposition() -> pl.Expr:
    """What is to become of the denial: of its remedy, else nothing, or for a person to decide."""
    done = pl.when(pl.col("closing").is_not_null()).then(pl.lit("nothing"))
    return pl.coalesce(done, "disposition", pl.lit("decide"))


def _clock() -> pl.Expr:
    """The remedy's clock; of a claim that another payer is to get, that payer's filing limit counts."""
    elsewhere = (pl.col("remedy") == "new_claim_1") & (pl.col("category") == "payer")
    return pl.when(elsewhere).then(pl.lit("other")).otherwise("clock")


def _next_step() -> pl.Expr:
    """The rule's own sentence where its remedy stands, else the remedy's; what to find out first."""
    number = pl.col("payer_claim_number").fill_null("(ask the payer for it)")
    of_remedy = pl.col("step").str.replace_all("{number}", number, literal=True)
    kept = (pl.col("remedy") == pl.col("rule_remedy")) | _surplus_line()
    own = (pl.col("verdict") == "confirmed") & kept.fill_null(False) & pl.col("other").is_null()
    given = composed("{} Payer's claim number: {}.", "rule_step", "payer_claim_number")
    replaces = pl.col("clock") == "corrected"
    of_rule = pl.when(replaces).then(pl.coalesce(given, "rule_step")).otherwise("rule_step")
    barred = composed("{} Remark {} allows nothing else.", of_remedy, "by")
    step = pl.when(own).then(of_rule).otherwise(pl.coalesce(barred, of_remedy))
    return pl.coalesce("closing", pl.concat_str("first", step, separator=" ", ignore_nulls=True))


def _in_time(as_of: date) -> pl.Expr:
    """The next step; where its time is over, that first: nothing is written off by a clock alone."""
    late = composed(
        "The time for it ended on {} ({}): ask whether the payer still takes it, or decide to write it off. {}",
        pl.col("deadline").cast(pl.String),
        "deadline_source",
        "next_step",
    )
    over = (pl.col("deadline") < pl.lit(as_of)).fill_null(False)
    return pl.when(over).then(late).otherwise("next_step")


def _clocks(policies: Mapping[str, Policy]) -> pl.DataFrame:
    """The three clocks of each payer's policy (they are never one)."""
    return pl.DataFrame(
        [
            (
                payer,
                policy.label,
                policy.timely.corrected_days,
                policy.timely.appeal_days,
                policy.timely.initial_days,
                policy.timely.counts_from,
                policy.timely.corrected_from,
            )
            for payer, policy in policies.items()
        ],
        schema={
            "payer": pl.String,
            "policy": pl.String,
            "corrected": pl.Int64,
            "appeal": pl.Int64,
            "filing": pl.Int64,
            "counts_from": pl.String,
            "corrected_from": pl.String,
        },
        orient="row",
    )


def _dated(clocked: pl.DataFrame) -> pl.DataFrame:
    """Deadline and its source: from the remit, or from the service: a new claim's, and a corrected
    one's where the payer counts so."""
    clock = pl.coalesce("clock", pl.lit("appeal"))
    days = _days(clock)
    last_day = pl.when(pl.col("counts_from") == "statement_through").then("statement_to")
    served = pl.coalesce(last_day, "service_date")
    by_service = (clock == "corrected") & (pl.col("corrected_from") == "service")
    of_service = (clock == "filing") | by_service.fill_null(False)
    begin = (
        pl.when(clock == "filing")
        .then(served)
        .when(of_service)
        .then("service_date")
        .otherwise("payment_date")
    )
    event = pl.when(of_service).then(pl.lit("service")).otherwise(pl.lit("remit"))
    setting = (
        pl.when(clock == "filing")
        .then(pl.lit("initial_days"))
        .otherwise(composed("{}_days", clock))
    )
    idle = (pl.col("clock") == "none").fill_null(False) | pl.col("closing").is_not_null()
    deadline = begin.dt.offset_by(composed("{}d", days))
    source = (
        pl.when(idle)
        .then(pl.lit("none needed"))
        .when(clock == "other")
        .then(pl.lit("unknown: the other payer's filing limit counts"))
        .when(pl.col("policy").is_null())
        .then(composed("unknown: no policy for payer {}", pl.col("payer").fill_null("unnamed")))
        .when(days.is_null())
        .then(composed("unknown: set timely.{} in the payer's policy", setting))
        .when(begin.is_null())
        .then(composed("unknown: the {} has no date", event))
        .otherwise(
            composed(
                "{} clock of {}: {} days from the {} of {}",
                clock,
                "policy",
                days,
                event,
                begin.cast(pl.String),
            )
        )
    )
    return clocked.with_columns(deadline=pl.when(~idle).then(deadline), deadline_source=source)


def _days(clock: pl.Expr) -> pl.Expr:
    """What the policy gives for a clock; null where it is not this payer's, or not set."""
    return (
        pl.when(clock == "corrected")
        .then("corrected")
        .when(clock == "filing")
        .then("filing")
        .when(clock == "appeal")
        .then("appeal")
    )
