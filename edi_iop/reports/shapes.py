"""The answers other programs read: violations and denials with the keys of the contract."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from edi_iop import codes
from edi_iop.findings import CATALOGUE
from edi_iop.money import to_dollars
from edi_iop.reports.sheet import Field, Sheet
from edi_iop.reports.sums import chart
from edi_iop.rules.catalogue import catalogue
from edi_iop.tables import VERDICTS, VIOLATIONS
from edi_iop.tables.amounts import dollars
from edi_iop.texts import composed

VIOLATION_KEYS = (
    "rule",
    "theme",
    "severity",
    "client",
    "payer",
    "service_dates",
    "claim",
    "lines",
    "says",
    "evidence",
    "policy",
    "cites",
    "next_step",
)
DENIAL_KEYS = (
    "claim",
    "line",
    "service_date",
    "revenue",
    "procedure",
    "units",
    "charge_cents",
    "paid_cents",
    "expected_cents",
    "payer",
    "payment",
    "group",
    "carc",
    "rarcs",
    "match",
    "match_grade",
    "verdict",
    "rule",
    "score",
    "other_rules",
    "says",
    "evidence",
    "remedy",
    "next_step",
    "deadline",
    "deadline_source",
    "file",
    "byte_offset",
    "kind",
    "reasons",
    "scenario",
    "category",
    "cause",
    "disposition",
    "received_cents",
    "expected_source",
    "recoverable_cents",
    "chance",
    "chance_n",
    "chance_basis",
    "priority",
    "paired_claim",
    "paired_line",
    "paired_paid_cents",
    "paired_payment",
)
_SUMMED = (
    "charge_cents", "paid_cents", "expected_cents", "received_cents", "recoverable_cents",
)  # fmt: skip
"""Of denials; what a paired line was paid may stand beside several of them."""
SUMMED_BY = ("kind", "verdict", "rule", "disposition", "group", "carc", "reasons", "rarcs")
"""Of denials: what their sums are told by."""
RULE_SEVERITIES = ("block", "hold", "warn", "info")
VERDICT_ORDER = ("refuted", "confirmed", "unknown")
"""Money to fight for first."""


def file_names(names: Mapping[int, str] | None) -> pl.Expr:
    """The `file` key: the path the user named, or the file's number in the store."""
    if names is None:
        return pl.col("file_id").cast(pl.String).alias("file")
    known = pl.Series(list(names), dtype=pl.Int64), pl.Series(list(names.values()), dtype=pl.String)
    return (
        pl.col("file_id").replace_strict(*known, default=None, return_dtype=pl.String).alias("file")
    )


def _next_step() -> pl.Expr:
    """What to do, by the rule, or by the finding where a day lacks what it is billed by."""
    book = catalogue()
    sent = {name: rule.next_step for name, rule in book.items()}
    unsent = {name: rule.beforehand or rule.next_step for name, rule in book.items()}
    unsent |= {code: one.remedy for code, one in CATALOGUE.items()}
    before, after = (
        pl.col("rule").replace_strict(steps, default=None, return_dtype=pl.String)
        for steps in (unsent, sent)
    )
    return pl.when(pl.col("claim").is_null()).then(before).otherwise(after)


def violations(frame: pl.DataFrame) -> Sheet:
    """Lines that break a rule; lines of one claim broken in the same way are one record."""
    named = (
        VIOLATIONS.conform(frame)
        .rename({"client_id": "client", "payer_id": "payer"})
        .with_columns(next_step=_next_step())
    )
    same = [key for key in VIOLATION_KEYS if key not in ("service_dates", "lines")]
    rows = (
        named.group_by(same, maintain_order=True)
        .agg(
            pl.col("service_date").drop_nulls().unique().sort().alias("service_dates"),
            pl.col("line").drop_nulls().unique().sort().alias("lines"),
        )
        .select(VIOLATION_KEYS)
        .sort(
            rank("severity", RULE_SEVERITIES),
            "rule",
            "client",
            pl.col("service_dates").list.first(),
            nulls_last=True,
            maintain_order=True,
        )
    )
    return Sheet(
        "",
        rows,
        fields=(
            Field("RULE", "rule"),
            Field("SEVERITY", "severity", "flag"),
            Field("CLIENT", "client"),
            Field("PAYER", "payer"),
            Field("DATES", "dates"),
            Field("CLAIM", "claim_lines"),
        ),
        notes=(
            Field("", "says"),
            Field("see", "evidence"),
            Field("do", "next_step", once=True),
            Field("source", "cites", once=True),
        ),
        people=rows.with_columns(_dates().alias("dates"), _claim_lines().alias("claim_lines")),
        none="no violations",
        closing=counted(rows, "severity", RULE_SEVERITIES, "violation"),
        charts=(
            chart(rows, "rule", "Violations by rule"),
            chart(rows, "severity", "Violations by severity"),
        ),
    )


