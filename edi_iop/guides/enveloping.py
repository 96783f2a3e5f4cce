"""Envelope segments against the guide's words on them: ISA, TA1, GS, GE and IEA, element by element.

005010X221A1 appendix C (the same in every guide): qualifiers, dates, times,
lengths. Counts and control numbers are for x12.envelopes, separators and the
widths of the ISA for x12.separators: what they say is not said again here.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl

from edi_iop.guides.choice import OF_A_GUIDE, chosen
from edi_iop.guides.dates import is_date, is_time
from edi_iop.guides.elements import FOREIGN
from edi_iop.guides.loader import index, load, resolve
from edi_iop.texts import composed
from edi_iop.x12 import separators as sep
from edi_iop.x12.envelopes import Enveloped
from edi_iop.x12.headers import element
from edi_iop.x12.segments import Segments

SAME = ("005010X223A2", "005010X221A1", "004010X091A1")
"""Guides with the same words on the envelope; of those the file follows, no other need be made ready."""
_ANY = "005010X221A1"
_PADDED = {("ISA", 2), ("ISA", 4)}
"""Blank where their qualifier says that there is nothing."""
_OF_ISA = {("ISA", 11), ("ISA", 12), ("ISA", 16)}
ELSEWHERE = {*_OF_ISA, ("GS", 8)}
"""Separators, and versions: one we do not know is told as an unknown guide."""
_VALUE = pl.col("value")
_GIVEN = _VALUE != ""


_NOTHING = pl.DataFrame(schema={"file": pl.Int64()})


def envelope_faults(segments: Segments, enveloped: Enveloped) -> pl.DataFrame:
    """What is wrong with elements of envelope segments, placed as envelopes.Enveloped.findings."""
    own = segments.with_ids({"ISA", "TA1", "GS", "GE", "IEA"}.__contains__)
    if not (segments.rows_of(own) >= segments.repeated).any():
        return _NOTHING  # Only what is repeated of an earlier frame, and was told there.
    texts = segments.texts[np.flatnonzero(own)]
    guided = _guided(enveloped)
    named = set(guided["version"].to_list())
    values = _values(texts, next((one for one in SAME if one in named), _ANY))
    found = [_missing(values), _excess(values), _groups(texts)]
    found += [_form(values), _codes(values), _lengths(values), _repetition(values)]
    found += [_characters(values), _spaces(values)]
    # One fault of a value is enough, and the plainest comes first.
    faults = pl.concat(found).unique(["text", "element"], keep="first", maintain_order=True)
    placed = _placed(segments, enveloped, faults.sort("text", "element"))
    # X12 itself has more qualifiers than the guides let an interchange name.
    theirs = (pl.col("segment") == "ISA") & (pl.col("code") == "CODE_INVALID")
    ours = placed.join(guided, on=_AROUND, how="semi", nulls_equal=True, maintain_order="left")
    told = pl.concat([placed.filter(~theirs), ours.filter(theirs)])
    misnamed = _misnamed(segments, enveloped)
    of_group = told.filter(_is_of("GS", 1)).join(misnamed, on=_AT, how="semi")
    told = told.join(of_group, on=[*_AT, "element"], how="anti", maintain_order="left")
    versions = _versions(segments, enveloped, guided)
    return pl.concat([told, misnamed, versions], how="diagonal_relaxed")


_AROUND = ["file", "interchange"]
_AT = ["file", "byte_offset"]


def _guided(enveloped: Enveloped) -> pl.DataFrame:
    """The groups that follow a guide we read: file, interchange, version."""
    groups = enveloped.headers.filter(pl.col("id") == "GS")
    versions = groups.select(*_AROUND, version=element(8).str.strip_chars())
    return versions.filter(pl.col("version").is_in(_known()))


def _known() -> list[str]:
    return [*index().guides, *index().same_as]


def _is_of(segment: str, element: int) -> pl.Expr:
    return (pl.col("segment") == segment) & (pl.col("element") == element)


def _misnamed(segments: Segments, enveloped: Enveloped) -> pl.DataFrame:
    """GS08 of groups whose transaction sets are of another guide: it reads them, or both are none of ours."""
    sets = enveloped.transactions.filter(
        (pl.col("gs") >= segments.repeated) & (pl.col("gs08") != "")
    )
    own = {kind: resolve(*kind) for kind in sets.select("guide", "st01").unique().iter_rows()}
    named = [own[kind] for kind in sets.select("guide", "st01").iter_rows()]
    wrong = sets.with_columns(
        name=chosen(segments, sets, None), named=pl.Series(named, dtype=pl.String)
    ).filter(
        pl.col("name").ne_missing(pl.col("named")).and_(pl.col("name").is_not_null())
        | (pl.col("name").is_null() & _DIFFER & ~pl.col("gs08").is_in(_known()))
    )
    says = "GS: element 08 (Version / Release / Industry Identifier Code) is not the guide of its transaction sets"
    groups = wrong.unique("gs", keep="first", maintain_order=True)
    return groups.select(
        "file", interchange="isa13", group="gs06",
        byte_offset=segments.rows["byte_offset"].gather(groups["gs"]),
        element=pl.lit(8, pl.Int64), code=pl.lit("CODE_INVALID"), message=pl.lit(says),
        segment=pl.lit("GS"),
    )  # fmt: skip


_BOTH = [pl.col(name).str.extract(f"({OF_A_GUIDE[1:]})") for name in ("gs08", "st03")]
_DIFFER = _BOTH[0] != _BOTH[1]
"""Whether set and group name two guides, whatever their errata; not where one of them names none."""


def _versions(segments: Segments, enveloped: Enveloped, guided: pl.DataFrame) -> pl.DataFrame:
    """ISA12 of interchanges whose groups follow a 005010 guide: 00501."""
    groups = guided.filter(pl.col("version").str.starts_with("005010"))
    other = enveloped.headers.filter((pl.col("id") == "ISA") & (element(12) != "00501"))
    if other.is_empty():
        return _NOTHING
    heads = other.join(_own(segments), on=_AT, how="semi", maintain_order="left")
    says = "ISA: element 12 (Interchange Control Version Number) is not that of its 005010 guides"
    return heads.join(groups, on=_AROUND, how="semi").select(
        *_AROUND, "byte_offset", element=pl.lit(12, pl.Int64), code=pl.lit("CODE_INVALID"),
        message=pl.lit(says), segment="id",
    )  # fmt: skip


@cache
def _specifications(guide: str) -> pl.DataFrame:
    """The guide's words on envelope elements: one row a segment and element."""
    rows = [
        (node.id, spec.position, spec.name, spec.type, spec.shortest, spec.longest,
         sorted(spec.codes) if (node.id, spec.position) not in {("GS", 1), *ELSEWHERE} else [])
        for node in load(guide).envelope.values()
        for spec in node.elements
    ]  # fmt: skip
    types = {
        "id": pl.String(), "element": pl.Int64(), "name": pl.String(),
        "type": pl.String(), "shortest": pl.Int64(), "longest": pl.Int64(),
        "codes": pl.List(pl.String()),
    }  # fmt: skip
    return pl.DataFrame(rows, schema=types, orient="row")


