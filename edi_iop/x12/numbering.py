"""Texts numbered: which of the distinct ones each is, in the order in which they come."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from edi_iop.x12 import separators as sep

Integers = npt.NDArray[np.signedinteger[Any]]


def numbered(raw: pl.Series) -> tuple[Integers, pl.Series]:
    """The number of each text, and the distinct texts in the order of their numbers."""
    if raw.is_empty():
        return np.array([], dtype=np.int64), raw
    first = _first_alike(raw.hash().to_numpy())
    if not (raw[pl.Series(first.astype(np.uint32))] == raw).all():  # two texts of one hash
        return _as_categories(raw)
    begins = np.flatnonzero(first == np.arange(len(first)))
    number = np.empty(len(first), dtype=np.int64)
    number[begins] = np.arange(len(begins))
    return number[first], raw[pl.Series(begins.astype(np.uint32))]


_BITS = 20
"""So many of a hash, at most, say where in a table its first row is noted down."""


def _first_alike(hashes: npt.NDArray[np.uint64], half: int = 1) -> Integers:
    """Of each hash, the first row that has the same.

    half: that of a hash which says where in the table it goes.
    """
    bits = min(_BITS, len(hashes).bit_length() + 3)
    slot = (hashes.view(np.uint32)[half::2] >> np.uint32(32 - bits)).astype(np.intp)
    table = np.empty(2**bits, dtype=np.int32)
    table[slot[::-1]] = np.arange(len(slot), dtype=np.int32)[::-1]  # so that the first row stays
    first: Integers = table[slot].astype(np.intp)
    # Whose place was taken by another hash: all rows of one hash, or none of them.
    rest = np.flatnonzero(hashes[first] != hashes)
    if len(rest) and half:
        first[rest] = rest[_first_alike(hashes[rest], 0)]
    elif len(rest):
        _, begin, number = np.unique(hashes[rest], return_index=True, return_inverse=True)
        first[rest] = rest[begin][number]
    return first


def _as_categories(raw: pl.Series) -> tuple[Integers, pl.Series]:
    """The same, as a category is numbered; each frame has its own."""
    texts = raw.cast(pl.String).cast(pl.Categorical(pl.Categories.random()))
    numbers = texts.to_physical().to_numpy()
    first = np.zeros(int(numbers.max()) + 1, dtype=np.int64)
    first[numbers[::-1]] = np.arange(len(numbers) - 1, -1, -1)
    return numbers.astype(np.int64), raw[first]


_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_CODE = np.zeros(256, dtype=np.int32)
_CODE[[ord(one) for one in _LETTERS]] = np.arange(1, len(_LETTERS) + 1)
_KINDS = len(_LETTERS) + 1
_HEAD = 4
"""Bytes of an id and the separator behind it."""


def short_ids(raw: pl.Series) -> tuple[Integers, list[str]] | None:
    """The segment id of each text as a number, and the id behind each; None where one is of no guide's form.

    Guides' ids are two or three letters and digits.
    """
    heads = raw.cast(pl.Binary).bin.slice(0, _HEAD)
    if raw.is_empty() or not (heads.bin.size() == _HEAD).all():
        return None
    packed = heads.bin.reinterpret(dtype=pl.UInt32, endianness="big").to_numpy()
    first, second, third, behind = ((packed >> shift) & 255 for shift in (24, 16, 8, 0))
    separator = ord(sep.ELEMENT)
    two = third == separator
    codes = [_CODE[one] for one in (first, second, third)]
    formed = (codes[0] > 0) & (codes[1] > 0) & (two | ((codes[2] > 0) & (behind == separator)))
    if not formed.all():
        return None
    whole = (codes[0] * _KINDS + codes[1]) * _KINDS + codes[2]
    there = np.zeros(_KINDS**3, dtype=bool)
    there[whole] = True
    number = np.cumsum(there, dtype=np.int64) - 1
    return number[whole], [_spelled(code) for code in np.flatnonzero(there).tolist()]


def _spelled(code: int) -> str:
    letters = f" {_LETTERS}"
    word = (code // _KINDS**2, code // _KINDS % _KINDS, code % _KINDS)
    return "".join(letters[one] for one in word).rstrip()
