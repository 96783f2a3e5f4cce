"""A partner's columns to the canonical ones, by a layout: text in, text out, column expressions.

What cannot be brought to the canonical form is left unreadable on purpose (UNREAD before it), so
that the canonical reader names it with its place: a European 5/1/2026 must never pass as American.
Several values in one field (HL7 repetitions, FHIR codings) are separated by SEVERAL.
"""

from __future__ import annotations

import msgspec
import polars as pl

from edi_iop.errors import FeedRejected
from edi_iop.parsers import feed_dates
from edi_iop.parsers.feed_clock import SESSION, Clock, measured
from edi_iop.parsers.feed_layout import HL7, ISO, Layout, Source, Sources, folded
from edi_iop.parsers.feed_sheet import IN_UTC, SEVERAL, Sheet, no_findings, told, unread
from edi_iop.parsers.feed_spec import FeedColumn, feed

_SEVERAL_FORMS = ("hl7", "fhir", "x12")
_LISTS = ("diagnoses", "modifiers")
"""Kinds of columns that hold several values."""
_SERIAL = r"^\d{5}(\.\d+)?$"
"""A spreadsheet's number of a day: the canonical reader knows it."""
_SURE = {"time": feed_dates.DAY_FRACTION, "date": rf"{_SERIAL}|{feed_dates.SURE}"}
"""What the canonical reader takes in one sense, whatever the layout's format."""
_NEVER = pl.lit(False)


class Flat(msgspec.Struct, frozen=True):
    """A partner's rows as text, before any of it is understood.

    text: `row` (unique), `place` where a row's number does not say it, and its columns.
    """

    text: pl.DataFrame
    unit: str
    """What `row` counts: line, element, entry."""
    findings: pl.DataFrame = msgspec.field(default_factory=no_findings)


def mapped(layout: Layout, kind: str, flat: Flat) -> Sheet:
    """The feed that the layout takes out of these rows; FeedRejected where a needed column is missing."""
    sources = layout.feeds[kind]
    known = {folded(name): name for name in flat.text.columns}
    _require(layout, kind, known)
    wanted, skipped = _kept(layout, flat, known)
    shapes = {column.name: column for column in feed(kind).columns}
    text = wanted.select(
        "row",
        *(["place"] if "place" in known else []),
        *(
            _first_of(
                sources[name],
                shapes[name],
                known,
                layout,
                _said_otherwise(name, kind, known, layout),
            ).alias(name)
            for name in shapes
            if name in sources
        ),
        *_moments(sources, known, layout),
    )
    assumed = _assumed(layout, kind, wanted, known)
    if kind == "encounters":
        text = measured(text, layout.head.timezone)
    else:
        own = [name for name in text.columns if name not in ("row", "place")]
        text = text.unique(own, keep="first", maintain_order=True)
    origins = {name: _said(sources[name]) for name in text.columns if name in sources}
    found = pl.concat([flat.findings, skipped, assumed])
    forms = {name: form for name in text.columns if (form := _forms(sources.get(name, ())))}
    says = layout.form if layout.form in _SEVERAL_FORMS else ""
    return Sheet(feed(kind), text, found, flat.unit, origins, forms, says)


def _assumed(layout: Layout, kind: str, rows: pl.DataFrame, known: dict[str, str]) -> pl.DataFrame:
    """One finding a column whose values the layout had to assume, with how many."""
    says = []
    shapes = {column.name: column for column in feed(kind).columns}
    for name, sources in layout.feeds[kind].items():
        before = [
            _value(one, shapes[name], known, layout, final=False)
            for one in sources
            if not one.assumed
        ]
        assumed = [
            _value(one, shapes[name], known, layout, final=True) for one in sources if one.assumed
        ]
        if not assumed:
            continue
        said = _said_otherwise(name, kind, known, layout)
        given = pl.coalesce([*before, pl.lit(None, pl.String)]).is_not_null() | said
        count = rows.filter(pl.coalesce(assumed).is_not_null() & ~given).height
        if count:
            says.append(
                f"{name} assumed by layout {layout.name}, not said by the feed; {kind}: {count:,}"
            )
    return told("FEED_ASSUMED", says)


