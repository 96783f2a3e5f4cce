"""What each inbound file is answered: the goldens beside fixtures/acks are written by hand.

Their codes follow 005010X231A1 and the TA1's own list; each must be valid to our engine and to pyx12.
"""

from __future__ import annotations

import random
from datetime import datetime
from typing import Any

import polars as pl
import pytest

from edi_iop import parsers
from edi_iop.acks import Answer, Stamp, answers
from edi_iop.acks.decisions import Taken
from tests.conftest import FIXTURES
from tests.parsers.test_mutations import CLAIM, REMIT, damaged
from tests.referee import verdict

INPUTS = sorted(path for path in (FIXTURES / "acks").iterdir() if path.suffix in (".835", ".837"))
AT = datetime(2026, 3, 2, 7, 0)


def answered(data: bytes, **stamp: Any) -> list[Answer]:
    return answers(parsers.parse([(1, data)]), Stamp(AT, 1, **stamp)).get(1, [])


def text(data: bytes, **stamp: Any) -> str:
    return "".join(one.content.decode("ascii") for one in answered(data, **stamp))


def changed(data: bytes, before: str, after: str) -> bytes:
    assert before.encode() in data
    return data.replace(before.encode(), after.encode(), 1)


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.name)
def test_the_answer_is_the_one_written_by_hand(path: Any) -> None:
    expected = path.with_name(f"{path.name}.ack").read_text()
    assert text(path.read_bytes()) == expected
    assert verdict(expected.encode()) == (True, [])
    assert parsers.parse([(1, expected.encode())])[1].findings.is_empty()


def test_every_golden_has_its_input() -> None:
    goldens = {path.name.removesuffix(".ack") for path in (FIXTURES / "acks").glob("*.ack")}
    assert goldens == {path.name for path in INPUTS}
    assert len(goldens) >= 8


def test_sender_and_receiver_change_places() -> None:
    data = changed(CLAIM, "*ZZ*SUNRIDGE       *ZZ*", "*30*123456789      *ZZ*")
    assert "*ZZ*CLEARHOUSE     *30*123456789      *" in text(data)


def test_an_answer_is_not_answered() -> None:
    (first,) = answered(CLAIM)
    assert answered(first.content) == []
    assert answered(CLAIM[CLAIM.index(b"ST*") :]) == [], "without an ISA nobody is known to answer"


def test_a_ta1_is_not_answered_whatever_is_wrong_with_it() -> None:
    """Not even where its envelope is; a remit beside it in the file is."""
    head = CLAIM[: CLAIM.index(b"GS*")].replace(b"000000201", b"000000077")
    lone = head + b"TA1*000000009*260302*0700*A*000~\nIEA*7*000000077~\n"
    assert "COUNT_WRONG" in parsers.parse([(1, lone)])[1].findings["code"].to_list()
    assert answered(lone) == []
    assert [one.interchange for one in answered(lone + REMIT)] == ["000000101"]


def test_any_interchange_that_asks_for_it_has_a_ta1() -> None:
    """ISA14 of a 277CA, say: its groups have no 999."""
    asks = changed(CLAIM, "*000000201*0*T*", "*000000201*1*T*")
    said = text(changed(asks, "GS*HC*", "GS*HN*"), each_interchange=False)
    assert "TA1*000000201*260302*0700*" in said
    assert "AK1" not in said


def test_what_no_guide_reads_is_rejected_even_where_its_file_is_kept() -> None:
    """A remit group of a version without a guide beside one that is taken in."""
    group = REMIT[REMIT.index(b"GS*") : REMIT.index(b"IEA*")]
    other = group.replace(b"005010X221A1", b"005010X999A1").replace(b"*101*X", b"*102*X")
    other = other.replace(b"GE*1*101", b"GE*1*102")
    said = text(changed(REMIT.replace(group, group + other), "IEA*1*", "IEA*2*"), taken="kept")
    assert "AK9*A*1*1*1~" in said
    assert "IK5*R*I6~\nAK9*R*1*1*0~" in said


def test_faults_of_a_group_without_an_answer_are_nobody_else_s() -> None:
    """A 278 behind a clean remit: what is wrong with it is not told of the remit."""
    group = REMIT[REMIT.index(b"GS*") : REMIT.index(b"IEA*")]
    foreign = b"GS*HI*A1*B1*20260310*0800*7*X*005010X217~\nST*278*0009*005010X217~\nBHT*0007*11~\nSE*9*0009~\nGE*1*7~\n"  # fmt: skip
    said = text(changed(REMIT.replace(group, group + foreign), "IEA*1*", "IEA*2*"))
    assert [line for line in said.splitlines() if line[:3] in ("AK1", "IK5", "AK9")] == [
        "AK1*HP*101*005010X221A1~", "IK5*A~", "AK9*A*1*1*1~",
    ]  # fmt: skip


