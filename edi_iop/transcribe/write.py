"""Tables -> X12: the same maps read the other way.

Every segment to be written becomes a row: its text, and a key of (guide
position, instance) for each loop down to it. Sorted by that key, the rows are
the file. Grouping into the hierarchy is done here: consecutive claims with the
same billing provider and subscriber share those loops. HL, SE and the envelope
follow from what is there.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import polars as pl
from msgspec.structs import replace

from edi_iop.guides import loader
from edi_iop.guides.loader import Guide, Node
from edi_iop.transcribe import maps, values
from edi_iop.transcribe.maps import Each, Source, TableMap
from edi_iop.transcribe.plan import shared_loop
from edi_iop.transcribe.wording import Part, joined, numbered, worded
from edi_iop.x12 import separators as sep
from edi_iop.x12.writer import Envelope, interchange

Tables = dict[str, pl.DataFrame]
_DEPTH = 8
"""Loop levels of the deepest key, with room to spare."""
_KEYS = [f"key{level}" for level in range(_DEPTH)]


def write_837i(tables: Tables, envelope: Envelope) -> bytes:
    """An 837I interchange (005010X223A2) of submissions, claims, claim_lines and claim_diagnoses."""
    return _write("837I", tables, envelope)


def write_835(tables: Tables, envelope: Envelope) -> bytes:
    """An 835 interchange (005010X221A1) of payments and what belongs to them.

    Remarks of a claim are written as an outpatient claim's (MOA); those of one byte_offset
    make up one segment.
    """
    return _write("835", tables, envelope)


def _write(name: str, tables: Tables, envelope: Envelope) -> bytes:
    table_map = maps.load(name)
    guide = loader.load(table_map.guides[0])
    writer = _Writer(guide)
    for one in table_map.tables.values():
        if one.written and one.table.name in tables:
            writer.add(one, tables[one.table.name])
    return interchange(
        writer.transactions(), guide.name, loader.index().guides[guide.name].group, envelope
    )


class _Placed(msgspec.Struct, frozen=True):
    """A table's rows in the hierarchy: each with its keys down to the row's loop."""

    loop: Node
    frame: pl.DataFrame
    levels: tuple[Node, ...]
    """The repeating loops from ST down to the row's, one key column each."""


_Slot = tuple[Node, tuple[str, ...]]
"""A segment node, and the qualifier it is written with."""


