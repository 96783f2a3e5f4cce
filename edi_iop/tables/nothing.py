"""What a function makes of frames without rows: worked out once, however often it is asked."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

import polars as pl

P = ParamSpec("P")


def once_of_nothing(
    work: Callable[Concatenate[pl.DataFrame, P], pl.DataFrame],
) -> Callable[Concatenate[pl.DataFrame, P], pl.DataFrame]:
    """The function, which of a first frame without rows makes none whatever else it is given.

    Most steps of most nights have nothing to do, and cost as much as if they had: an answer to
    no rows tells only its columns, which follow from those given.
    """
    made: dict[tuple[tuple[tuple[str, pl.DataType], ...], ...], pl.DataFrame] = {}

    @wraps(work)
    def done(rows: pl.DataFrame, /, *args: P.args, **kwargs: P.kwargs) -> pl.DataFrame:
        if not rows.is_empty():
            return work(rows, *args, **kwargs)
        frames = (one for one in (rows, *args, *kwargs.values()) if isinstance(one, pl.DataFrame))
        columns = tuple(tuple(one.schema.items()) for one in frames)
        if columns not in made:
            made[columns] = work(rows, *args, **kwargs)
            if not made[columns].is_empty():
                raise AssertionError(f"{work.__name__}: rows out of nothing")
        return made[columns].clone()

    return done