def test_a_claim_status_in_a_claim_group_is_not_answered() -> None:
    assert answered(changed(CLAIM, "GS*HC*", "GS*HN*")) == []


def test_a_group_whose_word_is_damaged_is_answered_by_what_it_holds() -> None:
    assert "~\nAK1*HC*201*" in text(changed(CLAIM, "GS*HC*", "GS**"))
    assert "~\nAK2*837*0001*" in text(changed(CLAIM, "ST*837*", "ST*83*"))


def test_a_ta1_alone_where_asked_or_at_fault() -> None:
    asks = changed(CLAIM, "*000000201*0*T*", "*000000201*1*T*")
    assert "TA1*" not in text(CLAIM, each_interchange=False)
    assert "TA1*000000201*260302*0700*A*000~" in text(asks, each_interchange=False)
    unpadded = changed(CLAIM, "*ZZ*SUNRIDGE       *", "*ZZ*SUNRIDGE*")
    assert "*E*022~" in text(unpadded, each_interchange=False)


def test_the_ta1_stands_before_the_group() -> None:
    ids = [line.split("*")[0] for line in text(CLAIM).splitlines()]
    assert ids == ["ISA", "TA1", "GS", "ST", "AK1", "AK2", "IK5", "AK9", "SE", "GE", "IEA"]


@pytest.mark.parametrize(
    ("before", "after", "note"),
    [
        ("IEA*1*000000201", "IEA*1*000000202", "001"),
        ("IEA*1*", "IEA*2*", "021"),
        ("IEA*1*000000201~", "", "023"),
    ],
)
def test_a_rejected_interchange_has_no_999(before: str, after: str, note: str) -> None:
    said = text(changed(CLAIM, before, after))
    assert f"*R*{note}~" in said
    assert "AK1" not in said


@pytest.mark.parametrize(
    ("before", "after", "ak9"),
    [("GE*1*", "GE*7*", "AK9*R*7*1*0*5"), ("GE*1*201~\n", "", "AK9*R*1*1*0*3")],
)
def test_a_group_at_fault_is_rejected_whole(before: str, after: str, ak9: str) -> None:
    said = text(changed(CLAIM, before, after))
    assert f"{ak9}~" in said
    assert "IK5*A~" in said


def test_two_groups_of_one_number() -> None:
    group = CLAIM[CLAIM.index(b"GS*") : CLAIM.index(b"IEA*")]
    twice = changed(CLAIM.replace(group, group + group), "IEA*1*", "IEA*2*")
    said = text(twice)
    assert [line for line in said.splitlines() if line[:3] in ("ST*", "AK9", "GE*")] == [
        "ST*999*0001*005010X231A1~", "AK9*A*1*1*1~",
        "ST*999*0002*005010X231A1~", "AK9*R*1*1*0*19~", "GE*2*1~",
    ]  # fmt: skip


def test_each_interchange_has_its_own_answer_and_number() -> None:
    found = answered(CLAIM + REMIT)
    assert [one.interchange for one in found] == ["000000201", "000000101"]
    assert [one.decisions for one in found] == [("A", "A"), ("A", "A")]
    assert b"IEA*1*000000001~" in found[0].content
    assert b"IEA*1*000000002~" in found[1].content


def test_what_was_taken_in_all_the_same_is_not_rejected() -> None:
    """Its errors are told, and it is accepted: the answer says what we did."""
    faulty = changed(REMIT, "*310*0**12*ICN0002", "*310*zero**12*ICN0002")
    said = text(faulty, taken="kept")
    assert "IK4*4*782*6~\nIK5*E*5~\nAK9*E*1*1*1~" in said
    assert "IK5*R*5~\nAK9*R*1*1*0~" in text(faulty)


def test_of_what_was_refused_no_group_is_accepted() -> None:
    assert "IK5*A~\nAK9*R*1*1*0~" in text(REMIT, taken="refused")


def test_bad_values_are_told_only_where_asked() -> None:
    faulty = changed(REMIT, "*310*0**12*ICN0002", "*310*ZERO**12*ICN0002")
    assert "ZERO" not in text(faulty)
    assert "IK4*4*782*6*ZERO~" in text(faulty, values=True)


def test_no_name_or_member_id_is_in_an_answer() -> None:
    """Every element of the patient's name segment is at fault, and none is repeated."""
    named = changed(
        CLAIM, "NM1*IL*1*RIVERA*ALEX****MI*HB100200~", "NM1*IL*1*RIVERA *ALEX *X****HB100200 ~"
    )
    said = text(named)
    assert said.count("IK4*") > 2
    assert not any(word in said for word in ("RIVERA", "ALEX", "HB100200"))


