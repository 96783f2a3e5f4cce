"""Work done whole on one of Polars' own threads."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import polars as pl

P = ParamSpec("P")
T = TypeVar("T")
_ONE = pl.DataFrame({"one": [1]})


def pooled(work: Callable[P, T]) -> Callable[P, T]:
    """The function, done on one of Polars' threads: for what makes many small frames of others.

    Every filter, join, and choice of columns hands its work to those threads and waits for the
    answer: with hundreds of them a chunk the waiting takes longer than the work, the more so
    where another process keeps the processors busy. On a thread of theirs nothing is handed on.
    """

    @wraps(work)
    def done(*args: P.args, **kwargs: P.kwargs) -> T:
        answers: list[T] = []
        raised: list[BaseException] = []

        def answer(one: pl.Series, **_: object) -> pl.Series:
            try:
                answers.append(work(*args, **kwargs))
            except BaseException as error:  # Polars would make another one of it.
                raised.append(error)
            return one

        # Of two expressions each is done on one of the threads, a single one where we stand.
        _ONE.select(pl.col("one").map_batches(answer, return_dtype=pl.Int64), other=pl.lit(1))
        if raised:
            raise raised[0]
        return answers[0]

    return done
