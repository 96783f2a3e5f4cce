"""The elements of a frame's distinct texts in one row, each found by its number; 0 is no element."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

Integers = npt.NDArray[np.signedinteger[Any]]
Numbers = npt.NDArray[np.uint32]


class Words(msgspec.Struct, frozen=True, dict=True):
    """texts: the elements, behind one null that is none of them.

    begin: of each distinct text, the number of its segment id, which its elements stand behind.
    size: of each, how many those are, the id counted too.
    """

    texts: pl.Series
    begin: Integers
    size: Integers

    @cached_property
    def filled(self) -> npt.NDArray[np.bool_]:
        """Which of the elements hold anything."""
        filled = np.zeros(len(self.texts), dtype=bool)
        filled[1:] = (self.texts.slice(1) != "").to_numpy()
        return filled

    def of(self, texts: Integers, element: int | Integers) -> pl.Series:
        """An element of some texts, the same or one for each; null where there is none."""
        return self.texts[pl.Series(numbers_of(self.begin[texts], self.size[texts], element))]


def numbers_of(begin: Integers, size: Integers, element: int | Integers) -> Numbers:
    """The word of an element of each row of words, which begins there and has so many; 0 where there is none."""
    return np.where(size > element, begin + element, 0).astype(np.uint32)


def words(elements: pl.Series) -> Words:
    """The words of texts, given as lists of elements."""
    size = elements.list.len().to_numpy().astype(np.int64)
    texts = pl.concat([_NOTHING, elements.explode()], rechunk=True)
    return Words(texts, np.cumsum(size) - size + 1, size)


_NOTHING = pl.Series([None], dtype=pl.String)