def denials(frame: pl.DataFrame, names: Mapping[int, str] | None = None) -> Sheet:
    """Denied and reduced lines with the rule each comes from; the one to work first stands first."""
    rows = denied_rows(frame, names).sort(denial_order(), nulls_last=True, maintain_order=True)
    return denied_lines(rows, denial_sums(rows))


def denied_rows(frame: pl.DataFrame, names: Mapping[int, str] | None = None) -> pl.DataFrame:
    """DENIAL_KEYS of ranked verdicts (tables.VERDICTS), in their order. names: of files."""
    return VERDICTS.conform(frame).with_columns(file_names(names)).select(DENIAL_KEYS)


def denial_order() -> tuple[pl.Expr, ...]:
    """What denials stand in order by; nulls last."""
    keys = ("rule", "claim", "line", "service_date")
    return (-pl.col("priority"), rank("verdict", VERDICT_ORDER), *map(pl.col, keys))


def denial_sums(rows: pl.DataFrame) -> pl.DataFrame:
    """SUMMED_BY, lines and charge_cents: how often each is said, in few rows however many there are."""
    return added_up(rows.select(*SUMMED_BY, "charge_cents", lines=pl.lit(1, pl.Int64)))


def added_up(sums: pl.DataFrame) -> pl.DataFrame:
    """denial_sums of several parts together."""
    return sums.group_by(SUMMED_BY).agg(pl.col("lines", "charge_cents").sum())


def denied_lines(rows: pl.DataFrame, every: pl.DataFrame) -> Sheet:
    """The sheet of such rows (denied_rows), all of them or some. every: denial_sums of all."""
    people = rows.with_columns(
        _slashed("procedure", "revenue").alias("code"),
        reason_codes().alias("reason"),
        _in_brief().alias("brief"),
        by=deadline(),
    )
    return Sheet(
        "",
        rows,
        fields=(
            Field("CLAIM", "claim"),
            Field("LINE", "line", "number"),
            Field("DATE", "service_date"),
            Field("CODE", "code"),
            Field("CHARGE", "charge_cents", "money"),
            Field("PAYER SAYS", "reason"),
            Field("VERDICT", "verdict", "flag"),
            Field("RULE", "rule"),
            Field("DEADLINE", "by"),
        ),
        notes=(Field("", "brief"), Field("", "says"), Field("next", "next_step", once=True)),
        people=people,
        none="no denied lines",
        closing=_denied(every),
        legend=_legend(every),
        total=int(every["lines"].sum()),
        summed=_SUMMED,
        charts=(
            chart(every, "verdict", "Charged, by verdict", "charge_cents"),
            chart(every, "rule", "Charged, by rule", "charge_cents"),
            chart(
                every.with_columns(reason=reason_codes()),
                "reason",
                "Charged, by what the payer says",
                "charge_cents",
            ),
            chart(every, "disposition", "Charged, by what to do", "charge_cents"),
        ),
    )


def deadline() -> pl.Expr:
    """The deadline; where there is none, whether none is needed or nobody has set it."""
    unset = pl.col("deadline_source").str.starts_with("unknown")
    none = pl.when(unset).then(pl.lit("unknown: set it")).otherwise(pl.lit("none"))
    return pl.coalesce(pl.col("deadline").cast(pl.String), none)


def rank(column: str, order: tuple[str, ...]) -> pl.Expr:
    """Where a value stands in an order of ours; others come last."""
    return pl.col(column).replace_strict(
        order, list(range(len(order))), default=len(order), return_dtype=pl.Int64
    )


def _dates() -> pl.Expr:
    """One date, or the first and last of several with their number."""
    days = pl.col("service_dates")
    first, last = days.list.first().cast(pl.String), days.list.last().cast(pl.String)
    several = composed("{} to {} ({})", first, last, days.list.len())
    return pl.when(days.list.len() > 1).then(several).otherwise(first)


