"""The values of segments, one row each beside what the guide says of it, and one small function a check.

Usage, types, lengths, codes and forms (SNIP level 2). Which segments are taken apart, and
where their faults stand, is for guides.checks.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import polars as pl

from edi_iop.guides.dates import PERIODS, is_date, is_time
from edi_iop.guides.loader import index
from edi_iop.guides.specifications import code_lists, specifications
from edi_iop.texts import composed
from edi_iop.x12 import separators as sep

VALUE = pl.col("value")
GIVEN = VALUE != ""
"""An element with content; an empty one is the same as an absent one."""
IS_NUMBER = pl.col("type").str.starts_with("N") | (pl.col("type") == "R")
IS_TEXT = pl.col("type").is_in(["AN", "ID"])
USED = pl.col("usage") != "N"


def taken_apart(pairs: pl.DataFrame, guide_name: str) -> pl.DataFrame:
    """One row a value: pair, position, component, repetition, value, and the guide's words on it."""
    specs = specifications(guide_name)
    elements = (
        pairs.select("pair", "node", value=pl.col("elements").list.slice(1))
        .with_columns(position=pl.int_ranges(1, pl.col("value").list.len() + 1))
        .filter(pl.col("value").list.len() > 0)
        .explode("value", "position")
        .with_columns(pl.col("position").cast(pl.Int32))
    )
    whole = elements.join(
        specs.filter(pl.col("component") == 0),
        on=["node", "position"],
        how="left",
        maintain_order="left",
    )
    # A composite that is not used is one fault, however many components it has.
    apart = pl.col("composite").fill_null(False) & USED
    simple = whole.filter(~apart).with_columns(repetition=pl.lit(None, pl.Int32))
    parts = _components(whole.filter(apart), specs)
    return pl.concat([simple, parts], how="diagonal_relaxed")


def _components(composites: pl.DataFrame, specs: pl.DataFrame) -> pl.DataFrame:
    """Composites taken apart: one row a repetition and component."""
    split = (
        composites.select("pair", "node", "position", "repeats", VALUE.str.split(sep.REPETITION))
        .with_columns(repetition=pl.int_ranges(1, VALUE.list.len() + 1))
        .explode("value", "repetition")
        .with_columns(VALUE.str.split(sep.COMPONENT), empty=VALUE == "")
        .with_columns(component=pl.int_ranges(1, VALUE.list.len() + 1))
        .explode("value", "component")
        .with_columns(pl.col("component", "repetition").cast(pl.Int32))
    )
    return split.join(
        specs.filter(pl.col("component") > 0).drop("repeats"),
        on=["node", "position", "component"],
        how="left",
        maintain_order="left",
    )


def _fault(values: pl.DataFrame, code: str, message: str) -> pl.DataFrame:
    """Findings for these values; the message follows the element's place and name."""
    component = pl.when(pl.col("component") > 0).then(pl.col("component"))
    number = composed(
        "{}{}",
        pl.col("position").cast(pl.String).str.zfill(2),
        pl.when(pl.col("component") > 0).then(composed("-{}", "component")).otherwise(pl.lit("")),
    )
    return values.select(
        "pair",
        pl.lit(code).alias("code"),
        composed(
            "element {} ({}) {}",
            number,
            pl.col("name").fill_null("not in the guide"),
            pl.lit(message),
        ).alias("message"),
        pl.col("position").alias("element"),
        component.alias("component"),
        "repetition",
        "value",
    )


def _not_used(values: pl.DataFrame, _: str) -> pl.DataFrame:
    return _fault(values.filter(GIVEN & ~USED), "ELEMENT_NOT_USED", "is not used")


def _excess(values: pl.DataFrame, _: str) -> pl.DataFrame:
    unknown = pl.col("usage").is_null() & GIVEN
    in_composite = pl.col("component").is_not_null() & (pl.col("component") > 0)
    return pl.concat(
        [
            _fault(
                # One too many, or many: the first tells that the segment goes on too long.
                values.filter(unknown & ~in_composite).unique(
                    "pair", keep="first", maintain_order=True
                ),
                "ELEMENT_EXCESS",
                "is not defined",
            ),
            _fault(
                values.filter(unknown & in_composite).unique(
                    ["pair", "position", "repetition"], keep="first", maintain_order=True
                ),
                "COMPONENT_EXCESS",
                "is not defined",
            ),
        ]
    )


