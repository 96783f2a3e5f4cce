"""A partner's own layout: a TOML map from its columns to those of the canonical feeds.

One file a layout, in maps/feeds/layouts or in a workspace's feeds/. HL7, FHIR and 837
encounters are read by layouts too (hl7.toml, fhir.toml, x12.toml): what differs by partner
is data. BadMap names the file, the key and the reason.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from edi_iop import mistakes, resources
from edi_iop.errors import BadMap, MissingPath
from edi_iop.parsers.feed_spec import KINDS, feed
from edi_iop.parsers.feed_zones import UNHUNG, Clocks
from edi_iop.settings import Strict

Form = Literal["csv", "xml", "hl7", "fhir", "x12"]
_T = TypeVar("_T")

ISO, HL7 = "iso", "hl7"
"""Formats with a name: dates and times of ISO 8601 and of HL7 v2 (TS), with or without a zone."""


class Source(Strict, frozen=True, rename={"columns": "from"}):
    """Where a canonical value comes from, and how its text is brought to the canonical form."""

    columns: str | tuple[str, ...] = ()
    """Columns of the partner; several are put together with `join`, empty ones left out."""
    join: str = " "
    value: str | None = None
    """Always this, whatever the partner says."""
    pattern: str = ""
    """A regular expression; the value is its first group, and empty where it does not fit."""
    format: str | tuple[str, ...] = ()
    """Of dates and times: `iso`, `hl7` or strptime forms, the first that fits."""
    codes: dict[str, str] | str | None = None
    """Translations, in any case of letters; or the name of a list of maps/feeds/services.toml."""
    prefixes: dict[str, str] | None = None
    """Translations by how the value begins; the longest that fits holds."""
    otherwise: str | None = None
    """What a value without a translation means; without this it stays as it is."""
    default: str | None = None
    """What an empty value means."""
    width: int = 0
    """Leading zeros that a spreadsheet took are put back up to this width."""
    decimal: Literal[".", ","] = "."
    factor: int = 1
    """The number is multiplied by it: hours are minutes by 60."""
    by: str | tuple[str, ...] = ()
    factors: dict[str, int] | str | None = None
    """Or by what the code in the column `by` stands for; no value where it stands for nothing."""
    assumed: bool = False
    """Rows that get their value here are told: the feed itself does not say it."""

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.columns,) if isinstance(self.columns, str) else self.columns

    @property
    def reads_by(self) -> tuple[str, ...]:
        return (self.by,) if isinstance(self.by, str) else self.by

    @property
    def translations(self) -> dict[str, str]:
        """Meanings by code in capitals."""
        found = self.codes if self.codes is not None else {}
        found = services(found) if isinstance(found, str) else found
        return {code.upper(): str(meaning) for code, meaning in found.items()}

    @property
    def multiples(self) -> dict[str, int]:
        """Factors by code in capitals."""
        found = self.factors if self.factors is not None else {}
        found = services(found) if isinstance(found, str) else found
        return {code.upper(): int(factor) for code, factor in found.items()}

    @property
    def formats(self) -> tuple[str, ...]:
        return (self.format,) if isinstance(self.format, str) else self.format


Sources = tuple[Source, ...]
"""One or several: the first that has a value counts."""


class _Head(Strict, frozen=True):
    """The keys of a layout beside those of its feeds."""

    says: str
    form: Form
    header: tuple[str, ...] = ()
    """The columns by which a CSV file is told; all of them must be there."""
    root: str = ""
    row: str = ""
    """XML: the element of the document and of a row."""
    ignore: tuple[str, ...] = ()
    """Columns that are known and not wanted."""
    skip: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """Rows that are no events, by the values of a column: counted, and left out."""
    defaults: dict[str, dict[str, str]] = msgspec.field(default_factory=dict)
    """By feed and column what is assumed, and told, where no source has a value."""
    timezone: str = ""
    """Where the clock hangs: times with a zone are brought to it (IANA, America/New_York)."""


class Layout(msgspec.Struct, frozen=True):
    """A layout, checked: for each feed it fills, the sources of its columns."""

    name: str
    head: _Head
    feeds: dict[str, dict[str, Sources]]
    clocks: Clocks = UNHUNG
    """Of the facilities, where these hang in several zones and the layout names none."""

    @property
    def form(self) -> Form:
        return self.head.form

    @property
    def reads(self) -> frozenset[str]:
        """Every column of the partner that is read."""
        named = {
            column
            for columns in self.feeds.values()
            for sources in columns.values()
            for source in sources
            for column in (*source.reads, *source.reads_by)
        }
        return frozenset(named | set(self.head.skip))

    @property
    def header(self) -> frozenset[str]:
        """The columns by which a CSV file is told, as headers are compared."""
        return frozenset(map(folded, self.head.header or self.reads))


def folded(name: str) -> str:
    """A column's name as names are compared: lower case, single spaces."""
    return " ".join(name.lower().split())


