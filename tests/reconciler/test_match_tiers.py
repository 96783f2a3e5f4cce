"""Tiers beyond the number: what finds a claim when its number was lost, and what only proposes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from remit_rows import PAYDAY, claim, claim_line, claims, payment, remit_claim, remit_line, remits

from edi_iop.identifiers import patient_control_number
from edi_iop.reconciler.match import Matched, match, matched
from edi_iop.tables import ACKNOWLEDGEMENTS, DECISIONS

FEB2, FEB3, FEB4 = date(2026, 2, 2), date(2026, 2, 3), date(2026, 2, 4)
PCN = patient_control_number(7)
Tables = dict[str, pl.DataFrame]
PERSON = {"subscriber_last_name": "Sample", "subscriber_first_name": "Pat", "member_id": "M0012345"}
OTHER = {"subscriber_last_name": "Other", "subscriber_first_name": "Kim", "member_id": "M0099999"}


def sent(*heads: dict[str, Any]) -> Tables:
    """Claims of one day, 350.00 each, of file 1; a key `days` gives other days to their lines."""
    rows, lines = [], []
    for place, one in enumerate(heads):
        head = dict(one)
        days = head.pop("days", (FEB2,))
        offset = 100 + 100 * place
        made = {"statement_from": min(days), "statement_to": max(days)} | head
        rows.append(claim(offset, made.pop("number", f"ENUMBER{place}"), **made))
        lines += [
            claim_line(offset, offset + 10 + at, line=at + 1, service_date=day,
                       line_control=f"L{place}CONTROL{at}")
            for at, day in enumerate(days)
        ]  # fmt: skip
    return claims(claims=rows, claim_lines=lines)


def answered(*heads: dict[str, Any]) -> Tables:
    """Remit claims of one line each; `days` and `controls` are those of their lines."""
    rows, lines = [], []
    for place, one in enumerate(heads):
        head = dict(one)
        offset = 300 + 100 * place
        days, controls = head.pop("days", (FEB2,)), head.pop("controls", ())
        rows.append(remit_claim(offset, **({"claim": None} | head)))
        lines += [
            remit_line(offset, offset + 10 + at, service_date=day, position=at + 1,
                       line_control=controls[at] if at < len(controls) else None)
            for at, day in enumerate(days)
        ]  # fmt: skip
    return remits(payments=[payment()], remit_claims=rows, remit_lines=lines)


def found(made: Matched | pl.DataFrame, offset: int = 300) -> tuple[Any, ...]:
    """Tier, grade and the matched claim's offset of one remit claim."""
    rows = made.matches if isinstance(made, Matched) else made
    whole = rows.filter(
        pl.col("remit_claim_offset") == offset, pl.col("remit_line_offset").is_null()
    )
    return whole.select("tier", "grade", "claim_offset").row(0)


def proposed(made: Matched) -> list[tuple[Any, ...]]:
    return made.proposals.select("claim_offset", "tier").rows()


def both(remit: Tables, claimed: Tables, decisions: pl.DataFrame | None = None) -> Matched:
    return matched(remit, claimed, DECISIONS.empty() if decisions is None else decisions)


# -- T3: the payer's own number


def test_the_payers_number_of_an_earlier_answer_finds_the_claim():
    remit = answered(
        {"claim": "ENUMBER0", "payer_claim_number": "ICN00012"},
        {"claim": "0", "payer_claim_number": "ICN00012", "status": "22", "charge_cents": -35000},
    )
    assert found(match(remit, sent({})), 400) == ("T3", "certain", 100)


def test_the_payers_number_of_a_277ca_finds_the_claim():
    told = {"file_id": [5], "byte_offset": [1], "claim": ["ENUMBER0"]}
    acks = ACKNOWLEDGEMENTS.conform(pl.DataFrame(told | {"payer_claim_number": ["ICN00012"]}))
    remit = answered({"claim": "0", "payer_claim_number": "ICN-00012"})
    assert found(match(remit, {**sent({}), "acknowledgements": acks})) == ("T3", "certain", 100)


def test_something_behind_the_payers_number_makes_it_strong():
    remit = answered(
        {"claim": "ENUMBER0", "payer_claim_number": "A123456"},
        {"claim": "0", "payer_claim_number": "A1234561"},
    )
    assert found(match(remit, sent({})), 400) == ("T3", "strong", 100)


def test_the_payers_number_with_another_charge_only_proposes():
    remit = answered(
        {"claim": "ENUMBER0", "payer_claim_number": "A123456"},
        {"claim": "0", "payer_claim_number": "A123456", "charge_cents": 99900},
    )
    made = both(remit, sent({}))
    assert found(made, 400) == (None, None, None)
    assert proposed(made) == [(100, "T3")]


def test_a_payers_number_seen_with_two_claims_means_none():
    remit = answered(
        {"claim": "ENUMBER0", "payer_claim_number": "A123456"},
        {"claim": "ENUMBER1", "payer_claim_number": "A123456"},
        {"claim": "0", "payer_claim_number": "A123456"},
    )
    assert found(match(remit, sent({}, {})), 500) == (None, None, None)


# -- T4: the number as mangled


@pytest.mark.parametrize("mangled", [PCN.lower(), f"{PCN[:4]}-{PCN[4:]}", f" 00{PCN}", f"{PCN}01"])
def test_a_mangled_number_is_certain_by_its_check_character(mangled: str):
    remit = answered({"claim": mangled})
    assert found(match(remit, sent({"number": PCN}))) == ("T4", "certain", 100)


def test_letters_read_as_digits_are_folded():
    """A system reads 0 as O and 1 as I."""
    number = next(
        one for one in map(patient_control_number, range(99)) if "0" in one and "1" in one
    )
    mangled = number.replace("0", "O").replace("1", "I")
    assert found(match(answered({"claim": mangled}), sent({"number": number})))[0] == "T4"


