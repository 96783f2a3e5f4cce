"""No official text of X12, the AMA or the NUBC is in the repository, and the test itself holds none.

tests/official_wording.txt has hashes of about 270 well-known descriptions (CARC, RARC, revenue, bill
type and status codes, CPT); tests/wording.py says how they were made.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl
import pytest

from tests.conftest import ROOT
from tests.wording import RUN, SHORTEST, hashed, head, kept, runs, words

FOLDERS = ("edi_iop", "maps", "fixtures", "tests", "scripts")
PUBLIC = {ROOT / "maps" / "codes" / "icd10cm.csv"}
"""In the public domain, with its descriptions."""
LISTS = ("carc", "rarc", "revenue", "hcpcs", "frequency", "claim_status", "group", "plb")


class Official:
    """The texts as lines of tests/official_wording.txt: owners by hash, and the heads of runs."""

    def __init__(self, lines: Iterable[str]) -> None:
        told = [line.split() for line in lines if not line.startswith("#")]
        self.labels = {hash_: owner for owner, length, _, hash_ in told if length == "label"}
        self.heads = {start for _, length, start, _ in told if length != "label"}
        self.runs = {hash_: owner for owner, length, _, hash_ in told if length != "label"}

    def of(self, text: str) -> Iterator[str]:
        """Runs of words of an official text, each with its owner."""
        found = words(text)
        for place, start in enumerate(runs(found, SHORTEST)):
            if head(start) in self.heads:
                for length in range(SHORTEST, RUN + 1):
                    run = found[place : place + length]
                    if hashed(run) in self.runs:
                        yield f"{self.runs[hashed(run)]}: {' '.join(run)}"


OFFICIAL = Official((ROOT / "tests" / "official_wording.txt").read_text().splitlines())


def texts() -> list[Path]:
    inside = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    return [
        path
        for path in sorted([*inside, *ROOT.glob("*.*")])
        if path.is_file() and path not in PUBLIC and "__pycache__" not in path.parts
    ]


def test_dozens_of_descriptions_of_each_owner_are_known() -> None:
    owners = Counter(OFFICIAL.labels.values())
    assert min(owners[owner] for owner in ("carc", "rarc", "nubc", "cpt")) >= 30


def test_no_file_has_official_wording() -> None:
    found = {
        str(path.relative_to(ROOT)): told
        for path in texts()
        if (told := list(OFFICIAL.of(path.read_bytes().decode("utf-8", "replace"))))
    }
    assert found == {}


@pytest.mark.parametrize("kind", LISTS)
def test_no_label_of_ours_is_an_official_text(kind: str) -> None:
    labels = pl.read_csv(ROOT / "maps" / "codes" / f"{kind}.csv", infer_schema=False)["label"]
    found = {one for one in labels.drop_nulls() if hashed(words(one)) in OFFICIAL.labels}
    assert found == set()


def test_no_word_of_ours_is_an_official_text() -> None:
    said = tomllib.loads((ROOT / "maps" / "words.toml").read_text())["words"]
    found = [
        text
        for of_element in said.values()
        for text in of_element.values()
        if hashed(words(text)) in OFFICIAL.labels
    ]
    assert found == []


MADE_UP = "Claim/line turned down since a quite made-up condition of no payer was never looked at."


def test_a_planted_text_is_found_whole_in_part_and_with_another_end() -> None:
    """With a text of our own for an official one, as this file may hold none."""
    own = Official(f"nobody {line}" for line in kept(MADE_UP))
    assert list(own.of(f"97,{MADE_UP.upper()},denial"))
    assert list(own.of("a quite made-up condition of NO payer"))
    assert list(own.of(MADE_UP.replace("was never looked at", "came too late")))
    assert not list(own.of("turned down, as no payer has such a condition"))
