"""Compiled guides, kept where Python keeps its own compiled modules, and made anew as those are.

To make one takes a tenth of a whole `validate` of a small file.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256
from importlib.util import cache_from_source
from pathlib import Path
from typing import cast

from edi_iop.guides.model import Guide


def kept(name: str, sources: Sequence[Path], make: Callable[[], Guide]) -> Guide:
    """The guide of that name: as it was made of these files, or made anew where one has changed."""
    path, stamp = _place(name), _stamp(sources)
    try:
        with path.open("rb") as file:
            if pickle.load(file) == stamp:
                return cast(Guide, pickle.load(file))
    except Exception:  # Whatever is wrong with it, it is made anew.
        pass
    made = make()
    if not sys.dont_write_bytecode:
        with suppress(OSError):  # a place that is not ours to write to
            _keep(path, stamp, made)
    return made


def _place(name: str) -> Path:
    module = Path(cache_from_source(__file__))
    return module.with_name(f"{name}.{sys.implementation.cache_tag}.guide")


def _stamp(sources: Sequence[Path]) -> str:
    """What tells whether a file has changed, as Python asks of a module's source; no path stands in it."""
    stats = ((path, path.stat()) for path in sources)
    asked = [(str(path), stat.st_mtime_ns, stat.st_size) for path, stat in stats]
    return sha256(repr(asked).encode()).hexdigest()


def _keep(path: Path, stamp: str, guide: Guide) -> None:
    """Whole or not at all: others may read it meanwhile."""
    own = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with own.open("xb") as file:
            pickle.dump(stamp, file, pickle.HIGHEST_PROTOCOL)
            pickle.dump(guide, file, pickle.HIGHEST_PROTOCOL)
        own.replace(path)
    finally:
        own.unlink(missing_ok=True)