def unread_columns(layout: Layout, names: list[str]) -> pl.DataFrame:
    """A warning for each column that the layout neither reads nor ignores."""
    known = {folded(name) for name in (*layout.reads, *layout.head.ignore)}
    strangers = ((at, name) for at, name in enumerate(names, 1) if folded(name) not in known)
    says = [
        f"line 1, column {at} ({name or 'without a name'}): layout {layout.name} does not read it"
        for at, name in strangers
    ]
    return told("FEED_COLUMN_UNKNOWN", says)


def _forms(sources: Sources) -> str:
    """The formats of dates and times, as messages tell them."""
    named = {ISO: "ISO 8601", HL7: "HL7 TS"}
    every = dict.fromkeys(form for source in sources for form in source.formats)
    return " or ".join(named.get(form, form) for form in every)


def _said(sources: Sources) -> str:
    """The partner's own names, as messages tell them."""
    return ", ".join(dict.fromkeys(name for source in sources for name in source.reads))


def _require(layout: Layout, kind: str, known: dict[str, str]) -> None:
    """FeedRejected where no source of a required column is in the file."""
    for name in feed(kind).required:
        sources = layout.feeds[kind][name]
        fixed = any(one.value is not None or one.default is not None for one in sources)
        if not fixed and not any(
            folded(column) in known for one in sources for column in one.reads
        ):
            raise FeedRejected(
                f"{kind} feed by layout {layout.name}: column {_said(sources)} for {name} missing; "
                "add it and send the file again, or correct the layout"
            )


