"""X12 files -> batches, a chunk at a time; of a large input a second process reads every other chunk, or more.

A chunk needs of the one before it only what that leaves open (x12.Left), which is known when that
is walked. It is split without, and checked and transcribed while the next is walked already: so the
two take turns. The other process has its next chunk before ours is begun, and waits for nothing but
what ours leaves open. Where whoever asked for the batches works longer on one than a chunk takes,
the other process reads them all meanwhile. Processes and not threads, since the many small calls
between the column expressions keep one interpreter busy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

from edi_iop.parsers.beside import Beside, Lent
from edi_iop.parsers.cut_claims import judged_whole
from edi_iop.parsers.x12 import EVERYTHING, Asked, Batch, Left, Step, batch, frame, step
from edi_iop.processes import cores
from edi_iop.x12 import segments as split
from edi_iop.x12.pieces import CHUNK, Piece, Room


def read_batches(
    files: Iterable[tuple[int, BinaryIO]],
    asked: Asked = EVERYTHING,
    size: int = CHUNK,
    alone: int = CHUNK // 2,
) -> Iterator[Batch]:
    """Segments, envelopes, loops, checks and tables of all files, in order, a chunk at a time.

    What a large file leaves open at the end of a chunk is repeated in the next one.
    size: bytes of a chunk; alone: bytes that one process reads faster than two.
    """
    return judged_whole(_in_turn(files, asked, size, alone), asked.levels)


def _in_turn(
    files: Iterable[tuple[int, BinaryIO]], asked: Asked, size: int, alone: int
) -> Iterator[Batch]:
    with Beside(asked) as beside:
        lent: Lent | None = None
        """The chunk before ours, where the other process reads it."""
        left, weight, several, room = Left(), 0, False, Room(size)
        more = size // _MORE
        chunks = split.chunks(files, room)
        for chunk in chunks:
            weight += sum(len(part.data) for _, part in chunk if isinstance(part, Piece))
            if weight > alone and (several or _goes_on(chunk)) and cores() > 1:
                beside.begin()
            several = True
            if lent is not None and lent.done:
                before, lent = lent, beside.lend(chunk)
                lent.follow(before.left())
                yield before.batch()
                continue
            following = None
            if beside.ready:
                room.size = size + more
                following = next(chunks, None)
                room.size = size - more
                if following is None:
                    beside.over()
            after = None if following is None else beside.lend(following)
            framed = frame(chunk)
            del chunk, following
            own = step(framed, left if lent is None else lent.left())
            left = own.left
            del framed
            if after is not None:
                after.follow(left)
            yield from _both(lent, own, asked)
            more = _shared(more, size, beside.longer())
            lent = after
            del own
        if lent is not None:
            yield lent.batch()


_MORE, _MOST, _STEPS = 20, 3, 40
"""Parts of a chunk: what the other process reads more than one at first, at most, and in how small
steps it comes to more or less."""
_IN_STEP = 0.002
"""Seconds waited that say nothing."""


def _shared(more: int, size: int, longer: float) -> int:
    """What the other process reads more from here on, so that neither waits for the other.

    This one reads the files, takes the batches and hands them on, to whoever works on them.
    longer: the seconds the other has waited more.
    """
    if abs(longer) < _IN_STEP:
        return more
    more += size // _STEPS if longer > 0 else -size // _STEPS
    return max(-size // _MOST, min(size // _MOST, more))


def _goes_on(chunk: Sequence[split.Part]) -> bool:
    """Whether a chunk is not the last of its file."""
    last = chunk[-1][1]
    return isinstance(last, Piece) and last.following is not None


def _both(lent: Lent | None, own: Step, asked: Asked) -> Iterator[Batch]:
    """The chunk lent and ours behind it, which is worked on first where the other is not ready."""
    made = None if lent is not None and lent.done else batch(own, asked)
    if lent is not None:
        yield lent.batch()
    yield made or batch(own, asked)
