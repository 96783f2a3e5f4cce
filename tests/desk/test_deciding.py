"""match, release and ledger: what a person decides stays, is seen, and can be taken back."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from edi_iop import desk
from edi_iop.cli.front import cli
from edi_iop.errors import NotKnown
from edi_iop.settings import Workspace
from tests.runner.runner_drops import drop, remit

NIGHT = date(2026, 3, 2)
CLAIM = (
    b"ISA*00*          *00*          *ZZ*EXAMPLEIOP     *ZZ*HARBR          *260203*1200*^*00501"
    b"*000000005*0*T*:~GS*HC*EXAMPLEIOP*HARBR*20260203*1200*5*X*005010X223A2~ST*837*0001*"
    b"005010X223A2~BHT*0019*00*B5*20260203*1200*CH~NM1*41*2*EXAMPLE*****46*EXAMPLEIOP~"
    b"PER*IC*DESK*TE*5555550100~NM1*40*2*HARBOR*****46*HARBR~HL*1**20*1~"
    b"NM1*85*2*EXAMPLE*****XX*1234567893~N3*1 EXAMPLE STREET~N4*SPRINGFIELD*IL*627010000~"
    b"REF*EI*123456789~HL*2*1*22*0~SBR*P*18*******CI~NM1*IL*1*SAMPLE*PAT****MI*M0001~"
    b"N3*1 EXAMPLE STREET~N4*SPRINGFIELD*IL*627010000~DMG*D8*19900517*F~"
    b"NM1*PR*2*HARBOR*****PI*HARBR~CLM*SENT1*150***13:A:1**A*Y*Y~DTP*434*RD8*20260202-20260202~"
    b"CL1*3*1*30~HI*ABK:F1020~LX*1~SV2*0906*HC:H0015*150*UN*1~DTP*472*D8*20260202~"
    b"SE*25*0001~GE*1*5~IEA*1*000000005~"
)


def answer(check: str = "CHECK1") -> bytes:
    """The name and the day are the claim's; its number and the member id are not."""
    return remit(claim="LOST", check=check).replace(b"*M0001~", b"*Q7777~")


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose one claim was answered under a number that nobody sent."""
    root = tmp_path_factory.mktemp("answered") / "clinic"
    desk.init(root)
    drop(Workspace(root), sent_837=CLAIM, answer_835=answer())
    desk.run(root, NIGHT)
    return root


@pytest.fixture
def clinic(answered: Path, tmp_path: Path) -> Path:
    """A copy to decide in."""
    return shutil.copytree(answered, tmp_path / "clinic")


def standing(root: Path, name: str) -> list[dict[str, object]]:
    return desk.report(name, root).rows.to_dicts()


def test_what_is_proposed_can_be_accepted_and_undone(clinic: Path) -> None:
    (row,) = standing(clinic, "unmatched")
    assert (row["claim"], row["proposed"]) == ("LOST", "SENT1")
    assert "charge" in row["agreed"]
    desk.match_accept(clinic, "LOST", note="same day", by="kim")
    assert standing(clinic, "unmatched") == []
    assert [row["account"] for row in standing(clinic, "ledger")] == ["SENT1"]
    desk.match_undo(clinic, "LOST", by="kim")
    assert [row["account"] for row in standing(clinic, "ledger")] == ["LOST"]
    told = [(row["verb"], row["actor"], row["note"]) for row in standing(clinic, "decisions")]
    assert told == [("accept", "kim", "same day"), ("undo match", "kim", None)]
    (first, _) = standing(clinic, "decisions")
    assert (first["payment"], first["returned"], first["claim"]) == ("CHECK1", "LOST", "SENT1")
    (left,) = standing(clinic, "unmatched")
    assert str(left["says"]).startswith("a person undid its match")


def test_a_match_is_shown_with_what_it_rests_on(clinic: Path) -> None:
    assert standing(clinic, "matches") == []
    desk.match_link(clinic, "LOST", "SENT1", by="kim")
    (row,) = standing(clinic, "matches")
    assert (row["claim"], row["returned"], row["payment"]) == ("SENT1", "LOST", "CHECK1")
    assert (row["tier"], row["grade"], row["actor"]) == ("hand", "certain", "kim")
    drop(Workspace(clinic), own_835=answer("CHECK2").replace(b"*LOST*", b"*SENT1*"))
    desk.run(clinic, NIGHT)
    rows = {str(row["payment"]): row for row in standing(clinic, "matches")}
    assert (rows["CHECK2"]["tier"], rows["CHECK2"]["returned"]) == ("T1", "SENT1")
    assert "number" in rows["CHECK2"]["agreed"]
    assert rows["CHECK2"]["disagreed"] == ["member"]


def test_a_link_to_another_patients_claim_is_made_and_told(clinic: Path) -> None:
    stranger = answer("CHECK3").replace(b"*LOST*", b"*ODD*").replace(b"*SAMPLE*", b"*OTHER*")
    drop(Workspace(clinic), odd_835=stranger)
    desk.run(clinic, NIGHT)
    made = desk.match_link(clinic, "ODD", "SENT1", by="kim")
    assert made.status == "findings"
    assert made.remarks[-1].startswith("linked, but the claim is another patient's; take it back")
    assert desk.match_link(clinic, "LOST", "SENT1", by="kim").status == "clean"


def test_a_proposal_of_another_patients_claim_is_accepted_and_told_and_only_once(
    clinic: Path,
) -> None:
    stranger = answer("CHECK3").replace(b"*LOST*", b"*SENT1*").replace(b"*SAMPLE*", b"*OTHER*")
    drop(Workspace(clinic), odd_835=stranger)
    desk.run(clinic, NIGHT)
    made = desk.match_accept(clinic, "SENT1", by="kim")
    assert made.status == "findings"
    assert made.remarks[-1].startswith("linked, but the claim is another patient's; take it back")
    with pytest.raises(NotKnown, match="it is matched to claim SENT1; take that back with"):
        desk.match_accept(clinic, "SENT1", by="kim")
    assert desk.match_accept(clinic, "LOST", by="kim").status == "clean"


def test_a_decision_outlives_the_night(clinic: Path) -> None:
    desk.match_link(clinic, "LOST", "SENT1", by="kim")
    desk.run(clinic, NIGHT)
    assert standing(clinic, "unmatched") == []


def test_held_money_counts_once_released(clinic: Path) -> None:
    other = answer("CHECK2")
    drop(Workspace(clinic), again_835=other)
    desk.run(clinic, NIGHT)
    (row,) = standing(clinic, "held")
    assert (row["what"], row["held_cents"]) == ("repeat", 10000)
    desk.release(clinic, str(row["reference"]), by="kim")
    assert standing(clinic, "held") == []
    desk.release(clinic, str(row["reference"]), undo=True, by="kim")
    assert len(standing(clinic, "held")) == 1


def test_a_payment_that_counts_names_its_claims_that_wait(clinic: Path) -> None:
    """CHECK2 repeats the answer of CHECK1: the payment came, its claim waits."""
    drop(Workspace(clinic), again_835=answer("CHECK2"))
    desk.run(clinic, NIGHT)
    (row,) = standing(clinic, "held")
    with pytest.raises(NotKnown, match=rf"CHECK2: the payment counts.*\({row['reference']}\)"):
        desk.release(clinic, "CHECK2")


def test_only_a_release_or_rejection_can_be_taken_back_and_once(clinic: Path) -> None:
    with pytest.raises(NotKnown, match="nobody released or rejected it"):
        desk.release(clinic, "CHECK1", undo=True)
    drop(Workspace(clinic), again_835=answer("CHECK2"))
    desk.run(clinic, NIGHT)
    reference = str(standing(clinic, "held")[0]["reference"])
    desk.release(clinic, reference, by="kim")
    desk.release(clinic, reference, undo=True, by="kim")
    with pytest.raises(NotKnown, match="nothing to take back"):
        desk.release(clinic, reference, undo=True, by="kim")
    assert [row["verb"] for row in standing(clinic, "decisions")] == ["release", "undo"]


def test_of_two_payments_under_one_number_one_is_rejected(clinic: Path) -> None:
    other = answer().replace(b"150*100", b"160*100").replace(b"CO*45*50", b"CO*45*60")
    drop(Workspace(clinic), again_835=other)
    desk.run(clinic, NIGHT)
    held = standing(clinic, "held")
    assert [row["what"] for row in held] == ["payment", "payment"]
    with pytest.raises(NotKnown, match="2 of that name; name one of"):
        desk.release(clinic, "CHECK1")
    made = desk.release(clinic, str(held[1]["reference"]), reject=True, by="kim")
    assert made.sheet.none == "no claim counts anything of it"
    (first, second) = standing(clinic, "payments")
    assert {str(first["standing"]), str(second["standing"])} == {"posted", "rejected"}
    assert desk.report("payments", clinic).sheet.closing.startswith(
        "1 payment, $100.00 = posted $100.00"
    )


def test_the_ledger_of_a_day_and_of_a_claim(clinic: Path) -> None:
    assert desk.ledger(clinic, as_of=date(2026, 2, 28)).rows.is_empty()
    (row,) = desk.ledger(clinic, "LOST").rows.to_dicts()
    assert (row["event"], row["paid_cents"], row["standing"]) == ("payment", 10000, "posted")
    with pytest.raises(NotKnown, match="no remit speaks of it yet"):
        desk.ledger(clinic, "SENT1")


def test_from_the_command_line(clinic: Path) -> None:
    def call(*args: str) -> tuple[int, str]:
        made = CliRunner().invoke(cli, list(args))
        return made.exit_code, made.output

    code, text = call("match", "accept", str(clinic), "LOST", "--by", "kim")
    assert code == 0
    assert "SENT1" in text
    code, text = call("ledger", str(clinic), "SENT1")
    assert (code, "payment" in text, "SAMPLE" in text) == (0, True, False)
    code, text = call("match", "undo", str(clinic), "NOBODY")
    assert (code, "there is no such remit claim" in text) == (3, True)
    code, text = call("release", str(clinic), "CHECK1", "--reject", "--undo")
    assert code == 2


def test_what_is_returned_under_our_number_and_unmatched_is_not_our_claim_s(tmp_path: Path) -> None:
    """Another day, another charge, another member: SENT1 is another claim's number here."""
    root = tmp_path / "clinic"
    desk.init(root)
    foreign = remit(claim="SENT1", check="CHECK9").replace(b"*M0001~", b"*Q7777~")
    foreign = foreign.replace(b"20260202", b"20251105")
    drop(Workspace(root), sent_837=CLAIM, answer_835=foreign)
    desk.run(root, NIGHT)
    (row,) = standing(root, "ledger")
    assert (row["account"], row["match"]) == ("SENT1", "unmatched")
    with pytest.raises(NotKnown, match=r"SENT1: no remit speaks of it yet; .* is unmatched"):
        desk.ledger(root, "SENT1")
    assert [row["event"] for row in desk.report("claim", root, "SENT1").rows.to_dicts()] == ["sent"]
    shown = CliRunner().invoke(cli, ["ledger", str(root)]).output
    assert "SENT1 (unmatched)" in shown
    assert "0 claims and 1 unmatched number, $100.00 posted" in shown