def test_a_foreign_number_cut_at_17_is_strong_where_it_is_unique():
    long = "ABCDEFGH1234567890XY"
    remit = answered({"claim": long[:17]})
    assert found(match(remit, sent({"number": long}))) == ("T4", "strong", 100)
    twins = sent({"number": long}, {"number": long[:17] + "ZZZ"})
    made = both(remit, twins)
    assert found(made) == (None, None, None)
    assert {offset for offset, _ in proposed(made)} == {100, 200}


def test_a_mangled_number_with_another_charge_only_proposes():
    made = both(answered({"claim": PCN.lower(), "charge_cents": 100}), sent({"number": PCN}))
    assert found(made)[0] is None
    assert proposed(made) == [(100, "T4")]


@pytest.mark.parametrize(("member", "tier"), [("M0012345", "T4"), (None, None)])
def test_parts_under_a_mangled_number_make_up_the_claim_of_the_member(
    member: str | None, tier: str | None
):
    """Each mangled its own way; nothing says that the claim was divided, but its days, charge and
    member do."""
    whole = PERSON | {"number": "B-7001X9", "days": (FEB2, FEB4), "charge_cents": 70000}
    part = {"patient_id": member, "charge_cents": 35000}
    first = part | {"claim": "b7oo1x9", "days": (FEB2,)}
    made = both(answered(first, part | {"claim": "B7001X9", "days": (FEB4,)}), sent(whole))
    assert [found(made, offset)[0] for offset in (300, 400)] == [tier, tier]


# -- T5 and T6: the person


def test_member_days_charge_and_kind_of_bill_are_strong():
    remit = answered({"claim": "0", "patient_id": "M0012345017", "facility_type": "13"})
    assert found(match(remit, sent(PERSON | {"member_id": "M0012345"})))[0] is None
    remit = answered({"claim": "0", "patient_id": "M001234501", "facility_type": "13"})
    assert found(match(remit, sent(PERSON, OTHER))) == ("T5", "strong", 100)


@pytest.mark.parametrize(
    ("returned", "tier"),
    [("ENUMBEX0", "T5"), ("HXENUMBER0", "T5"), ("NUMBER0", "T5"), ("MBER0", None), ("Q7731", None)],
)
def test_a_number_unlike_any_of_ours_is_one_we_do_not_hold(returned: str, tier: str | None):
    """A character changed, letters before it, its beginning gone: the payer's doing. Another number:
    another claim."""
    remit = answered({"claim": returned, "patient_id": "M0012345", "facility_type": "13"})
    made = both(remit, sent(PERSON, OTHER))
    assert found(made)[0] == tier
    assert proposed(made) == ([] if tier else [(100, "T5")])


@pytest.mark.parametrize(
    ("returned", "tier"), [("26069-0336", "T5"), ("0M0012345", "T5"), ("260690337", None)]
)
def test_the_payers_own_number_or_the_members_id_is_no_claim_number(
    returned: str, tier: str | None
):
    """What a payer that has no claim number may return in the place of 0 (CLP01)."""
    own = {"payer_claim_number": "260690336", "patient_id": "M0012345", "facility_type": "13"}
    assert found(match(answered({"claim": returned} | own), sent(PERSON, OTHER)))[0] == tier


ONE_OF_OURS = {"claim": "0", "patient_id": "M0012345", "facility_type": "13"}


@pytest.mark.parametrize(
    ("control", "tier"),
    [
        (None, "T5"),
        ("1", "T5"),
        ("00l0control0", "T2"),
        ("6730CONTROL1", None),
        ("L1CONTROL0", None),
    ],
)
def test_line_control_numbers_of_another_claim_are_not_answers_to_this_one(
    control: str | None, tier: str | None
):
    """None, or a line's number, say nothing; those as sent in another case name it; those of
    another system's claim, or of another of ours on other days, are none of this one's."""
    other = OTHER | {"days": (FEB4,)}
    made = both(answered(ONE_OF_OURS | {"controls": (control,)}), sent(PERSON, other))
    assert found(made)[0] == tier
    assert proposed(made) == ([] if tier else [(100, "T5")])


def test_the_payers_number_with_line_control_numbers_of_another_claim_only_proposes():
    known = {"claim": "ENUMBER0", "payer_claim_number": "A1234567"}
    lost = {"claim": "0", "payer_claim_number": "A1234567", "controls": ("6730CONTROL1",)}
    made = both(answered(known, lost), sent({}))
    assert found(made, 400)[0] is None
    assert proposed(made) == [(100, "T3")]


def test_a_mangled_number_with_line_control_numbers_of_another_claim_only_proposes():
    """But where its check character holds."""
    foreign = {"controls": ("6730CONTROL1",)}
    made = both(answered({"claim": "enumber0"} | foreign), sent({}))
    assert (found(made)[0], proposed(made)) == (None, [(100, "T4")])
    ours = answered({"claim": PCN.lower()} | foreign)
    assert found(both(ours, sent({"number": PCN})))[0] == "T4"


def test_days_of_lines_are_held_against_days_of_lines():
    """The statement of the second claim reaches over the days of the first: they are not its own."""
    wide = {"days": (FEB4,), "statement_from": FEB2, "number": "ENUMBER1"}
    remit = answered({"claim": "ENUMBER1", "patient_id": "M0012345", "facility_type": "13"})
    made = both(remit, sent(PERSON, PERSON | wide))
    assert found(made)[2] in (None, 100)


def test_a_payer_whose_members_are_asked_about_only_proposes():
    remit = answered({"claim": "0", "patient_id": "M0012345", "facility_type": "13"})
    made = matched(remit, sent(PERSON, OTHER), DECISIONS.empty(), asking=["HARBR"])
    assert found(made)[0] is None
    assert proposed(made) == [(100, "T5")]
    assert found(matched(remit, sent(PERSON, OTHER), DECISIONS.empty(), asking=["X"]))[0] == "T5"


