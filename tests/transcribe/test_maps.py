"""The table maps are data, and lint is their compiler: every path leads to an element of the guide."""

from __future__ import annotations

import pytest

from edi_iop.errors import BadMap
from edi_iop.guides import loader
from edi_iop.guides.loader import Guide, Node
from edi_iop.tables import LEDGER, TABLES
from edi_iop.transcribe import maps
from edi_iop.transcribe.maps import Source, TableMap

MAPS = maps.NAMES
PLACES = {"file_id"}
"""Columns every table has without a source."""


def nodes(guide: Guide, source: Source) -> list[Node]:
    """The segments at the path; each qualifier must be one that a segment's codes name."""
    return [
        node
        for loop in guide.loops(str(source.loop))
        for node in guide.segments(str(source.segment))
        if node.loop is loop
        and (not source.qualifiers or node.codes(1).intersection(source.qualifiers))
    ]


def sources(one: TableMap) -> list[tuple[str, Source]]:
    found = [(name, source) for name, paths in one.columns.items() for source in paths]
    return found + [("constant", source) for source, _, _ in one.constants]


@pytest.mark.parametrize("name", MAPS)
def test_every_element_path_exists_in_the_guide(name: str) -> None:
    table_map = maps.load(name)
    guide = loader.load(table_map.guides[0])
    checked = 0
    for one in table_map.tables.values():
        for column, source in sources(one):
            if source.kind == "element":
                found = nodes(guide, source)
                assert found, f"{one.table.name}.{column}: no such segment"
                specs = [node.element(source.element, source.component) for node in found]
                assert any(specs), f"{one.table.name}.{column}: no such element"
                assert any(spec and spec.usage != "N" for spec in specs), f"{column} is not used"
                checked += 1
            elif source.kind == "offset" and source.loop is not None:
                assert guide.loops(str(source.loop)), f"{one.table.name}.{column}: no such loop"
    assert checked > 15


@pytest.mark.parametrize("name", MAPS)
def test_rows_are_loops_or_segments_of_the_guide(name: str) -> None:
    table_map = maps.load(name)
    guide = loader.load(table_map.guides[0])
    for one in table_map.tables.values():
        for source in one.rows:
            if one.of_loops:
                assert guide.loops(str(source.loop))
            else:
                assert nodes(guide, source), f"{one.table.name}: {source}"


@pytest.mark.parametrize("name", MAPS)
def test_qualifiers_are_codes_of_the_guide(name: str) -> None:
    table_map = maps.load(name)
    guide = loader.load(table_map.guides[0])
    for one in table_map.tables.values():
        for column, source in [*sources(one), *(("rows", row) for row in one.rows)]:
            if source.kind == "element" and source.segment:
                codes = {code for node in nodes(guide, source) for code in node.codes(1)}
                for qualifier in source.qualifiers:
                    assert qualifier in codes, f"{one.table.name}.{column}: {qualifier}"


def test_what_is_written_covers_every_column_of_the_table() -> None:
    """A column no map fills would be lost in a claim we write, unseen."""
    missing = {
        (one.table.name, column)
        for name in ("835", "837I")
        for one in maps.load(name).tables.values()
        for column in set(one.table.schema) - set(one.columns) - PLACES
    }
    # Professional claims only (837P), which we read and do not write.
    assert missing == {
        ("claims", "provider_signature"),
        ("claim_lines", "place"),
        ("claim_lines", "diagnosis_pointers"),
    }


def test_tables_of_the_transactions_all_have_a_map() -> None:
    mapped = {table for name in MAPS for table in maps.load(name).tables}
    feeds = {"encounters", "clients", "authorizations", "providers", "deposits"}
    judged = {
        "days",
        "service_lines",
        "line_standings",
        "violations",
        "corrections",
        "matches",
        "refusals",
        "verdicts",
    }
    posted = {*LEDGER, "proposals", "decisions", "payment_contents", "ties"}
    kept = {"findings", "files", "replies", "interchanges"}
    assert mapped == set(TABLES) - feeds - judged - posted - kept, "what we said is not read"


@pytest.mark.parametrize(
    "path", ["", "CLP", "2100.CLP1", "2100.clp01", "2100.CLP01-x", "2100.CLP01:noon"]
)
def test_what_is_no_path_is_refused(path: str) -> None:
    if path == "CLP":
        assert maps.parse(path).kind == "envelope"
    else:
        with pytest.raises(BadMap, match="not a path"):
            maps.parse(path)