def _repetitions(values: pl.DataFrame, _: str) -> pl.DataFrame:
    too_many = (pl.col("repetition") == pl.col("repeats") + 1) & (pl.col("component") == 1)
    # Nothing but separators is a fault of the envelope's syntax, told there.
    said = VALUE.str.strip_chars(sep.REPETITION) != ""
    simple = (
        pl.col("repetition").is_null() & VALUE.str.contains(sep.REPETITION, literal=True) & said
    )
    found = values.filter(too_many | simple).with_columns(component=pl.lit(0))
    return _fault(found, "REPETITION_EXCESS", "repeats too often")


def _length(values: pl.DataFrame, _: str) -> pl.DataFrame:
    """Sign and decimal point do not count for numbers."""
    measured = (
        pl.when(IS_NUMBER)
        .then(VALUE.str.replace_all(r"[-.]", "").str.len_chars())
        .otherwise(VALUE.str.len_chars())
    )
    # A coded value of the wrong length is no code of the guide either: one fault, one finding.
    used = values.filter(GIVEN & USED & ~pl.col("coded")).with_columns(measured=measured)
    return pl.concat(
        [
            _fault(
                used.filter(pl.col("measured") < pl.col("shortest")),
                "ELEMENT_SHORT",
                "is too short",
            ),
            _fault(
                used.filter(pl.col("measured") > pl.col("longest")), "ELEMENT_LONG", "is too long"
            ),
        ]
    )


def _numbers(values: pl.DataFrame, _: str) -> pl.DataFrame:
    """Whole numbers (N0) count or number something: a minus, good by the form, is none.

    Of a coded one (SV107, 1 to 12) it is no code of the guide either: that says more.
    """
    number = r"^-?(?:[0-9]+|[0-9]*\.[0-9]+)$"
    whole = r"^-?[0-9]+$"
    decimal = pl.col("type") == "R"
    wrong = pl.when(decimal).then(~VALUE.str.contains(number)).otherwise(~VALUE.str.contains(whole))
    given = values.filter(GIVEN & USED & IS_NUMBER)
    below = ~decimal & ~pl.col("coded") & VALUE.str.contains(r"^-[0-9]+$")
    return pl.concat(
        [
            _fault(given.filter(wrong), "NUMBER_INVALID", "is not a number"),
            _fault(given.filter(below), "NUMBER_INVALID", "is below zero"),
        ]
    )


_MONEY = "782"
"""Data element of an amount of money."""


def _money(values: pl.DataFrame, guide_name: str) -> pl.DataFrame:
    """Dollars and cents: two decimals and ten digits, those of the cents told or not among them.

    005010X221A1 appendix B.1.1.3.1.2 (the same in every guide of 005010); the guides before
    say nothing of it.
    """
    of_money = pl.lit(guide_name.startswith("005010")) & (pl.col("data_element") == _MONEY)
    given = values.filter(GIVEN & USED & of_money)
    long = VALUE.str.strip_chars_start("-0").str.contains(r"^[0-9]{9}")
    fraction = VALUE.str.contains(r"\.[0-9]{2}[0-9]*[1-9]")
    return pl.concat(
        [
            _fault(given.filter(fraction), "NUMBER_INVALID", "has fractions of a cent"),
            _fault(given.filter(long), "ELEMENT_LONG", "is too long for an amount"),
        ]
    )


def _dates(values: pl.DataFrame, _: str) -> pl.DataFrame:
    dates = values.filter(GIVEN & USED & (pl.col("type") == "DT"))
    times = values.filter(GIVEN & USED & (pl.col("type") == "TM"))
    return pl.concat(
        [
            _fault(dates.filter(~is_date(VALUE)), "DATE_INVALID", "is not a date"),
            _fault(times.filter(~is_time(VALUE)), "TIME_INVALID", "is not a time"),
            _periods(values),
        ]
    )


def _periods(values: pl.DataFrame) -> pl.DataFrame:
    """Dates and spans whose form the element before them names."""
    pair = values.filter(pl.col("data_element").is_in(["1250", "1251"])).with_columns(
        qualifier=VALUE.shift(1).over("pair")
    )
    periods = pair.filter((pl.col("data_element") == "1251") & GIVEN)
    wrong = pl.coalesce(
        pl.when(pl.col("qualifier") == name).then(~check(VALUE)) for name, check in PERIODS.items()
    )
    return _fault(
        periods.filter(wrong.fill_null(False)),
        "DATE_INVALID",
        "is not a date of the form its qualifier names",
    )


def _codes(values: pl.DataFrame, guide_name: str) -> pl.DataFrame:
    coded = values.filter(GIVEN & USED & pl.col("coded")).with_columns(
        pl.col("component").fill_null(0)
    )
    keys = ["node", "position", "component", "value"]
    same = [version for version, entry in index().same_as.items() if entry.guide == guide_name]
    wrong = coded.filter(~VALUE.is_in(same)).join(code_lists(guide_name), on=keys, how="anti")
    return _fault(wrong, "CODE_INVALID", "is not a code of the guide")


