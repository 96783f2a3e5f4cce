"""Official texts as hashes: what must not be in the repository is not in this test either.

    python -m tests.wording carc=FILE rarc=FILE nubc=FILE cpt=FILE > tests/official_wording.txt

makes the list anew from texts that its user may read, a text a line. A text is words alone, in lower
case; of a long one every run of RUN words is kept, a shorter one whole, so that a changed ending or
a quotation in part is found too. A text of two or three words is kept as a label: it says something
official only where it stands by itself.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path

RUN, SHORTEST = 6, 4
_SALT = b"official wording"


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def hashed(run: Iterable[str]) -> str:
    return blake2b(" ".join(run).encode(), digest_size=8, salt=_SALT).hexdigest()


def runs(text: list[str], length: int) -> Iterator[tuple[str, ...]]:
    """Every run of so many words."""
    return zip(*(text[start:] for start in range(length)), strict=False)


def head(run: Iterable[str]) -> str:
    """Of the words a run begins with: few runs of a file need to be looked at whole."""
    return hashed(tuple(run)[:SHORTEST])[:8]


def kept(text: str) -> Iterator[str]:
    """Of one official text, what is kept."""
    found = words(text)
    if len(found) < 2:
        return
    yield f"label - {hashed(found)}"
    if len(found) >= SHORTEST:
        length = min(len(found), RUN)
        yield from (f"{length} {head(run)} {hashed(run)}" for run in runs(found, length))


def main(arguments: Iterable[str]) -> None:
    print(
        "# Hashes of official texts (tests/wording.py): owner, words in the run or label,\n# hash of its head, hash."
    )
    for owner, path in (one.split("=", 1) for one in arguments):
        lines = Path(path).read_text(encoding="utf-8").splitlines()
        found = dict.fromkeys(line for text in lines for line in kept(text))
        print("\n".join(f"{owner} {line}" for line in found))


if __name__ == "__main__":
    main(sys.argv[1:])
