"""Which claims each tier looks at, key by key: a candidate too few is a match lost, one too many a doubt."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest
from denial_cases import FEB2, FEB3
from remit_rows import claim, claim_line, claims, remit_line, remits

from edi_iop.reconciler import match_candidates as tiers
from edi_iop.tables import ACKNOWLEDGEMENTS

FEB4 = date(2026, 2, 4)
ANSWER = {
    "file_id": 9, "remit_claim_offset": 300, "number": None, "folded": None, "answer_icn": None,
    "answer_original": None, "answer_patient_id": None, "answer_subscriber_id": None,
    "answer_from": FEB2, "answer_to": FEB3, "answer_last": None, "answer_frequency": "1",
}  # fmt: skip
CLAIM = {
    "claim_file_id": 1, "sent_number": None, "sent_folded": None, "sent_checked": False,
    "sent_member": None, "sent_from": FEB2, "sent_to": FEB3, "sent_last": None,
    "sent_frequency": "1",
}  # fmt: skip
NUMBERS = ("file_id", "remit_claim_offset", "claim_file_id", "claim_offset")


def table(like: dict[str, Any], *rows: dict[str, Any]) -> pl.DataFrame:
    def kind(name: str) -> type[pl.DataType]:
        if name.endswith(("_from", "_to")):
            return pl.Date
        if name in NUMBERS:
            return pl.Int64
        return pl.Boolean if name == "sent_checked" else pl.String

    made = [like | row for row in rows]
    return pl.DataFrame(made, schema={name: kind(name) for name in made[0]})


def answers(*rows: dict[str, Any]) -> pl.DataFrame:
    """Answers at 300, 400, ..."""
    return table(
        ANSWER, *({"remit_claim_offset": 300 + 100 * at} | one for at, one in enumerate(rows))
    )


def claimed(*rows: dict[str, Any]) -> pl.DataFrame:
    """Claims at 100, 200, ..."""
    return table(CLAIM, *({"claim_offset": 100 + 100 * at} | one for at, one in enumerate(rows)))


def pairs(found: pl.DataFrame) -> list[tuple[int, int]]:
    return sorted(found.select("remit_claim_offset", "claim_offset").rows())


# ---------------------------------------------------------------- T2: line control numbers


def test_a_claim_that_holds_every_line_control_number_of_the_answer():
    key = {"file_id": 9, "remit_claim_offset": 300, "claim_file_id": 1}
    hits = pl.DataFrame([
        key | {"claim_offset": 100, "hits": 2, "asked": 2},
        key | {"claim_offset": 200, "hits": 1, "asked": 2},
    ])  # fmt: skip
    assert pairs(tiers.by_control(answers({}), claimed({}, {}), hits)) == [(300, 100)]


PART = {
    "file_id": 9, "remit_claim_offset": 300, "hits": 1, "asked": 2, "sent_charge": 35000,
    "answer_charge": 70000, "sent_member": "M1", "payee": True, "disjoint": None, "member": True,
    "patient": True, "given": True, "line_control": True, "repeating": True, "other_payer": None,
}  # fmt: skip


def parts(*rows: dict[str, Any]) -> int:
    names = ("payee", "disjoint", "member", "patient", "given", "line_control", "repeating",
             "other_payer")  # fmt: skip
    flags = dict.fromkeys(names, pl.Boolean)
    given = [PART | {"claim_offset": 100 * at} | one for at, one in enumerate(rows, 1)]
    return tiers.merged(
        pl.DataFrame(given, schema_overrides=flags | {"sent_member": pl.String})
    ).height


def test_claims_merged_into_one_answer_are_all_of_it():
    """Two days of 350.00 of one member, each with one of the answer's two line control numbers."""
    assert parts({}, {}) == 2
    assert parts({}, {"sent_charge": 30000}) == 0  # charges that do not make up the answer's
    assert parts({}, {"sent_member": "M2"}) == 0
    assert parts({}, {"payee": False}) == 0
    assert parts({}, {"hits": 0}) == 0  # a line that is in none of them
    assert parts({"hits": 2, "sent_charge": 70000}) == 0  # one claim is no merger


# ---------------------------------------------------------------- T3: the payer's number


