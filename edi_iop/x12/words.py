"""The elements of a frame's distinct texts in one row, each found by its number; 0 is no element."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

Integers = npt.NDArray[np.signedinteger[Any]]


@dataclass(frozen=True)
class Words:
    """texts: the elements, behind one null that is none of them.

    begin: of each distinct text, the number of its segment id, which its elements stand behind.
    size: of each, how many those are, the id counted too.
    """

    texts: pl.Series
    begin: Integers
    size: Integers

    def of(self, texts: Integers, element: int | Integers) -> pl.Series:
        """An element of some texts, the same or one for each; null where there is none."""
        words = np.where(self.size[texts] > element, self.begin[texts] + element, 0)
        return self.texts[pl.Series(words.astype(np.uint32))]


def words(elements: pl.Series) -> Words:
    """The words of texts, given as lists of elements."""
    size = elements.list.len().to_numpy().astype(np.int64)
    texts = pl.concat([_NOTHING, elements.explode()], rechunk=True)
    return Words(texts, np.cumsum(size) - size + 1, size)


_NOTHING = pl.Series([None], dtype=pl.String)
