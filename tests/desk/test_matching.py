"""match link and undo of lines: said by a person, told, kept over nights, taken back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from edi_iop import desk
from edi_iop.cli.front import cli
from edi_iop.errors import NotKnown
from edi_iop.runner import lock
from edi_iop.settings import Workspace
from edi_iop.store import Store
from tests.desk.test_deciding import CLAIM, NIGHT, standing
from tests.runner.runner_drops import drop, remit

TWICE = (
    CLAIM.replace(b"*150***13", b"*300***13")
    .replace(b"DTP*472*D8*20260202~SE*25*", b"DTP*472*D8*20260202~LX*2~SV2*0906*HC:H0015*150*UN*1~"
             b"DTP*472*D8*20260202~SE*28*")
)  # fmt: skip
"""Two days of one date, code and charge."""
PAID_AND_DENIED = (
    remit(claim="SENT1", segments=20)
    .replace(b"*1*150*100*0*12", b"*1*300*100**12")
    .replace(b"CAS*CO*45*50~", b"CAS*CO*45*50~SVC*HC:H0015*150*0*0906*1~DTM*472*20260202~"
             b"CAS*CO*97*150~LQ*HE*N362~")
)  # fmt: skip
"""The first is paid, the second denied; nothing says which is which."""


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("answered") / "clinic"
    desk.init(root)
    drop(Workspace(root), sent_837=TWICE, answer_835=PAID_AND_DENIED)
    desk.run(root, NIGHT)
    return root


@pytest.fixture
def clinic(answered: Path, tmp_path: Path) -> Path:
    """A copy to decide in."""
    return shutil.copytree(answered, tmp_path / "clinic")


def denied(root: Path) -> tuple[object, ...]:
    """Line, verdict and rule of the only denial."""
    told = [row for row in standing(root, "denials") if row["kind"] == "denied"]
    assert len(told) == 1
    return tuple(told[0][name] for name in ("line", "verdict", "rule"))


def test_lines_that_nothing_tells_apart_are_listed_until_someone_says_which_is_which(
    clinic: Path,
) -> None:
    rows = standing(clinic, "unmatched")
    told = [(row["claim"], row["line"], row["proposed"], row["paid_cents"]) for row in rows]
    assert told == [("SENT1", 1, "SENT1", 10000), ("SENT1", 2, "SENT1", 0)]
    assert {row["says"] for row in rows} == {"ambiguous: lines of the claim that agree alike: 1, 2"}
    assert denied(clinic)[:2] == (None, "unknown")
    made = desk.match_link(clinic, "SENT1", "SENT1", "by phone", "kim", [(1, 2), (2, 1)])
    assert (made.status, standing(clinic, "unmatched")) == ("clean", [])
    assert denied(clinic) == (1, "confirmed", "DUP-02")
    (row,) = standing(clinic, "decisions")
    assert (row["verb"], row["claim"], row["lines"]) == ("link", "SENT1", "1=2, 2=1")
    assert (row["actor"], row["note"]) == ("kim", "by phone")
    told_of = desk.report("claim", clinic, "SENT1").rows.to_dicts()
    assert "claim SENT1, lines 1=2, 2=1 by kim" in str(
        [row["says"] for row in told_of if row["event"] == "matched by hand"]
    )


def test_lines_tied_by_hand_stay_so_and_can_be_taken_back(
    clinic: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All in one second: each command is a decision of its own."""
    monkeypatch.setattr(lock, "now", lambda: "2026-03-03T06:00:00+00:00")
    desk.match_link(clinic, "SENT1", "SENT1", lines=[(2, 2)])
    desk.run(clinic, NIGHT)
    assert denied(clinic)[0] == 2
    desk.match_link(clinic, "SENT1", "SENT1", lines=[(2, 1)])
    assert denied(clinic)[0] == 1
    desk.match_undo(clinic, "SENT1", lines=[2])
    assert denied(clinic)[:2] == (None, "unknown")
    assert len(standing(clinic, "unmatched")) == 2
    told = [(row["verb"], row["lines"]) for row in standing(clinic, "decisions")]
    assert told == [
        ("link", "2=2"),
        ("undo match", "2=2"),
        ("link", "2=1"),
        ("undo match", "2=1"),
    ]


def test_lines_of_an_answer_that_is_not_matched_tie_its_claim_too(clinic: Path) -> None:
    desk.match_undo(clinic, "SENT1")
    desk.match_link(clinic, "SENT1", "SENT1", lines=[(2, 1)])
    assert denied(clinic)[0] == 1
    (row,) = standing(clinic, "matches")
    assert (row["tier"], row["lines"]) == ("hand", "day 1, hand 1")