def test_line_numbers_of_many_claims_name_none():
    """REF 6R need be unique inside its claim only: here every claim's first line is L1."""
    one_day = sent(*({"member_id": f"M77{n:05d}"} for n in range(3)))
    remit = answered({"claim": "0", "controls": ("L0CONTROL0",)})
    assert found(both(remit, one_day)) == ("T2", "certain", 100)
    lines = one_day["claim_lines"].with_columns(line_control=pl.lit("L0CONTROL0"))
    assert found(both(remit, {**one_day, "claim_lines": lines}))[0] is None


def test_what_charges_more_than_was_sent_answers_something_else_too():
    remit = answered({"claim": "ENUMBER0", "charge_cents": 50000})
    made = both(remit, sent(PERSON))
    assert found(made)[0] is None
    assert made.matches["says"][0].startswith("it charges more than the claim of that number")


def test_line_control_numbers_of_a_claim_that_charges_less_only_propose_it():
    """The answer speaks of something else too, of which no line control number came back."""
    made = both(
        answered({"claim": "0", "charge_cents": 50000, "controls": ("L0CONTROL0",)}), sent({})
    )
    assert found(made)[0] is None
    assert proposed(made) == [(100, "T2")]


@pytest.mark.parametrize(
    "other",
    [{"charge_cents": 34000}, {"days": (FEB2, FEB4)}, {"facility_type": "89"}, {"status": "2"}],
)
def test_member_with_anything_else_different_is_no_match(other: dict[str, Any]):
    remit = answered({"claim": "0", "patient_id": "M0012345", "facility_type": "13"} | other)
    assert found(match(remit, sent(PERSON)))[0] is None


@pytest.mark.parametrize(("last", "first", "tier"), [("NEW", "PAT", "T5"), ("SAMPLE", "KIM", None)])
def test_another_first_name_under_the_members_id_is_another_of_the_family(
    last: str, first: str, tier: str | None
):
    """People change their last names."""
    named = {"patient_last_name": last, "patient_first_name": first}
    made = both(answered(ONE_OF_OURS | named), sent(PERSON))
    assert found(made)[0] == tier
    assert proposed(made) == ([] if tier else [(100, "T5")])


def test_two_claims_of_one_member_and_day_are_both_proposed():
    remit = answered({"claim": "0", "patient_id": "M0012345"})
    made = both(remit, sent(PERSON, PERSON))
    assert found(made)[0] is None
    assert {offset for offset, _ in proposed(made)} == {100, 200}


def test_a_number_more_like_the_one_than_the_other_says_nothing_between_two_claims():
    twins = sent(PERSON | {"number": "4847-195024847-HOUSE"}, PERSON | {"number": "5952-61-LODGE"})
    remit = answered({"claim": "4841-195024847-HOUSE", "patient_id": "M0012345"})
    made = both(remit, twins)
    assert found(made)[0] is None
    assert {offset for offset, _ in proposed(made)} == {100, 200}


def test_a_claim_that_another_answer_has_is_not_taken_by_member():
    """Its twin was sent by someone else, and we do not hold it."""
    remit = answered(
        {"claim": "ENUMBER0", "payer_claim_number": "A1"},
        {"claim": "0", "patient_id": "M0012345", "payer_claim_number": "A2"},
    )
    assert found(match(remit, sent(PERSON)), 400)[0] is None


def test_a_name_with_a_line_only_proposes():
    remit = answered(
        {"claim": "LOST", "patient_last_name": "SAMPLE", "patient_first_name": "PAT A"}
    )
    made = both(remit, sent(PERSON, OTHER))
    assert found(made)[0] is None
    assert proposed(made) == [(100, "T6")]


@pytest.mark.parametrize(("middle", "tier"), [(FEB3, "T5"), (date(2026, 2, 5), None)])
def test_the_members_claim_has_all_days_of_the_answer(middle: date, tier: str | None):
    """First and last day, charge and member agree; between them a day is another."""
    three = {"charge_cents": 105000}
    remit = answered(
        {"claim": "0", "patient_id": "M0012345", "days": (FEB2, middle, date(2026, 2, 6))} | three
    )
    made = both(remit, sent(PERSON | three | {"days": (FEB2, FEB3, date(2026, 2, 6))}))
    assert found(made)[0] == tier
    assert proposed(made) == ([] if tier else [(100, "T5")])


@pytest.mark.parametrize("number", ["ENUMBER1", "ENUM BER1"])
def test_a_number_and_a_person_of_two_claims_alike_are_not_decided(number: str):
    """The payer exchanged two numbers, or two people: days and charges agree with both."""
    people = [
        {"patient_id": one["member_id"], "patient_last_name": one["subscriber_last_name"].upper()}
        for one in (PERSON, OTHER)
    ]
    other = number.replace("1", "0")
    remit = answered({"claim": number} | people[0], {"claim": other} | people[1])
    made = both(remit, sent(PERSON, OTHER))
    assert [found(made, offset)[0] for offset in (300, 400)] == [None, None]
    assert {offset for offset, _ in proposed(made)} == {100, 200}


def test_a_part_of_one_claim_that_is_the_whole_of_another_is_not_decided():
    """The numbers of two claims of one person may have been exchanged."""
    longer = PERSON | {"days": (FEB2, FEB4), "charge_cents": 70000}
    remit = answered({"claim": "ENUMBER0", "patient_id": "M0012345"})
    assert found(both(remit, sent(longer)))[::2] == ("T1", 100)
    made = both(remit, sent(longer, PERSON))
    assert found(made)[0] is None
    assert {offset for offset, _ in proposed(made)} == {100, 200}


def test_the_number_of_a_relative_is_not_believed_where_the_patients_own_claim_fits():
    relative = {"patient_last_name": "Elder", "patient_first_name": "Kim"}
    longer = PERSON | relative | {"days": (FEB2, FEB4), "charge_cents": 70000}
    person = {"patient_last_name": "SAMPLE", "patient_first_name": "PAT"}
    remit = answered({"claim": "ENUMBER0", "patient_id": "M0012345"} | person)
    assert found(both(remit, sent(longer, PERSON)))[::2] == ("T5", 200)


