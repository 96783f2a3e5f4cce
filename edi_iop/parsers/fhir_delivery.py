"""FHIR resources that came together, found by what may name them (hl7.org/fhir/R4, References).

A bulk export is a file a resource type, and one file's sessions are another's patients: a reference
is looked for in its own file first, then in all files of the delivery. Where several files have other
contents under one name, none of them is taken.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TypeVar

import msgspec
import polars as pl
from msgspec.structs import replace

from edi_iop.errors import FeedRejected
from edi_iop.parsers import fhir_model as fhir
from edi_iop.parsers.feed_sheet import conformed, no_findings
from edi_iop.parsers.fhir_model import Reference, Resource

TOGETHER = (
    "hand over all files of an export together: in one folder, one .zip, or one night's inbox"
)

_NEEDED = ("Patient", "Encounter", "Condition")
"""Without these a row is of nobody, of no session, or without a diagnosis."""
_FEW = 3
"""So many unresolved references of a kind are told one by one."""
_VERSIONED = re.compile(r"/_history/[^/]+$")
_R = TypeVar("_R", bound=Resource)


class Placed(msgspec.Struct, frozen=True):
    """A resource, the content it stands in, and where."""

    source: int
    """Which of the delivery's contents."""
    file: int | None
    """None: it was taken in before, and is here for what others name of it."""
    place: str
    resource: Resource

    def at(self, place: str) -> Placed:
        """A part of it."""
        return replace(self, place=place)