def test_a_release_that_changes_nothing_says_so(clinic: Path) -> None:
    """The second check does not balance, and pays a line that the first one paid."""
    other = remit(claim="LOST", check="CHECK2", amount="90").replace(b"*M0001~", b"*Q7777~")
    drop(Workspace(clinic), again_835=other)
    desk.run(clinic, NIGHT)
    (row,) = standing(clinic, "held")
    assert (row["what"], row["held_cents"]) == ("payment", 9000)
    told = desk.release(clinic, "CHECK2", by="kim")
    assert told.remarks[0] == "released; nothing of it counts yet: $90.00 of it stays held"
    assert told.remarks[1].startswith(
        "claim LOST still waits: the same answer came with an earlier"
    )
    assert told.remarks[2] == "-$10.00 of it is in no claim and no adjustment"
    with pytest.raises(NotKnown, match="it is posted, not held: a release changes nothing"):
        desk.release(clinic, str(row["reference"]), by="kim")


def test_a_claim_s_number_may_be_typed_in_lower_case(clinic: Path) -> None:
    desk.match_link(clinic, "lost", "sent1", by="kim")
    assert desk.ledger(clinic, "sent1").rows.height == 1
    assert desk.report("claim", clinic, "sent1").sheet.title == "claim SENT1"
    with pytest.raises(NotKnown, match="nosuch"):
        desk.ledger(clinic, "nosuch")


def test_a_posted_payment_says_which_of_its_claims_is_held(clinic: Path) -> None:
    drop(Workspace(clinic), again_835=answer("CHECK2"))
    desk.run(clinic, NIGHT)
    rows = {str(row["payment"]): row for row in standing(clinic, "payments")}
    assert rows["CHECK1"]["held_claims"] is None
    assert rows["CHECK2"]["held_claims"] == (
        "held, claim LOST: the same answer came with an earlier payment"
    )