def test_another_patient_is_said_so():
    remit = answered({"claim": "ENUMBER0", "patient_id": "X1", "patient_last_name": "NOBODY"})
    row = match(remit, sent(PERSON)).row(0, named=True)
    assert row["says"] == "the claim of that number is another patient's"


STRANGER = {
    "patient_id": "M0099999", "patient_last_name": "OTHER", "patient_first_name": "KIM",
}  # fmt: skip
REPEATED = "LENUMBER0001"
"""A line control number made as the mapper makes it: letters, the claim number's end, the line."""


def under_number(control: str, came: str | None = None, **head: Any) -> Matched:
    """PERSON's claim ENUMBER0 with one line control number, and an answer with it, or with another."""
    claimed = sent(PERSON)
    lines = claimed["claim_lines"].with_columns(line_control=pl.lit(control))
    told = {"claim": "ENUMBER0", "controls": (control if came is None else came,)}
    return both(answered(told | head), {**claimed, "claim_lines": lines})


@pytest.mark.parametrize(
    "control",
    [REPEATED, "ENUMBER0-1", "001ENUMBER020260202", "enumbe1"],
    ids=["the mapper's", "number and line", "line, number and day", "the number's beginning"],
)
@pytest.mark.parametrize("claim", ["ENUMBER0", "0"])
def test_line_control_numbers_that_repeat_the_number_do_not_outweigh_another_person(
    control: str, claim: str
):
    """Another system's claim of that number, which we do not hold, has them too."""
    made = under_number(control, claim=claim, **STRANGER)
    assert found(made) == (None, None, None)
    assert [offset for offset, _ in proposed(made)] == [100]


def test_line_control_numbers_of_their_own_outweigh_another_person():
    """The number of a procedure in the practice's system, say: no second claim has it."""
    assert found(under_number("PROC7730041", **STRANGER)) == ("T1", "certain", 100)


@pytest.mark.parametrize(
    "changed",
    [
        {"patient_id": "Z1000000"},
        {"patient_id": "Z1000000", "patient_last_name": "NEWLYWED", "patient_first_name": "PAT"},
        {"patient_id": "M0012345", "patient_last_name": "OTHER", "patient_first_name": "KIM"},
        {"patient_id": "Z1000000", "patient_last_name": "SAMPLE", "patient_first_name": "P"},
        {"patient_last_name": "OTHER", "patient_first_name": "KIM"},
    ],
    ids=["a new id", "a new id and last name", "another name", "a new id, an initial", "no id"],
)
def test_a_person_of_whom_something_is_left_or_unknown_is_confirmed_by_the_line_numbers(
    changed: dict[str, Any],
):
    assert found(under_number(REPEATED, **changed)) == ("T1", "certain", 100)


# -- several claims in one answer, one claim in several


def test_a_merge_by_line_control_numbers_has_both_claims():
    remit = answered(
        {"claim": "ENUMBER0", "charge_cents": 70000, "days": (FEB2, FEB4),
         "controls": ("L0CONTROL0", "L1CONTROL0")}
    )  # fmt: skip
    rows = match(remit, sent(PERSON, PERSON | {"days": (FEB4,)}))
    whole = rows.filter(pl.col("remit_line_offset").is_null())
    assert whole["claim_offset"].to_list() == [100, 200]
    lines = rows.filter(pl.col("remit_line_offset").is_not_null())
    assert lines["line_offset"].to_list() == [110, 210]


def test_parts_in_two_payments_agree_in_charge_together():
    remit = answered({"claim": "ENUMBER0", "charge_cents": 20000})
    later = answered({"claim": "ENUMBER0", "charge_cents": 15000})
    later = {name: rows.with_columns(file_id=pl.lit(10, pl.Int64)) for name, rows in later.items()}
    rows = match({name: pl.concat([remit[name], later[name]]) for name in remit}, sent({}))
    whole = rows.filter(pl.col("remit_line_offset").is_null())
    assert whole["tier"].to_list() == ["T1", "T1"]
    assert all("charge" in agreed for agreed in whole["agreed"])


@pytest.mark.parametrize(("days", "together"), [(60, True), (61, False)])
def test_parts_come_within_sixty_days(days: int, together: bool):
    remit = answered({"claim": "ENUMBER0", "charge_cents": 20000})
    later = answered({"claim": "ENUMBER0", "charge_cents": 15000})
    later["payments"] = remits(payments=[payment(payment_date=PAYDAY + timedelta(days))])[
        "payments"
    ]
    later = {name: rows.with_columns(file_id=pl.lit(10, pl.Int64)) for name, rows in later.items()}
    rows = match({name: pl.concat([remit[name], later[name]]) for name in remit}, sent({}))
    whole = rows.filter(pl.col("remit_line_offset").is_null())
    assert ["charge" in agreed for agreed in whole["agreed"]] == [together, together]


def test_line_control_numbers_that_two_members_claims_hold_tell_nothing_of_the_person():
    """The number is the other member's claim's; the 6R would confirm it, were they only there."""
    claimed = sent(PERSON, OTHER)
    lines = claimed["claim_lines"].with_columns(line_control=pl.lit("KEEP0001"))
    person = {"patient_id": "M0012345", "patient_last_name": "SAMPLE"}
    remit = answered({"claim": "ENUMBER1", "controls": ("KEEP0001",)} | person)
    made = both(remit, {**claimed, "claim_lines": lines})
    assert found(made) == (None, None, None)
    assert {offset for offset, _ in proposed(made)} == {100, 200}


def test_anothers_claim_that_holds_one_of_the_numbers_takes_nothing_from_the_one_that_holds_all():
    two_days = {"days": (FEB2, FEB4), "charge_cents": 70000}
    claimed = sent(PERSON | two_days, OTHER)
    shared = pl.when(claim_offset=200).then(pl.lit("L0CONTROL0")).otherwise("line_control")
    lines = claimed["claim_lines"].with_columns(line_control=shared)
    remit = answered(two_days | {"claim": "0", "controls": ("L0CONTROL0", "L0CONTROL1")})
    assert found(match(remit, {**claimed, "claim_lines": lines})) == ("T2", "certain", 100)