def _values(texts: pl.DataFrame, guide: str) -> pl.DataFrame:
    """One row an element that a text has or should have, beside the guide's words on it."""
    specs = _specifications(guide)
    own = pl.col("elements").list
    given = texts.filter(own.len() > 1).select(
        "text",
        "id",
        present=element(12) == "00501",
        value=own.slice(1),
        element=pl.int_ranges(1, own.len()),
    )
    here = given.explode("value", "element")
    due = texts.select("text", "id").join(specs.select("id", "element"), on="id")
    absent = due.join(here, on=["text", "element"], how="anti").with_columns(value=pl.lit(""))
    return (
        pl.concat([here, absent], how="diagonal")
        .with_columns(_VALUE.str.strip_chars_end(" "), spaced=_VALUE.str.ends_with(" "))
        .join(specs, on=["id", "element"], how="left")
        .sort("text", "element")
    )


def _fault(values: pl.DataFrame, code: str, message: str) -> pl.DataFrame:
    number = pl.col("element").cast(pl.String).str.zfill(2)
    said = composed("{}: element {} ({}) {}", "id", number, pl.col("name").fill_null("not in the guide"), pl.lit(message))  # fmt: skip
    return values.select(
        "text", "element", pl.lit(code).alias("code"), said.alias("message"), segment="id"
    )


def _is(*places: tuple[str, int]) -> pl.Expr:
    """Whether a value stands at one of these places."""
    return pl.any_horizontal(
        (pl.col("id") == segment) & (pl.col("element") == number) for segment, number in places
    )


_COUNTED = pl.col("id").is_in(["GE", "IEA"])
"""Their elements are compared with what is there; only more of them is new."""


def _missing(values: pl.DataFrame) -> pl.DataFrame:
    due = pl.col("name").is_not_null() & ~_COUNTED & ~_is(*_PADDED, *_OF_ISA)
    return _fault(values.filter(due & ~_GIVEN), "ELEMENT_MISSING", "is missing")


def _excess(values: pl.DataFrame) -> pl.DataFrame:
    over = values.filter(pl.col("name").is_null() & _GIVEN)
    over = over.unique("text", keep="first", maintain_order=True)
    return _fault(over, "ELEMENT_EXCESS", "is not defined")


def _checked(values: pl.DataFrame) -> pl.DataFrame:
    return values.filter(_GIVEN & pl.col("name").is_not_null() & ~_COUNTED & ~_is(*ELSEWHERE))


