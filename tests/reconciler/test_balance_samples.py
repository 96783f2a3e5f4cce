"""Balance of public 835 files against what their manifest says of each."""

from __future__ import annotations

import csv
import re

import pytest

from edi_iop.parsers import parse
from edi_iop.reconciler.balance import balance
from tests.conftest import SAMPLES

LEVEL = {
    "line": ("LINE_UNBALANCED",),
    "claim": ("CLAIM_UNBALANCED", "LINE_UNBALANCED"),
    "BPR02": ("PAYMENT_UNBALANCED", "CLAIM_UNBALANCED"),
}
"""What tells the level that a manifest names: its own, or what is below it and off by as much."""


def told() -> list[tuple[str, str]]:
    """Path and what the manifest says of the balance of every 835."""
    if not SAMPLES.is_dir():
        return []
    with (SAMPLES / "MANIFEST.tsv").open(encoding="utf-8", newline="") as manifest:
        rows = csv.DictReader(manifest, delimiter="\t")
        return [
            (row["path"], row["835_balance_check"]) for row in rows if row["path"][:4] == "835/"
        ]


@pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="the public samples are not beside the checkout (shared/samples)"
)
def test_every_sample_balances_or_not_as_its_manifest_says():
    names = told()
    parsed = parse([(n, (SAMPLES / name).read_bytes()) for n, (name, _) in enumerate(names)])
    wrong = {}
    for number, (name, says) in enumerate(names):
        found = set(balance(parsed[number].tables)["code"])
        first = re.match(r"does not balance in \S+ ST: (\w+)", says)
        expected = LEVEL[first[1]] if first else None
        right = bool(found.intersection(expected)) if expected else not found
        if not right:
            wrong[name] = (says, found)
    assert wrong == {}
    assert len(names) > 40