@pytest.mark.parametrize(
    ("answer", "code", "claim_offset"),
    [
        ({}, "H0015", 100),
        ({"charge_cents": 17500}, "H0015", 100),
        ({}, "90853", 100),
        ({"charge_cents": 17500}, "90853", None),
    ],
)
def test_line_control_numbers_beside_another_charge_and_other_codes_only_propose(
    answer: dict[str, Any], code: str, claim_offset: int | None
):
    remit = answered({"claim": "0", "controls": ("L0CONTROL0",)} | answer)
    lines = remit["remit_lines"].with_columns(
        procedure=pl.lit(code), revenue=pl.lit(None, pl.String)
    )
    made = both({**remit, "remit_lines": lines}, sent({}))
    assert found(made)[2] == claim_offset
    assert proposed(made) == ([] if claim_offset else [(100, "T2")])


@pytest.mark.parametrize(
    ("answer", "claim_offset"),
    [
        ({"days": (None,)}, None),
        ({"patient_id": "M0099999", "patient_last_name": "OTHER"}, 200),
        ({"charge_cents": 70000}, 200),
    ],
)
def test_line_control_numbers_beside_anothers_number_that_may_be_meant_only_propose(
    answer: dict[str, Any], claim_offset: int | None
):
    """The claim of the number is out where its charge, or the person, is another."""
    second = {"charge_cents": answer.get("charge_cents", 35000)}
    remit = answered({"claim": "ENUMBER0", "controls": ("L1CONTROL0",)} | answer)
    made = both(remit, sent(PERSON, OTHER | second))
    assert found(made)[2] == claim_offset


@pytest.mark.parametrize(("last", "claim_offset"), [(FEB4, 200), (date(2026, 2, 5), None)])
def test_line_control_numbers_beside_anothers_number_want_the_days(
    last: date, claim_offset: int | None
):
    """The claim of the number has none of the days; the one of the lines has one or both."""
    january = (date(2026, 1, 5), date(2026, 1, 7))
    two = {"charge_cents": 70000}
    remit = answered(
        two | {"claim": "ENUMBER0", "days": (FEB2, last), "controls": ("L1CONTROL0", "L1CONTROL1")}
    )
    made = both(remit, sent(two | {"days": january}, two | {"days": (FEB2, FEB4)}))
    assert found(made)[2] == claim_offset


def test_an_answer_to_a_replacement_under_the_first_number_goes_to_the_replacement():
    remit = answered(
        {"claim": "ENUMBER0", "payer_claim_number": "A123456"},
        {"claim": "ENUMBER0", "payer_claim_number": "A777777", "frequency": "7"},
    )
    both_sent = sent({}, {"frequency": "7", "payer_claim_number": "A123456"})
    assert found(match(remit, both_sent), 400) == ("T1", "strong", 200)


def test_a_replacement_that_has_neither_its_charge_nor_its_days_is_not_meant():
    whole = {"claim": "ENUMBER0", "days": (FEB2, FEB4), "charge_cents": 70000}
    remit = answered(
        whole | {"payer_claim_number": "A123456"},
        whole | {"payer_claim_number": "A777777", "frequency": "7"},
    )
    first = {"days": (FEB2, FEB4), "charge_cents": 70000}
    one_day = {"frequency": "7", "payer_claim_number": "A123456"}
    assert found(match(remit, sent(first, one_day)), 400) == ("T1", "certain", 100)


# -- what a person says goes first


def decision(number: int, verb: str, offset: int) -> dict[str, Any]:
    return {
        "decision": number, "verb": verb, "actor": "kim", "file_id": 9, "payment_offset": 200,
        "remit_claim_offset": 300, "claim_file_id": 1, "claim_offset": offset,
    }  # fmt: skip


def decided(*rows: dict[str, Any]) -> pl.DataFrame:
    return DECISIONS.conform(pl.DataFrame(list(rows)))


def test_a_link_by_hand_stands_over_what_was_found_and_can_be_undone():
    remit, claimed = answered({"claim": "ENUMBER0"}), sent({}, {})
    by_hand = both(remit, claimed, decided(decision(1, "link", 200)))
    assert found(by_hand) == ("hand", "certain", 200)
    assert by_hand.matches["actor"][0] == "kim"
    back = both(remit, claimed, decided(decision(1, "link", 200), decision(2, "unlink", 200)))
    assert found(back) == ("T1", "certain", 100)
    apart = both(remit, claimed, decided(decision(1, "unlink", 100)))
    assert found(apart)[0] is None
    again = both(remit, claimed, decided(decision(1, "unlink", 100), decision(2, "link", 100)))
    assert found(again)[2] == 100


def test_what_is_linked_by_hand_tells_the_payers_number():
    """Its reversal and correction come under the same number of theirs (T3), and CLP01 is still unknown."""
    theirs = {"claim": "ZZ9", "payer_claim_number": "ICN00012"}
    remit = answered(theirs, theirs | {"status": "22", "charge_cents": -35000}, theirs)
    claimed = sent({}, {})
    made = both(remit, claimed, decided(decision(1, "link", 200)))
    assert [found(made, offset) for offset in (300, 400, 500)] == [
        ("hand", "certain", 200),
        ("T3", "certain", 200),
        ("T3", "certain", 200),
    ]
    undone = decided(decision(1, "link", 200), decision(2, "unlink", 200))
    assert found(both(remit, claimed, undone), 400)[0] is None


def test_a_match_names_its_runner_up():
    made = both(answered({"claim": PCN.lower()}), sent({"number": PCN}, {"number": f"0{PCN}X"}))
    assert made.matches["runner_up"][0] is None
    twin = both(
        answered({"claim": "OLD1", "days": (FEB4,)}),
        sent({"number": "OLD1"}, {"number": "OLD1", "days": (FEB4,)}),
    )
    row = twin.matches.row(0, named=True)
    assert (row["claim_offset"], row["runner_up"], row["margin"] > 0) == (200, "OLD1", True)


