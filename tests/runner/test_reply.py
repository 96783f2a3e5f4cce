"""Every interchange of claims or remits that comes in is answered once, as the settings have it."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from runner_drops import CLIENTS, contents, drop, remit

from edi_iop import parsers
from edi_iop.runner import reading, run
from edi_iop.settings import Workspace
from edi_iop.store import Store

NIGHT = date(2026, 3, 2)
LATER = date(2026, 3, 3)
FAULTY = remit().replace(b"CAS*CO*45*50", b"CAS*CO*45*50**ZZ")


def outbox(workspace: Workspace) -> list[str]:
    """Every answer in the outbox, the oldest number first."""
    return [data.decode() for _, data in sorted(contents(workspace.outbox).items(), key=number)]


def number(file: tuple[str, bytes]) -> str:
    return file[0].rsplit("-", 1)[1]


def replies(workspace: Workspace) -> pl.DataFrame:
    with Store.open(workspace.database, read_only=True) as store:
        return store.load("replies")


def settings(workspace: Workspace, before: str, after: str) -> None:
    text = workspace.settings_file.read_text()
    assert before in text
    workspace.settings_file.write_text(text.replace(before, after))


def numbered(control: int, **kinds: str) -> bytes:
    """A remit in an interchange of another number."""
    return remit(control=control, **kinds)


def test_each_remit_has_its_answer_and_a_feed_has_none(workspace: Workspace) -> None:
    drop(workspace, a_835=remit(), b_835=numbered(2, check="CHECK2"), c_csv=CLIENTS)
    made = run(workspace, NIGHT)
    assert sorted(contents(workspace.outbox)) == [
        "999-HARBR-20260302-000000001.edi",
        "999-HARBR-20260302-000000002.edi",
    ]
    said = outbox(workspace)
    assert all("AK9*A*1*1*1~" in one and "TA1" not in one for one in said)
    assert all(one.startswith("ISA") and "*ZZ*EXAMPLEIOP     *ZZ*HARBR " in one for one in said)
    assert made["answered"] == {
        "interchanges": 2,
        "by_kind": {"999": 2},
        "by_decision": {"accepted": 2, "with_errors": 0, "in_part": 0, "rejected": 0},
    }
    with Store.open(workspace.database) as store:
        out = store.load("files", direction="out")
    assert out.select("kind", "status", "transactions").rows() == [("999", "sent", 1)] * 2


def test_a_duplicate_is_not_answered_again(workspace: Workspace) -> None:
    drop(workspace, a_835=remit(), b_835=remit())
    run(workspace, NIGHT)
    drop(workspace, a_835=remit())
    run(workspace, LATER)
    assert len(outbox(workspace)) == 1
    assert replies(workspace)["answered_file"].to_list() == [1]


def test_a_refusal_is_told_once_and_what_is_right_then_is_answered(workspace: Workspace) -> None:
    drop(workspace, a_835=remit(segments=17), b_835=remit(segments=17))
    run(workspace, NIGHT)
    drop(workspace, a_835=remit(segments=17))
    run(workspace, LATER)
    (refusal,) = outbox(workspace)
    assert "IK5*R*4~\nAK9*R*1*1*0~" in refusal
    drop(workspace, a_835=remit())
    run(workspace, LATER)
    assert [row[0] for row in replies(workspace).select("decision").rows()] == ["R", "A"]


def test_what_is_taken_in_with_errors_is_accepted_with_errors(workspace: Workspace) -> None:
    drop(workspace, a_835=FAULTY)
    made = run(workspace, NIGHT)
    assert made["files"]["applied"] == 1
    (said,) = outbox(workspace)
    assert "IK5*E*5~\nAK9*E*1*1*1~" in said
    assert made["answered"]["by_decision"]["with_errors"] == 1


def test_money_that_does_not_add_up_is_no_fault_of_the_envelope(workspace: Workspace) -> None:
    drop(workspace, a_835=remit(amount="90"))
    assert run(workspace, NIGHT)["files"]["held"] == 1
    assert "AK9*A*1*1*1~" in outbox(workspace)[0]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (remit()[:-80], "*R*023~"),
        (remit().replace(b"IEA*1*000000001", b"IEA*1*000000002"), "*R*001~"),
        (remit().replace(b"IEA*1*", b"IEA*3*"), "*R*021~"),
        (remit().replace(b"*0*T*:~", b"*0*T*A~"), "*R*027~"),
        (remit().replace(b"*0*T*:~", b"*0*T**~"), "*R*027~"),
        (remit().replace(b"*0*T*:~", b"*0*T*:*"), "*R*004~"),
        (remit().replace(b"*^*", b"*:*"), "*R*016~"),
        (remit().replace(b"*0*T*:~", b"*0*:~"), "*R*022~"),
    ],
)
def test_a_damaged_envelope_is_rejected_by_a_ta1_alone(
    workspace: Workspace, data: bytes, told: str
) -> None:
    drop(workspace, a_835=data)
    assert run(workspace, NIGHT)["files"]["quarantined"] == 1
    (said,) = outbox(workspace)
    assert f"TA1*000000001*260301*1200{told}" in said
    assert "AK1" not in said
    assert next(iter(contents(workspace.outbox))).startswith("TA1-HARBR-")


@pytest.mark.parametrize("data", [b"Dear Sir or Madam,", b"", b"ISA*00*          *00*"])
def test_where_nobody_can_be_told_nothing_is(workspace: Workspace, data: bytes) -> None:
    drop(workspace, a_835=data)
    run(workspace, NIGHT)
    assert outbox(workspace) == []


def test_a_ta1_is_sent_where_it_is_asked_for_or_always(workspace: Workspace) -> None:
    asks = remit().replace(b"*000000001*0*T*", b"*000000001*1*T*")
    drop(workspace, a_835=asks, b_835=numbered(2, check="CHECK2"))
    run(workspace, NIGHT)
    assert ["TA1*" in one for one in outbox(workspace)] == [True, False]
    settings(workspace, 'ta1 = "asked"', 'ta1 = "always"')
    drop(workspace, c_835=numbered(3, check="CHECK3"))
    run(workspace, LATER)
    assert "TA1*000000003*260301*1200*A*000~" in outbox(workspace)[-1]


def test_some_are_not_answered_or_nobody_is(workspace: Workspace) -> None:
    settings(workspace, "not_to = []", 'not_to = ["HARBR"]')
    drop(workspace, a_835=remit())
    assert run(workspace, NIGHT)["answered"]["interchanges"] == 0
    settings(workspace, "send = true", "send = false")
    drop(workspace, b_835=numbered(2, check="CHECK2").replace(b"HARBR", b"OTHER"))
    run(workspace, LATER)
    assert outbox(workspace) == []


def test_interchanges_of_one_file_are_answered_apart(workspace: Workspace) -> None:
    """Each with separators of its own; the answers have ours."""
    other = numbered(2, check="CHECK2").replace(b"HARBR          ", b"MERID          ")
    other = other.replace(b"*", b"|").replace(b":", b">").replace(b"~", b"'")
    drop(workspace, both_835=remit() + other)
    run(workspace, NIGHT)
    assert sorted(contents(workspace.outbox)) == [
        "999-HARBR-20260302-000000001.edi",
        "999-MERID-20260302-000000002.edi",
    ]
    assert replies(workspace).select("answered_file", "interchange_control").rows() == [
        (1, "000000001"),
        (2, "000000002"),
    ]
    assert all("AK9*A*1*1*1~" in one for one in outbox(workspace))


def test_answers_are_not_answered(workspace: Workspace) -> None:
    drop(workspace, a_835=remit(), b_835=remit(segments=17))
    run(workspace, NIGHT)
    for name, content in contents(workspace.outbox).items():
        other = content.replace(b"*^*00501*00000000", b"*^*00501*00000099")
        (workspace.inbox / name).write_bytes(other.replace(b"IEA*1*00000000", b"IEA*1*00000099"))
    ta1 = b"ISA*00*          *00*          *ZZ*HARBR          *ZZ*EXAMPLEIOP     *260301*1200*^*00501*000000077*0*T*:~TA1*000000009*260301*1200*A*000~IEA*7*000000077~"  # fmt: skip
    (workspace.inbox / "wrong.ta1").write_bytes(ta1)
    made = run(workspace, LATER)
    assert made["files"]["by_kind"]["999"]["applied"] == 2
    assert made["files"]["by_kind"]["TA1"]["quarantined"] == 1
    assert len(outbox(workspace)) == 2


def test_a_fault_of_ours_is_not_told_to_the_sender(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file may be right: it is set aside, and answered once it can be read."""
    drop(workspace, a_835=remit())
    with monkeypatch.context() as patch:
        patch.setattr(reading, "balance", lambda _: 1 / 0)
        assert run(workspace, NIGHT)["files"]["quarantined"] == 1
    assert outbox(workspace) == []
    drop(workspace, a_835=remit())
    run(workspace, LATER)
    assert len(outbox(workspace)) == 1


