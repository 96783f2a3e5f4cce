"""The verdict of one denied day: line 1 of claim EAAA, H0015 of harbor on 2 February 2026, 195 minutes
attended and signed, authorized, sent on the 6th. What rules find is given, what the payer says is asked."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

import polars as pl
import pytest
from denial_cases import FEB2, LONG_KEPT, POLICIES, Case, only
from msgspec.structs import replace
from remit_rows import claim, claim_line, frame

from edi_iop.reconciler.judging import judged, payers_words
from edi_iop.rules.lines import service_lines
from edi_iop.rules.records import History, Records

DENIED = {"denial": 0, "claim_file_id": 1, "claim": "EAAA", "line": 1, "payer": "HARBR",
          "service_date": FEB2, "group": "CO", "partly": False}  # fmt: skip
TEXT = pl.List(pl.String)
TYPES = {"denial": pl.UInt32, "payer": pl.String, "carcs": TEXT, "rarcs": TEXT, "unmatched": pl.String,
         "sent_standing": pl.String, "to_keep": pl.Boolean, "one_claim": pl.Boolean,
         "beside_stands": pl.String, "paired_claim": pl.String, "paired_line": pl.Int64}  # fmt: skip


@cache
def records() -> Records:
    """Claims EAAA and EBBB, each with one H0015 of the date."""
    case = Case(
        heads=[claim(100, "EAAA", auth_number="A1"), claim(200, "EBBB", auth_number="A1")],
        lines=[claim_line(100, 150), claim_line(200, 250)],
    )
    lines = service_lines(case.sent, case.clients, {1: date(2026, 2, 6)})
    encounters = frame(
        "encounters",
        [
            {
                "file_id": 7,
                "row": 2,
                "source_record_id": "R1",
                "client_id": "C1",
                "service_date": FEB2,
            }
        ],
    )
    return Records(
        lines=lines,
        days=case.days,
        encounters=encounters,
        clients=case.clients,
        authorizations=case.authorizations,
        providers=frame("providers", []),
        as_of=date(2026, 3, 15),
        history=LONG_KEPT,
    )


def broken(
    rule: str, severity: str = "block", *, claim: str = "EAAA", beside: str = "encounter:R1"
):
    """A violation of line 1 of a claim, with what it names as evidence."""
    at = {"EAAA": (100, 150), "EBBB": (200, 250)}[claim]
    return {"rule": rule, "severity": severity, "file_id": 1, "claim_offset": at[0],
            "line_offset": at[1], "claim": claim, "line": 1, "says": f"{rule} is broken",
            "evidence": [beside]}  # fmt: skip


def verdict(
    *codes: str, found: tuple[dict[str, Any], ...] = (), of: Records | None = None, **denied: Any
) -> dict[str, Any]:
    """codes: the reason, then remarks. found: violations."""
    held = of or records()
    row = DENIED | {"carc": codes[0], "carcs": [codes[0]], "rarcs": list(codes[1:])}
    row |= dict.fromkeys(set(TYPES) - set(row)) | denied
    about = held.lines.filter(pl.col("claim") == "EAAA").rename({"file_id": "claim_file_id"})
    return only(
        judged(
            pl.DataFrame([row], schema_overrides=TYPES),
            about.with_columns(denial=pl.lit(0, pl.UInt32)),
            held,
            frame("violations", list(found)),
            POLICIES,
        )
    )


def told(*codes: str, **given: Any) -> tuple[str, str | None]:
    row = verdict(*codes, **given)
    return row["verdict"], row["rule"]


# ---------------------------------------------------------------- what our records show broken


def test_a_rule_that_the_codes_mean_and_our_records_show_broken_is_confirmed():
    row = verdict("150", "N180", found=(broken("DUR-01"),))
    assert (row["verdict"], row["rule"], row["score"]) == ("confirmed", "DUR-01", 1.0)
    assert row["evidence"] == ["encounter:R1"]
    assert row["says"] == (
        "CO-150 N180 (record does not bear out the level billed): DUR-01 is broken."
    )


def test_a_duplicate_that_stands_on_the_other_line_is_one_of_this_line_too_and_no_other_fault_is():
    """EBBB names EAAA as the day it stands beside. That a component is part of a day (BUN-01) is
    the component's fault, not the day's."""
    other = {"claim": "EBBB", "beside": "claim:EAAA line 1"}
    row = verdict("97", "N20", found=(broken("DUP-01", **other),))
    assert (row["verdict"], row["rule"]) == ("confirmed", "DUP-01")
    assert row["evidence"] == ["claim:EBBB line 1"]
    assert told("97", "M15", found=(broken("BUN-01", **other),)) == ("refuted", "BUN-01")


def test_a_warning_explains_only_a_denial_that_names_its_rule():
    """150 N180 are harbor's words for a short day, 272 N188 those for a short week (DUR-02)."""
    assert told("150", "N180", found=(broken("DUR-02", "warn"),)) == ("refuted", "DUR-01")
    assert told("272", "N188", found=(broken("DUR-02", "warn"),)) == ("confirmed", "DUR-02")
    both = (broken("DUR-02", "warn"), broken("DUR-02", "block"))
    assert told("150", "N180", found=both) == ("confirmed", "DUR-02")


