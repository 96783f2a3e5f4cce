"""The order in which the remedies of one claim are written: the store keeps no ranks, the day asks for them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from docx import Document

from edi_iop import desk, parsers
from edi_iop.desk import remedying
from edi_iop.errors import Forbidden
from edi_iop.reconciler.appeal import _enclosures, fields, request
from edi_iop.settings import Workspace
from edi_iop.store import Store
from edi_iop.tables import VERDICTS
from tests.desk.test_deciding import CLAIM, NIGHT
from tests.runner.runner_drops import drop, remit


def test_what_is_most_worth_comes_first(tmp_path: Path) -> None:
    line = {"file_id": 2, "remit_claim_offset": 10, "claim": "EAAA", "payer": "HARBR", "carc": "197",
            "deadline": date(2026, 9, 6), "deadline_source": "appeal clock"}  # fmt: skip
    rows = [
        line | {"remit_line_offset": 20, "line": 1, "remedy": "void_8", "recoverable_cents": 0},
        line | {"remit_line_offset": 30, "line": 2, "remedy": "retro_auth", "recoverable_cents": 900},
        line | {"remit_line_offset": 40, "line": 3, "remedy": "corrected_7", "recoverable_cents": 28500},
    ]  # fmt: skip
    answer = {"file_id": 2, "remit_claim_offset": 10, "claim": "EAAA"}
    with Store.create(tmp_path / "iop.db") as store:
        store.add_file(file_id=2, direction="in", status="applied")
        store.save({"remit_claims": pl.DataFrame([answer])})
        store.replace("verdicts", VERDICTS.conform(pl.DataFrame(rows)))
        tasks = remedying._tasks(store, "EAAA", None, date(2026, 3, 15))
    assert [name for name, _ in tasks] == ["corrected_7", "retro_auth", "void_8"]


def denied(root: Path, *remarks: bytes) -> None:
    """A workspace without feeds whose only claim, of 2 February, is denied CO-16 with remarks."""
    paid = remit(claim="SENT1", amount="0", segments=16 + len(remarks))
    answer = paid.replace(b"*1*150*100*0*", b"*4*150*0**").replace(
        b"BPR*I*0*C*CHK*", b"BPR*H*0*C*NON*"
    )
    told = b"CAS*CO*16*150~" + b"".join(b"LQ*HE*" + remark + b"~" for remark in remarks)
    line = b"SVC*HC:H0015*150*0*0906*1~DTM*472*20260202~"
    answer = answer.replace(
        b"SVC*HC:H0015*150*100*0906*1~DTM*472*20260202~CAS*CO*45*50~", line + told
    )
    desk.init(root)
    drop(Workspace(root), sent_837=CLAIM, answer_835=answer)
    desk.run(root, NIGHT)


def test_where_no_records_are_a_draft_of_the_claim_is_written(tmp_path: Path) -> None:
    """N142: a new claim (1), without REF F8; a replacement is barred and names what is advised."""
    root = tmp_path / "bare"
    denied(root, b"N142", b"M76")
    made = desk.remedy(root, "SENT1", as_of=NIGHT)
    (row,) = made.rows.to_dicts()
    assert (row["remedy"], made.status) == ("new_claim_1", "findings")
    assert "draft" in Path(row["file"]).name
    assert row["says"].startswith("a draft, the claim as it was sent")
    assert "M76: " in row["says"]
    (head,) = parsers.parse([(1, Path(row["file"]).read_bytes())])[1].tables["claims"].to_dicts()
    assert (head["frequency"], head["payer_claim_number"], head["charge_cents"]) == (
        "1",
        None,
        15000,
    )
    assert not list((root / "outbox").glob("837*"))
    with pytest.raises(Forbidden, match=r"remark N142: .*; take new_claim_1"):
        desk.remedy(root, "SENT1", chosen="void_8", as_of=NIGHT)


def test_a_draft_of_a_replacement_names_the_payers_number(tmp_path: Path) -> None:
    root = tmp_path / "bare"
    denied(root, b"M76")
    (row,) = desk.remedy(root, "SENT1", chosen="corrected_7", as_of=NIGHT).rows.to_dicts()
    (head,) = parsers.parse([(1, Path(row["file"]).read_bytes())])[1].tables["claims"].to_dicts()
    assert (head["frequency"], head["payer_claim_number"]) == ("7", "ICN1")


def test_a_claim_that_was_reversed_is_voided_by_the_number_of_its_reversal(tmp_path: Path) -> None:
    root = tmp_path / "bare"
    desk.init(root)
    paid = remit(claim="SENT1")
    back = (
        remit(claim="SENT1", check="CHECK2", amount="-100")
        .replace(b"BPR*I*-100*C*CHK*", b"BPR*H*0*C*NON*")
        .replace(b"*1*150*100*0*12*ICN1*", b"*22*-150*-100**12*ICN2*")
        .replace(b"*150*100*0906*1~", b"*-150*-100*0906*1~")
        .replace(b"CAS*CO*45*50~SE*16*", b"CAS*CO*45*-50~PLB*1234567893*20261231*FB:NEXT*-100~SE*17*")
    )  # fmt: skip
    attended = CLAIM.replace(b"~LX*1~", b"~NM1*71*1*SAMPLE*ROBIN****XX*1234567893~LX*1~")
    drop(
        Workspace(root),
        sent_837=attended.replace(b"SE*25*", b"SE*26*"),
        paid_835=paid,
        back_835=back,
    )
    desk.run(root, NIGHT)
    (row,) = desk.remedy(root, "SENT1", chosen="void_8", as_of=NIGHT).rows.to_dicts()
    (head,) = parsers.parse([(1, Path(row["file"]).read_bytes())])[1].tables["claims"].to_dicts()
    assert (head["frequency"], head["payer_claim_number"]) == ("8", "ICN2")


def test_a_void_repeats_what_was_sent_with_its_errors(tmp_path: Path) -> None:
    """A claim that another system sent without an attending provider, which the guide asks for."""
    root = tmp_path / "bare"
    denied(root, b"M76")
    made = desk.remedy(root, "SENT1", chosen="void_8", as_of=NIGHT)
    (row,) = made.rows.to_dicts()
    assert made.status == "findings"
    assert row["says"].startswith("all of it taken back; a void repeats what was sent")
    assert "names the attending provider" in row["says"]
    (head,) = parsers.parse([(1, Path(row["file"]).read_bytes())])[1].tables["claims"].to_dicts()
    assert (head["frequency"], head["payer_claim_number"]) == ("8", "ICN1")


def test_a_void_names_all_its_lines_and_how_many_of_them_are_paid(tmp_path: Path) -> None:
    root = tmp_path / "bare"
    desk.init(root)
    drop(Workspace(root), sent_837=CLAIM, answer_835=remit(claim="SENT1"))
    desk.run(root, NIGHT)
    (row,) = desk.remedy(root, "SENT1", chosen="void_8", as_of=NIGHT).rows.to_dicts()
    assert row["lines"] == [1]
    assert row["says"].startswith("all of it taken back; paid lines among it: 1")


def test_a_letter_on_a_claim_denied_as_a_whole_says_what_each_line_is_worth(tmp_path: Path) -> None:
    """Harbor pays 285.00 for a day (its policy's rate of H0015 and 0906), whatever was charged."""
    root = tmp_path / "bare"
    paid = remit(claim="SENT1", amount="0", segments=14)
    whole = paid.replace(b"*1*150*100*0*", b"*4*150*0**").replace(
        b"BPR*I*0*C*CHK*", b"BPR*H*0*C*NON*"
    )
    lines = b"SVC*HC:H0015*150*100*0906*1~DTM*472*20260202~CAS*CO*45*50~"
    name = b"NM1*QC*1*SAMPLE*PAT****MI*M0001~"
    whole = whole.replace(name + lines, b"CAS*CO*29*150~" + name)
    desk.init(root)
    drop(Workspace(root), sent_837=CLAIM, answer_835=whole)
    desk.run(root, NIGHT)
    made = desk.remedy(root, "SENT1", chosen="reconsideration", as_of=NIGHT)
    letter = Document(made.rows["file"].item())
    said = [t.text for t in letter.element.body.iter() if t.tag.endswith("}t") and t.text]
    assert any("H0015 / 0906" in text for text in said)
    assert any("285.00" in text for text in said), said


def test_a_contract_dispute_names_what_is_at_issue_and_no_file_of_ours(tmp_path: Path) -> None:
    """Harbor pays 285.00 for a day and paid 100.00 for it: 185.00 are at issue."""
    root = tmp_path / "bare"
    desk.init(root)
    drop(Workspace(root), sent_837=CLAIM, answer_835=remit(claim="SENT1"))
    desk.run(root, NIGHT)
    (row,) = desk.remedy(root, "SENT1", as_of=NIGHT).rows.to_dicts()
    assert row["remedy"] == "contract_dispute"
    body = Document(row["file"]).element.body.iter()
    said = "\n".join(t.text or "" for t in body if t.tag.endswith("}t"))
    assert "100.00 allowed of the 285.00 that the contract pays." in said
    assert "At issue: $185.00, the contract's amount less what was paid." in said
    assert "the page of the contract with its rates" in said
    assert "policy harbor" not in said


def test_of_a_patient_s_records_a_letter_shows_what_its_request_needs() -> None:
    """The minimum necessary (45 CFR 164.502(b)): what the contract pays no treatment record tells."""
    found = pl.DataFrame(
        {"service_date": [NIGHT], "kind": ["encounter"], "evidence": [["encounter:R1"]],
         "note": ["180 minutes"]}
    )  # fmt: skip
    row = {"verdict": "unknown", "reasons": ["CO-256"], "rarcs": [], "line": 1}
    rows = VERDICTS.conform(pl.DataFrame([row])).with_columns(payer_number=pl.lit("P1"))
    names = ("first_name", "last_name", "birth_date")
    claim = dict.fromkeys([f"{who}_{name}" for who in ("patient", "subscriber") for name in names])
    claim |= {"claim": "SENT1", "member_id": "M1"}

    def told(remedy: str) -> dict[str, Any]:
        return fields(request(remedy), rows, claim, {}, found, None, False)

    assert [one["shows"] for one in told("reconsideration")["evidence"]] == [
        f"{NIGHT}: 180 minutes"
    ]
    assert "signed notes of the dates of service" in told("reconsideration")["enclosures"]
    dispute = told("contract_dispute")
    assert dispute["evidence"] == []
    assert "signed notes of the dates of service" not in dispute["enclosures"]
    assert dispute["grounds"] == ["[What the contract or the record says of these lines.]"]


@pytest.mark.parametrize(
    ("rule", "shown"),
    [
        ("TF-01", set()),
        ("AUTH-01", {"Authorization"}),
        ("DUR-01", {"Treatment record"}),
        ("ELG-01", {"Coverage on file"}),
    ],
)
def test_what_our_records_refute_is_shown_by_those_records_alone(
    rule: str, shown: set[str]
) -> None:
    """That a claim was sent in time no authorization tells, and no treatment record."""
    kinds = ["authorization", "client", "encounter"]
    found = pl.DataFrame(
        {"service_date": [NIGHT] * 3, "kind": kinds, "evidence": [["x:1"]] * 3, "note": kinds}
    )
    row = {
        "verdict": "refuted",
        "rule": rule,
        "reasons": [],
        "rarcs": [],
        "says": "",
        "payment": "7",
    }
    rows = VERDICTS.conform(pl.DataFrame([row])).with_columns(
        payer_number=pl.lit("P1"), paid_on=pl.lit(NIGHT)
    )
    names = ("first_name", "last_name", "birth_date")
    claim = dict.fromkeys([f"{who}_{name}" for who in ("patient", "subscriber") for name in names])
    claim |= {"claim": "SENT1", "member_id": "M1"}
    told = fields(request("reconsideration"), rows, claim, {}, found, None, False)
    assert {one["record"] for one in told["evidence"]} == shown
    assert len(told["enclosures"]) == 1 + len(shown)
    assert told["claim"]["payment"] == "remittance 7 of 2026-03-02"


def test_a_new_claim_leaves_out_the_lines_that_were_paid(tmp_path: Path) -> None:
    """N142 on the second of two days, the first of which was paid: billing it anew would be twice."""
    root = tmp_path / "bare"
    two_days = (
        CLAIM.replace(b"CLM*SENT1*150*", b"CLM*SENT1*300*")
        .replace(b"20260202-20260202", b"20260202-20260203")
        .replace(b"~SE*25*", b"~LX*2~SV2*0906*HC:H0015*150*UN*1~DTP*472*D8*20260203~SE*28*")
    )
    answer = (
        remit(claim="SENT1", segments=20)
        .replace(b"*1*150*100*0*", b"*1*300*100*0*")
        .replace(
            b"~SE*",
            b"~SVC*HC:H0015*150*0*0906*1~DTM*472*20260203~CAS*CO*16*150~LQ*HE*N142~SE*",
        )
    )
    desk.init(root)
    drop(Workspace(root), sent_837=two_days, answer_835=answer)
    desk.run(root, NIGHT)
    (row,) = desk.remedy(root, "SENT1", chosen="new_claim_1", as_of=NIGHT).rows.to_dicts()
    tables = parsers.parse([(1, Path(row["file"]).read_bytes())])[1].tables
    assert row["remedy"] == "new_claim_1"
    assert "draft" in Path(row["file"]).name
    assert tables["claims"]["charge_cents"].to_list() == [15000]
    assert tables["claim_lines"]["service_date"].to_list() == [date(2026, 2, 3)]


@pytest.mark.parametrize(
    ("reason", "remedy"),
    [(b"CAS*CO*16*150~LQ*HE*MA130", "new_claim_1"), (b"CAS*CO*11*150~LQ*HE*M76", "corrected_7")],
)
def test_a_claim_written_again_leaves_out_the_lines_that_were_billed_again(
    tmp_path: Path, reason: bytes, remedy: str
) -> None:
    """Of two days denied the first was sent once more by itself: the second is left."""
    root = tmp_path / "bare"
    line = b"~LX*1~SV2*0906*HC:H0015*150*UN*1~DTP*472*D8*20260202"
    second = b"~LX*2~SV2*0906*HC:H0015*150*UN*1~DTP*472*D8*20260203"
    two_days = (
        CLAIM.replace(b"CLM*SENT1*150*", b"CLM*SENT1*300*")
        .replace(b"20260202-20260202", b"20260202-20260203")
        .replace(line, line + second)
        .replace(b"~SE*25*", b"~SE*28*")
    )
    again = CLAIM.replace(b"SENT1", b"SENT2").replace(b"000000005", b"000000006")
    again = again.replace(b"*20260203*1200*5*", b"*20260302*1200*6*").replace(b"GE*1*5", b"GE*1*6")
    again = again.replace(b"B5*20260203", b"B6*20260302")
    unpaid = b"SVC*HC:H0015*150*0*0906*1~DTM*472*%s~" + reason + b"~"
    answer = (
        remit(claim="SENT1", amount="0", segments=21)
        .replace(b"*1*150*100*0*", b"*4*300*0**")
        .replace(b"BPR*I*0*C*CHK*", b"BPR*H*0*C*NON*")
        .replace(
            b"SVC*HC:H0015*150*100*0906*1~DTM*472*20260202~CAS*CO*45*50~",
            unpaid % b"20260202" + unpaid % b"20260203",
        )
    )
    desk.init(root)
    drop(Workspace(root), sent_837=two_days, answer_835=answer)
    desk.run(root, NIGHT)
    drop(Workspace(root), again_837=again)
    desk.run(root, NIGHT)
    (row,) = desk.remedy(root, "SENT1", chosen=remedy, as_of=NIGHT).rows.to_dicts()
    tables = parsers.parse([(1, Path(row["file"]).read_bytes())])[1].tables
    assert tables["claim_lines"]["service_date"].to_list() == [date(2026, 2, 3)]
    # 150.00 of the second claim unanswered, 150.00 of the first one's second day denied
    owed = desk.report("metrics", root).rows.filter(metric="days in A/R")
    assert owed["numerator"].to_list() == [30000]


@pytest.mark.parametrize(
    ("evidence", "enclosed"),
    [(["authorization:A1"], 2), (["policy:meridian 2026.1"], 1)],
)
def test_a_policy_is_no_letter_of_the_payers(evidence: list[str], enclosed: int) -> None:
    found = pl.DataFrame({"kind": ["authorization"], "evidence": [evidence]})
    assert len(_enclosures(found, None)) == enclosed
