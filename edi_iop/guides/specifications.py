"""What a guide says of each element, as columns to be joined with values."""

from __future__ import annotations

from functools import cache

import polars as pl

from edi_iop.guides.loader import load


@cache
def specifications(guide_name: str) -> pl.DataFrame:
    """The element specifications of a guide: one row an element or component (0: the element)."""
    guide = load(guide_name)
    rows = [
        {
            "node": node.index,
            "position": spec.position,
            "component": spec.component or 0,
            "name": spec.name,
            "data_element": spec.data_element,
            "type": spec.type,
            "shortest": spec.shortest,
            "longest": spec.longest,
            "usage": spec.usage,
            "coded": bool(spec.codes) and not spec.external,
            "external": spec.external,
            "form": spec.form,
            "repeats": spec.repeats,
            "composite": spec.composite,
            "of_usage": spec.of_usage,
        }
        for node in guide.nodes
        for spec in node.elements
    ]
    types = {
        "node": pl.Int64(), "position": pl.Int32(), "component": pl.Int32(), "name": pl.String(),
        "data_element": pl.String(), "type": pl.String(), "shortest": pl.UInt32(), "longest": pl.UInt32(),
        "usage": pl.String(), "coded": pl.Boolean(), "external": pl.String(), "form": pl.String(),
        "repeats": pl.Int64(), "composite": pl.Boolean(), "of_usage": pl.String(),
    }  # fmt: skip
    return pl.DataFrame(rows, schema=types)


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
