"""External codes on their dates (SNIP level 5): ICD-10-CM, HCPCS II, CARC, RARC, NPI and more.

maps/codes/external.toml says which elements carry which list; the lists are those
of edi_iop.codes and those pyx12 ships. Only distinct values are looked up; dates
are read only where a code of the file does not hold on all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache, lru_cache
from operator import itemgetter
from pathlib import Path

import numpy as np
import polars as pl

from edi_iop import codes, identifiers
from edi_iop.codes.licensed import SAID, Texts, texts
from edi_iop.guides.external_dates import dates_at, extremes, taken_back
from edi_iop.guides.external_places import OF_GUIDE, external, guide_list, places_of
from edi_iop.guides.loader import load
from edi_iop.guides.loops import Loops, ranges
from edi_iop.guides.structure import NO_FAULTS, conformed
from edi_iop.texts import composed
from edi_iop.x12 import separators as sep

_PLACES = {
    "segment": pl.String(),
    "node": pl.Int64(),
    "position": pl.Int64(),
    "component": pl.Int64(),
    "name": pl.String(),
    "list": pl.String(),
    "beside": pl.Int64(),
    "of": pl.Int64(),
    "allowed": pl.List(pl.String),
    "composite": pl.Boolean(),
}
"""external_places.Place as the columns of a frame, with its segment."""
_SUSPECTS = {
    "list": pl.String(),
    "value": pl.String(),
    "code": pl.String(),
    "says": pl.String(),
    "from": pl.Date(),
    "to": pl.Date(),
    "until": pl.Date(),
    "undated": pl.Boolean(),
}
_COLUMN = ["node", "position", "beside"]
_TEXT = [*_COLUMN, "whole", "mark"]
_SPOT = [*_TEXT, "component", "repetition"]
_DIAGNOSES = "icd10cm"
"""The list in which a code with longer ones below it is a heading, not a code to bill."""
_NEVER = date.min
"""The last day on which a value is right that never is."""


def external_faults(loops: Loops, loaded: Path | None = None) -> pl.DataFrame:
    """All faults of external codes, one row a segment and fault: structure.FAULTS.

    loaded: the folder of the lists that a user has loaded (codes.licensed), which speak
    beside ours: a code is known that either holds, and by the days of theirs.
    """
    places = _places(loops)
    if places.is_empty():
        return NO_FAULTS
    values = _values(loops, places)
    suspects = _suspects(loops, values, loaded)
    if suspects.is_empty():
        return NO_FAULTS
    spots = suspects.join(values, on=["list", "value"], maintain_order="left")
    # What has the wrong form is in no list either: one spot, one finding, the form's first.
    wrong = spots.unique(_SPOT, keep="first", maintain_order=True)
    return _told(loops, _on_their_dates(loops, _placed(loops, wrong)))


# the distinct values


def _places(loops: Loops) -> pl.DataFrame:
    """The places that a segment of the file is long enough to fill."""
    widths = loops.sizes()
    ends = {
        number: int(widths[start : start + count].max())
        for number, (start, count) in loops.spans.items()
    }
    return _filled(loops.guide.name, tuple(ends.items()))


@lru_cache(64)
def _filled(guide_name: str, ends: tuple[tuple[int, int], ...]) -> pl.DataFrame:
    """The places of these nodes before these ends; chunk after chunk has the same."""
    nodes = load(guide_name).nodes
    places = [
        (nodes[number].id, *place[:-2], place.allowed and list(place.allowed), place.composite)
        for number, end in ends
        for place in places_of(guide_name, number)
        if place.position < end
    ]
    return pl.DataFrame(places, schema=_PLACES, orient="row")


def _columns(loops: Loops, places: pl.DataFrame) -> pl.DataFrame:
    """Each element that carries codes, and the one that qualifies it: one row a pair."""
    columns = places.select(_COLUMN).unique(maintain_order=True)
    spans = [loops.spans[number] for number in columns["node"]]
    starts, counts = (np.array(one, dtype=np.int64) for one in zip(*spans, strict=True))
    pair = ranges(starts, starts + counts - 1)
    node, position, beside = (
        np.repeat(columns[name].to_numpy(), counts) for name in ("node", "position", "beside")
    )
    texts = loops.pairs["text"].to_numpy()[pair]
    # Where nothing qualifies it, element 0 stands for that: the mark is left empty.
    mark = pl.when(pl.col("beside") > 0).then(pl.col("mark").fill_null("")).otherwise(pl.lit(""))
    return (
        pl.DataFrame(
            {
                "node": node,
                "pair": pair,
                "position": position,
                "beside": beside,
                "whole": loops.words.of(texts, position),
                "mark": loops.words.of(texts, beside),
            },
            schema_overrides={"pair": pl.UInt32},
        )
        .filter(pl.col("whole") != "")
        .with_columns(mark=mark)
    )


def _values(loops: Loops, places: pl.DataFrame) -> pl.DataFrame:
    """The distinct values of all places: one row a value and the text it stands in."""
    found = _columns(loops, places).select(_TEXT).unique().join(places, on=_COLUMN)
    simple = found.filter(~pl.col("composite")).with_columns(
        value="whole", by="mark", repetition=pl.lit(None, pl.Int64)
    )
    parts = _taken_apart(found.filter("composite"))
    fits = pl.col("allowed").is_null() | pl.col("allowed").list.contains(pl.col("by"))
    return pl.concat([simple, parts], how="diagonal").filter(
        (pl.col("value").fill_null("") != "") & fits
    )


def _taken_apart(found: pl.DataFrame) -> pl.DataFrame:
    """Components and their qualifiers, of every repetition."""
    repeated = found.with_columns(each=pl.col("whole").str.split(sep.REPETITION)).with_columns(
        repetition=pl.int_ranges(1, pl.col("each").list.len() + 1)
    )
    parts = repeated.explode("each", "repetition").with_columns(
        pl.col("each").str.split(sep.COMPONENT)
    )
    by = pl.col("each").list.get(pl.col("of") - 1, null_on_oob=True)
    return parts.with_columns(
        value=pl.col("each").list.get(pl.col("component") - 1, null_on_oob=True),
        by=pl.when(pl.col("of") > 0).then(by).fill_null(""),
    ).drop("each")


# what the lists say of them


def _suspects(loops: Loops, values: pl.DataFrame, loaded: Path | None) -> pl.DataFrame:
    """The distinct values that are wrong, or wrong on some day of the file; wrong forms first.

    code and says: the finding; from and to: the days on which the value is right;
    until: the day after which it may be right, as a later release of its list may hold it;
    undated: whether it is wrong where no date is known too.
    """
    distinct = values.group_by("list", maintain_order=True).agg(pl.col("value").unique())
    told = [
        one for name, found in distinct.iter_rows() for one in _judged(str(name), found, loaded)
    ]
    if not told:
        return pl.DataFrame(schema=_SUSPECTS)
    rows = [row for _, row in sorted(told, key=itemgetter(0))]
    doubted = pl.DataFrame(rows, schema=_SUSPECTS, orient="row")
    of_lists = doubted.partition_by("list", as_dict=True, maintain_order=True)
    return pl.concat(
        _beyond(part, *extremes(loops, str(name))) if name in _dated() else part
        for (name,), part in of_lists.items()
    )


_Judged = list[tuple[int, tuple[object, ...]]]
"""What is to be said against a value on some day: the number of the judgement, a row of _SUSPECTS."""
_JUDGED: dict[tuple[str, Path | None], dict[str, _Judged]] = {}
"""Of each list and the lists loaded beside it, what was found of the values met so far: most come
again with every chunk."""
_REMEMBERED = 50_000


@cache
def _dated() -> frozenset[str]:
    """The lists whose codes stand on days."""
    return frozenset(one.list for one in external().date)


def forget() -> None:
    """After a list was loaded: what was said without it no longer holds."""
    _JUDGED.clear()


def _judged(name: str, values: Sequence[str], loaded: Path | None) -> _Judged:
    """What is to be said against these values of a list, whatever their day."""
    known = _JUDGED.setdefault((name, loaded), {})
    new = [value for value in values if value not in known]
    if new:
        if len(known) + len(new) > _REMEMBERED:
            known.clear()
            new = list(values)
        known.update((value, []) for value in new)
        found = _judgements(name, pl.Series(new, dtype=pl.String), loaded)
        for number, told in enumerate(found):
            for row in told.iter_rows():
                known[row[1]].append((number, row))
    return [one for value in values for one in known[value]]


def _judgements(name: str, values: pl.Series, loaded: Path | None) -> Iterator[pl.DataFrame]:
    """The values that are wrong, or wrong on some day, by form, our lists, pyx12's, check digit."""
    nothing = pl.DataFrame(schema=_SUSPECTS)
    form = external().forms.get(name)
    kind = form.loaded if form else name
    heard = texts(loaded) if loaded is not None else None
    yield _malformed(name, values) if form else nothing
    if name in codes.kinds() or (heard is not None and heard.speaks_of(kind)):
        yield _unlisted(name, kind, values, heard)
    else:
        yield nothing
    yield _unknown(name, values) if name.startswith(OF_GUIDE) else nothing
    yield _check_digits(name, values) if name in _CHECKED else nothing