def test_what_is_no_segment_identifier_is_not_repeated() -> None:
    said = text(changed(CLAIM, "DMG*D8*19850314*F~", "RIVERA*ALEX~\nDMG*D8*19850314*F~"))
    assert "IK3*UNK*17**" in said
    assert "RIVERA" not in said


def test_a_missing_segment_belongs_to_the_claim_that_lacks_it() -> None:
    """Claim E1 ends early and E2 follows: what E1 lacks is told with E1's number."""
    start, end = CLAIM.index(b"CLM*EA1"), CLAIM.index(b"HL*3*")
    claim = CLAIM[start:end]
    first = claim[: claim.index(b"DTP*434")].replace(b"EA1B2C3D4EZ", b"E1")
    said = text(CLAIM[:start] + first + CLAIM[start:])
    assert "IK3*DTP*20**3~\nCTX*CLM01:E1~" in said


@pytest.mark.parametrize(
    ("number", "context"), [("E" * 37, "CTX*CLM01:" + "E" * 35 + "~"), ("E\u00d1", None)]
)
def test_the_claim_is_named_where_its_number_can_be_told(number: str, context: str | None) -> None:
    """Longer ones by their first 35 characters, none with a character we may not write."""
    data = changed(CLAIM, "CLM*EA1B2C3D4EZ*700*", f"CLM*{number}*")
    found = [line for line in text(data).splitlines() if line.startswith("CTX")]
    assert found == ([context] * len(found) if context else [])
    assert bool(found) is bool(context)


def test_the_repetition_is_told_where_an_element_repeats() -> None:
    data = changed(CLAIM, "HI*ABK:F1020~", "HI*ABK:F1020::D8~")
    assert "IK4*1:4*1251*" in text(data) or "IK4*1:3*1250*" in text(data)


@pytest.fixture(scope="module")
def damaged_read() -> dict[int, parsers.Parsed]:
    """Files damaged two or three times, all read as one batch."""
    chance = random.Random(20261124)
    files = [damaged(damaged(chance.choice([CLAIM, REMIT]), chance), chance) for _ in range(150)]
    worse = [damaged(file, chance) for file in files[:50]]
    return parsers.parse(list(enumerate([*files, *worse], start=1)))


@pytest.mark.parametrize("taken", ["judged", "kept", "refused"])
def test_any_damaged_file_has_a_valid_answer(
    damaged_read: dict[int, parsers.Parsed], taken: Taken
) -> None:
    made = answers(damaged_read, Stamp(AT, 1, taken=taken, values=True))
    contents = [(number, one.content) for number, parts in made.items() for one in parts]
    assert len(contents) > 100
    read = parsers.parse(list(enumerate((content for _, content in contents), start=1)))
    for (number, content), one in zip(contents, read.values(), strict=True):
        assert one.findings.is_empty(), (number, one.findings.rows(named=True), content)
        assert one.kind in ("999", "TA1")


def test_a_file_is_answered_alone_as_among_others(damaged_read: dict[int, parsers.Parsed]) -> None:
    """But for the control numbers, which follow one another."""
    together = answers(damaged_read, Stamp(AT, 1))
    for number in list(damaged_read)[:25]:
        alone = answers({number: damaged_read[number]}, Stamp(AT, 1)).get(number, [])
        there = together.get(number, [])
        assert [bodies(one) for one in alone] == [bodies(one) for one in there]


def bodies(answer: Answer) -> list[bytes]:
    """The lines of the answer that carry no control number of its own."""
    own = (b"ISA", b"GS*", b"GE*", b"IEA")
    return [line for line in answer.content.splitlines() if line[:3] not in own]


def test_an_answer_read_back_says_what_was_decided() -> None:
    (answer,) = answered((FIXTURES / "acks" / "remit_in_part.835").read_bytes())
    tables = parsers.parse([(1, answer.content)])[1].tables
    rows = tables["acknowledgements"].filter(pl.col("kind") == "999")
    assert rows.select("level", "transaction_control", "decision", "code").rows() == [
        ("group", None, "P", None),
        ("transaction", "0001", "A", None),
        ("transaction", "0002", "R", "4"),
    ]
    errors = tables["acknowledgement_errors"].filter(pl.col("level") == "element")
    told = errors.select(
        "segment", "segment_position", "element", "data_element", "code", "trace_number"
    )
    assert told.rows() == [("CLP", 10, 4, "782", "6", "NTC0000418")]