def known(
    found: list[tuple[int, int]], *icns: str | None, told: tuple[tuple[str, str], ...] = (),
    numbers: tuple[str, ...] = ("EAAA", "EBBB"),
) -> list[tuple[int, str]]:  # fmt: skip
    """Claim and number: of answers with these numbers, found to be of these claims, and of 277CAs."""
    sent = claims(claims=[claim(100 * at, one) for at, one in enumerate(numbers, 1)])
    if told:
        rows = [{"file_id": 5, "byte_offset": at, "claim": one, "payer_claim_number": icn}
                for at, (one, icn) in enumerate(told)]  # fmt: skip
        sent = {**sent, "acknowledgements": ACKNOWLEDGEMENTS.conform(pl.DataFrame(rows))}
    key = {"file_id": 9, "claim_file_id": 1}
    ties = [
        key | {"remit_claim_offset": 300 + 100 * at, "claim_offset": offset} for at, offset in found
    ]
    schema = dict.fromkeys(
        ("file_id", "remit_claim_offset", "claim_file_id", "claim_offset"), pl.Int64
    )
    asked = answers(*({"answer_icn": icn} for icn in icns)) if icns else answers({})
    made = tiers.payer_numbers(asked, pl.DataFrame(ties, schema=schema), sent)
    return sorted(made.select("claim_offset", "known_icn").rows())


def test_a_number_is_known_of_the_one_claim_that_an_answer_is_of():
    assert known([(0, 100)], "ICN001") == [(100, "ICN001")]
    assert known([(0, 100), (0, 200)], "ICN001") == []  # an answer of two claims tells of none
    assert known([(0, 100), (1, 100)], "ICN001", "ICN002") == [(100, "ICN001"), (100, "ICN002")]
    assert (
        known([(0, 100), (1, 200)], "ICN001", "ICN001") == []
    )  # a number of two claims means none
    again = [(0, 100), (0, 200), (1, 100)]  # of two together, then of one of them
    assert known(again, "ICN001", "ICN001") == []
    assert known([(0, 100)], "ICN01") == []  # of fewer than six characters it is no identity


def test_a_277ca_names_the_payers_number_of_a_claim_sent_once():
    assert known([], told=(("EAAA", "0ICN-001"),)) == [(100, "ICN001")]
    assert known([], told=(("EAAA", "ICN001"),), numbers=("EAAA", "EAAA")) == []
    told = (("EAAA", "ICN001"),)  # of which of the two says the remit alone
    assert known([(0, 100)], "ICN001", told=told, numbers=("EAAA", "EAAA")) == [(100, "ICN001")]


def by_payer(icn: str | None, original: str | None = None) -> list[tuple[int, bool]]:
    """Claim and whether the number is whole; known is ICN001 of the claim at 100."""
    of = pl.DataFrame({"claim_file_id": [1], "claim_offset": [100], "known_icn": ["ICN001"]})
    asked = answers({"answer_icn": icn, "answer_original": original})
    found = tiers.by_payer_number(asked, claimed({}, {}), of)
    return found.select("claim_offset", "whole").rows()


@pytest.mark.parametrize(
    ("icn", "original", "expected"),
    [
        ("ICN001", None, [(100, True)]),
        ("ICN9999", "ICN001", [(100, True)]),  # REF F8 of the answer
        ("ICN0011", None, []),  # what is left of a number must be longer than six
        ("ICN001A12X", None, []),  # four characters behind it
        (None, None, []),
    ],
)
def test_the_payers_number_or_the_one_before_it(
    icn: str | None, original: str | None, expected: list[tuple[int, bool]]
):
    assert by_payer(icn, original) == expected


@pytest.mark.parametrize("behind", [1, 2, 3, 4])
def test_up_to_three_characters_behind_the_payers_number_are_an_adjustments(behind: int):
    of = pl.DataFrame({"claim_file_id": [1], "claim_offset": [100], "known_icn": ["ICN0000001"]})
    asked = answers({"answer_icn": "ICN0000001" + "1" * behind})
    found = tiers.by_payer_number(asked, claimed({}), of)
    assert found.select("claim_offset", "whole").rows() == ([(100, False)] if behind < 4 else [])


# ---------------------------------------------------------------- T4: the number as mangled


def folded(number: str, *sent: tuple[str, bool]) -> list[tuple[int, bool]]:
    """Claim, and whether the check character speaks for it."""
    ours = claimed(*({"sent_folded": one, "sent_checked": checked} for one, checked in sent))
    found = tiers.by_folded_number(answers({"folded": number}), ours)
    return sorted(found.select("claim_offset", "checked").rows())