@cache
def services(name: str) -> dict[str, Any]:
    """A list of maps/feeds/services.toml; BadMap where there is none."""
    path = resources.maps() / "feeds" / "services.toml"
    lists = tomllib.loads(_text(path))
    if name not in lists:
        known = ", ".join(lists)
        raise BadMap(f"maps/feeds/services.toml: there is no list {name}; one of {known}")
    return dict(lists[name])


class Layouts(tuple[Layout, ...]):
    """Layouts in the order they are tried, and the clocks of the facility whose feeds they read."""

    clocks: Clocks

    def __new__(cls, layouts: Iterable[Layout] = (), clocks: Clocks = UNHUNG) -> Layouts:
        made = super().__new__(cls, layouts)
        made.clocks = clocks
        return made


def clocks_of(layouts: Sequence[Layout]) -> Clocks:
    """The clocks that go with layouts; none where nobody said where they hang."""
    return layouts.clocks if isinstance(layouts, Layouts) else UNHUNG


@cache
def shipped() -> tuple[Layout, ...]:
    """The layouts of maps/feeds/layouts."""
    return load([resources.maps() / "feeds" / "layouts"])


def load(paths: Iterable[Path], clocks: Clocks = UNHUNG) -> Layouts:
    """The layouts of files, and of all *.toml of folders; MissingPath, BadMap.

    clocks: of the facility; a layout that names its timezone goes by that.
    """
    found = []
    for path in paths:
        if not path.exists():
            raise MissingPath(f"{path}: no such layout; make one with: edi-iop feed guess FILE")
        files = sorted(path.glob("*.toml")) if path.is_dir() else [path]
        found += [decode(_text(file), str(file), file.stem) for file in files]
    return Layouts(found, clocks)


def decode(text: str, where: str, name: str) -> Layout:
    """A layout out of TOML text; BadMap says in which file, at which key, and why."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise BadMap(f"{where}: {problem}; correct the layout") from problem
    raw = _extended(raw, where)
    plain = {key: value for key, value in raw.items() if key not in KINDS}
    head = _converted(plain, _Head, where, "")
    feeds = {kind: _columns(kind, raw[kind], where) for kind in KINDS if kind in raw}
    for kind, columns in head.defaults.items():
        _assume(feeds, kind, columns, where)
    layout = Layout(name, head, feeds)
    _check(layout, where)
    return layout


def _assume(
    feeds: dict[str, dict[str, Sources]], kind: str, columns: dict[str, str], where: str
) -> None:
    """Adds a layout's defaults to the sources of its columns."""
    for name, value in columns.items():
        if kind not in feeds or name not in feed(kind).names:
            raise BadMap(
                f"{where}: defaults.{kind}.{name}: no column of a feed it fills; correct it"
            )
        feeds[kind][name] = (*feeds[kind].get(name, ()), Source(value=value, assumed=True))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise BadMap(f"{path}: cannot be read as UTF-8 text; correct the layout") from problem


def _extended(raw: dict[str, Any], where: str) -> dict[str, Any]:
    """The layout with what it inherits from a shipped one; its own keys win."""
    if "extends" not in raw:
        return raw
    parent = resources.maps() / "feeds" / "layouts" / f"{raw['extends']}.toml"
    if not re.fullmatch(r"\w+", str(raw["extends"])) or not parent.is_file():
        raise BadMap(f"{where}: extends: there is no layout {raw['extends']}; correct the layout")
    own = {key: value for key, value in raw.items() if key != "extends"}
    return _merged(tomllib.loads(_text(parent)), own)


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    both = {
        key: _merged(below[key], above[key])
        for key in below.keys() & above.keys()
        if isinstance(below[key], dict) and isinstance(above[key], dict)
    }
    return {**below, **above, **both}


