"""Frames passed to and from processes beside this one: in files without a name that both hold.

Through a pipe they came in pieces, and each would wait for the interpreter.
"""

from __future__ import annotations

import copyreg
import pickle
from typing import Any, BinaryIO, cast

import polars as pl


def _by_columns(frame: pl.DataFrame) -> tuple[Any, ...]:
    """A frame column by column: whole, it would be copied once more on its way.

    And it would wait for Polars' own threads, holding the interpreter, while one of these waits for
    the interpreter: frames are written in threads beside others that compute.
    """
    return pl.DataFrame, (frame.get_columns(),)


def _column(column: pl.Series) -> tuple[Any, ...]:
    """A column; of one that holds the same in every row, that and how often."""
    size = len(column)
    if size > 1 and _is_alike(column):
        one = pl.Series(column.name, [column[0]], dtype=column.dtype)
        return pl.Series.new_from_index, (one, 0, size)
    return cast(tuple[Any, ...], column.__reduce_ex__(pickle.HIGHEST_PROTOCOL))


def _is_alike(column: pl.Series) -> bool:
    """Whether all values are the same, or there are none."""
    nulls = column.null_count()
    if nulls or column.dtype.is_nested():
        return nulls == len(column)
    return bool(column[0] == column[-1]) and bool((column == column[0]).all())


_REDUCED: dict[type, Any] = {
    **copyreg.dispatch_table,
    pl.DataFrame: _by_columns,
    pl.Series: _column,
}
"""How they go from one process to the other."""


def write(what: object, to: BinaryIO) -> None:
    pickler = pickle.Pickler(to, protocol=pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = _REDUCED
    pickler.dump(what)
    to.flush()


def place(what: object, file: BinaryIO) -> None:
    """Into a file that both processes hold."""
    file.seek(0)
    write(what, file)


def taken(file: BinaryIO) -> object:
    """Out of it."""
    file.seek(0)
    found = pickle.load(file)
    file.truncate(0)  # it is memory, and read
    return found