def test_a_number_cut_short_has_twelve_characters_at_least_and_is_never_checked():
    long = "ABCDEFGH1234567890XY"
    assert folded(long[:12], (long, True)) == [(100, False)]
    assert folded(long[:11], (long, False)) == []
    assert folded(long[:17], (long, False), (long[:17] + "ZZZ", False)) == [
        (100, False),
        (200, False),
    ]
    assert folded(long, (long, True)) == [(100, True)]
    assert folded(long, (long, False)) == [(100, False)]


def test_a_number_lengthened_is_ours_where_its_check_character_holds():
    own = "ABCDEFGHJK7"
    assert folded(own + "01", (own, True)) == [(100, True)]
    assert folded(own + "01", (own, False)) == []


# ---------------------------------------------------------------- T5 and T6: the person


def members(theirs: str | None, ours: str, **answer: Any) -> bool:
    asked = answers({"answer_patient_id": theirs} | answer)
    return bool(tiers.by_member(asked, claimed({"sent_member": ours})).height)


@pytest.mark.parametrize(
    ("theirs", "ours", "same"),
    [
        ("M0012345", "M0012345", True),
        ("M001234501", "M0012345", True),  # two characters behind it
        ("M0012345", "M001234501", True),
        ("M0012345017", "M0012345", False),
        ("M001234502", "M001234501", False),  # two people of one contract
        ("M00123", "M0012301", True),
        ("M0012", "M001201", False),  # five characters are too few to go by
        ("M0012", "M0012", True),
    ],
)
def test_a_member_id_but_for_two_characters_at_its_end(theirs: str, ours: str, same: bool):
    assert members(theirs, ours) is same


def test_the_subscriber_stands_for_the_patient_too():
    assert members(None, "M0012345", answer_subscriber_id="M0012345")


@pytest.mark.parametrize(
    ("first", "last", "near"),
    [
        (FEB3, FEB4, True),  # the last day of the claim
        (FEB4, FEB4, False),
        (date(2026, 2, 1), FEB2, True),
        (date(2026, 2, 1), date(2026, 2, 1), False),
        (None, None, True),  # days that are not told may be these
    ],
)
def test_of_a_member_claims_with_a_day_in_common(first: date | None, last: date | None, near: bool):
    """The claim is of 2 and 3 February."""
    assert members("M0012345", "M0012345", answer_from=first, answer_to=last) is near


def named(**line: Any) -> bool:
    """SAMPLE's claim of one H0015 of 2 February, 350.00, beside an answer of one line to a SAMPLE."""
    remit = remits(remit_lines=[remit_line(300, 400, **line)])
    sent = claims(claims=[claim(100, "EAAA")], claim_lines=[claim_line(100, 150)])
    found = tiers.by_name(
        answers({"answer_last": "SAMPLE"}), claimed({"sent_last": "SAMPLE"}), remit, sent
    )
    return bool(found.height)


def test_a_name_and_a_line_of_the_same_day_code_and_charge():
    assert named()
    assert named(charge_cents=-35000)  # a reversal
    assert not named(service_date=FEB3)
    assert not named(procedure="S9480")
    assert not named(charge_cents=34999)


# ---------------------------------------------------------------- answers to replacements


def replaced(answer: str, original: str, later: str) -> list[tuple[int, int]]:
    """An answer of a frequency tied to the claim at 100; what was sent at 200 names ICN001, its number."""
    one, two = ({"sent_frequency": original}, {"sent_frequency": later})
    ours = claimed(one, two).with_columns(
        sent_replaces=pl.when(pl.col("claim_offset") == 200).then(pl.lit("ICN001"))
    )
    of = pl.DataFrame({"claim_file_id": [1], "claim_offset": [100], "known_icn": ["ICN001"]})
    tie = pl.DataFrame({"file_id": [9], "remit_claim_offset": [300], "claim_file_id": [1],
                        "claim_offset": [100]})  # fmt: skip
    return pairs(tiers.replacements(tie, answers({"answer_frequency": answer}), ours, of))


def test_the_answer_to_a_replacement_or_void_is_of_what_was_sent_as_such():
    assert replaced("7", "1", "7") == [(300, 200)]
    assert replaced("8", "1", "8") == [(300, 200)]
    assert replaced("8", "1", "7") == []  # an answer to a void is none to a replacement
    assert replaced("1", "1", "7") == []  # the original's own answer
    assert replaced("7", "7", "7") == []  # tied to a replacement already