def _wrong(name: str, values: pl.Series, code: str, says: str) -> pl.DataFrame:
    """Values that are wrong on any day."""
    rows = [(name, value, code, says, None, _NEVER, None, True) for value in values]
    return pl.DataFrame(rows, schema=_SUSPECTS, orient="row")


def _malformed(name: str, values: pl.Series) -> pl.DataFrame:
    form = external().forms[name]
    wrong = values.filter(~values.str.contains(form.pattern))
    return _wrong(name, wrong, "CODE_MALFORMED", f"does not have the form of {form.says}")


_CHECKED = {
    "npi": (
        identifiers.is_npi,
        "NPI_INVALID",
        "is not a National Provider Identifier: ten digits, the last a check digit",
    ),
    "routing": (
        identifiers.is_routing_number,
        "CODE_MALFORMED",
        "is no bank's routing number: its check digit does not hold",
    ),
}
"""The lists whose numbers have a check digit: what holds it, the finding and what it says."""


def _check_digits(name: str, values: pl.Series) -> pl.DataFrame:
    holds, code, says = _CHECKED[name]
    # A distinct identifier a turn: a file names few, however many segments repeat them.
    right = pl.Series([holds(value) for value in values], dtype=pl.Boolean)
    return _wrong(name, values.filter(~right), code, says)


