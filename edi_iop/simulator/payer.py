"""A payer that adjudicates 837 claims under a policy, and the truth about what it denied and why.

It reads the claims as a payer would: against the authorizations and coverage it
has on file and, after asking for records, the attended days. A line that breaks
a rule is denied the way the policy says this payer denies; the others are paid
at the contract rate. It knows no reversals: a voided claim is not answered.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from random import Random

import msgspec
import polars as pl
from msgspec.structs import replace

from edi_iop.rules import engine
from edi_iop.rules.in_force import each
from edi_iop.rules.lines import netted, service_lines
from edi_iop.rules.policy import Policy
from edi_iop.rules.records import Records
from edi_iop.simulator import payer_errors, payer_money, payer_remit
from edi_iop.texts import composed

Tables = dict[str, pl.DataFrame]

TRUTH = {
    "claim": pl.String(),
    "line": pl.Int64(),
    "payer_id": pl.String(),
    "service_date": pl.Date(),
    "rule": pl.String(),
    "verdict": pl.String(),
    "group": pl.String(),
    "carc": pl.String(),
    "rarcs": pl.List(pl.String()),
}
"""One row a denied line: the rule it was denied for, and whether our records bear the payer out."""

_ASKED = ("ELG", "TF", "DUP", "LOC", "AUTH", "REV", "DX", "BUN", "DUR", "DOC")
"""The order in which this payer asks: member, deadline, duplicate, permission, codes, records."""
_LINE = ["file_id", "claim_offset", "line_offset"]
_PAIR = "DUP-01"
_WRONGLY = "AUTH-01"
"""What this payer says when it errs: that there is no authorization."""


class Answer(msgspec.Struct, frozen=True):
    """What the payers send back (for transcribe.write_835), and the truth about it (TRUTH)."""

    tables: Tables
    truth: pl.DataFrame
    origin: pl.DataFrame
    """payer_remit.origin: the line as sent that each remit line answers."""

    @property
    def payers(self) -> list[str]:
        """The payers that answer, in order."""
        return self.tables["payments"]["payer_id"].unique(maintain_order=True).to_list()

    def of(self, payer_id: str) -> Tables:
        """One payer's part of the answer: an interchange of its own."""
        return payer_remit.part(self.tables, payer_id)


def adjudicate(
    tables: Mapping[str, pl.DataFrame],
    policies: Mapping[str, Policy],
    known: Records,
    seed: int,
    mistakes: int = 0,
    wrongly: Collection[tuple[str, int]] = (),
    claims_a_payment: int | None = None,
    errors: int = 0,
) -> Answer:
    """The payers' answers to these claims, paid on known.as_of; the same seed gives the same answer.

    tables: submissions, claims, claim_lines, claim_diagnoses as read from 837s.
    policies: by payer id; claims of other payers are not answered. known: what
    the payers have on file, its lines being claims they took in earlier.
    mistakes: how many good lines are denied all the same, as if no authorization
    were there; wrongly: such lines by claim and line number. Truth calls them refuted.
    claims_a_payment: how many claims a check pays at most; None: all of a payee's.
    errors: how many good lines are denied for any of the payer's rules; truth calls them refuted
    where the facility's records show the contrary, and unknown where no record can. Such a payer
    refuses of two tracks on one date the one or the other.
    """
    lines = _received(tables, policies, known)
    violations = _violations(lines, known, policies)
    either = _any_order(violations, lines, seed) if errors else violations
    broken = _denials(either, policies)
    good = lines.join(broken, on=_LINE, how="anti")
    wrong = _mistakes(good, known, policies, seed, mistakes, wrongly)
    clean = _untouched(good, violations).join(wrong, on=_LINE, how="anti")
    first = lines.select(pl.col("sent_on").min().fill_null(known.as_of)).item()
    drawn = payer_errors.drawn(clean, _codes(policies), known, policies, seed, errors, first)
    denied = pl.concat([broken, wrong, drawn])
    adjudicated = payer_money.settled(lines.join(denied, on=_LINE, how="left"), policies, seed)
    placed = payer_remit.placed(adjudicated, tables["claim_lines"], claims_a_payment)
    return Answer(
        payer_remit.remits(placed, tables, known.as_of, seed),
        _truth(adjudicated),
        payer_remit.origin(placed),
    )


def _received(
    tables: Mapping[str, pl.DataFrame], policies: Mapping[str, Policy], known: Records
) -> pl.DataFrame:
    """The claims' live lines, as the payers' systems hold them."""
    sent_on: dict[int, date] = dict(
        tables["submissions"]
        .select("file_id", pl.col("created_on").fill_null(known.as_of))
        .iter_rows()
    )
    lines = service_lines(tables, known.clients, sent_on)
    return lines.filter(
        pl.col("payer_id").is_in(list(policies)), pl.col("standing") != "void"
    ).with_columns(pl.col("sent_on").fill_null(known.as_of))