# -- lines


def lines_of(made: pl.DataFrame) -> list[tuple[Any, ...]]:
    rows = made.filter(pl.col("remit_line_offset").is_not_null())
    return rows.select("remit_line_offset", "line_offset", "tier").rows()


def one_claim(*lines: dict[str, Any]) -> Tables:
    rows = [claim_line(100, 110 + at, **({"line": at + 1} | line)) for at, line in enumerate(lines)]
    head = claim(100, "EAAA", charge_cents=35000 * len(lines), statement_to=date(2026, 2, 28))
    return claims(claims=[head], claim_lines=rows)


def one_answer(count: int, *lines: dict[str, Any]) -> Tables:
    rows = [remit_line(300, 310 + at, **line) for at, line in enumerate(lines)]
    head = remit_claim(300, claim="EAAA", charge_cents=35000 * count)
    return remits(payments=[payment()], remit_claims=[head], remit_lines=rows)


def test_a_mangled_line_control_number_is_strong():
    rows = match(
        one_answer(1, {"line_control": "laaa-001"}), one_claim({"line_control": "LAAA001"})
    )
    assert rows.select("tier", "grade").row(1) == ("6R", "strong")


def test_the_lines_own_number_in_6r_counts_with_its_day():
    made = match(one_answer(2, {"line_control": "2"}, {"line_control": "1"}), one_claim({}, {}))
    assert lines_of(made) == [(310, 111, "LX"), (311, 110, "LX")]


def test_line_numbers_that_are_the_payers_own_tell_no_twins_apart():
    """The payer numbered the lines in another order: two of one day stay ambiguous."""
    twins = one_claim({"service_date": FEB4}, {}, {})
    ours = one_answer(
        3, {"line_control": "2"}, {"line_control": "1", "service_date": FEB4}, {"line_control": "3"}
    )
    assert lines_of(match(ours, twins)) == [(310, 111, "LX"), (311, 110, "LX"), (312, 112, "LX")]
    theirs = one_answer(
        3, {"line_control": "1"}, {"line_control": "2"}, {"line_control": "3", "service_date": FEB4}
    )
    assert lines_of(match(theirs, twins)) == [
        (310, None, None),
        (311, None, None),
        (312, 110, "day"),
    ]


def test_parts_of_a_line_make_up_its_charge_and_units():
    part = {"charge_cents": 17500, "units": 0.5}
    made = match(one_answer(2, part, part), one_claim({}, {"service_date": FEB4}))
    assert lines_of(made) == [(310, 110, "split"), (311, 110, "split")]
    short = match(one_answer(1, part, part | {"charge_cents": 1}), one_claim({}))
    assert short["claim_offset"].to_list() == [100] * 3
    assert {tier for *_, tier in lines_of(short)} == {None}


def test_a_line_answered_whole_beside_one_of_nothing_is_no_split():
    """Of parts each has less than the line (RFI 467); here the first answers it."""
    made = match(one_answer(1, {}, {"charge_cents": 0, "units": 0.0}), one_claim({}))
    assert lines_of(made) == [(310, 110, "day"), (311, None, None)]


def test_unbundled_codes_go_to_the_line_they_were_made_of():
    first = {"procedure": "90853", "original_procedure": "H0015"}
    made = match(
        one_answer(2, first, first | {"procedure": "90834", "charge_cents": 0}),
        one_claim({}, {"service_date": FEB4}),
    )
    assert lines_of(made) == [(310, 110, "unbundle"), (311, 110, "unbundle")]


def test_other_codes_that_each_charge_something_are_no_unbundling():
    """RFI 2283: the first line of an unbundling has the charge, the others none."""
    first = {"procedure": "90853", "original_procedure": "H0015"}
    made = match(
        one_answer(2, first, first | {"procedure": "90834", "charge_cents": 1000}),
        one_claim({}, {"service_date": FEB4}),
    )
    assert lines_of(made) == [(310, 110, "day"), (311, None, None)]


def test_two_answers_over_the_same_days_are_no_bundles_of_their_lines():
    """Each would have both days: which of them has which, nobody can know."""
    whole = {"service_date_to": FEB4, "charge_cents": 70000, "units": 2.0}
    made = match(one_answer(2, whole, whole), one_claim({}, {"service_date": FEB4}))
    assert {tier for *_, tier in lines_of(made)} == {None}
    assert made["claim_offset"][0] == 100


def test_one_answer_over_several_days_has_all_their_lines():
    whole = {"service_date_to": FEB4, "charge_cents": 70000, "units": 2.0}
    made = match(one_answer(2, whole), one_claim({}, {"service_date": FEB4}))
    assert lines_of(made) == [(310, 110, "bundle"), (310, 111, "bundle")]


def test_each_forced_choice_may_leave_another():
    """The first answer fits both lines, the second one of them only."""
    made = match(
        one_answer(2, {"procedure": None, "revenue": "0906"}, {"procedure": "H0015"}),
        one_claim({"procedure": "H0015"}, {"procedure": "S9480"}),
    )
    assert lines_of(made) == [(310, 111, "day"), (311, 110, "day")]


# -- whose answer it is

PAYERS = ("HARBR", "MERID", "SUMIT")


def by_payer(payer: dict[str, Any], *heads: dict[str, Any], sent_to: str = "HARBR") -> Matched:
    """Claim ENUMBER0, sent to a payer of ours, under answers of another or the same."""
    claimed = sent(PERSON | {"payer_id": sent_to})
    remit = answered(*heads) | {"payments": remits(payments=[payment(**payer)])["payments"]}
    return matched(remit, claimed, DECISIONS.empty(), payers=PAYERS)


OWN = {"claim": "ENUMBER0", "patient_id": "M0012345", "patient_last_name": "SAMPLE"}


