"""Files read in chunks against the same files read whole: tables, findings and places must be equal.

Each file as it is, and seeded damages of it, at several chunk sizes; and each read alone against
the same read in a batch of them all.
"""

from __future__ import annotations

import argparse
import io
import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import polars as pl

from edi_iop import parsers
from edi_iop.parsers import x12
from edi_iop.parsers.batches import read_batches
from edi_iop.parsers.identify import looks_like_x12
from tests.parsers.test_mutations import damaged

SIZES = (700, 2500, 9000)
"""A claim is cut in its middle where it is longer than four chunks."""
_SILENT = ("SITUATION_", "HL_CHILD_WRONG")
"""Rules that may stay silent across a cut (README, SNIP 4); what chunks find more is a difference."""
_ORDER = ("byte_offset", "code", "element", "component", "message")
_TOLD = ("file_id", "interchange", "group", "transaction", "message")
_PLACE = ("code", "byte_offset", "element", "message")

Read = tuple[dict[str, pl.DataFrame], pl.DataFrame]


def read(data: bytes, size: int) -> Read:
    """What a file holds, read in chunks of that size."""
    return together(list(read_batches([(7, io.BytesIO(data))], size=size)))


def together(batches: Sequence[x12.Batch]) -> Read:
    """The tables that have rows, and the findings in the order of their places."""
    names = sorted({name for one in batches for name, rows in one.tables.items() if len(rows)})
    tables = {
        name: pl.concat([one.tables[name] for one in batches if name in one.tables])
        for name in names
    }
    found = pl.concat([one.findings for one in batches])
    return tables, found.sort(_ORDER, maintain_order=True)


def differences(data: bytes, sizes: Sequence[int] = SIZES) -> Iterator[str]:
    """What chunks of each size give otherwise than the whole, a line each."""
    tables, findings = read(data, len(data) + 1)
    for size in sizes:
        parts, found = read(data, size)
        if parts.keys() != tables.keys():
            yield f"at {size}: tables {sorted(parts.keys() ^ tables.keys())} are not in both"
        far = _moved_far(findings, found)
        for name in parts.keys() & tables.keys():
            rows, whole = parts[name], tables[name]
            if len(rows) != len(whole) or not (far.height or rows.equals(whole)):
                yield f"at {size}: table {name}: {len(rows)} rows, whole {len(whole)}"
        found = found.join(far, on=_PLACE, how="anti", nulls_equal=True, maintain_order="left")
        expected = _without_silent(findings, found)
        found = _once(found, findings)
        if not found.equals(expected):
            yield f"at {size}: findings {_unlike(found, expected)}"


def among(variants: Sequence[bytes]) -> Iterator[tuple[int, str]]:
    """Which of some files a batch of them all reads otherwise than alone, and in what."""
    together = parsers.parse(list(enumerate(variants)))
    for number, data in enumerate(variants):
        alone, there = parsers.parse([(number, data)])[number], together[number]
        if alone.tables.keys() != there.tables.keys():
            yield number, f"in a batch: tables {sorted(alone.tables.keys() ^ there.tables.keys())}"
        for name in alone.tables.keys() & there.tables.keys():
            if not alone.tables[name].equals(there.tables[name]):
                yield number, f"in a batch: table {name}"
        if not alone.findings.equals(there.findings):
            yield number, f"in a batch: findings {_unlike(there.findings, alone.findings)}"


def _moved_far(whole: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """What pieces miss of what the whole finds further on, out of order: they cannot know (README, SNIP 2)."""
    moved = whole.filter(pl.col("code") == "SEGMENT_ORDER")["byte_offset"].max()
    missing = found.filter(
        pl.col("code").str.ends_with("_MISSING"), pl.col("byte_offset") < pl.lit(moved, pl.Int64)
    )
    return missing.join(whole, on=_PLACE, how="anti", nulls_equal=True)


def _without_silent(whole: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """The findings of the whole, but for those of silent rules that chunks have not."""
    silent = pl.any_horizontal(pl.col("code").str.starts_with(one) for one in _SILENT)
    told = whole.join(found, on=_PLACE, how="semi", nulls_equal=True, maintain_order="left")
    kept = pl.concat([whole.filter(~silent), told.filter(silent)])
    return kept.sort(_ORDER, maintain_order=True)


def _once(found: pl.DataFrame, whole: pl.DataFrame) -> pl.DataFrame:
    """What chunks find, without that again which the whole tells once of several lines."""
    silent = pl.col("code").str.starts_with("SITUATION_")
    more = found.filter(silent).join(whole, on=_PLACE, how="anti", nulls_equal=True)
    again = more.join(whole.filter(silent), on=_TOLD, how="semi", nulls_equal=True)
    return found.join(again, on=_PLACE, how="anti", nulls_equal=True, maintain_order="left")


def _unlike(found: pl.DataFrame, expected: pl.DataFrame) -> str:
    """The first finding of each side that the other has not."""
    told = []
    for name, one, other in (("more", found, expected), ("less", expected, found)):
        rows = (
            one.join(other, on=_PLACE, how="anti", nulls_equal=True).select(_PLACE).head(1).rows()
        )
        told += [f"{name} {row}" for row in rows]
    return "; ".join(told) or "the same, otherwise placed or ordered"


def variants(data: bytes, damages: int, seed: int | str) -> Iterator[tuple[str, bytes]]:
    """The file, and so many damages of it."""
    yield "as it is", data
    for number in range(damages):
        chance = random.Random(f"{seed} {number}")
        harmed = data
        for _ in range(chance.choice([1, 1, 2])):
            harmed = damaged(harmed, chance)
        yield f"damage {number}", harmed


def files(named: Iterable[Path]) -> Iterator[Path]:
    """The X12 files named, or in folders named."""
    for path in named:
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (one for one in inside if one.is_file() and looks_like_x12(one.read_bytes()))


def main() -> int:
    asked = argparse.ArgumentParser(prog="chunks", description=(__doc__ or "").splitlines()[0])
    asked.add_argument("files", nargs="+", type=Path, metavar="FILE", help="files or folders")
    asked.add_argument("--damages", type=int, default=3, metavar="N", help="of each file")
    asked.add_argument("--seed", type=int, default=1, metavar="N")
    given = asked.parse_args()
    count = unlike = 0
    for path in files(given.files):
        every = list(variants(path.read_bytes(), given.damages, f"{given.seed} {path.name}"))
        otherwise = list(among([data for _, data in every]))
        for number, (name, data) in enumerate(every):
            count += 1
            told = [*differences(data), *(says for other, says in otherwise if other == number)]
            unlike += bool(told)
            for line in told:
                print(f"{path.name}, {name}: {line}", flush=True)
    sizes = ", ".join(map(str, SIZES))
    print(f"{count} files in chunks of {sizes} bytes and in a batch: {unlike} unlike the whole")
    return 1 if unlike else 0


if __name__ == "__main__":
    sys.exit(main())
