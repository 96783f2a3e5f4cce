"""Three programs' opinions of one file: ours, pyx12's and oxedi's, in the same words.

An opinion is a set of places with the code of a 999 (005010X231A1, IK304 or
IK403) or of a 997's AK502 for envelope faults, where the program gives one.
"""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import polars as pl
import pyx12.map_if
import pyx12.params
import pyx12.x12n_document

from edi_iop import parsers
from edi_iop.parsers import Parsed


@dataclass(frozen=True)
class Fault:
    """One fault as a program reports it; position counts from ST = 1."""

    code: str
    position: int | None = None
    segment: str | None = None
    element: int | None = None
    component: int | None = None
    says: str = field(default="", compare=False)


@dataclass(frozen=True)
class Opinion:
    """valid is None where the program cannot tell."""

    valid: bool | None
    faults: tuple[Fault, ...]


def ours(data: bytes) -> Opinion:
    """Our findings of SNIP levels 1 and 2: what pyx12 looks at too."""
    return of_parsed(parsers.parse([(1, data)])[1])


def of_parsed(parsed: Parsed) -> Opinion:
    found = parsed.findings.filter((pl.col("severity") == "error") & pl.col("snip").is_in([1, 2]))
    columns = ("code", "segment_position", "segment", "element", "component", "message")
    faults = tuple(Fault(*row) for row in found.select(columns).iter_rows())
    return Opinion(not faults, faults)


_load = pyx12.map_if.load_map_file


@cache
def _map(name: str, path: str | None) -> Any:
    return _load(name, pyx12.params.params(), path)


def _kept(name: str, _: Any, path: str | None = None) -> Any:
    """pyx12 reads its map files anew for every document: nine tenths of its time on a small one."""
    return _map(name, path)


def pyx12_of(data: bytes) -> Opinion:
    """What pyx12 says, from x12n_document's return value and its JSON errors."""
    logging.getLogger("pyx12").setLevel(logging.CRITICAL + 1)
    answer = io.StringIO()
    pyx12.map_if.load_map_file = _kept
    try:
        valid = pyx12.x12n_document.x12n_document(
            pyx12.params.params(), io.StringIO(data.decode("ascii")), None, None, fd_json=answer
        )
    except Exception as problem:  # It fails on some files in many ways; then it is no judge.
        return Opinion(None, (Fault(type(problem).__name__, says=str(problem)),))
    finally:
        pyx12.map_if.load_map_file = _load
    text = answer.getvalue()
    return Opinion(valid, tuple(_faults(json.loads(text))) if text.strip() else ())


def _faults(report: dict[str, Any]) -> Iterator[Fault]:
    for interchange in report["interchanges"]:
        yield from _of_envelope(interchange, "ISA")
        for group in interchange["groups"]:
            yield from _of_envelope(group, "GS")
            for transaction in group["transactions"]:
                yield from _of_envelope(transaction, "ST")
                for segment in transaction["segments"]:
                    yield from _of_segment(segment)


def _of_envelope(level: dict[str, Any], name: str) -> Iterator[Fault]:
    for error in level["errors"]:
        yield Fault(str(error["err_cde"]), segment=name, says=error["err_str"])
    for element in level.get("elements", ()):
        yield from _of_element(element, None, name)


def _of_segment(segment: dict[str, Any]) -> Iterator[Fault]:
    position, name = segment["seg_count"], segment["seg_id"]
    for error in segment["errors"]:
        yield Fault(str(error["err_cde"]), position, name, says=error["err_str"])
    for element in segment["elements"]:
        yield from _of_element(element, position, name)


def _of_element(element: dict[str, Any], position: int | None, name: str) -> Iterator[Fault]:
    for error in element["errors"]:
        yield Fault(
            str(error["err_cde"]), position, name,
            element["ele_pos"], element["subele_pos"], error["err_str"],
        )  # fmt: skip