def test_our_numbers_are_used_once(workspace: Workspace) -> None:
    """Answers and claims count on together, night after night."""
    for night in range(3):
        drop(workspace, **{f"f{night}{file}_835": numbered(night * 10 + file + 1, check=f"C{night}{file}")
                           for file in range(3)})  # fmt: skip
        run(workspace, NIGHT)
    used = [one[90:99] for one in outbox(workspace)]
    assert used == [f"{count:09d}" for count in range(1, 10)]


def test_every_answer_is_valid_and_names_no_one(workspace: Workspace) -> None:
    named = FAULTY.replace(
        b"NM1*QC*1*SAMPLE*PAT****MI*M0001", b"NM1*QC*1*SAMPLE *PAT *X***MI*M0001 "
    )
    drop(workspace, a_835=named)
    run(workspace, NIGHT)
    (said,) = outbox(workspace)
    assert said.count("IK4*") > 2
    assert not any(word in said for word in ("SAMPLE", "PAT", "M0001"))
    assert parsers.parse([(1, said.encode())])[1].findings.is_empty()


def test_a_mixed_file_is_taken_in_and_only_its_remit_is_answered(workspace: Workspace) -> None:
    drop(workspace, a_835=remit())
    run(workspace, NIGHT)
    (answer,) = outbox(workspace)
    group = answer[answer.index("GS*") : answer.index("IEA*")].encode()
    both = numbered(5, check="CHECK5", claim="CLAIM5").replace(b"IEA*1*", group + b"IEA*2*")
    drop(workspace, both_x12=both)
    made = run(workspace, LATER)
    assert made["files"]["by_kind"]["mixed"]["applied"] == 1
    assert made["money"]["accepted_cents"] == 10000
    assert made["acks"]["by_kind"] == {"999": 1}
    assert replies(workspace)["interchange_control"].to_list() == ["000000001", "000000005"]