def _columns(kind: str, raw: Any, where: str) -> dict[str, Sources]:
    """The sources of a feed's columns, each key converted by itself so that it can be named."""
    if not isinstance(raw, dict):
        raise BadMap(f"{where}: {kind}: not a table of columns; correct the layout")
    strangers = [name for name in raw if name not in feed(kind).names]
    if strangers:
        known = ", ".join(feed(kind).names)
        raise BadMap(
            f"{where}: {kind}.{strangers[0]}: no column of the {kind} feed; one of {known}"
        )
    return {name: _sources(value, where, f"{kind}.{name}") for name, value in raw.items()}


def _sources(value: Any, where: str, key: str) -> Sources:
    """A column's name, a table, or a list of these."""
    each = value if isinstance(value, list) else [value]
    return tuple(
        Source(columns=one) if isinstance(one, str) else _converted(one, Source, where, key)
        for one in each
    )


def _converted(value: Any, kind: type[_T], where: str, key: str) -> _T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as problem:
        inner, reason = mistakes.told(problem)
        place = ".".join(part for part in (key, inner) if part)
        raise BadMap(f"{where}: {place}: {reason}; correct the layout") from problem


def _check(layout: Layout, where: str) -> None:
    """BadMap where the parts do not hold together."""
    if not layout.feeds:
        raise BadMap(f"{where}: fills no feed; add [encounters] with its columns")
    if layout.form == "xml" and not (layout.head.root and layout.head.row):
        raise BadMap(f"{where}: root and row: XML needs both; name its elements")
    if layout.form == "csv" and not layout.header:
        raise BadMap(f"{where}: header: names no column; name those that tell the file")
    if layout.head.timezone:
        try:
            ZoneInfo(layout.head.timezone)
        except (KeyError, ValueError, OSError) as problem:
            wrong = f"no such zone {layout.head.timezone}"
            raise BadMap(f"{where}: timezone: {wrong}; write one as America/New_York") from problem
    for kind, columns in layout.feeds.items():
        missing = [name for name in needed(kind) if name not in columns]
        if missing:
            raise BadMap(
                f"{where}: {kind}.{missing[0]}: required and without a source; "
                'name its column, or a constant as { value = "..." }'
            )
        times = feed(kind).times
        if times and not any(columns.keys() >= set(group) for group in times.any_of):
            groups = ", or ".join(" and ".join(group) for group in times.any_of)
            raise BadMap(f"{where}: {kind}: {groups} needed; name their columns")
        for name, sources in columns.items():
            for source in sources:
                _check_source(source, where, f"{kind}.{name}")


def needed(kind: str) -> tuple[str, ...]:
    """The columns every layout of a feed must give."""
    return feed(kind).required


def _check_source(source: Source, where: str, key: str) -> None:
    if bool(source.reads) == (source.value is not None):
        raise BadMap(f"{where}: {key}: needs either from or value; correct the layout")
    if source.pattern:
        try:
            groups = re.compile(source.pattern).groups
        except re.error as problem:
            raise BadMap(f"{where}: {key}.pattern: {problem}; correct it") from problem
        if groups < 1:
            raise BadMap(f"{where}: {key}.pattern: has no group ( ) to take; correct it")
    if bool(source.reads_by) != (source.factors is not None):
        raise BadMap(f"{where}: {key}: by and factors go together; correct the layout")
    for name in (source.codes, source.factors):
        if isinstance(name, str):
            try:
                services(name)
            except BadMap as problem:
                raise BadMap(f"{where}: {key}: {problem}") from problem
    for form in source.formats:
        if form not in (ISO, HL7) and "%" not in form:
            wrong = f"{form!r} is neither iso, hl7 nor a form as %m/%d/%Y"
            raise BadMap(f"{where}: {key}.format: {wrong}; correct it")


def by_header(layouts: Sequence[Layout], names: Sequence[str]) -> Layout | None:
    """The CSV layout whose columns all stand in the header; of several the one with most."""
    there = frozenset(map(folded, names))
    fitting = [one for one in layouts if one.form == "csv" and one.header <= there]
    return max(fitting, key=lambda one: len(one.header), default=None)


def by_root(layouts: Sequence[Layout], root: str) -> Layout | None:
    """The XML layout of that root element."""
    return next((one for one in layouts if one.form == "xml" and one.head.root == root), None)


def by_form(layouts: Sequence[Layout], form: Form) -> Layout | None:
    """The first layout of that form: the user's own before the shipped one."""
    return next((one for one in layouts if one.form == form), None)
