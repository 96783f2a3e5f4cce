"""Envelope elements are held against one guide's words: the guides named have the same."""

from __future__ import annotations

import pytest

from edi_iop.guides.enveloping import ELSEWHERE, SAME
from edi_iop.guides.loader import load


def words(guide: str) -> dict[tuple[str, int], tuple[object, ...]]:
    return {
        (node.id, spec.position): (spec.name, spec.type, spec.shortest, spec.longest, spec.usage)
        + (() if (node.id, spec.position) == ("GS", 1) else (spec.codes,))
        for node in load(guide).envelope.values()
        for spec in node.elements
        if (node.id, spec.position) not in ELSEWHERE
    }


@pytest.mark.parametrize("guide", SAME[1:])
def test_the_same_words(guide: str) -> None:
    assert words(guide) == words(SAME[0])
