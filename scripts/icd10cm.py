"""Writes maps/codes/icd10cm.csv from releases of ICD-10-CM (NCHS and CMS, public domain).

    icd10cm.py YYYY-MM-DD=CODES [YYYY-MM-DD=CODES ...] TABULAR

CODES is a release's list of codes, one a line (or CMS's order file), with the day it
took effect; TABULAR is the XML of the last one, for the descriptions of chapter F.
Only billable codes are written: a code is billable where no longer code begins with it.
A code that a later release brings is dated to the first October after the release
before it, one that a later release lacks to the last September before that release:
never too narrow, and exact where the releases follow year by year. DATED knows the
exact days of chapter F.
"""

from __future__ import annotations

import csv
import sys
from bisect import bisect_right
from datetime import date, timedelta
from pathlib import Path
from xml.etree import ElementTree

OUT = Path(__file__).resolve().parent.parent / "maps" / "codes" / "icd10cm.csv"
DATED = {
    date(2021, 10, 1): ("F32A", "F78A"),
    date(2022, 10, 1): (
        "F01", "F02", "F03", "F067", "F1090", "F1091", "F1191", "F1291", "F1391", "F1491",
        "F1591", "F1691", "F1891", "F1991", "F438",
    ),
    date(2024, 10, 1): ("F50",),
}  # fmt: skip
"""First days of the changes in chapter F (CMS addenda of fiscal years 2022, 2023 and 2025)."""
REPLACED = {"F78": date(2021, 9, 30)}
"""Last billable days of codes that DATED's beginnings do not name."""


def billable(path: Path) -> set[str]:
    """The codes of a release that no longer code begins with."""
    with path.open(encoding="latin-1") as lines:
        words = [line.split() for line in lines]
    # CMS's order file numbers its lines; the plain list holds blocks (A00-A09) and chapters (1) too.
    names = {word[1] if len(word) > 1 else word[0] for word in words if word}
    codes = sorted(
        name for name in names if "-" not in name and len(name) >= 3 and not name.isdigit()
    )
    return {
        code
        for code, after in zip(codes, [*codes[1:], ""], strict=True)
        if not after.startswith(code)
    }


def exact(code: str) -> date | None:
    """The day chapter F changed at this code."""
    return next((day for day, names in DATED.items() if code.startswith(names)), None)


def began(code: str, before: date) -> date:
    """The first day of a code that the release of this day did not hold."""
    october = date(before.year, 10, 1)
    return exact(code) or (october if before < october else date(before.year + 1, 10, 1))


def ended(code: str, after: date) -> date:
    """The last day of a code that the release of this day no longer held."""
    known = exact(code)
    if code in REPLACED or known:
        return REPLACED.get(code) or known - timedelta(days=1)
    september = date(after.year, 9, 30)
    return september if september < after else date(after.year - 1, 9, 30)


def described(tabular: Path) -> dict[str, str]:
    """Descriptions of chapter F, by code without its dot."""
    return {
        diagnosis.findtext("name", "").replace(".", ""): diagnosis.findtext("desc", "")
        for diagnosis in ElementTree.parse(tabular).iter("diag")
        if diagnosis.findtext("name", "").startswith("F")
    }


def main(arguments: list[str]) -> None:
    *named, tabular = arguments
    releases = {
        date.fromisoformat(day): billable(Path(path))
        for day, path in (one.split("=", 1) for one in named)
    }
    days = sorted(releases)
    labels = described(Path(tabular))
    with OUT.open("w", encoding="ascii", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("code", "label", "from", "to", "retired"))
        for code in sorted(set().union(*releases.values())):
            held = [day for day in days if code in releases[day]]
            later = days[bisect_right(days, held[-1]) :]
            first = began(code, days[days.index(held[0]) - 1]) if held[0] != days[0] else ""
            last = ended(code, later[0]) if later else ""
            rows.writerow((code, labels.get(code, ""), first, last, "Y" if last else ""))


main(sys.argv[1:])
