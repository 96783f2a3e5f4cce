"""837I and 837P claims, ours or another system's: what their tables must agree on.

Sums (SNIP level 3): 005010X223A2 and 005010X222A1, loop 2300 CLM02 against loop 2400 SV203
or SV102. What an institutional outpatient claim, and one of an intensive outpatient program,
needs besides (level 6): 005010X223A2 loop 2300 CLM05, DTP 434, CL103 and loop 2400 SV2, DTP 472;
its codes are in maps/outpatient.toml.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache

import msgspec
import polars as pl

from edi_iop import resources
from edi_iop.guides.external_places import external
from edi_iop.tables import FINDINGS, SUBMISSIONS
from edi_iop.tables.amounts import dollars
from edi_iop.tables.order import in_order, keys_of
from edi_iop.texts import composed

TOTAL_REVENUE = "0001"
"""The total line some systems send: never one of our own, left out of sums."""
ENCOUNTERS = "RP"
"""BHT06 of a transaction that carries encounters, which were sent to no payer."""
TRANSACTION = ["file_id", "transaction_offset"]
_CLAIM = ["file_id", "claim_offset"]
LOOP = "2300"
"""That of a claim."""


class _Program(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    revenues: frozenset[str]
    procedures: frozenset[str]
    pairs: tuple[tuple[str, str], ...]
    facility_types: frozenset[str]


class _Frequency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ended: frozenset[str]
    goes_on: frozenset[str]
    still_patient: str


class _Outpatient(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    program: _Program
    frequency: _Frequency


@cache
def outpatient() -> _Outpatient:
    """maps/outpatient.toml."""
    file = resources.maps() / "outpatient.toml"
    return msgspec.toml.decode(file.read_bytes(), type=_Outpatient)


TABLES = frozenset({"claims", "claim_lines"})
"""What is read for it."""


class Sent:
    """What was billed: tables without the claims of encounter transactions, chunk after chunk of a file."""

    def __init__(self) -> None:
        self._fed = SUBMISSIONS.empty()

    def only(self, tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
        """These tables without them; a transaction is remembered by the chunk it begins in."""
        told = tables.get("submissions", self._fed.clear())
        fed = told.filter(pl.col("transaction_type") == ENCOUNTERS)
        self._fed = pl.concat([self._fed, fed])
        if self._fed.is_empty() or "claims" not in tables:
            return dict(tables)
        claims = tables["claims"].join(self._fed, on=TRANSACTION, how="semi")
        return {
            name: frame.join(claims, on=_CLAIM, how="anti", maintain_order="left")
            if {*_CLAIM} <= set(frame.columns)
            else frame
            for name, frame in tables.items()
        }


def faults(tables: Mapping[str, pl.DataFrame], levels: Collection[int] = (3, 6)) -> pl.DataFrame:
    """The findings of these SNIP levels on the claims of these tables."""
    if "claims" not in tables:
        return FINDINGS.empty()
    claims, lines = tables["claims"], tables["claim_lines"]
    found = [whole_faults(claims, lines, levels)]
    institutional = claims.filter(pl.col("form") == "I")
    if 6 in levels and not institutional.is_empty():
        service = _services(lines)
        total = lines.filter(pl.col("revenue") == TOTAL_REVENUE)
        says = pl.lit("a total line (0001) among the service lines")
        found.append(_at_line(total, "REVENUE_TOTAL_LINE", says, "SV2", 1))
        found.append(_outside(institutional, service))
        found += _line_needs(_program_lines(institutional, service))
    return pl.concat(found)


OF_WHOLE = ("CLAIM_TOTAL_WRONG", "BILL_TYPE_UNUSUAL", "FREQUENCY_AGAINST_STATUS")


def whole_faults(
    claims: pl.DataFrame, lines: pl.DataFrame, levels: Collection[int]
) -> pl.DataFrame:
    """What only whole claims, with all of their lines, can answer (OF_WHOLE); told at the CLM."""
    service = _services(lines)
    found = [FINDINGS.empty()]
    if 3 in levels:
        found.append(_totals(claims, service))
    institutional = claims.filter(pl.col("form") == "I")
    if 6 in levels and not institutional.is_empty():
        of_program = _program_lines(institutional, service).select(_CLAIM)
        found += _claim_needs(
            institutional.join(of_program, on=_CLAIM, how="semi", maintain_order="left")
        )
    return pl.concat(found)


def _services(lines: pl.DataFrame) -> pl.DataFrame:
    return lines.filter((pl.col("revenue") != TOTAL_REVENUE).fill_null(True))


def _totals(claims: pl.DataFrame, service: pl.DataFrame) -> pl.DataFrame:
    """Claims whose charge is not the sum of their lines."""
    keys = keys_of((claims, service), _CLAIM)
    sums = in_order(service, keys).group_by(keys).agg(lines=pl.col("charge_cents").sum())
    joined = in_order(claims, keys).join(sums, on=keys, how="left", maintain_order="left")
    differs = pl.col("charge_cents") != pl.col("lines").fill_null(0)
    wrong = joined.filter(pl.col("charge_cents").is_not_null() & differs)
    told = composed(
        "CLM02 is {}, the lines sum to {}",
        *(dollars(pl.col(name).fill_null(0).abs()) for name in ("charge_cents", "lines")),
    )
    return _at_claim(wrong, "CLAIM_TOTAL_WRONG", 2, told)


def _outside(claims: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Lines of a date that the statement does not cover."""
    dated = lines.join(claims.select(*_CLAIM, "statement_from", "statement_to"), on=_CLAIM)
    last = pl.coalesce("service_date_to", "service_date")
    # A statement that ends before it begins is told as such, and covers no date.
    ordered = pl.col("statement_from") <= pl.col("statement_to")
    outside = (pl.col("service_date") < pl.col("statement_from")) | (last > pl.col("statement_to"))
    told = composed(
        "the line's date {}{} is outside the statement, {} to {}",
        "service_date",
        pl.when(last > pl.col("service_date")).then(composed(" to {}", last)).otherwise(pl.lit("")),
        "statement_from",
        "statement_to",
    )
    return _at_line(dated.filter(outside & ordered), "LINE_DATE_OUTSIDE", told, "DTP", 3)