@pytest.mark.parametrize("payer", [{"payer_id": "MERID"}, {"payer_id": "X", "payer_code": "MERID"}])
def test_another_payer_of_ours_is_only_proposed(payer: dict[str, Any]):
    """005010X221A1 N104, REF 2U: a payer that we bill too answers as the first one."""
    made = by_payer(payer, OWN)
    assert found(made) == (None, None, None)
    assert proposed(made) == [(100, "T1")]
    assert "sent to another payer" in made.matches["says"][0]


@pytest.mark.parametrize(
    "payer",
    [{"payer_id": "HARBR"}, {"payer_id": "1990000001"}, {"payer_id": "MERID", "payer_code": "HARBR"}, {"payer_id": None}],
    ids=["its own", "an id we do not know", "its own code beside another id", "none"],
)  # fmt: skip
def test_what_does_not_name_another_payer_of_ours_is_no_evidence(payer: dict[str, Any]):
    assert found(by_payer(payer, OWN)) == ("T1", "certain", 100)


def test_a_claim_of_a_payer_we_do_not_know_may_be_answered_under_a_new_id():
    assert found(by_payer({"payer_id": "MERID"}, OWN, sent_to="OLDID"))[0] == "T1"


@pytest.mark.parametrize("status", ["2", "3", "20", "21"])
def test_the_second_payer_answers_a_claim_that_the_first_forwarded(status: str):
    assert found(by_payer({"payer_id": "MERID"}, OWN | {"status": status}))[0] == "T1"


def test_a_forwarded_claim_is_denied_or_reversed_by_the_second_payer():
    """4 and 22 do not say which payer answers; 19 on the same number says that there are two."""
    heads = [OWN | {"status": status} for status in ("2", "4", "22")]
    made = by_payer({"payer_id": "MERID"}, *heads)
    assert [found(made, offset)[2] for offset in (300, 400, 500)] == [100] * 3
    alone = by_payer({"payer_id": "MERID"}, OWN | {"status": "4"})
    assert found(alone)[0] is None


def test_what_a_person_links_stands_whoever_pays():
    claimed, remit = sent(PERSON | {"payer_id": "HARBR"}), answered(OWN)
    remit["payments"] = remits(payments=[payment(payer_id="MERID")])["payments"]
    link = {"decision": 1, "verb": "link", "file_id": 9, "remit_claim_offset": 300,
            "claim_file_id": 1, "claim_offset": 100, "actor": "ANN"}  # fmt: skip
    decided = DECISIONS.conform(pl.DataFrame([link]))
    assert found(matched(remit, claimed, decided, payers=PAYERS)) == ("hand", "certain", 100)


# -- a second payer that was billed itself

FIRST = PERSON | {"payer_id": "HARBR"}
SECOND = PERSON | {"payer_id": "MERID", "payer_responsibility": "S", "member_id": "M0077777"}
THEIRS = {"claim": "ENUMBER0", "status": "2", "patient_id": "M0077777", "patient_last_name": "SAMPLE",
          "patient_first_name": "PAT", "facility_type": "13"}  # fmt: skip


def of_two(payer: str, *heads: dict[str, Any], second: dict[str, Any] | None = None) -> Matched:
    """Claim ENUMBER0 went to HARBR, ENUMBER1 to MERID as the second payer; one of them answers."""
    remit = answered(*heads) | {"payments": remits(payments=[payment(payer_id=payer)])["payments"]}
    claimed = sent(FIRST, SECOND | (second or {}))
    return matched(remit, claimed, DECISIONS.empty(), payers=PAYERS)


@pytest.mark.parametrize(
    ("payer", "status"), [("MERID", "2"), ("MERID", "20"), ("MERID", "4"), ("1990000001", "2")]
)
def test_a_second_payer_answers_its_own_claim_under_the_first_ones_number(payer: str, status: str):
    """Also under an id we do not know; a denial (4) does not say which payer answers, another
    answer of the number does."""
    made = of_two(payer, THEIRS | {"status": status}, THEIRS)
    assert found(made) == ("T5", "strong", 200)


def test_its_own_line_control_numbers_make_it_certain():
    assert found(of_two("MERID", THEIRS | {"controls": ("L1CONTROL0",)})) == ("T2", "certain", 200)


@pytest.mark.parametrize(
    "other",
    [{"controls": ("L0CONTROL0",)}, {"patient_id": "Z1999999"}, {"patient_id": "Z1999999", "patient_first_name": "P"}],
    ids=["line control numbers of the first one's", "another member's id", "an initial too"],
)  # fmt: skip
def test_where_the_records_do_not_agree_both_are_proposed(other: dict[str, Any]):
    made = of_two("MERID", THEIRS | other)
    assert found(made) == (None, None, None)
    assert {offset for offset, _ in proposed(made)} == {100, 200}


@pytest.mark.parametrize("number", ["ENUMBER0", "enumber0"])
@pytest.mark.parametrize("member", ["Z1999999", None])
def test_an_unknown_payer_and_nobodys_member_leave_both_claims_of_the_patient(
    member: str | None, number: str
):
    """The first one's payer may have forwarded it; the second one's may answer under the first
    one's number. The first one's line control numbers tell."""
    head = THEIRS | {"patient_id": member, "claim": number}
    made = of_two("1990000001", head)
    assert found(made) == (None, None, None)
    assert {offset for offset, _ in proposed(made)} == {100, 200}
    assert found(of_two("1990000001", head | {"controls": ("L0CONTROL0",)}))[2] == 100
    assert found(of_two("1990000001", head, second={"days": (FEB4,)}))[2] == 100


@pytest.mark.parametrize(
    "second",
    [{"days": (FEB4,)}, OTHER | {"payer_id": "MERID"}],
    ids=["other days", "another person"],
)
def test_a_claim_that_cannot_be_meant_does_not_bar_what_was_forwarded(second: dict[str, Any]):
    assert found(of_two("MERID", THEIRS, second=second)) == ("T1", "certain", 100)