class Delivery(msgspec.Struct):
    """All resources of files that came together."""

    every: list[Placed] = msgspec.field(default_factory=list)
    touched: list[Placed] = msgspec.field(default_factory=list)
    """What has been looked at since this was last emptied."""
    _by_name: dict[str, list[Placed]] = msgspec.field(default_factory=dict)
    _faults: dict[int, list[tuple[str, str, str, str | None]]] = msgspec.field(default_factory=dict)
    _unresolved: dict[int, dict[tuple[str, str, str, str], None]] = msgspec.field(
        default_factory=dict
    )
    """By file: place, type, type named and reference, each once."""
    _unused: dict[int, Counter[str]] = msgspec.field(default_factory=dict)
    _types: set[str] = msgspec.field(default_factory=set)
    _types_of: dict[int | None, set[str]] = msgspec.field(default_factory=dict)

    def read(self, source: int, file: int | None, data: bytes) -> None:
        """A Bundle, one resource, or a line each; FeedRejected where the bytes are no FHIR."""
        text = data.removeprefix(b"\xef\xbb\xbf").strip()
        try:
            whole = msgspec.json.decode(text, type=fhir.Bundle)
        except msgspec.DecodeError as problem:
            lines = text.split(b"\n")
            if len(lines) == 1 or not lines[0].rstrip().endswith(b"}"):
                raise FeedRejected(
                    f"FHIR feed: not JSON of a Bundle: {problem}; send it again"
                ) from problem
            for number, line in enumerate(lines, start=1):  # resources, each a tree of its own
                if line.strip():
                    self._add(source, file, f"line {number}", "", line)
            return
        if whole.resource_type != "Bundle":
            self._add(source, file, "entry 1", "", text)
        for number, entry in enumerate(whole.entry, start=1):
            self._add(source, file, f"entry {number}", entry.full_url, entry.resource)

    def _add(
        self, source: int, file: int | None, place: str, url: str, raw: bytes | msgspec.Raw
    ) -> None:
        """Decodes one resource; what cannot be is a fault at its place."""
        try:
            kind = msgspec.json.decode(raw, type=Resource).resource_type
            if kind not in fhir.TYPES:
                if file is not None:
                    self._unused.setdefault(file, Counter())[kind or "?"] += 1
                return
            resource = msgspec.json.decode(raw, type=fhir.TYPES[kind])
        except msgspec.DecodeError as problem:
            if file is not None:
                says = f"a resource that cannot be read: {problem}"
                self._faults.setdefault(file, []).append(
                    (place, "FEED_MESSAGE_INVALID", says, None)
                )
            return
        placed = Placed(source, file, place, resource)
        self.every.append(placed)
        self._types.add(kind)
        self._types_of.setdefault(file, set()).add(kind)
        self._name(resource.name, placed)
        if url:
            self._name(url, placed)
        for inner in resource.contained:
            self._add_contained(placed, inner)

    def _add_contained(self, around: Placed, raw: msgspec.Raw) -> None:
        try:
            kind = msgspec.json.decode(raw, type=Resource).resource_type
            if kind in fhir.TYPES:
                found = msgspec.json.decode(raw, type=fhir.TYPES[kind])
                name = f"{around.resource.name}#{found.id.removeprefix('#')}"
                self._name(name, replace(around, resource=found))
        except msgspec.DecodeError:
            return  # a reference to it is told as unresolved

    def _name(self, name: str, placed: Placed) -> None:
        """The first of a file counts."""
        there = self._by_name.setdefault(name, [])
        if not there or there[-1].source != placed.source:
            there.append(placed)

    def of(self, kind: type[_R]) -> Iterator[tuple[Placed, _R]]:
        for one in self.every:
            if isinstance(one.resource, kind):
                yield one, one.resource

    def find(self, at: Placed, reference: Reference, kind: type[_R]) -> _R | None:
        """The resource a reference names; told where the delivery does not have it."""
        placed = self.placed(at, reference)
        if placed is not None and isinstance(placed.resource, kind):
            return placed.resource
        if reference.reference and at.file is not None:
            named = reference.reference
            key = (at.place, at.resource.resource_type, _typed(named), named)
            self._unresolved.setdefault(at.file, {})[key] = None
        return None

    def placed(self, at: Placed, reference: Reference) -> Placed | None:
        """Where the resource stands that a reference names."""
        named = reference.reference
        if not named:
            return None
        if named.startswith("#"):
            name = at.resource.name.partition("#")[0] + named
            found = [one for one in self._by_name.get(name, ()) if one.source == at.source]
        else:
            found = self._by_name.get(named, [])
            if not found:
                plain = _VERSIONED.sub("", named)
                found = self._by_name.get("/".join(plain.rsplit("/", 2)[-2:]), [])
        own = next((one for one in found if one.source == at.source), None)
        if own is None and any(one.resource != found[0].resource for one in found):
            return None  # two exports: it would be a guess whose is meant
        chosen = own or next(iter(found), None)
        if chosen is not None:
            self.touched.append(chosen)
        return chosen

    def rejected(self, file: int) -> str | None:
        """Why a file cannot be taken in by itself: one of an export, the others of which are not here."""
        types = self._types_of.get(file, set())
        missing = Counter(named for _, _, named, _ in self._unresolved.get(file, ()))
        wanted = [name for name in _NEEDED if missing[name] and name not in self._types]
        if len(types) != 1 or not wanted:
            return None
        told = ", ".join(f"{missing[name]:,} {name}" for name in wanted)
        return f"FHIR feed: resources of {next(iter(types))} name others that did not come with them ({told}); {TOGETHER}"

    def faults(self, file: int) -> pl.DataFrame:
        """What is wrong with a file (feed_sheet.FAULTS); each once, however many rows met it."""
        schema = dict.fromkeys(("place", "code", "says", "value"), pl.String)
        every = [*self._faults.get(file, ()), *self._told(file)]
        placed = pl.DataFrame(list(dict.fromkeys(every)), schema=schema, orient="row")
        unused = self._unused.get(file, Counter())
        says = [f"not read: {name}, {count:,} in the file" for name, count in unused.items()]
        told = pl.DataFrame({"says": says}, schema={"says": pl.String})
        return pl.concat(
            [
                no_findings(),
                conformed(placed),
                conformed(told.with_columns(code=pl.lit("FEED_MESSAGE_UNUSED"))),
            ]
        )

    def _told(self, file: int) -> Iterator[tuple[str | None, str, str, str | None]]:
        """References without a resource; of a type that is not there at all, how many."""
        missing = self._unresolved.get(file, {})
        pairs = Counter((around, named) for _, around, named, _ in missing)
        many = {
            pair for pair, count in pairs.items() if count > _FEW and pair[1] not in self._types
        }
        for around, named in pairs:
            if (around, named) in many:
                says = f"{around} names {named} resources, and none came with it: {pairs[around, named]:,} times"
                yield None, "FEED_REFERENCE_UNRESOLVED", says, None
        for place, around, named, reference in missing:
            if (around, named) not in many:
                article = f"a {named}" if named else "a resource"
                yield (
                    place,
                    "FEED_REFERENCE_UNRESOLVED",
                    self._says(around, article, reference),
                    reference,
                )

    def _says(self, around: str, named: str, reference: str) -> str:
        plain = "/".join(_VERSIONED.sub("", reference).rsplit("/", 2)[-2:])
        if len(self._by_name.get(plain, ())) > 1:
            return f"{around} names {named}, which several files have, not alike; hand over one export at a time"
        return f"{around} names {named}, which is not in the file"


def _typed(reference: str) -> str:
    """A reference without what may be personal: ids can be made of names or numbers."""
    found = re.search(r"([A-Z][A-Za-z]+)/[^/]+(/_history/.*)?$", reference)
    return found[1] if found else ""


def together(files: Sequence[tuple[int | None, bytes]]) -> tuple[Delivery, dict[int, FeedRejected]]:
    """The resources of files, and which of them are no FHIR."""
    delivery, refused = Delivery(), dict[int, FeedRejected]()
    for source, (file, data) in enumerate(files):
        try:
            delivery.read(source, file, data)
        except FeedRejected as problem:
            if file is not None:
                refused[file] = problem
    return delivery, refused
