"""Many files before all judges: how often they agree, and what nobody has explained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from tests.differential import judges, kinds
from tests.differential.compare import Verdict, disagreements, verdict

LARGEST = 30_000
"""Bytes of a file that pyx12 reads in less than a second."""
BATCH = 250
"""So many files are read as one batch."""

Named = tuple[str, str, bytes]
"""A file: the kind of change made to it, what it is in words, and its bytes."""


def named(paths: Iterable[Path]) -> list[Named]:
    """Files as they are; those too large for pyx12 are left out."""
    small = (path for path in sorted(paths) if path.stat().st_size < LARGEST)
    return [(f"({path.parent.name})", path.name, path.read_bytes()) for path in small]


@dataclass
class Survey:
    """What the judges said of the files so far."""

    verdicts: Counter[tuple[str, Verdict]] = field(default_factory=Counter)
    """How often, by kind of change."""
    met: Counter[kinds.Kind | kinds.Money] = field(default_factory=Counter)
    """Listed kinds of disagreement, and how often each was met."""
    unexplained: list[str] = field(default_factory=list)
    neither: list[str] = field(default_factory=list)
    """Files in which neither program finds a fault."""

    @property
    def dead(self) -> list[kinds.Kind | kinds.Money]:
        """Listed kinds that never occurred."""
        listed: list[kinds.Kind | kinds.Money] = [*kinds.kinds(), *kinds.money()]
        return [one for one in listed if not self.met[one]]

    def table(self) -> Iterator[str]:
        """One line a kind of change: how many files both, one or neither of the two call invalid."""
        columns: tuple[Verdict, ...] = ("both", "ours", "theirs", "neither", "cannot tell")
        yield f"{'change':<12}" + "".join(f"{name:>13}" for name in columns)
        for change in sorted({change for change, _ in self.verdicts}):
            counts = (self.verdicts[change, name] for name in columns)
            yield f"{change:<12}" + "".join(f"{count:>13}" for count in counts)

    def structure(self, files: Iterable[Named]) -> None:
        """Our engine beside pyx12."""
        for some in _batches(files):
            opinions = judges.ours([data for _, _, data in some])
            for (change, said, data), ours in zip(some, opinions, strict=True):
                self._structure(change, said, ours, judges.pyx12(data))

    def _structure(
        self, change: str, said: str, ours: judges.Opinion, theirs: judges.Opinion
    ) -> None:
        which = verdict(ours, theirs)
        self.verdicts[change, which] += 1
        if which == "neither":
            self.neither.append(said)
        for one in disagreements(ours, theirs):
            kind = kinds.kind_of(one, said)
            if kind is None:
                self.unexplained.append(f"{said}\n    {one.said}")
            else:
                self.met[kind] += 1

    def money(self, files: Iterable[Named]) -> None:
        """Our balance of 835s beside oxedi's."""
        for some in _batches(files):
            heard = judges.our_money([data for _, _, data in some])
            for (_, said, data), (ours, codes) in zip(some, heard, strict=True):
                self._money(said, codes, ours, judges.oxedi_money(data))

    def _money(
        self,
        said: str,
        codes: frozenset[str],
        ours: frozenset[judges.Imbalance],
        theirs: frozenset[judges.Imbalance] | None,
    ) -> None:
        if theirs is None:
            return
        for only, alone in (("ours", ours - theirs), ("theirs", theirs - ours)):
            kind = kinds.money_kind_of(only, codes) if alone else None
            if kind is not None:
                self.met[kind] += 1
            elif alone:
                self.unexplained.append(f"{said}\n    money, {only} alone: {sorted(alone)}")


def _batches(files: Iterable[Named]) -> Iterator[list[Named]]:
    rest = iter(files)
    while some := list(islice(rest, BATCH)):
        yield some