FOREIGN = r"""[^A-Z0-9!"&'()*+,\-./:;?= a-z%~@\[\]_{}\\|<>^`#$\x1e]"""
"""What is not of the extended character set (X12.6)."""


def _characters(values: pl.DataFrame, _: str) -> pl.DataFrame:
    foreign = VALUE.str.contains(FOREIGN)
    return _fault(
        values.filter(GIVEN & USED & IS_TEXT & foreign),
        "CHARACTER_INVALID",
        "has a character outside the extended set",
    )


def _spaces(values: pl.DataFrame, _: str) -> pl.DataFrame:
    """Spaces at the end of a text say nothing: only a warning."""
    long_enough = VALUE.str.strip_chars_end().str.len_chars() >= pl.col("shortest")
    spaced = values.filter(GIVEN & USED & IS_TEXT & VALUE.str.ends_with(" ") & long_enough)
    return _fault(spaced, "TRAILING_SPACES", "ends in spaces")


_POSTAL_CODE, _COUNTRY = "116", "26"
"""Data elements of an address."""


def _forms(values: pl.DataFrame, _: str) -> pl.DataFrame:
    """A postal code has the form asked for in the United States; other countries have their own."""
    abroad = values.filter((pl.col("data_element") == _COUNTRY) & GIVEN & (VALUE != "US"))
    formed = values.filter(GIVEN & USED & pl.col("form").is_not_null()).join(
        abroad.select("pair", data_element=pl.lit(_POSTAL_CODE)),
        on=["pair", "data_element"], how="anti", maintain_order="left",
    )  # fmt: skip
    found = [
        _fault(
            part.filter(~VALUE.str.contains(str(form))),
            "FORM_INVALID",
            _asked(str(form)),
        )
        for (form,), part in formed.group_by("form")
    ]
    return pl.concat(found) if found else _fault(formed, "FORM_INVALID", "")


def _asked(form: str) -> str:
    digits = re.fullmatch(r"\^\(\?:\[0-9\]\{(\d+)\}\)\$", form)
    return f"does not have the {digits[1] + ' digits' if digits else 'form'} asked for"


CHECKS: tuple[Callable[[pl.DataFrame, str], pl.DataFrame], ...] = (
    _not_used,
    _excess,
    _repetitions,
    _characters,
    _numbers,
    _money,
    _dates,
    _codes,
    _length,
    _spaces,
    _forms,
)
"""In the order in which one of several faults of a value is told."""


def missing(pairs: pl.DataFrame, guide_name: str, values: pl.DataFrame) -> pl.DataFrame:
    """Required elements that are empty or absent.

    A composite is required as a whole; its required components count once it is there.
    """
    specs = specifications(guide_name)
    nodes = pairs.select("pair", "node")
    required = specs.filter((pl.col("usage") == "R") & (pl.col("component") == 0))
    filled = values.filter(GIVEN).select("pair", "position").unique()
    lacking = _lacking(nodes, required, filled, ["position"])
    inside = specs.filter((pl.col("usage") == "R") & (pl.col("component") > 0))
    opened = (
        values.filter(GIVEN & (pl.col("component") > 0))
        .select("pair", "node", "position", "repetition")
        .unique()
    )
    given = values.filter(GIVEN & (pl.col("component") > 0)).select(
        "pair", "position", "component", "repetition"
    )
    parts = opened.join(inside, on=["node", "position"]).join(
        given, on=["pair", "position", "component", "repetition"], how="anti"
    )
    empty = pl.lit("", pl.String).alias("value")
    return pl.concat(
        [
            _fault(
                lacking.with_columns(empty, repetition=pl.lit(None, pl.Int32)),
                "ELEMENT_MISSING",
                "is missing",
            ),
            _fault(parts.with_columns(empty), "ELEMENT_MISSING", "is missing"),
        ]
    )


def _lacking(
    nodes: pl.DataFrame, required: pl.DataFrame, filled: pl.DataFrame, keys: list[str]
) -> pl.DataFrame:
    """Pairs that lack a required element: first by counting, then which one."""
    due = required.group_by("node").agg(due=pl.len())
    have = (
        filled.join(nodes, on="pair")
        .join(required.select("node", *keys), on=["node", *keys], how="semi")
        .group_by("pair")
        .agg(have=pl.len())
    )
    short = (
        nodes.join(due, on="node")
        .join(have, on="pair", how="left")
        .filter(pl.col("have").fill_null(0) < pl.col("due"))
        .select("pair", "node")
    )
    return short.join(required, on="node").join(filled, on=["pair", *keys], how="anti")
