"""Two opinions of one file side by side: where they agree, and each way in which they do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tests.differential.judges import Fault, Opinion

Place = Literal["same", "element", "segment", "near", "alone", "before", "after"]
"""Of two sayings: the same, or of another element, of the whole segment, of a segment of that id
nearby. Of one: alone in its file, before all the other program says of the transaction, or after."""
Verdict = Literal["both", "ours", "theirs", "neither", "cannot tell"]
"""Which of the two call the file invalid; one may lack the guide, or refuse the file."""


@dataclass(frozen=True)
class Disagreement:
    """One fault that two programs see otherwise; the side that says nothing of it is empty."""

    ours: str
    """The code of our finding."""
    theirs: str
    """The other program's code, a 999's where it has one."""
    place: Place
    verdict: Verdict
    segment: str
    element: int | None
    says: str
    """The other program's words, or else ours."""

    @property
    def said(self) -> str:
        at = self.segment + ("" if self.element is None else f"{self.element:02d}")
        sides = f"{self.ours or 'nothing'} | {self.theirs or 'nothing'}"
        return f"{self.verdict}: {sides}, {self.place}, {at}: {self.says}"


def verdict(ours: Opinion, theirs: Opinion) -> Verdict:
    """Which of the two call the file invalid."""
    if theirs.valid is None or any(one.name == "GUIDE_UNKNOWN" for one in ours.faults):
        return "cannot tell"
    if ours.valid:
        return "neither" if theirs.valid else "theirs"
    return "ours" if theirs.valid else "both"


def disagreements(ours: Opinion, theirs: Opinion) -> list[Disagreement]:
    """All ways in which two opinions differ; a warning of ours that stands alone is none."""
    which = verdict(ours, theirs)
    if which == "cannot tell":
        return []
    pairs, mine, others = _paired(ours, theirs)
    found = [
        _differing(one, other, place, which)
        for one, other, place in pairs
        if place != "same" or one.code != other.code or not one.error
    ]
    found += [_differing(None, one, _beside(one, ours), which) for one in others]
    found += [_differing(one, None, _beside(one, theirs), which) for one in mine if one.error]
    return found


_Pair = tuple[Fault, Fault, Place]


def _paired(ours: Opinion, theirs: Opinion) -> tuple[list[_Pair], list[Fault], list[Fault]]:
    """Sayings of one fault, those that stand closest first; and what each says besides."""
    left, right = list(ours.faults), list(theirs.faults)
    pairs: list[_Pair] = []
    for place, close in _PLACES:
        for other in list(right):
            mine = [
                one
                for one in left
                if _of_one_kind(one, other) and close(one, other) and (one.error or place == "same")
            ]
            if mine:
                best = min(mine, key=lambda one: (not one.error, one.code != other.code))
                left.remove(best)
                right.remove(other)
                pairs.append((best, other, place))
    return pairs, left, right


_NUMBERS = ("HL1", "HL2", "LX")


def _of_one_kind(one: Fault, other: Fault) -> bool:
    """Money and situations have no saying of pyx12's; numbers of HL and LX have their own."""
    numbered = one.name.startswith(("HL_", "LX_"))
    if numbered or other.code in _NUMBERS:
        return numbered == (other.code in _NUMBERS)
    return one.snip in (1, 2, 5)


def _transaction(one: Fault, other: Fault) -> bool:
    return one.transaction == other.transaction or None in (one.transaction, other.transaction)


_LEVELS = {"ISA": "ISA", "IEA": "ISA", "GS": "GS", "GE": "GS", "ST": "ST", "SE": "ST"}


def _envelope(one: Fault, other: Fault) -> bool:
    """pyx12 tells the faults of trailers of the headers, without a place."""
    return other.position is None and _LEVELS.get(one.segment or "") == other.segment


def _segment(one: Fault, other: Fault) -> bool:
    here = other.position is not None and one.position == other.position
    return here and _transaction(one, other)


def _element(one: Fault, other: Fault) -> bool:
    return _segment(one, other) and one.element == other.element


def _same(one: Fault, other: Fault) -> bool:
    within = (one.component or 0) == (other.component or 0)
    return (_element(one, other) and within) or _envelope(one, other)


def _agreed(one: Fault, other: Fault) -> bool:
    return one.code == other.code and _same(one, other)


_NEAR = 3


def _near(one: Fault, other: Fault) -> bool:
    if one.position is None or other.position is None or one.segment != other.segment:
        return False
    return _transaction(one, other) and abs(one.position - other.position) <= _NEAR


_PLACES: tuple[tuple[Place, Callable[[Fault, Fault], bool]], ...] = (
    ("same", _agreed),
    ("same", _same),
    ("element", _element),
    ("segment", _segment),
    ("near", _near),
)


def _beside(one: Fault, opinion: Opinion) -> Place:
    """Where a saying of one stands among what the other says of the transaction."""
    told = [other for other in opinion.faults if _transaction(one, other)]
    if not told:
        return "alone"
    # What has no place is told of the whole transaction.
    first = min(other.position or 0 for other in told)
    return "after" if (one.position or 0) >= first else "before"


def _differing(
    one: Fault | None, other: Fault | None, place: Place, which: Verdict
) -> Disagreement:
    told = other or one
    assert told is not None
    ours, theirs = (one.name if one else ""), (other.code if other else "")
    return Disagreement(
        ours, theirs, place, which, told.segment or "", told.element, told.says[:200]
    )
