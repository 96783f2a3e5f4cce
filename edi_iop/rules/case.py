"""One payer's case: its lines with what every check asks of them, beside the facility's records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cached_property

import msgspec
import polars as pl
from msgspec.structs import replace

from edi_iop.rules import covering, families, weeks
from edi_iop.rules.codes import listed, marked
from edi_iop.rules.in_force import SERVED, Policies, each
from edi_iop.rules.lines import VOID
from edi_iop.rules.parameters import HALVES, MINUTES_PER_UNIT
from edi_iop.rules.policy import Policy
from edi_iop.rules.rates import NONE
from edi_iop.rules.records import COVERAGE, STAY, Records, newest
from edi_iop.tables.numbers import ordered
from edi_iop.texts import composed

DAY = ["person", "payer_responsibility", "service_date"]
"""What may be billed once: a member's date with one payer, which the case is of.

A primary and its secondary claim are no duplicates of each other.
"""

_STANDINGS = ["paid", "sent", "proposed", "denied"]
"""Of two lines for one day the earlier in this list is the one to keep."""

FOUND = {
    "row": pl.UInt32(),
    "says": pl.String(),
    "evidence": pl.List(pl.String()),
    "severity": pl.String(),
    "surplus": pl.Boolean(),
}
"""What a check returns of each line that breaks its rule.

severity: null for the rule's own. surplus: the line should not be there at all,
so no other rule is asked about it.
"""

_NOTHING = pl.DataFrame(schema=FOUND)

FAULTS = {"row": pl.UInt32(), "rule": pl.String(), "severity": pl.String()}


class Case(msgspec.Struct, frozen=True, dict=True):
    """The live lines of one payer under a version of its policy, and the records that bear on them.

    `lines` are tables.SERVICE_LINES without void ones, the line to keep of a day
    first, and: row (place in the records) and turn (place here); ref (how evidence
    names the line); date (for sentences); person; iop, track, unit_basis, component,
    minutes_per_unit and paired, of the procedure and revenue code; family and fitting, of the diagnoses;
    minutes, unsigned_minutes and attended, of the day; authorized; several (IOP lines on its DAY).
    """

    policy: Policy
    payer_id: str
    lines: pl.DataFrame
    voids: pl.DataFrame
    """Claims that take another back (frequency 8): no lines to judge, but claims to judge."""
    days: pl.DataFrame
    encounters: pl.DataFrame
    clients: pl.DataFrame
    """Coverages with this payer."""
    coverages: pl.DataFrame
    """Coverages with any payer."""
    authorizations: pl.DataFrame
    providers: pl.DataFrame
    """The roster."""
    enrollments: pl.DataFrame
    """Enrollments of any provider with any payer."""
    kept: frozenset[str]
    """Records.kept"""
    as_of: date
    faults: pl.DataFrame
    """What earlier checks found (FAULTS), for checks that must not name one fault twice."""
    rows: pl.Series | None = None
    """Rows of the dates this version is for; None: all. The others are there to be judged beside."""
    rates: pl.DataFrame = msgspec.field(default_factory=lambda: NONE)
    """Records.rates"""

    @cached_property
    def iop(self) -> pl.DataFrame:
        """Lines of intensive outpatient days; where all are, the lines themselves."""
        return self.lines if self.lines["iop"].all() else self.lines.filter("iop")

    @cached_property
    def iop_days(self) -> pl.DataFrame:
        """The line that stands for each day which has one, proposed, sent or paid."""
        standing = pl.col("standing") != "denied"
        if self.iop.select(standing.all() & ~pl.col("several").any()).item():
            return self.iop  # of half a million lines no copy is made
        live = self.iop.filter(standing)
        several = live.filter("several").unique(DAY, keep="first", maintain_order=True)
        first = pl.col("row").is_in(several["row"].implode())
        return live.filter(~pl.col("several") | first)

    @cached_property
    def beside_iop(self) -> pl.DataFrame:
        """Lines that are no intensive outpatient lines, with `bundle`, beside the per diem of their
        day (day_ref)."""
        pairs = self.policy.iop.pairs
        revenues = [pair.revenue for pair in pairs if pair.unit_basis != "component"]
        other = ~pl.col("iop") & ~pl.col("revenue").is_in(revenues).fill_null(False)
        days = self.iop_days.select(*DAY, day_ref="ref")
        return self.lines.filter(other).join(days, on=DAY).with_columns(bundle=_bundle(self.policy))

    @cached_property
    def offers(self) -> pl.DataFrame:
        return covering.offers(self.lines, self.authorizations)

    @cached_property
    def on_file(self) -> pl.DataFrame:
        return covering.on_file(self.offers)

    @cached_property
    def drawn(self) -> pl.DataFrame:
        """The authorization each covered line draws on, its units counted in date order."""
        asked = pl.lit(self.policy.authorization.required)
        return covering.drawn(self.offers.filter(covering.covering(), asked), self._blocked)

    @cached_property
    def own_offers(self) -> pl.DataFrame:
        """The services beside or instead of a per diem, by what each is authorized by itself."""
        services = self.lines.filter(~pl.col("iop"))
        minutes = {
            one.procedure: one.minutes_per_unit for one in self.policy.billing.components.values()
        }
        unit = pl.col("procedure").replace_strict(minutes, default=None, return_dtype=pl.Int64)
        return covering.apart(services, self.authorizations, unit)

    @cached_property
    def own_drawn(self) -> pl.DataFrame:
        """The authorization of its own that each of those services draws on."""
        return covering.drawn(self.own_offers, self._blocked)

    @cached_property
    def weeks(self) -> pl.DataFrame:
        """weeks.weeks: the weeks of each client."""
        return weeks.weeks(self)

    @property
    def _blocked(self) -> pl.Series:
        return self.faults.filter(pl.col("severity") == "block").get_column("row")

    def rows_of(self, *rules: str) -> pl.Series:
        """Rows that broke one of the rules."""
        return self.faults.filter(pl.col("rule").is_in(rules)).get_column("row")

    def own(self, found: pl.DataFrame) -> pl.DataFrame:
        """What was found of lines of this version's dates."""
        return (
            found if self.rows is None else found.filter(pl.col("row").is_in(self.rows.implode()))
        )


