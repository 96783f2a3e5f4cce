"""X12 files -> batches, a chunk at a time; of a large input a second process reads every other chunk, or more.

A chunk needs of the one before it only what that leaves open (x12.Left), which is known when that
is split and walked, before it is checked and transcribed. So the two take turns: while one checks
a chunk, the other splits and walks the next. Where whoever asked for the batches works longer on
one than a chunk takes, the second process reads them all meanwhile. Processes and not threads,
since the many small calls between the column expressions keep one interpreter busy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

from edi_iop.parsers.beside import Beside, Lent, cores
from edi_iop.parsers.cut_claims import judged_whole
from edi_iop.parsers.x12 import EVERYTHING, Asked, Batch, Left, Step, batch, step
from edi_iop.x12 import segments as split
from edi_iop.x12.pieces import CHUNK, Piece


def read_batches(
    files: Iterable[tuple[int, BinaryIO]],
    asked: Asked = EVERYTHING,
    size: int = CHUNK,
    alone: int = CHUNK // 2,
) -> Iterator[Batch]:
    """Segments, envelopes, loops, checks and tables of all files, in order, a chunk at a time.

    What a large file leaves open at the end of a chunk is repeated in the next one.
    alone: bytes that one process reads faster than two.
    """
    return judged_whole(_in_turn(files, asked, size, alone), asked.levels)


def _in_turn(
    files: Iterable[tuple[int, BinaryIO]], asked: Asked, size: int, alone: int
) -> Iterator[Batch]:
    with Beside(asked) as beside:
        lent: Lent | None = None
        own: Step | None = None
        """Ours, which comes behind the one lent, walked and not yet checked."""
        weight = 0
        for chunk in split.chunks(files, size):
            weight += sum(len(part.data) for _, part in chunk if isinstance(part, Piece))
            if weight > alone and (own is not None or _goes_on(chunk)) and cores() > 1:
                beside.begin()
            if own is None and lent is not None and lent.done:
                lent, before = beside.lend(chunk, lent.left()), lent
                yield before.batch()
                continue
            if own is None:
                own = step(chunk, Left() if lent is None else lent.left())
                continue
            left = own.left
            after = beside.lend(chunk, left) if beside.ready else None
            chunk = chunk if after is None else []
            yield from _both(lent, own, asked)
            lent, own = after, None
            if after is None:
                own = step(chunk, left)
        yield from _both(lent, own, asked)


def _goes_on(chunk: Sequence[split.Part]) -> bool:
    """Whether a chunk is not the last of its file."""
    last = chunk[-1][1]
    return isinstance(last, Piece) and last.following is not None


def _both(lent: Lent | None, own: Step | None, asked: Asked) -> Iterator[Batch]:
    """The chunk lent and the one behind it: ours is worked on while there is nothing else to do."""
    made = None
    if own is not None and (lent is None or not lent.done):
        made = batch(own, asked)
    if lent is not None:
        yield lent.batch()
    if own is not None:
        yield made or batch(own, asked)