@pytest.mark.parametrize(("charge", "offset"), [(30000, 100), (35000, None), (40000, None)])
def test_a_second_claim_that_charges_less_than_the_answer_cannot_be_its_own(
    charge: int, offset: int | None
):
    head = THEIRS | {"patient_id": None}
    assert found(of_two("MERID", head, second={"charge_cents": charge}))[2] == offset


def test_an_unknown_id_and_another_members_id_say_nothing_of_a_second_claim():
    assert found(of_two("1990000001", THEIRS | {"patient_id": "M0012345"})) == (
        "T1",
        "certain",
        100,
    )


@pytest.mark.parametrize(
    ("member", "status", "offset"),
    [("M0077777", "1", 200), (None, "1", 200), ("M0012345", "1", None), ("Z1999999", "1", None),
     ("Z1999999", "2", 200), ("Z1999999", "3", None), ("M0012345", "2", None)],
)  # fmt: skip
def test_one_number_of_two_payers_is_the_answering_ones_unless_the_other_fits_better(
    member: str | None, status: str, offset: int | None
):
    """The first one's member, or another place under an id that nobody has: nothing tells which."""
    head = THEIRS | {"patient_id": member, "status": status}
    made = of_two("MERID", head, second={"number": "ENUMBER0"})
    assert found(made)[2] == offset
    assert offset is not None or {place for place, _ in proposed(made)} == {100, 200}


def test_line_control_numbers_tell_which_claim_of_one_number_of_two_payers():
    head = THEIRS | {"patient_id": "M0012345", "controls": ("L1CONTROL0",)}
    assert found(of_two("MERID", head, second={"number": "ENUMBER0"})) == ("T1", "certain", 200)


@pytest.mark.parametrize("status", ["1", "2", "4"])
@pytest.mark.parametrize("number", ["ENUMBER1", "ENUMBER0-2"])
def test_the_first_payer_answers_for_the_id_that_the_patient_has_at_the_second(
    number: str, status: str
):
    """The number may be the second one's, cut: the id and the days are those of its claim too."""
    made = of_two("HARBR", THEIRS | {"status": status}, second={"number": number})
    assert found(made) == (None, None, None)
    assert {place for place, _ in proposed(made)} == {100, 200}
    other_days = {"number": number, "days": (FEB4,)}
    assert found(of_two("HARBR", THEIRS | {"status": status}, second=other_days))[2] == 100


@pytest.mark.parametrize(("member", "offset"), [("M0077777", 200), ("M0012345", None)])
def test_a_mangled_number_of_two_payers_is_judged_alike(member: str, offset: int | None):
    head = THEIRS | {"patient_id": member, "status": "1", "claim": "enumber0"}
    made = of_two("MERID", head, second={"number": "ENUMBER0"})
    assert found(made)[2] == offset
    assert offset is not None or {place for place, _ in proposed(made)} == {100, 200}


@pytest.mark.parametrize(
    ("payer", "second", "offset"),
    [("SUMIT", {}, None), ("SUMIT", {"number": "OTHER1"}, 100), ("1990000001", {}, 200)],
    ids=["a third payer of ours", "one claim of the number", "an id we do not know"],
)
def test_one_number_of_two_payers_and_a_third_payer_answers(
    payer: str, second: dict[str, Any], offset: int | None
):
    """The first one may have forwarded its claim, the second one its own."""
    head = THEIRS | {"patient_id": "X155333", "status": "20"}
    made = of_two(payer, head, second={"number": "ENUMBER0"} | second)
    assert found(made)[2] == offset
    assert offset is not None or {place for place, _ in proposed(made)} == {100, 200}


def test_a_later_payers_answer_without_a_number_is_known_by_the_lines_forwarded():
    lost = {"claim": "0", "status": "20", "controls": ("L0CONTROL0",)}
    assert found(by_payer({"payer_id": "MERID"}, lost)) == ("T2", "certain", 100)
    assert found(by_payer({"payer_id": "MERID"}, lost | {"status": "1"}))[0] is None


@pytest.mark.parametrize(("status", "tier"), [("2", "T5"), ("1", None)])
def test_what_a_second_payer_answered_the_first_one_may_answer_as_well(
    status: str, tier: str | None
):
    """A claim that another answer of the same place has is not taken by member."""
    heads = (
        OWN | {"status": status, "payer_claim_number": "A1"},
        OWN | {"claim": "0", "payer_claim_number": "A2", "facility_type": "13"},
    )
    assert found(by_payer({"payer_id": "X"}, *heads), 400)[0] == tier


# -- lines without a date


def divided(*numbers: str, remark: str = "MA15", controls: bool = False) -> tuple[Tables, Tables]:
    """A claim of two days sent without 6R, both answered without a date under bare numbers."""
    claimed = sent(PERSON | {"days": (FEB2, FEB4), "charge_cents": 70000})
    if not controls:
        claimed["claim_lines"] = claimed["claim_lines"].with_columns(
            line_control=pl.lit(None, pl.String)
        )
    remit = answered(OWN | {"charge_cents": 70000, "days": (None, None), "controls": numbers,
                            "statement_from": FEB2, "statement_to": FEB4})  # fmt: skip
    told = {"file_id": 9, "remit_claim_offset": 300, "byte_offset": 305, "position": 1}
    return remit | {"remarks": remits(remarks=[told | {"remark": remark}])["remarks"]}, claimed


def test_of_a_divided_claim_sent_without_6r_bare_numbers_are_lx():
    """X12 RFI 1684: on a split without a line control number sent, LX01 comes back as 6R."""
    remit, claimed = divided("2", "1")
    assert lines_of(match(remit, claimed)) == [(310, 111, "LX"), (311, 110, "LX")]


@pytest.mark.parametrize("change", [{"remark": "MA18"}, {"controls": True}], ids=["no split", "6R sent"])  # fmt: skip
def test_other_bare_numbers_of_undated_lines_stay_ambiguous(change: dict[str, Any]):
    remit, claimed = divided("2", "1", **change)
    assert [row[2] for row in lines_of(match(remit, claimed))] == [None, None]
