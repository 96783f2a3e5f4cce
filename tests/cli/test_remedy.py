"""From a payer's answer to the paper that answers it: run, remedy, and the file read again."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from docx import Document

from edi_iop import parsers
from tests.cli.conftest import Call
from tests.runner.runner_remits import NUMBER, remit

NIGHT, ASKED = ("--as-of", "2026-03-10"), ("--as-of", "2026-03-11")
PERSON = b"SAMPLE*PAT****MI*M0001"


@dataclass(frozen=True)
class Own:
    """A workspace, and a claim that it has sent."""

    root: Path
    head: dict[str, Any]
    days: list[str]

    @property
    def number(self) -> str:
        return str(self.head["claim"])

    def denied(self, carc: str, remark: str) -> bytes:
        """The 835 that denies every day of the claim."""
        head = self.head
        person = f"{head['subscriber_last_name']}*{head['subscriber_first_name']}****MI*{head['member_id']}"
        answer = remit(self.number, *self.days, carc=carc, denied=remark)
        return answer.replace(PERSON, person.encode()).replace(
            b"XX*1234567893", b"XX*" + head["billing_npi"].encode()
        )

    def takes(self, call: Call, *files: bytes) -> dict[str, Any]:
        """The receipt of a night with these files."""
        for at, data in enumerate(files):
            (self.root / "inbox" / f"answer-{at}.edi").write_bytes(data)
        ran = call("run", self.root, *NIGHT, "--format", "json")
        receipt: dict[str, Any] = json.loads(ran.stdout)
        assert receipt["files"]["quarantined"] == 0
        return receipt


@pytest.fixture
def own(workspace: Path, tmp_path: Path) -> Own:
    """Of the example's claims the first to HARBR that bills H0015 at 350.00."""
    root = Path(shutil.copytree(workspace, tmp_path / "own"))
    (sent,) = (root / "outbox").glob("837I-*.edi")
    tables = parsers.parse([(1, sent.read_bytes())])[1].tables
    lines = tables["claim_lines"].filter(
        ((pl.col("procedure") == "H0015") & (pl.col("charge_cents") == 35000))
        .all()
        .over("claim_offset")
    )
    claims = tables["claims"].filter(pl.col("payer_id") == "HARBR")
    head = claims.join(lines, on="claim_offset", how="semi").row(0, named=True)
    days = lines.filter(pl.col("claim_offset") == head["claim_offset"])["service_date"]
    return Own(root, head, [day.isoformat() for day in days])


def refused(call: Call, own: Own, remedy: str) -> str:
    """What is said of a remedy that may not be taken."""
    answer = call("remedy", own.root, own.number, *ASKED, "--as", remedy)
    assert answer.exit_code == 3
    assert answer.stderr.count("\n") == 1
    assert not list((own.root / "remedies").glob("*"))
    return str(answer.stderr)


@pytest.mark.parametrize("remark", ["MA130", "N142"])
def test_a_claim_the_payer_did_not_process_is_neither_replaced_nor_voided(
    call: Call, own: Own, remark: str
) -> None:
    receipt = own.takes(call, own.denied("16", remark))
    assert receipt["remits"]["matched"] == 1
    for remedy in ("corrected_7", "void_8"):
        said = refused(call, own, remedy)
        assert f"{own.number}, {remedy}" in said
        assert f"remark {remark}" in said
        assert "take new_claim_1" in said or "take no_action_duplicate" in said


def test_an_unprocessed_claim_goes_out_anew_once_its_records_are_mended(
    call: Call, own: Own, clinic: Path
) -> None:
    own.takes(call, own.denied("16", "MA130"))
    assert "our records show nothing to change" in refused(call, own, "new_claim_1")
    clients = (clinic / "feeds" / "clients.csv").read_bytes()
    own.takes(call, clients.replace(own.head["member_id"].encode(), b"HA00000001"))
    written = call("remedy", own.root, own.number, *ASKED, "--format", "ndjson")
    assert written.exit_code == 0, written.output
    row = json.loads(written.stdout)
    assert row["remedy"] == "new_claim_1"
    anew = parsers.parse([(1, Path(row["file"]).read_bytes())])[1]
    assert anew.findings.is_empty()
    (head,) = anew.tables["claims"].to_dicts()
    assert (head["frequency"], head["payer_claim_number"]) == (own.head["frequency"], None)
    assert (head["member_id"], head["charge_cents"]) == ("HA00000001", own.head["charge_cents"])
    assert head["claim"] != own.number, "a claim number is used once"


def test_a_replacement_has_a_clock_of_its_own(call: Call, own: Own, clinic: Path) -> None:
    """Its days were filed in time: harbor's 180 days are over, those for a correction are not."""
    own.takes(call, own.denied("31", "N382"))
    clients = (clinic / "feeds" / "clients.csv").read_bytes()
    own.takes(call, clients.replace(own.head["member_id"].encode(), b"HA00000001"))
    late = ("--as-of", "2026-09-01", "--as", "corrected_7", "--format", "ndjson")
    written = call("remedy", own.root, own.number, *late)
    assert json.loads(written.stdout)["remedy"] == "corrected_7"
    assert "TF-01" not in written.stdout


def test_a_late_filing_denial_is_answered_with_the_proof_of_999_and_277ca(
    call: Call, own: Own, tmp_path: Path
) -> None:
    answers = tmp_path / "answers"
    made = call(
        "simulate", own.root / "outbox", "--feeds", own.root, "-o", answers, "--as-of", "2026-03-03"
    )
    assert made.exit_code in (0, 1), made.stderr
    acks = [file.read_bytes() for file in sorted((answers / "acks").iterdir())]
    own.takes(call, own.denied("29", "N382"))
    bare = call("remedy", own.root, own.number, *ASKED)
    assert bare.exit_code == 1
    assert "no 999 or 277CA of it is in the store" in " ".join(bare.stdout.split())
    own.takes(call, *acks)
    written = call("remedy", own.root, own.number, *ASKED, "--format", "ndjson")
    assert written.exit_code == 0, written.output
    letter = Document(json.loads(written.stdout)["file"])
    said = "\n".join(t.text or "" for t in letter.element.body.iter() if t.tag.endswith("}t"))
    first = date.fromisoformat(own.days[0])
    for word in (
        f"Request for reconsideration: claim {own.number}",
        NUMBER,
        "CO-29",
        "transaction set accepted (999)",
        "claim accepted by the payer (277CA)",
        "The first claim was sent on 2026-03-02. On 2026-03-03: transaction set accepted",
        f"{(date(2026, 3, 3) - first).days} days after the date of service, {first}",
        f"The limit is 180 days ({first + timedelta(days=180)})",
    ):
        assert word in said, word
