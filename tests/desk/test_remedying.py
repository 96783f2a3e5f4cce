"""The order in which the remedies of one claim are written: the store keeps no ranks, the day asks for them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from edi_iop.desk import remedying
from edi_iop.store import Store
from edi_iop.tables import VERDICTS


def test_what_is_most_worth_comes_first(tmp_path: Path) -> None:
    line = {"file_id": 2, "remit_claim_offset": 10, "claim": "EAAA", "payer": "HARBR", "carc": "197",
            "deadline": date(2026, 9, 6), "deadline_source": "appeal clock"}  # fmt: skip
    rows = [
        line | {"remit_line_offset": 20, "line": 1, "remedy": "void_8", "recoverable_cents": 0},
        line | {"remit_line_offset": 30, "line": 2, "remedy": "retro_auth", "recoverable_cents": 900},
        line | {"remit_line_offset": 40, "line": 3, "remedy": "corrected_7", "recoverable_cents": 28500},
    ]  # fmt: skip
    with Store.create(tmp_path / "iop.db") as store:
        store.replace("verdicts", VERDICTS.conform(pl.DataFrame(rows)))
        tasks = remedying._tasks(store, "EAAA", None, date(2026, 3, 15))
    assert [name for name, _ in tasks] == ["corrected_7", "retro_auth", "void_8"]
