"""Rows that stand in the order of their files: joined and summed without looking all over for their keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from edi_iop.tables.schema import FILE


def keys_of(frames: Iterable[pl.DataFrame], keys: Sequence[str]) -> tuple[str, ...]:
    """What of the file and an offset in it tells rows apart: in a chunk of one file the offset alone."""
    files = pl.concat([frame[FILE.name] for frame in frames])
    return tuple(keys[1:]) if not len(files) or (files == files[0]).all() else tuple(keys)


def in_order(frame: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """The frame, its one key marked as sorted where it is."""
    (key, *others) = keys
    if others or not frame[key].is_sorted():
        return frame
    return frame.with_columns(pl.col(key).set_sorted())
