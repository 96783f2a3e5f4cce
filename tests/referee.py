"""pyx12 as a referee: its verdict on a file, taken from x12n_document's answer and its JSON errors.

Its command cannot be asked: the exit code is always 1, it writes no 999 for an 835, and
it stops in silence at an empty segment.
"""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pyx12.map_if
import pyx12.params
import pyx12.x12n_document

_load = pyx12.map_if.load_map_file


@cache
def _map(name: str, path: str | None) -> Any:
    return _load(name, pyx12.params.params(), path)


@contextmanager
def maps_kept() -> Iterator[None]:
    """pyx12 reads its map files anew for every document: nine tenths of its time on a small one."""
    pyx12.map_if.load_map_file = lambda name, _, path=None: _map(name, path)
    try:
        yield
    finally:
        pyx12.map_if.load_map_file = _load


def report(data: bytes) -> tuple[bool | None, dict[str, Any]]:
    """Whether pyx12 finds the file valid (None: it cannot tell), and its JSON errors.

    Where it cannot tell, the report holds its exception: `problem`, its type, and `says`.
    """
    # pyx12 prints each error it finds through its own loggers.
    logging.getLogger("pyx12").setLevel(logging.CRITICAL + 1)
    answer = io.StringIO()
    try:
        with maps_kept():
            valid = pyx12.x12n_document.x12n_document(
                pyx12.params.params(), io.StringIO(data.decode("ascii")), None, None, fd_json=answer
            )
    except Exception as problem:  # It fails on some files in many ways; then it is no judge.
        return None, {"problem": type(problem).__name__, "says": str(problem)}
    text = answer.getvalue()
    return bool(valid), json.loads(text) if text.strip() else {}


def verdict(data: bytes) -> tuple[bool | None, list[str]]:
    """Whether pyx12 finds the file valid (None: it cannot tell), and what it says."""
    valid, said = report(data)
    return valid, [said["says"]] if valid is None else list(_messages(said))


def _messages(said: Any) -> Iterator[str]:
    """Every error text in the report, wherever it stands."""
    if isinstance(said, dict):
        if "err_str" in said or "message" in said:
            yield str(said.get("err_str") or said.get("message"))
        for value in said.values():
            yield from _messages(value)
    elif isinstance(said, list):
        for value in said:
            yield from _messages(value)