def _kept(layout: Layout, flat: Flat, known: dict[str, str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that are events, and one finding that counts the others."""
    skips = [
        pl.col(known[folded(column)]).str.strip_chars().str.to_lowercase().is_in(
            [value.lower() for value in values]
        )
        for column, values in layout.head.skip.items()
        if folded(column) in known
    ]  # fmt: skip
    if not skips:
        return flat.text, no_findings()
    skip = pl.any_horizontal(skips).fill_null(False)
    kept = flat.text.filter(~skip)
    count = flat.text.height - kept.height
    names = ", ".join(layout.head.skip)
    rows = "1 row is no event" if count == 1 else f"{count:,} rows are no events"
    says = [f"{rows} by {names} (layout {layout.name})"] if count else []
    return kept, told("FEED_ROWS_SKIPPED", says)


# ------------------------------------------------------------------ values


def _first_of(
    sources: Sources,
    column: FeedColumn,
    known: dict[str, str],
    layout: Layout,
    said: pl.Expr = _NEVER,
) -> pl.Expr:
    """The first source that has a value; nothing is assumed of rows that say it otherwise."""
    last = len(sources) - 1
    found = []
    for at, source in enumerate(sources):
        value = _value(source, column, known, layout, final=at == last)
        found.append(pl.when(~said).then(value) if source.assumed else value)
    return pl.coalesce(found)


def _said_otherwise(name: str, kind: str, known: dict[str, str], layout: Layout) -> pl.Expr:
    """Of which rows nothing is assumed here: other columns say it, or they are not about it.

    Both times say how long a session was; a discharge is of no session.
    """
    spec, sources = feed(kind), layout.feeds[kind]
    shapes = {column.name: column for column in spec.columns}

    def given(column: str) -> pl.Expr:
        return _first_of(sources[column], shapes[column], known, layout)

    said = [_NEVER]
    if spec.times is not None and any(name in group for group in spec.times.any_of):
        said += [
            pl.all_horizontal(given(one).is_not_null() for one in group)
            for group in spec.times.any_of
            if name not in group and sources.keys() >= set(group)
        ]
    if spec.narrow is not None and name not in spec.narrow.columns:
        said += [
            given(column).is_in(codes).fill_null(False)
            for column, codes in spec.narrow.when.items()
            if column in sources
        ]
    return pl.any_horizontal(said)


def _value(
    source: Source, column: FeedColumn, known: dict[str, str], layout: Layout, final: bool
) -> pl.Expr:
    """The canonical text of one source; null where it has none.

    final: whether no other source comes after it, so that a value without a translation stays.
    """
    if source.value is not None:
        return pl.lit(source.value, pl.String)
    value = _raw(source, known)
    if source.pattern:
        value = _filled(value.str.extract(source.pattern, 1).str.strip_chars())
    if source.codes is not None or source.prefixes is not None:
        value = _translated(source, value, layout.form in _SEVERAL_FORMS, final)
    if source.formats:
        value = _dated(source, column, value, known, layout)
    if source.decimal != "." or source.factor != 1 or source.factors is not None:
        value = _numbered(source, value, known)
    if source.width:
        value = value.str.replace(r"\.0+$", "").str.zfill(source.width)
    if layout.form in _SEVERAL_FORMS:
        several = value.str.replace_all(SEVERAL, " ", literal=True)
        value = several if column.kind in _LISTS else value.str.split(SEVERAL).list.first()
    return value if source.default is None else value.fill_null(source.default)


def _raw(source: Source, known: dict[str, str]) -> pl.Expr:
    """The partner's text; several columns put together without the empty ones."""
    tidy = [_filled(pl.col(known[folded(name)]).str.strip_chars()) for name in source.reads
            if folded(name) in known]  # fmt: skip
    if not tidy:
        return pl.lit(None, pl.String)
    if len(tidy) == 1:
        return tidy[0]
    return _filled(pl.concat_str(tidy, separator=source.join, ignore_nulls=True))


def _filled(text: pl.Expr) -> pl.Expr:
    """Null where the text is empty."""
    return pl.when(text != "").then(text)


def _translated(source: Source, value: pl.Expr, several: bool, final: bool) -> pl.Expr:
    """By codes, else by the longest prefix, else `otherwise`, else as it is or for the next source.

    several: whether a field may hold several values, of which the first that is known counts.
    """
    capital = value.str.to_uppercase()
    if several:
        every = capital.str.split(SEVERAL).list
        found = every.eval(_meaning(source, pl.element()).drop_nulls()).list.first()
    else:
        found = _meaning(source, capital)
    if source.otherwise is not None:
        return pl.coalesce(found, pl.when(value.is_not_null()).then(pl.lit(source.otherwise)))
    # A named list is about another thing than the column: a procedure is no level of care.
    return pl.coalesce(found, value) if final and not isinstance(source.codes, str) else found


def _meaning(source: Source, capital: pl.Expr) -> pl.Expr:
    """The translation of one value; null where there is none."""
    codes = source.translations
    found = [capital.replace_strict(codes, default=None, return_dtype=pl.String)] if codes else []
    for prefix in sorted(source.prefixes or (), key=len, reverse=True):
        meaning = pl.lit((source.prefixes or {})[prefix])
        found.append(pl.when(capital.str.starts_with(prefix.upper())).then(meaning))
    return pl.coalesce(found)


def _numbered(source: Source, value: pl.Expr, known: dict[str, str]) -> pl.Expr:
    """A number with a point, multiplied; exact, for money too."""
    plain = value
    if source.decimal == ",":
        plain = plain.str.replace_all(r"[.\s]", "").str.replace(",", ".", literal=True)
    if source.factor == 1 and source.factors is None:
        return plain
    number = plain.cast(pl.Decimal(18, 4), strict=False)
    product = number * source.factor * _multiple(source, known)
    exact = product.cast(pl.String).str.replace(r"\.?0+$", "").replace("", "0")
    wrong = pl.when(number.is_null()).then(unread(plain))
    return pl.coalesce(exact, wrong)


def _multiple(source: Source, known: dict[str, str]) -> pl.Expr:
    """What one unit stands for, by the first of the columns `by` that has a code of the list."""
    if source.factors is None:
        return pl.lit(1)
    codes = (
        pl.col(known[folded(name)]).str.split(SEVERAL).list.first().str.to_uppercase()
        for name in source.reads_by
        if folded(name) in known
    )
    each = [
        code.replace_strict(source.multiples, default=None, return_dtype=pl.Int64) for code in codes
    ]
    return pl.coalesce([*each, pl.lit(None, pl.Int64)])


# ------------------------------------------------------------------ dates and times


def _dated(
    source: Source, column: FeedColumn, value: pl.Expr, known: dict[str, str], layout: Layout
) -> pl.Expr:
    """A date or time in the canonical form."""
    zones = _zones(known, layout)
    found = [_formed(form, column, value, zones) for form in source.formats]
    if column.kind == "date":
        forms = [form for form in source.formats if form not in (ISO, HL7)]
        value, mended = feed_dates.mended(value, forms)
        found += mended
    sure = _SURE.get(column.kind, _SERIAL)
    if column.kind == "time" and any("%H" in form for form in source.formats):
        sure = f"{sure}|{feed_dates.BARE_CLOCK}"
    kept = pl.when(value.str.contains(sure)).then(value).otherwise(unread(value))
    if column.kind == "time":  # a day without a time is no wrong time
        days = [Clock.of(form, value).at for form in source.formats if form in (ISO, HL7)]
        bare = pl.coalesce([*days, pl.lit(None, pl.Datetime("us"))]).is_not_null()
        kept = pl.when(~bare).then(kept)
    return pl.coalesce(*found, kept)


def _zones(known: dict[str, str], layout: Layout) -> dict[str, pl.Expr]:
    """In which zone a row's clock hangs: the layout's, else that of the facility the row names."""
    if layout.head.timezone:
        return {layout.head.timezone: pl.lit(True)}
    sources = layout.feeds.get("encounters", {}).get("facility_npi")
    if not layout.clocks.zones or sources is None:
        return {}
    (column,) = (one for one in feed("encounters").columns if one.name == "facility_npi")
    npi = _first_of(sources, column, known, layout)
    return {
        zone: npi.is_in(
            [one for one, own in layout.clocks.by_npi.items() if own == zone]
        ).fill_null(False)
        for zone in layout.clocks.zones
    }


def _formed(form: str, column: FeedColumn, value: pl.Expr, zones: dict[str, pl.Expr]) -> pl.Expr:
    wanted = "%H:%M:%S" if column.kind == "time" else "%Y-%m-%d"
    if form in (ISO, HL7):
        clock = Clock.of(form, value)
        there = [pl.when(here).then(clock.local(zone)) for zone, here in zones.items()]
        local = pl.coalesce([*there, clock.at])
        shown = pl.when(clock.timed).then(local) if column.kind == "time" else local
        homeless = pl.lit(IN_UTC) + value
        lost = clock.is_utc & ~pl.any_horizontal(pl.lit(False), *zones.values())
        return pl.when(lost).then(homeless).otherwise(shown.dt.strftime(wanted))
    if column.kind == "integer":  # a length as hours and minutes
        length = value.str.to_time(form, strict=False)
        return (length.dt.hour().cast(pl.Int64) * 60 + length.dt.minute()).cast(pl.String)
    if column.kind == "time" and not set(form).intersection("dDmyYjbBeF"):
        return value.str.to_time(form, strict=False).dt.strftime(wanted)
    return feed_dates.in_years(value.str.to_datetime(form, strict=False)).dt.strftime(wanted)


def _moments(sources: dict[str, Sources], known: dict[str, str], layout: Layout) -> list[pl.Expr]:
    """When each session began and ended (`_start`, `_end`), where both are given with their dates."""
    if not all(name in sources for name in (*SESSION, "service_date")):
        return []
    found = []
    for name in SESSION:
        source = sources[name][0]
        form = next(iter(source.formats), "")
        if form not in (ISO, HL7):
            return []
        value = _raw(source, known)
        clock = Clock.of(form, value)
        hung = pl.any_horizontal(pl.lit(False), *_zones(known, layout).values())
        unplaced = clock.offset.is_null() & hung
        found.append(pl.when(~unplaced).then(clock.moment).alias(f"_{name}"))
    return found
