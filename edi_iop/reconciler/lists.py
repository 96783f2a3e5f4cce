"""The reconciler's own lists (maps/reconciler): what a payer's words mean, and what to do about them."""

from __future__ import annotations

from functools import cache

import polars as pl

from edi_iop import resources
from edi_iop.errors import BadMap


@cache
def listed(name: str) -> pl.DataFrame:
    """A list of maps/reconciler as texts; BadMap where it cannot be read."""
    path = resources.maps() / "reconciler" / f"{name}.csv"
    try:
        return pl.read_csv(path, infer_schema=False)
    except (FileNotFoundError, pl.exceptions.PolarsError) as problem:
        raise BadMap(
            f"maps/reconciler/{name}.csv cannot be read; install again: {problem}"
        ) from problem