def by_version(
    records: Records, lines: pl.DataFrame, payer_id: str, policies: Mapping[str, Policy]
) -> list[Case]:
    """The case of one payer under each version of its policy that any of its lines is dated for."""
    whole = case(records, lines, payer_id, policies)
    if not isinstance(policies, Policies):
        return [whole]
    parts = policies.chosen([payer_id]).apart(
        pl.concat([whole.lines.select("row", SERVED), whole.voids.select("row", SERVED)]), SERVED
    )
    alone = len(parts) == 1
    return [
        replace(whole, policy=own[payer_id], rows=None if alone else part["row"])
        for part, own in parts
    ]


def case(
    records: Records, lines: pl.DataFrame, payer_id: str, policies: Mapping[str, Policy]
) -> Case:
    """The case of one payer under its policy of the day asked for, each line coded by that of its date.

    lines: those of the records, with their place as `row`.
    """
    own = pl.col("payer_id") == payer_id
    named = _identified(_tied(lines.filter(own)))
    live = named.filter(pl.col("standing") != "void")
    # one not yet decided may have no number: its client and date tell it apart
    authorizations = newest(
        records.authorizations, ("auth_number", "client_id", "payer_id", "from_date")
    )
    shaped = each(live, policies, lambda part, known: _shaped(part, known[payer_id]))
    attended = _attended(shaped, records)
    coverages = newest(records.clients, COVERAGE)
    providers = newest(records.providers, STAY)
    return Case(
        policy=policies[payer_id],
        payer_id=payer_id,
        lines=_in_turn(_authorized(attended, authorizations)),
        voids=named.filter(pl.col("standing") == "void", pl.col("frequency") == VOID),
        days=records.days.with_columns(person="client_id"),
        encounters=records.encounters,
        clients=coverages.filter(own),
        coverages=coverages,
        authorizations=authorizations,
        providers=providers.filter(pl.col("payer_id").is_null()),
        enrollments=providers.filter(pl.col("payer_id").is_not_null()),
        kept=records.kept(),
        as_of=records.as_of,
        faults=pl.DataFrame(schema=FAULTS),
        rates=records.rates,
    )