def _unknown(name: str, values: pl.Series) -> pl.DataFrame:
    held = guide_list(name.removeprefix(OF_GUIDE))
    unknown = values.filter(~values.is_in(list(held)))
    return _wrong(name, unknown, "CODE_UNKNOWN", "is not in the external code list we hold")


def _unlisted(name: str, kind: str, values: pl.Series, loaded: Texts | None) -> pl.DataFrame:
    """Codes that neither our list nor one loaded beside it holds, or not on all days."""
    reach = codes.reach(kind)
    silent = pl.col("code").str.contains(reach.silent) if reach.silent else pl.lit(False)
    bounded = pl.any_horizontal(pl.col("from", "to").is_not_null())
    said = pl.DataFrame(schema=SAID) if loaded is None else loaded.validity(kind, values)
    heard = pl.col("source").is_not_null()
    judged = (
        _both(codes.validity(kind, values), said)
        .with_columns(since=pl.when(heard).then("since").otherwise(pl.lit(reach.since, pl.Date)))
        .filter(bounded | ~(pl.col("known") | (silent & ~heard)))
    )
    if judged.is_empty():
        return pl.DataFrame(schema=_SUSPECTS)
    # Of days before its first release a list says nothing: then an unknown code may be right.
    before = pl.col("since").dt.offset_by("-1d").fill_null(_NEVER)
    heading = pl.col("longer") & (pl.col("code").str.len_chars() > 2) & (kind == _DIAGNOSES)
    first = pl.col("code").str.head(1)
    begun = codes.validity(kind, judged.select(first)["code"]).filter("longer")["code"]
    # A later release may hold a code of a letter that the list has.
    may_follow = first.is_in(begun.implode()) & ~(pl.col("known") | heading | heard)
    return judged.select(
        pl.lit(name).alias("list"),
        pl.col("code").alias("value"),
        pl.when(heading)
        .then(pl.lit("DIAGNOSIS_NOT_SPECIFIC"))
        .when("known")
        .then(pl.lit("CODE_OUT_OF_DATE"))
        .otherwise(pl.lit("CODE_UNKNOWN"))
        .alias("code"),
        _says(kind, heading).alias("says"),
        "from",
        pl.when("known").then("to").otherwise(before).alias("to"),
        pl.when(may_follow).then(pl.lit(reach.until, pl.Date)).alias("until"),
        (~pl.col("known")).alias("undated"),
    )