def _form(values: pl.DataFrame) -> pl.DataFrame:
    """Dates, times and numbers."""
    given = _checked(values)
    kind = pl.col("type")
    return pl.concat(
        [
            _fault(given.filter((kind == "DT") & ~is_date(_VALUE)), "DATE_INVALID", "is not a date"),
            _fault(given.filter((kind == "TM") & ~is_time(_VALUE)), "TIME_INVALID", "is not a time"),
            _fault(
                given.filter((kind == "N0") & ~_VALUE.str.contains("^[0-9]+$")),
                "NUMBER_INVALID",
                "is not a number",
            ),
        ]
    )  # fmt: skip


def _codes(values: pl.DataFrame) -> pl.DataFrame:
    coded = _checked(values).filter(pl.col("codes").list.len() > 0)
    wrong = coded.filter(~pl.col("codes").list.contains(_VALUE))
    return _fault(wrong, "CODE_INVALID", "is not a code of the guide")


def _repetition(values: pl.DataFrame) -> pl.DataFrame:
    """ISA11 of 00501: one character that separates, neither letter, digit nor blank.

    U, of the versions before, is read as no separator at all.
    """
    named = values.filter(_is(("ISA", 11)) & pl.col("present").fill_null(False))
    wrong = named.filter(~_VALUE.is_in([sep.REPETITION, _FORMER_STANDARDS]))
    return _fault(wrong, "CODE_INVALID", "is no separator")


_FORMER_STANDARDS = "U"


def _characters(values: pl.DataFrame) -> pl.DataFrame:
    given = _checked(values).filter(pl.col("type") == "AN")
    foreign = given.filter(_VALUE.str.contains(FOREIGN))
    return _fault(foreign, "CHARACTER_INVALID", "has a character outside the extended set")


def _spaces(values: pl.DataFrame) -> pl.DataFrame:
    """Spaces at the end of an element; those of the ISA are its widths."""
    spaced = values.filter(_GIVEN & pl.col("spaced") & (pl.col("id") != "ISA"))
    return _fault(spaced, "TRAILING_SPACES", "ends in spaces")


def _groups(texts: pl.DataFrame) -> pl.DataFrame:
    """GS01 of a guide we know: the functional group its transactions belong in."""
    groups = texts.filter(pl.col("id") == "GS").select(
        "text", "id", value=element(1).str.strip_chars(), version=element(8).str.strip_chars(),
        element=pl.lit(1, pl.Int64), name=pl.lit("Functional Identifier Code"),
    )  # fmt: skip
    named = {str(version): _group_of(str(version)) for version in groups["version"].unique()}
    due = pl.col("version").replace_strict(named, default=None, return_dtype=pl.String)
    given = _GIVEN & (pl.col("version") != "")
    wrong = groups.filter(due.is_not_null() & given & (due != _VALUE))
    return _fault(wrong, "CODE_INVALID", "is not the group of the guide in GS08")


def _group_of(version: str) -> str | None:
    """The functional group of a guide's transactions, or None where we do not know the guide."""
    for entry in index().guides.values():
        name = resolve(version, entry.transaction)
        if name is not None:
            return index().guides[name].group
    return None


def _lengths(values: pl.DataFrame) -> pl.DataFrame:
    """Not of the ISA: one whose widths are wrong is told as such, once."""
    given = _checked(values).filter(pl.col("id") != "ISA")
    long = _VALUE.str.len_chars()
    return pl.concat(
        [
            _fault(given.filter(long < pl.col("shortest")), "ELEMENT_SHORT", "is too short"),
            _fault(given.filter(long > pl.col("longest")), "ELEMENT_LONG", "is too long"),
        ]
    )


def _placed(segments: Segments, enveloped: Enveloped, faults: pl.DataFrame) -> pl.DataFrame:
    """Each text's faults at every segment of that text, in the envelope it opens."""
    around = enveloped.headers.select(*_AT, "interchange", "group")
    told = _own(segments).join(faults, on="text", how="inner", maintain_order="left_right")
    placed = told.drop("text").join(around, on=_AT, how="left", maintain_order="left")
    answers = pl.col("segment") == "TA1"
    inside = _in_interchanges(placed.filter(answers), enveloped.headers)
    return pl.concat([placed.filter(~answers), inside]).sort("byte_offset", maintain_order=True)


def _in_interchanges(answers: pl.DataFrame, headers: pl.DataFrame) -> pl.DataFrame:
    """Faults of TA1s, which open no envelope, in the interchange that began last before them."""
    heads = headers.filter(pl.col("id") == "ISA").select(*_AT, "interchange")
    own = answers.drop("interchange").sort("byte_offset", maintain_order=True)
    begun = heads.sort("byte_offset")
    inside = own.join_asof(begun, on="byte_offset", by="file", check_sortedness=False)
    return inside.select(answers.columns)


def _own(segments: Segments) -> pl.DataFrame:
    """The frame's segments without those an earlier one left open: what they break was told there."""
    return segments.rows.slice(segments.repeated).select(*_AT, "text")