def found(
    lines: pl.DataFrame,
    says: pl.Expr,
    evidence: pl.Expr,
    *,
    severity: pl.Expr | None = None,
    surplus: pl.Expr | None = None,
) -> pl.DataFrame:
    """The lines as FOUND."""
    if lines.is_empty():  # as most rules find it
        return nothing()
    return lines.select(
        "row",
        says=says,
        evidence=evidence.cast(pl.List(pl.String())),
        severity=pl.lit(None, pl.String()) if severity is None else severity,
        surplus=pl.lit(False) if surplus is None else surplus,
    ).cast(FOUND)  # type: ignore[arg-type]


def nothing() -> pl.DataFrame:
    """FOUND of no lines: what a rule says that a payer does not ask for."""
    return _NOTHING.clone()


def active(on: str, begins: str = "coverage_from", ends: str = "coverage_to") -> pl.Expr:
    """Whether a date lies in a span of which either end may be open."""
    date_of = pl.col(on)
    return (pl.col(begins).is_null() | (pl.col(begins) <= date_of)) & (
        pl.col(ends).is_null() | (date_of <= pl.col(ends))
    )


def plain(number: str) -> pl.Expr:
    """A number for a sentence: 2 rather than 2.0."""
    return pl.col(number).cast(pl.String()).str.strip_suffix(".0")


def references(kind: str, numbers: pl.Expr) -> pl.Expr:
    """Evidence of a list of record numbers: kind:NUMBER each."""
    return numbers.list.drop_nulls().list.eval(composed(kind + ":{}", pl.element()))