def test_what_is_told_of_the_answer_itself_explains_no_denial():
    """An appeal window that closes soon (TF-02) does not make a refused appeal right (286), nor a price
    below the contract (CON-01) a managed care refusal (256)."""
    assert told("286", "N211", found=(broken("TF-02", "warn"),)) == ("unknown", "TF-02")
    assert told("256", "N381", found=(broken("CON-01", "info"),)) == ("unknown", "CON-01")


def test_a_fault_of_the_same_family_explains_what_the_codes_mean_and_one_of_another_does_not():
    """198 (exhausted, AUTH-04): none was ever approved (AUTH-08) explains it, a diagnosis does not."""
    row = verdict("198", found=(broken("AUTH-08"),))
    assert (row["verdict"], row["rule"], row["score"]) == ("confirmed", "AUTH-08", 0.5)
    assert told("198", found=(broken("DX-01"),)) == ("refuted", "AUTH-04")


def test_what_our_records_show_goes_before_what_the_codes_say_louder():
    """197 M62 is harbor's word for AUTH-01 (0.6); AUTH-08 is shown broken (0.1 + 0.4)."""
    row = verdict("197", "M62", found=(broken("AUTH-08"),))
    assert (row["rule"], row["other_rules"][0]) == ("AUTH-08", "AUTH-01")


def test_of_two_faults_the_one_that_the_codes_mean_better_goes_first_then_the_books_order():
    """150 N180 mean a short day (DUR-01), of whose family unsigned notes are (DOC-01). 152 alone
    means DUR-01 and DUR-07 alike."""
    assert told("150", "N180", found=(broken("DOC-01"), broken("DUR-01")))[1] == "DUR-01"
    assert told("152", found=(broken("DUR-01"), broken("DUR-07")))[1] == "DUR-07"


def test_a_fault_for_want_of_records_is_none():
    """No authorization was ever fed: that none covers the date shows nothing."""
    bare = replace(records(), authorizations=records().authorizations.clear())
    row = verdict("197", "M62", found=(broken("AUTH-01"),), of=bare)
    assert (row["verdict"], row["rule"]) == ("unknown", "AUTH-01")
    assert row["says"].endswith("our records lack the payer's authorizations.")


# ---------------------------------------------------------------- what refutes


@pytest.mark.parametrize(
    ("codes", "verdict", "rule"),
    [
        (("150", "N180"), "refuted", "DUR-01"),  # 195 minutes are enough
        (("29",), "refuted", "TF-01"),  # the only rule that the reason means
        (("152", "M25"), "refuted", "DUR-01"),  # reason and remark
        (("197", "N54"), "refuted", "AUTH-01"),  # AUTH-02 as well, and neither is so
        (("152",), "unknown", "DUR-07"),  # by itself it may mean two
        (("11",), "refuted", "DX-01"),  # nor by itself, but harbor's own policy says which
        (("16", "MA31"), "unknown", "CLM-05"),  # CLM-01 as well, which no record decides
        (("16", "N999"), "unknown", None),
        (("ZZ9", "N54"), "unknown", None),  # a remark names no rule by itself
    ],
)
def test_what_is_clearly_meant_and_not_so_is_refuted(
    codes: tuple[str, ...], verdict: str, rule: str | None
):
    assert told(*codes) == (verdict, rule)


def test_what_our_records_lack_refutes_nothing():
    """97 M97 is harbor's word for its staff's own claims (BUN-02): without a roster nobody knows."""
    row = verdict("97", "M97")
    assert (row["verdict"], row["rule"]) == ("unknown", "BUN-02")
    assert row["says"].endswith("our records lack the staff roster.")


def test_what_may_lie_before_all_our_records_refutes_nothing():
    """18: whether the day went out before is known only where our records reach back to it."""
    assert told("18") == ("refuted", "DUP-03")
    young = replace(records(), history=History(date(2026, 2, 3), date(2025, 1, 1)))
    row = verdict("18", of=young)
    assert row["verdict"] == "unknown"
    assert row["says"].endswith(
        "our records lack claims sent before 2026-02-03, of which one may be meant."
    )


def test_where_several_rules_may_be_meant_it_says_so():
    says = verdict("152")["says"]
    assert says.endswith("the codes can mean several rules, and none is broken.")
    assert verdict("16", "N999")["says"].endswith(
        "no rule of the book is clearly meant by these codes."
    )


# ---------------------------------------------------------------- surplus lines


