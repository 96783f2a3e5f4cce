"""Lists a user brings: licensed texts of CPT, CARC, RARC and NUBC, and CMS's own HCPCS file.

Nothing of them is shipped. A list is read from the file its owner distributes
(codes/forms.py), kept in the workspace's codes/ folder as KIND.csv beside KIND.json,
which says of what file it is, and explains codes where that workspace is named.
maps/codes/loads.toml holds the kinds and the names of columns.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from functools import cache, cached_property
from pathlib import Path

import msgspec
import polars as pl
from msgspec.structs import asdict

from edi_iop import codes
from edi_iop.codes.forms import COLUMNS, Kind, kinds, read
from edi_iop.errors import BadList, NotKnown

__all__ = ["CLASS", "Held", "Texts", "class_turns", "classes", "load", "spelled_out", "texts"]

CLASS = "class:"
"""Before the name of a class of loaded codes, where a policy lists procedures."""


SAID = {
    "code": pl.String(),
    "said": pl.Boolean(),
    "from": pl.Date(),
    "to": pl.Date(),
    "since": pl.Date(),
    "source": pl.String(),
}
"""What loaded lists say of a code: whether they hold it, and for which days."""


class Held(msgspec.Struct, frozen=True):
    """A loaded list: whose file, when, how much of it."""

    kind: str
    file: str
    sha256: str
    """Of the file as it was given."""
    loaded_on: date
    as_of: date | None
    """The day the list is of, where the user said so."""
    form: str
    codes: int
    left_out: int
    """Rows without a code of this kind."""
    classes: tuple[str, ...]
    """Names under which policies can list its codes (column `class`)."""
    kept_sha256: str
    """Of KIND.csv as we wrote it."""


def load(kind: str, name: str, content: bytes, today: date, as_of: date | None = None) -> Load:
    """A list out of the user's file; NotKnown of a kind we do not take, BadList of a file without it."""
    if kind not in kinds():
        raise NotKnown(f"{kind}: no list that can be loaded; one of {', '.join(kinds())}")
    found = read(kinds()[kind], name, content)
    rows = found.rows.write_csv().encode()
    held = Held(
        kind,
        name,
        hashlib.sha256(content).hexdigest(),
        today,
        as_of,
        found.form,
        len(found.rows),
        found.left_out,
        tuple(found.rows["class"].drop_nulls().unique(maintain_order=True)),
        hashlib.sha256(rows).hexdigest(),
    )
    about = json.dumps({**asdict(held), "loaded_on": str(today), "as_of": as_of and str(as_of)})
    return Load(held, {f"{kind}.csv": rows, f"{kind}.json": about.encode()})


class Load(msgspec.Struct, frozen=True):
    """A list as it goes into the workspace: the two files of its folder."""

    held: Held
    files: Mapping[str, bytes]