def _tied(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines with whether their claim names another one of these, by REF F8 or the same CLM01."""
    claims = lines.filter(pl.col("claim").is_not_null()).unique(["file_id", "claim_offset"])
    numbers = pl.concat([claims["claim"], claims["payer_claim_number"]]).drop_nulls()
    shared = claims.filter(pl.len().over("claim") > 1).get_column("claim")
    tied = pl.col("replaces").is_in(numbers.implode()) | pl.col("claim").is_in(shared.implode())
    return lines.with_columns(tied=tied.fill_null(False))


def _identified(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines with ref, date as text, and person: our client, else the member id and birth date."""
    stranger = pl.concat_str(
        pl.col("member_id"), pl.col("birth_date").cast(pl.String()).fill_null(""), separator=" "
    )
    alone = composed("line {}", "row")
    dated = pl.col("service_date").is_not_null()
    return lines.with_columns(
        pl.col("payer_responsibility").fill_null("P"),
        date=pl.col("service_date").cast(pl.String()).fill_null("no date"),
        person=pl.when(dated).then(pl.coalesce("client_id", stranger, alone)).otherwise(alone),
        ref=pl.when(pl.col("claim").is_null())
        .then(pl.lit("proposed line"))
        .otherwise(composed("claim:{} line {}", "claim", pl.col("line").fill_null(0))),
    )


def _shaped(lines: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Lines with what the policy of their date makes of their codes, diagnoses and units."""
    half = (pl.col("unit_basis") == "half_day") & (pl.col("units") < HALVES)
    rule = policy.duration
    least = pl.when(half).then(rule.min_half_day_minutes).otherwise(rule.min_day_minutes)
    return _diagnosed(_coded(lines, policy), policy).with_columns(
        min_day_minutes=least.cast(pl.Int64)
    )


def _coded(lines: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Lines with the policy's pair: of both codes, else of the procedure, else of the revenue code."""
    pairs = policy.iop.pairs
    whole = pl.concat_str("procedure", "revenue", separator=" ")
    procedures = {pair.procedure: place for place, pair in reversed(list(enumerate(pairs)))}
    revenues = {pair.revenue: place for place, pair in reversed(list(enumerate(pairs)))}
    both = {f"{pair.procedure} {pair.revenue}": place for place, pair in enumerate(pairs)}
    bare = pl.when(pl.col("procedure").is_null()).then("revenue")
    table = pl.DataFrame(
        {
            "pair": range(len(pairs)),
            "track": [pair.track for pair in pairs],
            "unit_basis": [pair.unit_basis for pair in pairs],
            "minutes_per_unit": [MINUTES_PER_UNIT.get(pair.unit_basis) for pair in pairs],
        },
        schema_overrides={"pair": pl.Int64, "minutes_per_unit": pl.Int64},
    )
    return (
        lines.with_columns(
            pair=pl.coalesce(
                _looked_up(whole, both),
                _looked_up(pl.col("procedure"), procedures),
                _looked_up(bare, revenues),
            ),
            paired=whole.is_in(list(both)).fill_null(False) | (pl.col("form") == "P"),
        )
        .join(table, on="pair", how="left")
        .with_columns(component=(pl.col("unit_basis") == "component").fill_null(False))
        .with_columns(
            iop=pl.col("pair").is_not_null() & ~(pl.col("component") & _of_other_program(policy))
        )
    )


def _bundle(policy: Policy) -> pl.Expr:
    """The class of a component service: by its procedure, else by its revenue code."""
    classes = policy.bundles.items()
    by_procedure = [
        pl.when(listed("procedure", bundle.procedures)).then(pl.lit(name))
        for name, bundle in classes
    ]
    by_revenue = [
        pl.when(listed("revenue", bundle.revenues)).then(pl.lit(name)) for name, bundle in classes
    ]
    return pl.coalesce(*by_procedure, *by_revenue, pl.lit(None, pl.String()))


def _of_other_program(policy: Policy) -> pl.Expr:
    """Whether the claim's condition codes say that its components are another program's."""
    other = marked("condition_codes", policy.conflicts.condition_codes)
    return other & ~marked("condition_codes", policy.codes.condition_codes)


def _looked_up(codes: pl.Expr, places: dict[str, int]) -> pl.Expr:
    return codes.replace_strict(places, default=None, return_dtype=pl.Int64)


def _diagnosed(lines: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Lines with the principal diagnosis' family, and whether it fits the procedure.

    Lines of one claim, and many claims, have the same diagnoses: each text is looked at once.
    """
    by = ["diagnoses", "track"]
    told = lines.select(by).unique().with_columns(family=families.principal_family(policy))
    return lines.join(
        told, on=by, how="left", nulls_equal=True, maintain_order="left"
    ).with_columns(fitting=families.fits_procedure(policy))


def _attended(lines: pl.DataFrame, records: Records) -> pl.DataFrame:
    """Lines with the minutes of their day; null where our records do not cover the client then.

    A date without attendance has 0 minutes, if the client has any record of that month.
    """
    iop_days = records.days.filter(pl.col("level_of_care") == covering.LEVEL)
    month = pl.col("service_date").dt.truncate("1mo")
    months = records.encounters.select("client_id", month=month).unique()
    nothing = pl.when("recorded").then(0)
    return (
        lines.with_columns(month=month)
        .join(months.with_columns(recorded=pl.lit(True)), on=["client_id", "month"], how="left")
        .join(
            iop_days.select(
                "client_id", "service_date", "minutes", "unsigned_minutes", attended="encounters"
            ),
            on=["client_id", "service_date"],
            how="left",
        )
        .with_columns(pl.coalesce(name, nothing) for name in ("minutes", "unsigned_minutes"))
        .drop("month", "recorded")
    )


def _authorized(lines: pl.DataFrame, authorizations: pl.DataFrame) -> pl.DataFrame:
    """Lines with whether an approved authorization covers them, units aside."""
    covered = covering.offers(lines, authorizations).filter(covering.covering())
    return lines.with_columns(authorized=pl.col("row").is_in(covered.get_column("row").implode()))


def _in_turn(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines in the order in which one is kept: paid, sent, proposed, denied; the authorized, the fitting, the earlier."""
    standing = pl.col("standing").replace_strict(
        {name: place for place, name in enumerate(_STANDINGS)}, return_dtype=pl.Int64
    )
    return ordered(
        lines,
        standing,
        ~pl.col("authorized"),
        ~pl.col("fitting").fill_null(True),
        "sent_on",
        "file_id",
        "claim_offset",
        "line_offset",
        nulls_last=True,
    ).with_columns(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("turn"),
        several=pl.col("iop").sum().over(DAY) > 1,
    )