def test_whether_a_surplus_line_breaks_another_rule_is_not_asked():
    """Short or not, it should not be there. A line with too many units is the day itself; what was
    billed again after its denial (info) was no surplus; another rule makes none."""
    other = "claim:EBBB line 1"
    row = verdict("150", "N180", found=(broken("DUP-01", beside=other),))
    assert (row["verdict"], row["surplus"]) == ("unknown", "DUP-01 is broken")
    assert "whether it was broken is not asked of a surplus line" in row["says"]
    for fault in (
        broken("DUP-01", "info", beside=other),
        broken("DX-01"),
        broken("DUP-02", beside="claim:EAAA line 1"),
    ):
        row = verdict("150", "N180", found=(fault,))
        assert (row["verdict"], row["surplus"]) == ("refuted", None), fault["rule"]


TWO = (broken("DUP-01", claim="EBBB", beside="claim:EAAA line 1"),)
BESIDE = {"to_keep": True, "beside_stands": "denied", "paired_claim": "EBBB", "paired_line": 1,
          "one_claim": False}  # fmt: skip


def test_of_two_days_that_are_both_denied_the_one_to_keep_is_payable():
    row = verdict("97", "N20", found=TWO, **BESIDE)
    assert (row["verdict"], row["rule"], row["payable"]) == ("refuted", "DUP-01", True)
    assert row["refuted_remedy"] == "reconsideration"
    assert row["evidence"] == ["claim:EBBB line 1"]
    assert row["first"] == "First take back the surplus day, claim EBBB line 1."
    kept = verdict("97", "N20", found=TWO, **BESIDE | {"one_claim": True, "paired_line": 2})
    assert kept["first"] == "Leave out line 2, the surplus day."
    assert verdict("97", "N20", found=TWO, **BESIDE | {"to_keep": None})["verdict"] == "confirmed"


def test_where_the_other_days_payment_was_taken_back_nothing_is_in_the_way():
    row = verdict("97", "N20", found=TWO, **BESIDE | {"beside_stands": "taken back"})
    assert (row["verdict"], row["first"]) == ("refuted", None)


def test_the_day_to_keep_that_is_broken_otherwise_is_denied_by_right():
    found = (*TWO, broken("DX-01"))
    row = verdict("11", "M76", found=found, **BESIDE)
    assert (row["verdict"], row["rule"], row["payable"]) == ("confirmed", "DX-01", False)


def test_a_day_to_keep_denied_in_words_that_mean_no_duplicate_first_is_still_reconsidered():
    """97 M80 is harbor's for another level of care (LOC-01), which has no remedy where refuted."""
    row = verdict("97", "M80", found=TWO, **BESIDE)
    assert (row["verdict"], row["rule"]) == ("refuted", "DUP-01")
    assert row["refuted_remedy"] == "reconsideration"


# ---------------------------------------------------------------- what stands in the way


def test_a_claim_that_was_replaced_since_is_not_judged():
    row = verdict("150", "N180", found=(broken("DUR-01"),), sent_standing="void")
    assert row["verdict"] == "unknown"
    assert row["says"].endswith("the claim was replaced or voided since.")
    assert row["closing"] == "Nothing to do: work the claim that took this one's place."
    assert verdict("150", "N180")["closing"] is None


def test_without_the_payers_policy_nothing_is_judged():
    row = verdict("150", "N180", found=(broken("DUR-01"),), payer="OTHER")
    assert row["verdict"] == "unknown"
    assert row["says"].endswith("no policy of this payer is at hand.")
    assert verdict("150", "N180", payer=None)["verdict"] == "unknown"


def test_an_answer_that_is_tied_to_nothing_is_not_judged():
    row = verdict("150", "N180", claim_file_id=None)
    assert (row["verdict"], row["first"]) == (
        "unknown",
        "Find the claim this answers, then decide.",
    )
    lost = verdict("150", "N180", claim_file_id=None, unmatched="no claim of that number")
    assert lost["says"].endswith("is not matched to what was sent: no claim of that number.")
    row = verdict("150", "N180", unmatched="two lines alike")
    assert row["says"].endswith("which line of the claim it answers is not known: two lines alike.")
    assert row["first"] == "Find the line this answers, then decide."


def test_what_was_paid_in_part_is_said_to_be():
    assert verdict("29", partly=True)["says"].endswith(". Paid in part.")
    assert "Paid in part" not in verdict("29")["says"]


def test_the_payers_words_say_of_each_code_what_is_known():
    rows = pl.DataFrame({"group": ["CO", "OA", "CO", None], "carc": ["197", "A7", "Q1", None],
                         "rarcs": [["M62"], [], [], ["N1"]]})  # fmt: skip
    assert rows.select(payers_words()).to_series().to_list() == [
        "CO-197 M62 (no authorization on file)",
        "OA-A7 (a retired code, until 2015-07-01)",
        "CO-Q1 (a code our list does not hold)",
        "no reason code N1",
    ]