def _violations(
    lines: pl.DataFrame, known: Records, policies: Mapping[str, Policy]
) -> pl.DataFrame:
    """What the rules say of the received lines, beside all that was received before."""
    same = ["claim", "line", "sent_on"]
    earlier = known.lines.filter(pl.col("standing") != "proposed").join(lines, on=same, how="anti")
    # files taken in earlier are numbered on their own: below zero, they meet none of these
    numbered = earlier.with_columns(file_id=-1 - pl.col("file_id"))
    seen = replace(known, lines=netted(pl.concat([lines, numbered])))
    return engine.check(seen, policies).join(lines, on=_LINE, how="semi")


def _any_order(violations: pl.DataFrame, lines: pl.DataFrame, seed: int) -> pl.DataFrame:
    """The violations, of some pairs of tracks on one date (DUP-01) on the line that was to be kept.

    A payer pays which of both it takes in first, and refuses the other.
    """
    pairs = violations.filter(pl.col("rule") == _PAIR).with_columns(
        other=pl.col("evidence").list.first()
    )
    kept = lines.select(*_LINE, "payer_id", other=_reference()).unique("other", keep="none")
    turned = pairs.join(kept, on=["other", "payer_id"], suffix="_kept").filter(
        (pl.col("line_offset") + seed) % 2 == 0
    )
    moved = turned.with_columns(pl.col(f"{name}_kept").alias(name) for name in _LINE)
    rest = violations.join(turned, on=[*_LINE, "rule"], how="anti")
    return pl.concat([rest, moved.select(violations.columns)])


def _reference() -> pl.Expr:
    """A line as evidence names it."""
    return composed("claim:{} line {}", "claim", "line")


def _untouched(lines: pl.DataFrame, violations: pl.DataFrame) -> pl.DataFrame:
    """Lines that neither break a rule nor are what another line breaks one beside."""
    named = violations.select(reference="evidence").explode("reference").drop_nulls().unique()
    clean = lines.join(violations, on=_LINE, how="anti").with_columns(reference=_reference())
    return clean.join(named, on="reference", how="anti").drop("reference")


def _denials(violations: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    """One denial a line: of the rules it breaks, the one this payer asks about first.

    Warnings are no ground for a denial, nor is a rule this payer has no code for.
    """
    theme = pl.col("rule").str.split("-").list.first()
    asked = theme.replace_strict(
        {name: place for place, name in enumerate(_ASKED)},
        default=len(_ASKED),
        return_dtype=pl.Int64,
    )
    return (
        violations.filter(pl.col("severity").is_in(["block", "hold"]))
        .pipe(each, policies, _in_its_words)
        .sort(*_LINE, asked, "rule")
        .unique(_LINE, keep="first", maintain_order=True)
        .select(*_LINE, "rule", "group", "carc", "rarcs", verdict=pl.lit("confirmed"))
    )


def _in_its_words(broken: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    return broken.join(_codes(policies), on=["payer_id", "rule"])


def _codes(policies: Mapping[str, Policy]) -> pl.DataFrame:
    """How each payer says that a rule is broken."""
    rows = [
        (payer, rule, denial.group, denial.carc, list(denial.rarcs))
        for payer, policy in policies.items()
        for rule, denial in policy.denials.items()
    ]
    schema = {
        "payer_id": pl.String(),
        **{name: TRUTH[name] for name in ("rule", "group", "carc", "rarcs")},
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _mistakes(
    good: pl.DataFrame,
    known: Records,
    policies: Mapping[str, Policy],
    seed: int,
    count: int,
    wrongly: Collection[tuple[str, int]],
) -> pl.DataFrame:
    """Denials of good lines: those named, and so many more of lines that an authorization covers."""
    named = pl.DataFrame(list(wrongly), schema={"claim": pl.String, "line": pl.Int64}, orient="row")
    directed = good.join(named, on=["claim", "line"], how="semi")
    others = _authorized(good, known, policies).join(directed, on=_LINE, how="anti")
    drawn = Random(f"{seed} mistakes").sample(range(others.height), min(count, others.height))
    wrong = pl.concat([directed, others[sorted(drawn)]])
    said = wrong.with_columns(rule=pl.lit(_WRONGLY)).pipe(each, policies, _in_its_words)
    return said.select(*_LINE, "rule", "group", "carc", "rarcs", verdict=pl.lit("refuted"))


def _authorized(
    lines: pl.DataFrame, known: Records, policies: Mapping[str, Policy]
) -> pl.DataFrame:
    """Lines that carry an approved authorization in force, of payers that ask for one."""
    approved = known.authorizations.filter(pl.col("status") == "approved").select(
        "client_id", "payer_id", "auth_number", "from_date", "to_date"
    )
    covered = (
        each(lines, policies, _asking)
        .join(approved, on=["client_id", "payer_id", "auth_number"])
        .filter(pl.col("service_date").is_between("from_date", "to_date"))
    )
    return lines.join(covered, on=_LINE, how="semi", maintain_order="left").sort(_LINE)


def _asking(lines: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    payers = [payer for payer, policy in policies.items() if policy.authorization.required]
    return lines.filter(pl.col("payer_id").is_in(payers))


def _truth(lines: pl.DataFrame) -> pl.DataFrame:
    """The denied lines with the rule each was denied for."""
    return lines.filter(pl.col("rule").is_not_null()).select(list(TRUTH)).sort("claim", "line")