class Texts(msgspec.Struct, frozen=True, eq=False, dict=True):
    """The loaded lists of a workspace."""

    folder: Path

    @cached_property
    def held(self) -> tuple[Held, ...]:
        """Every loaded list; BadList where one cannot be read or is not as it was written."""
        return tuple(_held(path) for path in sorted(self.folder.glob("*.json")))

    @cached_property
    def _rows(self) -> Mapping[str, pl.DataFrame]:
        return {one.kind: _kept(self.folder, one) for one in self.held}

    @cached_property
    def _labels(self) -> Mapping[str, Mapping[str, str]]:
        """Texts by list of ours and code; of two kinds for one list no code is in both."""
        found: dict[str, dict[str, str]] = {}
        for kind, rows in self._rows.items():
            texts = rows.drop_nulls("label").select("code", "label").iter_rows()
            found.setdefault(_of(kind).of_list, {}).update(texts)
        return found

    def label(self, kind: str, code: str) -> str | None:
        """The text of a code of our list, as the user's own list has it; ours where that is silent."""
        return self._labels.get(kind, {}).get(code) or codes.label(kind, code)

    def senses(self, code: str) -> list[tuple[str, str, str, str, str]]:
        """Every loaded list that holds the code: kind, code, text, its days and where it is from."""
        found = []
        for one in self.held:
            known = _of(one.kind)
            rows = self._rows[one.kind].filter(pl.col("code") == known.written(code))
            for held, label, first, last in rows.select("code", "label", "from", "to").iter_rows():
                days = " ".join(
                    f"{word} {day}" for word, day in (("from", first), ("to", last)) if day
                )
                source = f"{one.file}, loaded on {one.loaded_on}; owner: {known.owner}"
                found.append(
                    (known.title, held, label or "in the list, without a text", days, source)
                )
        return found

    def classes(self, on: date | None = None) -> Mapping[str, tuple[str, ...]]:
        """The codes of each class that loaded lists name (their column `class`), those of a day only."""
        parts = [rows.drop_nulls("class") for rows in self._rows.values()]
        rows = pl.concat([pl.DataFrame(schema=COLUMNS), *parts])
        if on is not None:
            rows = rows.filter(
                (pl.col("from").is_null() | (pl.col("from") <= on))
                & (pl.col("to").is_null() | (pl.col("to") >= on))
            )
        by_class = rows.group_by("class", maintain_order=True).agg(pl.col("code").unique().sort())
        return {name: tuple(members) for name, members in by_class.iter_rows()}

    def speaks_of(self, kind: str) -> bool:
        """Whether a loaded list holds codes of our list."""
        return any(_of(one.kind).of_list == kind for one in self.held)

    def validity(self, kind: str, asked: pl.Series) -> pl.DataFrame:
        """SAID of those codes of our list that a loaded one speaks of: what has the form of its codes.

        since: the day before which a list that keeps no last days says nothing, the
        first of the year it is of.
        """
        found = [pl.DataFrame(schema=SAID)]
        for one in self.held:
            known = _of(one.kind)
            if known.of_list != kind:
                continue
            rows = self._rows[one.kind]
            of = one.as_of or one.loaded_on
            since = date(of.year, 1, 1) if rows["to"].is_null().all() else None
            codes = asked.filter(asked.str.contains(known.code)).unique()
            # a code that comes again has been in the list more than once: the widest days count
            days = rows.group_by("code").agg(
                pl.when(pl.col("from").is_not_null().all()).then(pl.col("from").min()),
                pl.when(pl.col("to").is_not_null().all()).then(pl.col("to").max()),
                said=pl.lit(True),
            )
            found.append(
                pl.DataFrame({"code": codes})
                .join(days, on="code", how="left")
                .select(
                    "code",
                    pl.col("said").fill_null(False),
                    "from",
                    "to",
                    since=pl.lit(since, pl.Date),
                    source=pl.lit(f"{known.title} list loaded on {one.loaded_on}"),
                )
            )
        return pl.concat(found).unique("code", keep="first")

    def class_turns(self) -> list[date]:
        """The days from which some class holds other codes than before."""
        parts = [rows.drop_nulls("class").select("from", "to") for rows in self._rows.values()]
        spans = pl.concat([pl.DataFrame(schema=COLUMNS).select("from", "to"), *parts])
        after = pl.col("to").dt.offset_by("1d")
        return (
            spans.select(pl.concat_list("from", after).explode())
            .to_series()
            .drop_nulls()
            .unique()
            .sort()
            .to_list()
        )


@cache
def texts(folder: Path) -> Texts:
    """The loaded lists of a workspace's codes/ folder, read once; none where it is not there."""
    return Texts(folder)


def classes(folder: Path, on: date | None = None) -> Mapping[str, tuple[str, ...]]:
    """The hook for policies: codes by class, of the lists loaded into a workspace's codes/ folder."""
    return texts(folder).classes(on)


def class_turns(folder: Path) -> list[date]:
    """The days on which the codes of a class change, by the first and last days of loaded codes."""
    return texts(folder).class_turns()


def spelled_out(
    procedures: tuple[str, ...], known: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """Procedures of a policy, each `class:NAME` replaced by the codes of that class.

    KeyError with the name where no loaded list has such a class.

    >>> spelled_out(("H0004", "class:talk"), {"talk": ("X0001", "X0002")})
    ('H0004', 'X0001', 'X0002')
    """
    return tuple(
        code
        for one in procedures
        for code in (known[one.removeprefix(CLASS)] if one.startswith(CLASS) else (one,))
    )


def _of(kind: str) -> Kind:
    return kinds()[kind]


def _held(path: Path) -> Held:
    try:
        about = json.loads(path.read_bytes())
        days = {key: date.fromisoformat(about[key]) for key in ("loaded_on", "as_of") if about[key]}
        held = Held(**{**about, **days, "classes": tuple(about["classes"])})
    except (OSError, ValueError, TypeError, KeyError) as problem:
        raise BadList(f"{path}: not what we wrote; load the list again") from problem
    if held.kind not in kinds():
        raise BadList(f"{path}: {held.kind} is no list we take; remove the file")
    return held


def _kept(folder: Path, held: Held) -> pl.DataFrame:
    path = folder / f"{held.kind}.csv"
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise BadList(f"{path}: cannot be read; load the list again") from problem
    if hashlib.sha256(content).hexdigest() != held.kept_sha256:
        raise BadList(f"{path}: changed since it was loaded; load the list again")
    return pl.read_csv(content, schema=COLUMNS)
