"""Nights of an adversary's mail, split anyhow, leave the tables of one settlement of it all."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from edi_iop.runner import portions
from edi_iop.settings import Settings, Workspace
from edi_iop.store import Store
from edi_iop.tables import SENT, TABLES
from scripts import accuracy_answers
from scripts.accuracy_clinic import remits_of
from tests.runner.portions_store import RUN, add_file, derived, settled_at_once

CLIENTS, WEEKS, PORTION = 30, 8, 60
LAST = date(2026, 9, 20)
Tables = dict[str, pl.DataFrame]
Mail = tuple[accuracy_answers.Clinic, list[bytes]]


def mail(seed: int, clients: int, weeks: int) -> Mail:
    """A clinic of so many clients, and the 835s that its claims are answered by."""
    made = accuracy_answers.clinic(seed, clients, weeks)
    return made, [one.content for one in accuracy_answers.answered(made, seed).files]


def claim_files(made: accuracy_answers.Clinic, chance: random.Random) -> list[Tables]:
    """The claims sent, each of their files divided in two by chance."""
    tables = {name: made.ours[name] for name in SENT if name in made.ours}
    claims = tables["claims"]
    halves = pl.Series("half", [chance.randrange(2) for _ in range(claims.height)])
    files = []
    for own in claims.with_columns(halves).partition_by("file_id", "half", include_key=True):
        files.append(
            {
                name: rows.join(own, on=["file_id", "claim_offset"], how="semi")
                if "claim_offset" in rows.columns
                else rows.join(own, on="file_id", how="semi")
                for name, rows in tables.items()
            }
        )
    return files


def in_order(files: list[Tables]) -> list[Tables]:
    """The files under the numbers that they get as they come."""
    return [
        {
            name: TABLES[name].conform(rows.with_columns(file_id=pl.lit(number, pl.Int64)))
            for name, rows in file.items()
        }
        for number, file in enumerate(files, 1)
    ]


@pytest.mark.parametrize(("seed", "often"), [(0, 0.3), (1, 0.0)])
def test_nights_of_corrupted_mail_are_one_settlement_of_all(
    tmp_path: Path, workspace: Workspace, seed: int, often: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files in any order, split over nights anyhow, or one file and all others the next night.

    Every night goes in portions, as the last settlement of all does.
    """
    monkeypatch.setattr(portions, "PORTION", PORTION)
    agree(tmp_path, workspace.settings(), mail(seed, CLIENTS, WEEKS), seed, often)


def agree(folder: Path, settings: Settings, sent: Mail, seed: int, often: float) -> None:
    """Settles the mail in nights and at once, and compares what both leave (scripts/nights).

    often: the chance that a night ends with a file.
    """
    made, contents = sent
    chance = random.Random(seed)
    remits = [remits_of([content]) for content in contents]
    arriving = [*claim_files(made, chance), *remits]
    chance.shuffle(arriving)
    files = in_order(arriving)
    with Store.create(folder / "nights.db") as store, Store.create(folder / "once.db") as once:
        for left, file in zip(range(len(files) - 1, -1, -1), files, strict=True):
            add_file(store, len(files) - left, file)
            add_file(once, len(files) - left, file)
            if left in (0, len(files) - 1) or chance.random() < often:
                portions.settle(store, made.policies, settings, LAST - timedelta(days=9 * left))
        settled_at_once(once, made.policies, settings, LAST)
        whole = derived(once)
        assert derived(store) == whole
        portions.settle(once, made.policies, settings, LAST)
        assert derived(once) == whole
        assert once.answered(RUN) == _matched(once.load("matches"))


def _matched(matches: pl.DataFrame) -> tuple[int, int, int, int]:
    """Remit claims, those that answer a claim of ours, lines, and those of the latter's lines that
    answer none of it and of which it matters, as the matches have them."""
    heads = matches.filter(pl.col("remit_line_offset").is_null())
    remit = ("file_id", "remit_claim_offset")
    lines = matches.select(*remit, "remit_line_offset").drop_nulls()
    tied = heads.drop_nulls("claim_file_id")
    left = matches.filter(
        pl.col("remit_line_offset").is_not_null(),
        pl.col("line_offset").is_null(),
        pl.col("alike_offset").is_null(),
    )
    loose = left.join(tied, on=remit, how="semi").height
    return heads.select(remit).n_unique(), tied.select(remit).n_unique(), lines.n_unique(), loose
