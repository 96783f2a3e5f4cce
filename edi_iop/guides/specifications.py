"""What a guide says of each element, as columns to be joined with values."""

from __future__ import annotations

from functools import cache

import polars as pl

from edi_iop.guides.loader import load


@cache
def specifications(guide_name: str) -> pl.DataFrame:
    """The element specifications of a guide: one row an element or component (0: the element)."""
    nodes = [node for node in load(guide_name).nodes for _ in node.elements]
    specs = [spec for node in load(guide_name).nodes for spec in node.elements]
    own = ("position", "name", "data_element", "type", "shortest", "longest", "usage", "external",
           "form", "repeats", "composite", "of_usage")  # fmt: skip
    columns = {
        "node": [node.index for node in nodes],
        "component": [spec.component or 0 for spec in specs],
        "coded": [bool(spec.codes) and not spec.external for spec in specs],
        **{name: [getattr(spec, name) for spec in specs] for name in own},
    }
    types = {
        "node": pl.Int64(), "position": pl.Int32(), "component": pl.Int32(), "name": pl.String(),
        "data_element": pl.String(), "type": pl.String(), "shortest": pl.UInt32(), "longest": pl.UInt32(),
        "usage": pl.String(), "coded": pl.Boolean(), "external": pl.String(), "form": pl.String(),
        "repeats": pl.Int64(), "composite": pl.Boolean(), "of_usage": pl.String(),
    }  # fmt: skip
    return pl.DataFrame(columns, schema_overrides=types).select(*types)


@cache
def code_lists(guide_name: str) -> pl.DataFrame:
    """Every code the guide itself lists: node, position, component, value."""
    guide = load(guide_name)
    rows = [
        (node.index, spec.position, spec.component or 0, code)
        for node in guide.nodes
        for spec in node.elements
        for code in sorted(spec.codes)
    ]
    types = {
        "node": pl.Int64(),
        "position": pl.Int32(),
        "component": pl.Int32(),
        "value": pl.String(),
    }
    return pl.DataFrame(rows, schema=types, orient="row")
