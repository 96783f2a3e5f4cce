"""SNIP level 5 beside lists a user has loaded: codes they hold are known, codes of their kind else not.

The lists here are made up; the dates of service of claim_iop.837 are in January 2026.
"""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from edi_iop import desk
from edi_iop.parsers import batches
from edi_iop.parsers.beside import Beside
from edi_iop.parsers.x12 import Asked
from edi_iop.settings import Workspace
from edi_iop.store import Store
from scripts.chunks import together
from tests.guides.test_external import CLAIM, REMIT, changed

HCPCS = (
    "HCPC,LONG DESCRIPTION,ADD DT,TERM DT\nH9998,made up,20240101,\nH9997,ended,20190101,20251231\n"
)
CPT = "code,description\n90853,a group\n"
NUBC = "code,description,from,to\n0905,made up,,\n0906,made up,,2025-12-31\n"
CARC = "code,description,start,stop\n999,made up,2020-01-01,\n"


@pytest.fixture
def clinic(tmp_path: Path) -> Path:
    desk.init(tmp_path / "clinic")
    return tmp_path / "clinic"


def load(clinic: Path, kind: str, text: str) -> None:
    file = clinic.parent / f"{kind}.csv"
    file.write_text(text)
    desk.codes_load(kind, file, clinic, date(2026, 1, 1))


def told(clinic: Path | None, data: bytes, tmp: Path) -> list[tuple[str, str]]:
    """Code and message of the findings of level 5 that `validate` shows."""
    file = tmp / "given.x12"
    file.write_bytes(data)
    rows = desk.validate([file], {5}, workspace=clinic).together().rows
    return rows.filter(pl.col("snip") == 5).select("code", "message").rows()


def procedure(code: str) -> bytes:
    return changed(CLAIM, ("HC:H0015*350", f"HC:{code}*350"))


def test_a_loaded_code_is_known_by_its_own_days(clinic: Path, tmp_path: Path) -> None:
    assert [code for code, _ in told(clinic, procedure("H9998"), tmp_path)] == ["CODE_UNKNOWN"]
    load(clinic, "hcpcs", HCPCS)
    assert told(clinic, procedure("H9998"), tmp_path) == []
    ((code, says),) = told(clinic, procedure("H9997"), tmp_path)
    assert code == "CODE_OUT_OF_DATE"
    assert "from 2019-01-01 to 2025-12-31" in says
    assert [code for code, _ in told(None, procedure("H9998"), tmp_path)] == ["CODE_UNKNOWN"]


def test_what_ours_holds_stays_known(clinic: Path, tmp_path: Path) -> None:
    """H0015 is not in the loaded list, and is in ours."""
    load(clinic, "hcpcs", HCPCS)
    assert told(clinic, CLAIM, tmp_path) == []


def test_where_ours_is_silent_a_loaded_list_speaks(clinic: Path, tmp_path: Path) -> None:
    """No CPT is shipped: any five digits pass until a list is loaded, then those of the list."""
    assert told(clinic, procedure("90899"), tmp_path) == []
    load(clinic, "cpt", CPT)
    ((code, says),) = told(clinic, procedure("90899"), tmp_path)
    assert code == "CODE_UNKNOWN"
    assert "CPT procedure list loaded on" in says
    assert told(clinic, procedure("90853"), tmp_path) == []


def test_a_list_without_last_days_says_nothing_of_earlier_years(
    clinic: Path, tmp_path: Path
) -> None:
    load(clinic, "cpt", CPT)
    before = procedure("90899").replace(b"20260105", b"20160105").replace(b"20260107", b"20160107")
    assert "CODE_UNKNOWN" not in [code for code, _ in told(clinic, before, tmp_path)]


def test_revenue_codes_are_held_against_a_loaded_list(clinic: Path, tmp_path: Path) -> None:
    load(clinic, "nubc", NUBC)
    found = told(clinic, changed(CLAIM, ("SV2*0905", "SV2*0777")), tmp_path)
    assert sorted(code for code, _ in found) == [
        "CODE_OUT_OF_DATE",
        "CODE_OUT_OF_DATE",
        "CODE_UNKNOWN",
    ]
    assert told(None, changed(CLAIM, ("SV2*0905", "SV2*0777")), tmp_path) == []


def test_reasons_of_a_remit(clinic: Path, tmp_path: Path) -> None:
    odd = changed(REMIT, ("CAS*CO*45", "CAS*CO*999"))
    assert [code for code, _ in told(clinic, odd, tmp_path)] == ["CODE_UNKNOWN"]
    load(clinic, "carc", CARC)
    assert told(clinic, odd, tmp_path) == []


def test_the_night_knows_them(clinic: Path) -> None:
    load(clinic, "hcpcs", HCPCS)
    (clinic / "inbox" / "claim.837").write_bytes(procedure("H9998"))
    desk.run(clinic)
    with Store.open(Workspace(clinic).database, read_only=True) as store:
        assert store.load("claims").height
        assert "CODE_UNKNOWN" not in store.load("findings")["code"].to_list()


def test_the_second_process_knows_them_too(clinic: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load(clinic, "cpt", CPT)
    monkeypatch.setattr(
        Beside, "ready",
        property(lambda self: self._other is not None and self._greeting.result() == "ready"),
    )  # fmt: skip

    def read(alone: int) -> pl.DataFrame:
        files = [(1, io.BytesIO(procedure("90899") * 4))]
        asked = Asked(lists=clinic / "codes")
        return together(list(batches.read_batches(files, asked, size=800, alone=alone)))[1]

    one, two = read(2**30), read(0)
    assert (one["code"] == "CODE_UNKNOWN").sum() == 4
    assert two.equals(one)
