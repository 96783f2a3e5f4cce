"""The forms in which owners distribute their code lists: tables, CMS's record layout, plain lines.

- a table (CSV, or parted by tab, semicolon or bar) with a row of column names, which may
  stand below a few lines of notice: AMA's consolidated list, CMS's HCPCS file saved from
  Excel, an X12 or NUBC list. maps/codes/loads.toml knows the names.
- CMS's HCPCS record layout (fixed columns: code 1-5, sequence 6-10, record id 11, long
  description 12-91, short 92-119, added 269-276, terminated 285-292).
- lines of a code, blanks or a tab, and its text; a code that repeats goes on with its text
  (AMA's LONGULT, MEDU and SHORTU files).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

import msgspec
import polars as pl

from edi_iop import resources
from edi_iop.errors import BadList, BadMap

COLUMNS = {
    "code": pl.String(),
    "label": pl.String(),
    "from": pl.Date(),
    "to": pl.Date(),
    "class": pl.String(),
}
_SEPARATORS = "\t,;|"
_NOTICE = 60
"""So many lines may stand above the names of the columns."""
_LAYOUT = re.compile(r"[A-Z][0-9]{4}[0-9]{5}[3478]")
"""A line of CMS's record layout begins so."""
_PROCEDURE = ("3", "4")
"""Record ids of a procedure and of the rest of its text; 7 and 8 are modifiers."""
_DAYS = ("%Y-%m-%d", "%Y%m%d", "%m/%d/%Y", "%m/%d/%y")


class Kind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A list that can be loaded."""

    title: str
    owner: str
    code: str
    width: int
    of_list: str = msgspec.field(name="as")
    """Our list whose codes it explains."""

    def written(self, code: str) -> str:
        """A code as its list writes it."""
        return code.strip().upper().zfill(self.width)


class Loads(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """maps/codes/loads.toml."""

    columns: dict[str, tuple[str, ...]]
    kinds: dict[str, Kind]


class Found(NamedTuple):
    """What a file holds of a list (COLUMNS), a row a code."""

    form: str
    rows: pl.DataFrame
    left_out: int


@cache
def _loads() -> Loads:
    path = resources.maps() / "codes" / "loads.toml"
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Loads)
    except (OSError, msgspec.MsgspecError) as problem:
        raise BadMap(f"{path.name}: {problem}; install again") from problem


def kinds() -> Mapping[str, Kind]:
    """The lists that can be loaded, by kind."""
    return _loads().kinds


def read(kind: Kind, name: str, content: bytes) -> Found:
    """The list in a file; BadList where it holds no code of the kind."""
    lines = _text(content).splitlines()
    form, raw = _layout(lines) or _table(lines) or _plain(kind, lines)
    known = raw.with_columns(
        pl.col("code").str.strip_chars().str.to_uppercase().str.zfill(kind.width),
        pl.col("label", "class").str.strip_chars().replace("", None),
        *(pl.coalesce(_day(pl.col(day), like) for like in _DAYS) for day in ("from", "to")),
    ).filter(pl.col("code").str.contains(kind.code))
    if known.is_empty():
        raise BadList(
            f"{name}: no {kind.title} code in it; give a table with a column named code, "
            "or lines of a code and its text"
        )
    rows = known.group_by("code", maintain_order=True).agg(
        pl.col("label").drop_nulls().str.join(" "),
        pl.col("from", "to", "class").drop_nulls().last(),
    )
    left_out = raw.filter(pl.col("code").str.strip_chars() != "").height - known.height
    return Found(
        form, rows.with_columns(pl.col("label").replace("", None)).select(list(COLUMNS)), left_out
    )


def _text(content: bytes) -> str:
    """UTF-8, else Windows' own, in which older files come."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _day(text: pl.Expr, like: str) -> pl.Expr:
    return text.str.strip_chars().str.to_date(like, strict=False)


def _raw(columns: Mapping[str, Sequence[str | None]]) -> pl.DataFrame:
    rows = pl.DataFrame(columns, schema_overrides=dict.fromkeys(columns, pl.String()))
    absent = [pl.lit(None, pl.String()).alias(name) for name in COLUMNS if name not in columns]
    return rows.with_columns(absent).select(list(COLUMNS))


def _layout(lines: Sequence[str]) -> tuple[str, pl.DataFrame] | None:
    """CMS's record layout, the long descriptions put together."""
    if not any(_LAYOUT.match(line) and len(line) > 119 for line in lines[:_NOTICE]):
        return None
    own = [line for line in lines if line[10:11] in _PROCEDURE]
    columns = {
        "code": [line[0:5] for line in own],
        "label": [line[11:91] for line in own],
        "from": [line[268:276] for line in own],
        "to": [line[284:292] for line in own],
    }
    return "CMS record layout", _raw(columns)


def _table(lines: Sequence[str]) -> tuple[str, pl.DataFrame] | None:
    """A table whose names we know, those of the code and its text at least."""
    for number, line in enumerate(lines[:_NOTICE]):
        separator = max(_SEPARATORS, key=line.count)
        named = _named(line.split(separator))
        if "code" in named and "label" in named:
            rows = pl.read_csv(
                "\n".join(lines[number + 1 :]).encode(),
                separator=separator,
                has_header=False,
                new_columns=[str(place) for place in range(line.count(separator) + 1)],
                infer_schema=False,
                truncate_ragged_lines=True,
                raise_if_empty=False,
            )
            taken = {
                name: rows[str(place)].to_list()
                for name, place in named.items()
                if str(place) in rows.columns
            }
            return "table", _raw(taken)
    return None


def _named(cells: Sequence[str]) -> dict[str, int]:
    """Place of each of our columns in a row of names."""
    plain = [re.sub(r"[^a-z0-9]", "", cell.lower()) for cell in cells]
    return {
        column: next(plain.index(name) for name in names if name in plain)
        for column, names in _loads().columns.items()
        if any(name in plain for name in names)
    }


def _plain(kind: Kind, lines: Sequence[str]) -> tuple[str, pl.DataFrame]:
    """Lines of a code, blanks or a tab, and text; other lines are no code's."""
    parts = [line.strip().split(None, 1) for line in lines]
    own = [part for part in parts if len(part) == 2 and re.fullmatch(kind.code, part[0].upper())]
    return "lines", _raw({"code": [part[0] for part in own], "label": [part[1] for part in own]})