def _both(ours: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    """What our list says of codes, and what loaded ones say instead of those they hold."""
    theirs = pl.col("said").fill_null(False)
    return (
        ours.join(said, on="code", how="left", suffix="_said")
        .with_columns(
            pl.when(theirs).then(f"{day}_said").otherwise(day).alias(day) for day in ("from", "to")
        )
        .with_columns(known=pl.col("known") | theirs)
    )


def _says(kind: str, heading: pl.Expr) -> pl.Expr:
    title = codes.kinds()[kind][0]
    unheard = pl.lit(f"the {title} list we hold, of {codes.reach(kind).as_of}")
    since = composed(" from {}", "from").fill_null("")
    until = composed(" to {}", "to").fill_null("")
    return (
        pl.when(heading)
        .then(pl.lit("has more specific codes below it, which alone are billed"))
        .when("known")
        .then(composed("was in its list{}{}", since, until))
        .otherwise(composed("is not in {}", pl.coalesce(composed("the {}", "source"), unheard)))
    )


def _beyond(suspects: pl.DataFrame, first: date | None, last: date | None) -> pl.DataFrame:
    """Suspects that do not hold on every day between the first and the last of the file."""
    early = pl.col("from") > pl.lit(first, pl.Date)
    late = pl.col("to") < pl.lit(last, pl.Date)
    return suspects.filter(pl.col("undated") | early.fill_null(False) | late.fill_null(False))


# where and when they stand


def _placed(loops: Loops, wrong: pl.DataFrame) -> pl.DataFrame:
    """Wrong values at every segment that carries them: with `place`."""
    pairs = _columns(loops, wrong)
    at = pl.DataFrame({"pair": loops.pair}).with_row_index("place")
    return wrong.join(pairs, on=_TEXT).join(at.cast({"pair": pl.UInt32}), on="pair")


def _on_their_dates(loops: Loops, placed: pl.DataFrame) -> pl.DataFrame:
    """Those that are wrong on the day of their claim, line or payment."""
    frames = []
    for (number, kind), part in placed.group_by("node", "list", maintain_order=True):
        node = loops.guide.nodes[int(str(number))]
        at = part["place"].cast(pl.Int64).to_numpy()
        first, last = dates_at(loops, str(kind), node, at)
        days = part.with_columns(first=first, last=last)
        outside = (pl.col("first") > pl.col("to")) | (pl.col("last") < pl.col("from"))
        nowhere = pl.col("first").is_null() & pl.col("undated")
        reversal = pl.Series(taken_back(loops, str(kind), node, at))
        excused = pl.lit(reversal) & (pl.col("code") == "CODE_OUT_OF_DATE")
        frames.append(days.filter((outside.fill_null(False) | nowhere) & ~excused))
    return pl.concat(frames).with_columns(**_later_than_its_list())


def _later_than_its_list() -> dict[str, pl.Expr]:
    """What is told of a code the list does not hold, on a day its next release speaks of."""
    later = (pl.col("last") > pl.col("until")).fill_null(False)
    says = composed("{}, good to {}, and may be newer", "says", "until")
    return {
        "code": pl.when(later).then(pl.lit("CODE_NOT_YET_LISTED")).otherwise("code"),
        "says": pl.when(later).then(says).otherwise("says"),
    }


def _told(loops: Loops, wrong: pl.DataFrame) -> pl.DataFrame:
    """The faults as structure.FAULTS."""
    nodes = loops.guide.nodes
    number = composed(
        "{}{}",
        pl.col("position").cast(pl.String).str.zfill(2),
        pl.when(pl.col("component") > 0).then(composed("-{}", "component")).otherwise(pl.lit("")),
    )
    told = wrong.with_columns(
        message=composed("element {} ({}) {}", number, "name", "says"),
        element="position",
        component=pl.when(pl.col("component") > 0).then("component"),
        loop=pl.Series([nodes[one].loop.id for one in wrong["node"]], dtype=pl.String),
        segment=pl.Series([nodes[one].id for one in wrong["node"]], dtype=pl.String),
    )
    return conformed(told).sort("place", "element", "component", "repetition")
