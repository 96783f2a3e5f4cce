"""pyx12 as a referee: its verdict on a file, taken from x12n_document's answer and its JSON errors."""

from __future__ import annotations

import io
import json
import logging
from typing import Any

import pyx12.errors
import pyx12.params
import pyx12.x12n_document


def verdict(data: bytes) -> tuple[bool | None, list[str]]:
    """Whether pyx12 finds the file valid (None: it cannot tell), and what it says."""
    # pyx12 prints each error it finds through its own loggers.
    logging.getLogger("pyx12").setLevel(logging.CRITICAL + 1)
    answer = io.StringIO()
    try:
        valid = pyx12.x12n_document.x12n_document(
            pyx12.params.params(), io.StringIO(data.decode("ascii")), None, None, fd_json=answer
        )
    except (
        pyx12.errors.EngineError,
        pyx12.errors.X12Error,
        UnicodeDecodeError,
        IndexError,
    ) as problem:
        return None, [str(problem)]
    text = answer.getvalue()
    return valid, list(_messages(json.loads(text))) if text.strip() else []


def _messages(report: Any) -> Any:
    """Every error text in the report, wherever it stands."""
    if isinstance(report, dict):
        if "err_str" in report or "message" in report:
            yield str(report.get("err_str") or report.get("message"))
        for value in report.values():
            yield from _messages(value)
    elif isinstance(report, list):
        for value in report:
            yield from _messages(value)