class _Writer:
    def __init__(self, guide: Guide) -> None:
        self.guide = guide
        self.placed: dict[str, list[_Placed]] = {}
        self.segments: list[pl.DataFrame] = []

    def add(self, one: TableMap, frame: pl.DataFrame) -> None:
        """Write one table's rows below those of its parent table."""
        rows = frame.with_row_index("_row")
        for source in one.rows:
            for placed in self._place(one, source, rows):
                if not placed.frame.is_empty():
                    self._emit(one, source, placed)
                    self.placed.setdefault(one.table.name, []).append(placed)
        for source, each in one.also_written:
            for placed in self._place(one, source, rows):
                if not placed.frame.is_empty():
                    self._emit_repeats(one, source, each, placed)

    def _place(self, one: TableMap, source: Source, rows: pl.DataFrame) -> Iterator[_Placed]:
        if not one.parents:
            number = _packed(pl.lit(self.guide.root.index), pl.col("_row"))
            yield _Placed(self.guide.root, rows.with_columns(key0=number), (self.guide.root,))
            return
        for above in one.parents:
            for parent in self.placed.get(above, []):
                for loop in self._row_loops(source, parent.loop):
                    # Runs are counted before the rows part, so that both kinds share their loops.
                    mine = _below(rows, one, source, above, parent)
                    deep = self._deepen(one, loop, mine, parent)
                    yield replace(deep, frame=self._of_variant(one, loop, deep.frame))
        if one.table.name in ("adjustments", "remarks") and source.loop == "2110":
            for parent in self.placed.get("remit_lines", []):
                mine = rows.filter(pl.col("remit_line_offset").is_not_null())
                keys = parent.frame.select(
                    "file_id", "remit_line_offset", *_KEYS[: len(parent.levels)]
                )
                joined = mine.join(keys, on=["file_id", "remit_line_offset"], maintain_order="left")
                yield _Placed(parent.loop, joined, parent.levels)

    def _row_loops(self, source: Source, above: Node) -> list[Node]:
        """The loops of that id below a parent row's loop."""
        loops = self.guide.loops(str(source.loop))
        return [loop for loop in loops if above is loop or above in loop.above()]

    def _of_variant(self, one: TableMap, loop: Node, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows that lie in this of several loops of the same id."""
        around = {above.id for above in loop.above()}
        for name, column in one.only_with.items():
            present = pl.col(column).is_not_null()
            rows = rows.filter(present if name in around else ~present)
        return rows

    def _deepen(self, one: TableMap, loop: Node, rows: pl.DataFrame, parent: _Placed) -> _Placed:
        """Add a key for each repeating loop between the parent row's loop and this one."""
        path = [
            step for step in (loop, *loop.above()) if step is not parent.loop and not step.wrapper
        ]
        between = [step for step in path[: _until(path, parent.loop)][::-1] if step.most != 1]
        levels = list(parent.levels)
        for step in between:
            key = _KEYS[len(levels)]
            if step is loop:
                instance = pl.col("_row")
            else:
                # A new instance begins where any column of the loop differs from the row before.
                same = [pl.col(name) for name in self._columns_within(one, step)]
                changed = pl.any_horizontal(
                    [
                        column.ne_missing(column.shift(1))
                        for column in (*same, *map(pl.col, _KEYS[: len(levels)]))
                    ]
                )
                instance = changed.fill_null(True).cum_sum()
            rows = rows.with_columns(_packed(pl.lit(step.index), instance).alias(key))
            levels.append(step)
        return _Placed(loop, rows, tuple(levels))

    def _columns_within(self, one: TableMap, loop: Node) -> list[str]:
        """Columns whose elements stand in a loop or in what it holds once."""
        return [
            name
            for name, sources in one.columns.items()
            for source in sources
            if source.kind == "element"
            and any(_holds_once(loop, other) for other in self.guide.loops(str(source.loop)))
        ]

    def _emit(self, one: TableMap, source: Source, placed: _Placed) -> None:
        for loop in placed.levels:
            if loop.first is not None and loop.first.id == "HL":
                self._emit_hl(placed, loop)
        if one.each is not None:
            self._emit_repeats(one, source, one.each, placed)
            return
        for number, ((node, _), parts) in enumerate(self._segments(one, placed.loop).items()):
            self._emit_node(one, node, parts, placed, number)

    def _segments(self, one: TableMap, row_loop: Node) -> dict[_Slot, list[Part]]:
        """What the table writes: for each segment, its elements."""
        found: dict[_Slot, list[Part]] = {}
        for name, sources in one.columns.items():
            for source, where in _written_at(one, name, sources):
                node = self._node(source, row_loop)
                if node is not None:
                    part = Part(source, name, where=where)
                    found.setdefault((node, source.qualifiers), []).append(part)
        for source, value, given in one.constants:
            node = self._node(source, row_loop)
            if node is not None and (node, source.qualifiers) in found:
                found[node, source.qualifiers].append(Part(source, None, value, given))
        return found

    def _node(self, source: Source, row_loop: Node) -> Node | None:
        """The first segment the path can be written at, seen from a row's loop."""
        for loop in self.guide.loops(str(source.loop)):
            if shared_loop(row_loop, loop) is not None:
                for node in self.guide.carrying(str(source.segment), loop, source.qualifiers[:1]):
                    return node
        return None

    def _emit_node(
        self,
        one: TableMap,
        node: Node,
        parts: list[Part],
        placed: _Placed,
        number: int,
    ) -> None:
        depth = _depth(node, placed.levels)
        keys = _KEYS[:depth]
        text, filled = worded(one, node, parts)
        rows = (
            placed.frame.unique(keys, keep="first", maintain_order=True)
            if depth < len(placed.levels)
            else placed.frame
        )
        self._add(
            rows.filter(filled),
            node,
            keys,
            text,
            # Qualifiers that share a node keep the order of the map.
            pl.lit(number),
        )

    def _emit_hl(self, placed: _Placed, loop: Node) -> None:
        keys = _KEYS[: placed.levels.index(loop) + 1]
        if loop.first is not None:
            level = min(loop.first.codes(3))
            rows = placed.frame.unique(keys, keep="first", maintain_order=True)
            self._add(rows, loop.first, keys, pl.lit(f"HL{sep.ELEMENT}{level}"))

    def _emit_repeats(self, one: TableMap, source: Source, each: Each, placed: _Placed) -> None:
        """Rows that are repeats inside a segment: grouped into segments, then joined."""
        keys = _KEYS[: len(placed.levels)]
        types = {column.name: column for column in one.table.columns}
        own = {name: paths[0] for name, paths in one.columns.items() if paths[0].kind == "own"}
        repeat = {
            name: paths[0] for name, paths in one.columns.items() if paths[0].kind == "repeat"
        }
        by_first = "qualifier" if "qualifier" in repeat and source.qualifiers else None
        for node in self.guide.carrying(str(source.segment), placed.loop, source.qualifiers):
            rows = placed.frame
            if by_first:
                rows = rows.filter(pl.col(by_first).is_in(sorted(node.codes(1))))
            text = joined("", {
                place: {
                    (path.component or 0): values.written(pl.col(name), types[name])
                    for name, path in repeat.items()
                    if path.element == place
                }
                for place in sorted({path.element for path in repeat.values()})
            }, strip=each.step == 1)  # fmt: skip
            head = {
                path.element: {0: values.written(pl.col(name), types[name])}
                for name, path in own.items()
            }
            if source.qualifiers and not by_first:
                head[1] = {0: pl.lit(source.qualifiers[0])}
            # the repeats begin at an element of their own, whatever stands before it
            head.setdefault(each.first - 1, {0: pl.lit("")})
            limit = min(each.most, (_width(node) - each.first) // each.step + 1)
            grouped = (
                rows.with_columns(_text=text, _head=joined(node.id, head, strip=False))
                .with_columns(
                    _chunk=pl.int_range(pl.len()).over(*keys, "byte_offset", "_head") // limit
                )
                .group_by(*keys, "byte_offset", "_head", "_chunk", maintain_order=True)
                .agg(pl.col("_text").str.join(""), pl.col("_row").first())
            )
            whole = pl.concat_str("_head", "_text").str.strip_chars_end(sep.ELEMENT)
            self._add(grouped, node, keys, whole, pl.col("_row"))

    def _add(
        self,
        rows: pl.DataFrame,
        node: Node,
        keys: list[str],
        text: pl.Expr,
        repeat: pl.Expr | None = None,
    ) -> None:
        number = pl.lit(0) if repeat is None else repeat
        last = _packed(pl.lit(node.index), number).alias(_KEYS[len(keys)])
        self.segments.append(rows.select(*keys, last, text.alias("raw")))

    def transactions(self) -> pl.DataFrame:
        """The segments of every transaction in order: transaction (0-based), raw."""
        together = pl.concat(self.segments, how="diagonal").with_columns(
            pl.col(key).fill_null(-1)
            if key in _seen(self.segments)
            else pl.lit(-1, pl.Int64).alias(key)
            for key in _KEYS
        )
        ordered = together.unique([*_KEYS, "raw"], keep="first", maintain_order=True).sort(_KEYS)
        return numbered(ordered.select(transaction=pl.col("key0").rank("dense") - 1, raw="raw"))


def _written_at(
    one: TableMap, name: str, sources: tuple[Source, ...]
) -> Iterator[tuple[Source, pl.Expr | None]]:
    """Where a column is written: of alternatives in one loop the first, in several loops each in
    its own; the second where the map says so (second_with)."""
    beside = one.second_with.get(name)
    if beside is not None:
        alone = pl.col(beside).is_null()
        yield from ((sources[0], alone), (sources[1], ~alone))
        return
    seen: set[str | None] = set()
    for source in sources:
        if source.kind == "element" and source.loop not in seen:
            seen.add(source.loop)
            yield source, None


def _seen(frames: list[pl.DataFrame]) -> set[str]:
    return {name for frame in frames for name in frame.columns}


def _packed(index: pl.Expr, instance: pl.Expr) -> pl.Expr:
    """A guide position and an instance as one sortable number."""
    return index.cast(pl.Int64) * 2**40 + instance.cast(pl.Int64)


_OFFSETS = {
    "submissions": "transaction_offset",
    "claims": "claim_offset",
    "claim_lines": "line_offset",
    "other_payers": "other_payer_offset",
    "other_payer_lines": "decision_offset",
    "payments": "payment_offset",
    "remit_claims": "remit_claim_offset",
}
"""The column by which rows name the row of their parent table."""


def _below(
    rows: pl.DataFrame, one: TableMap, source: Source, above: str, parent: _Placed
) -> pl.DataFrame:
    """The rows that belong to a parent's rows, with the parent's keys."""
    key = _OFFSETS[above]
    if "remit_line_offset" in one.table.schema and one.each is not None:
        at_claim = pl.col("remit_line_offset").is_null()
        rows = rows.filter(at_claim if source.loop == "2100" else pl.lit(False))
    keys = parent.frame.select("file_id", key, *_KEYS[: len(parent.levels)])
    return rows.join(keys, on=["file_id", key], how="inner", maintain_order="left")


def _until(path: list[Node], stop: Node) -> int:
    """How many steps of an upward path lie below a loop."""
    for count, step in enumerate(path):
        if stop not in step.above():
            return count
    return len(path)


def _holds_once(loop: Node, other: Node) -> bool:
    """Whether `other` is the loop or lies in it without repeating on the way."""
    step: Node | None = other
    while step is not None and step is not loop:
        if step.most != 1 and not step.wrapper:
            return False
        step = step.parent
    return step is loop


def _depth(node: Node, levels: tuple[Node, ...]) -> int:
    """How many of a row's levels are above a node."""
    above = set(node.above())
    return max(number + 1 for number, level in enumerate(levels) if level in above)


def _width(node: Node) -> int:
    return max(spec.position for spec in node.elements)