def test_what_speaks_against_a_line_is_told(clinic: Path) -> None:
    other_day = PAID_AND_DENIED.replace(b"20260202~CAS*CO*97", b"20260203~CAS*CO*97")
    drop(Workspace(clinic), own_835=other_day.replace(b"CHECK1", b"CHECK2"))
    desk.run(clinic, NIGHT)
    row = next(row for row in standing(clinic, "matches") if row["payment"] == "CHECK2")
    made = desk.match_link(clinic, str(row["reference"]), "SENT1", lines=[(2, 1)])
    assert made.status == "findings"
    assert "its line 2 and the claim's line 1 disagree in dates" in made.remarks[-1]
    made = desk.match_link(clinic, str(row["reference"]), "SENT1", lines=[(1, 1), (2, 1)])
    assert "more is answered of the claim's line 1 than it charges" in made.remarks[-1]


def test_a_line_that_is_not_there_is_refused_and_named(clinic: Path) -> None:
    with pytest.raises(NotKnown, match="the answer has no line 3; it has: 1, 2"):
        desk.match_link(clinic, "SENT1", "SENT1", lines=[(3, 1)])
    with pytest.raises(NotKnown, match="the claim has no line 3; it has: 1, 2"):
        desk.match_link(clinic, "SENT1", "SENT1", lines=[(1, 3)])
    with pytest.raises(NotKnown, match="SENT1: its line 1 is matched to no line"):
        desk.match_undo(clinic, "SENT1", lines=[1])
    assert standing(clinic, "decisions") == []


def test_lines_on_the_command_line(clinic: Path) -> None:
    run = CliRunner().invoke
    wrong = run(cli, ["match", "link", str(clinic), "SENT1", "SENT1", "--line", "1-2"])
    assert (wrong.exit_code, "is not N=LX" in wrong.output) == (2, True)
    made = run(cli, ["match", "link", str(clinic), "SENT1", "SENT1", "--line", "1=2"])
    assert (made.exit_code, denied(clinic)[0]) == (0, 1)
    assert run(cli, ["match", "undo", str(clinic), "SENT1", "--line", "1"]).exit_code == 0
    assert denied(clinic)[0] is None


def test_a_letter_on_two_lines_is_one_decision(clinic: Path) -> None:
    """Both days are at issue: one is denied, one is paid below its contract."""
    desk.match_link(clinic, "SENT1", "SENT1", lines=[(1, 1), (2, 2)])
    desk.remedy(clinic, "SENT1", "reconsideration", as_of=NIGHT, by="kim")
    told = [(row["verb"], row["lines"]) for row in standing(clinic, "decisions")]
    assert told == [("link", "1=1, 2=2"), ("write", "1, 2")]


def test_two_days_denied_alike_are_explained_and_need_no_word(tmp_path: Path) -> None:
    """Two units of one day, both denied CO-97 N362: one is the day to keep, the other the surplus."""
    line = b"SVC*HC:H0015*150*0*0906*1~DTM*472*20260202~CAS*CO*97*150~LQ*HE*N362~"
    answer = (
        remit(claim="SENT1", segments=21, amount="0")
        .replace(b"*1*150*100*0*12", b"*4*300*0**12")
        .replace(b"SVC*HC:H0015*150*100*0906*1~DTM*472*20260202~CAS*CO*45*50~", line + line)
    )
    root = tmp_path / "clinic"
    desk.init(root)
    drop(Workspace(root), sent_837=TWICE, answer_835=answer)
    desk.run(root, NIGHT)
    told = [(row["line"], row["verdict"], row["rule"], row["match"], row["match_grade"])
            for row in standing(root, "denials")]  # fmt: skip
    assert sorted(told) == [
        (1, "refuted", "DUP-02", "alike", "proposed"),
        (2, "confirmed", "DUP-02", "alike", "proposed"),
    ]
    assert "which is whose makes no difference" in str(standing(root, "denials")[0]["says"])
    assert standing(root, "unmatched") == []
    (row,) = standing(root, "matches")
    assert row["lines"] == "alike 2"


def test_a_decision_is_judged_as_of_the_last_night(clinic: Path) -> None:
    """The night was that of 2026-03-02; what the day of the decision would change is not asked."""
    desk.match_link(clinic, "SENT1", "SENT1", lines=[(2, 1)])
    with Store.open(Workspace(clinic).database, read_only=True) as store:
        assert store.settled()["as_of"] == NIGHT.isoformat()
