"""Texts numbered by their hashes: the same as one after another, and right where hashes clash."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi_iop.x12 import numbering
from edi_iop.x12.numbering import numbered, short_ids

TEXTS = st.lists(
    st.sampled_from(["REF\x1d6R\x1dA", "REF\x1d6R\x1dB", "LX\x1d1", "", "é"]), max_size=30
)


@given(TEXTS)
def test_texts_are_numbered_in_the_order_in_which_they_come(texts: list[str]) -> None:
    numbers, distinct = numbered(pl.Series(texts, dtype=pl.String))
    assert distinct.to_list() == list(dict.fromkeys(texts))
    assert distinct[pl.Series(numbers, dtype=pl.UInt32)].to_list() == texts


def test_many_texts() -> None:
    texts = [f"REF\x1d6R\x1dL{number % 90_000:08d}" for number in range(200_000)]
    numbers, distinct = numbered(pl.Series(texts))
    assert numbers.tolist() == [number % 90_000 for number in range(200_000)]
    assert distinct.to_list() == texts[:90_000]


def test_hashes_that_share_their_first_bits_are_told_apart() -> None:
    hashes = np.array([7, 5, 7, 2**63, 5, 2**63 + 1], dtype=np.uint64)
    assert numbering._first_alike(hashes).tolist() == [0, 1, 0, 3, 1, 5]


def test_texts_of_one_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        numbering, "_first_alike", lambda hashes: np.zeros(len(hashes), dtype=np.int64)
    )
    numbers, distinct = numbered(pl.Series(["A", "B", "A"]))
    assert [distinct[number] for number in numbers.tolist()] == ["A", "B", "A"]
    assert len(distinct) == 2


def test_ids_of_guides_are_read_from_the_first_bytes() -> None:
    found = short_ids(
        pl.Series(["ST\x1d837", "N1\x1dPR", "REF\x1d6R", "N1\x1d", "SV2\x1d\x1d"][:3])
    )
    assert found is not None
    numbers, names = found
    assert [names[number] for number in numbers.tolist()] == ["ST", "N1", "REF"]


@pytest.mark.parametrize(
    "text", ["", "REF", "STRANGER\x1d1", "re\x1d12", "A\x1d123", "\x1dREF", "RÉF\x1d1", "REF1\x1d2"]
)
def test_other_ids_are_left_to_the_elements(text: str) -> None:
    assert short_ids(pl.Series(["ST\x1d837", text])) is None