def _program_lines(claims: pl.DataFrame, service: pl.DataFrame) -> pl.DataFrame:
    """Lines of an intensive outpatient program, beside their claims' statement dates."""
    program = outpatient().program
    in_program = pl.col("revenue").is_in(list(program.revenues))
    coded = pl.col("procedure").is_in(list(program.procedures))
    own = claims.select(*_CLAIM, "statement_from", "statement_to")
    return service.filter((in_program | coded).fill_null(False)).join(own, on=_CLAIM)


def _claim_needs(claims: pl.DataFrame) -> tuple[pl.DataFrame, ...]:
    """Type of bill of an outpatient program; frequency that goes with the patient's status."""
    of_bill, known = outpatient().frequency, outpatient().program.facility_types
    # A type of bill in no form at all has its finding already.
    formed = pl.col("facility_type").str.contains(external().forms["bill_type"].pattern)
    unfit = claims.filter(~pl.col("facility_type").is_in(list(known)) & formed)
    stays = pl.col("patient_status") == of_bill.still_patient
    left_too_early = pl.col("frequency").is_in(list(of_bill.ended)) & stays
    gone_too_early = pl.col("frequency").is_in(list(of_bill.goes_on)) & ~stays
    told = composed(
        "frequency {} does not go with patient status {}", "frequency", "patient_status"
    )
    return (
        _at_claim(unfit, "BILL_TYPE_UNUSUAL", 5, composed(
            "bill type {} is none of an outpatient program", "facility_type"), 1),
        _at_claim(claims.filter(left_too_early | gone_too_early), "FREQUENCY_AGAINST_STATUS", 5, told, 3),
    )  # fmt: skip


def _line_needs(lines: pl.DataFrame) -> tuple[pl.DataFrame, ...]:
    """Procedure, revenue code that goes with it, date and whole units."""
    revenue, procedure = pl.col("revenue"), pl.col("procedure")
    pairs = [f"{code} {revenue}" for code, revenue in outpatient().program.pairs]
    paired = pl.concat_str(procedure, revenue, separator=" ").is_in(pairs)
    formed = revenue.str.contains("^[0-9]{4}$")
    codes = list(outpatient().program.procedures)
    one_day = pl.col("statement_from") == pl.col("statement_to")
    undated = pl.col("service_date").is_null() & one_day.fill_null(True)
    return (
        _at_line(lines.filter(procedure.is_null()), "REVENUE_WITHOUT_PROCEDURE",
                 composed("revenue {} without a procedure", revenue), "SV2", 2),
        _at_line(lines.filter(procedure.is_in(codes) & formed & ~paired), "PAIR_UNUSUAL",
                 composed("{} is billed with revenue {}", procedure, revenue), "SV2", 2, 2),
        _at_line(lines.filter(undated), "LINE_DATE_MISSING",
                 pl.lit("a program day without its date"), "DTP"),
        _at_line(lines.filter(pl.col("units") % 1 != 0), "UNITS_NOT_WHOLE",
                 composed("{} units of a program day", "units"), "SV2", 5),
    )  # fmt: skip


def _at_claim(
    claims: pl.DataFrame, code: str, element: int, message: pl.Expr, component: int | None = None
) -> pl.DataFrame:
    place = (LOOP, "CLM", element, component)
    return _at(claims, code, place, "claim_offset", message)


def _at_line(
    lines: pl.DataFrame, code: str, message: pl.Expr,
    segment: str = "LX", element: int | None = None, component: int | None = None,
) -> pl.DataFrame:  # fmt: skip
    """At a segment of the lines, whose offset is still that of their LX (parsers.x12 looks it up)."""
    return _at(lines, code, ("2400", segment, element, component), "line_offset", message)


def _at(
    frame: pl.DataFrame, code: str, place: tuple[str, str, int | None, int | None], offset: str, message: pl.Expr
) -> pl.DataFrame:  # fmt: skip
    if frame.is_empty():
        return FINDINGS.empty()
    loop, segment, element, component = place
    return FINDINGS.conform(
        frame.select(
            "file_id",
            pl.lit(code).alias("code"),
            message.alias("message"),
            pl.col(offset).alias("byte_offset"),
            pl.lit(loop).alias("loop"),
            pl.lit(segment).alias("segment"),
            pl.lit(element).alias("element"),
            pl.lit(component).alias("component"),
        )
    )