def _claim_lines() -> pl.Expr:
    """`CLAIM line 3`; a day not yet on a claim says so."""
    lines = pl.col("lines").cast(pl.List(pl.String)).list.join(", ")
    numbered = composed("{} line {}", "claim", lines)
    sent = pl.when(pl.col("lines").list.len() > 0).then(numbered).otherwise(pl.col("claim"))
    return sent.fill_null("not yet billed")


def _slashed(*columns: str) -> pl.Expr:
    return pl.concat_str(*columns, separator="/", ignore_nulls=True)


def reason_codes() -> pl.Expr:
    """`CO-97 N20 M80`: what the payer wrote, the largest reason first."""
    first = pl.concat_str("group", "carc", separator="-", ignore_nulls=True)
    every = pl.coalesce(pl.col("reasons").list.join(" ").replace("", None), first)
    return pl.concat_str(
        every, pl.col("rarcs").fill_null([]).list.join(" "), separator=" "
    ).str.strip_chars()


def _in_brief() -> pl.Expr:
    """`duplicate (scenario 4); cause: ours; correct and rebill; $285.00 to recover, chance 50 %`."""
    scenario = composed(" (scenario {})", "scenario").fill_null("")
    whole = pl.when(pl.col("kind").is_in(["denied in part", "reduced"])).then(
        composed("{}: ", "kind")
    )
    return composed(
        "{}{}{}; cause: {}; {}{}",
        whole.otherwise(pl.lit("")),
        pl.col("category").fill_null("unmapped"),
        scenario,
        pl.col("cause").fill_null("unknown"),
        pl.col("disposition").fill_null("decide"),
        _worth(),
    )


def _worth() -> pl.Expr:
    """What there is to recover, with which chance; nothing where there is nothing."""
    amount = dollars(pl.col("recoverable_cents"))
    chance = (pl.col("chance") * 100).round().cast(pl.Int64)
    said = composed("; {} to recover, chance {} % (n {})", amount, chance, "chance_n")
    return (
        pl.when(pl.col("recoverable_cents") > 0)
        .then(said)
        .when(pl.col("recoverable_cents").is_null())
        .then(pl.lit("; what it recovers is unknown: no contract rate"))
        .otherwise(pl.lit(""))
    )


def _legend(rows: pl.DataFrame) -> tuple[str, ...]:
    """The payers' codes that occur, in our own words."""
    remarks = rows["rarcs"].explode(empty_as_null=True)
    every = rows["reasons"].explode(empty_as_null=True).str.split("-").list.last()
    reasons = pl.concat([rows["carc"], every])
    used = {"group": rows["group"], "carc": reasons, "rarc": remarks}
    return legend(used)


def legend(used: Mapping[str, pl.Series]) -> tuple[str, ...]:
    """Each code that occurs, by the kind of its list, in our own words; a line a code."""
    return tuple(
        f"{code:<4} {codes.meaning(kind, code)}"
        for kind, values in used.items()
        for code in values.drop_nulls().unique().sort().to_list()
    )


def told(text: str, names: str) -> pl.Expr:
    """The names of a list in a sentence; null where there are none."""
    return pl.when(pl.col(names).list.len() > 0).then(composed(text, pl.col(names).list.join(", ")))


def counted(rows: pl.DataFrame, column: str, order: tuple[str, ...], noun: str) -> str:
    """`12 violations: 9 block, 3 warn`."""
    return counted_by(dict(rows[column].value_counts().iter_rows()), order, noun)


def counted_by(counts: Mapping[str, int], order: tuple[str, ...], noun: str) -> str:
    total = sum(counts.values())
    if not total:
        return ""
    parts = [f"{counts[value]:,} {value}" for value in order if counts.get(value)]
    return f"{total:,} {noun}{'' if total == 1 else 's'}: {', '.join(parts)}"


def _denied(every: pl.DataFrame) -> str:
    """`12 denied lines: 9 refuted, 3 unknown; 4 paid below the contract; $3,420.00 charged`."""
    if every.is_empty():
        return ""
    short = pl.col("kind").eq_missing("reduced")
    counts = every.filter(~short).group_by("verdict").agg(pl.col("lines").sum())
    denied = counted_by(dict(counts.iter_rows()), VERDICT_ORDER, "denied line")
    reduced = int(every.filter(short)["lines"].sum())
    below = f"{reduced:,} paid below the contract" if reduced else ""
    charged = to_dollars(int(every["charge_cents"].sum()))
    return "; ".join(filter(None, (denied, below, f"{charged} charged")))
