"""The code lists: our own short labels, complete for what rules and policies name."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import get_args

import polars as pl
import pytest

from edi_iop import codes, resources
from edi_iop.errors import BadMap
from edi_iop.rules import policy
from edi_iop.rules.catalogue import Remedy, catalogue

KINDS = sorted(codes.kinds())
ROLES = {"denial", "contract", "patient", "prior_payer", "payment"}
NOT_OURS = {"icd10cm"}
"""Lists in the public domain that come with their own descriptions."""


@pytest.mark.parametrize("kind", KINDS)
def test_labels_are_short_plain_and_tell_codes_apart(kind: str):
    entries = codes.codes(kind)
    labels = [entry.label for entry in entries.values() if entry.label]
    assert labels
    assert len(set(labels)) == len(labels) or kind in NOT_OURS
    longest = 60 if kind not in NOT_OURS else 160
    for entry in entries.values():
        assert len(entry.label) <= longest, entry
        assert entry.label.isascii(), entry
        assert entry.label == entry.label.strip(" ."), entry
        assert entry.code == entry.code.strip().upper() or kind == "remedy", entry
    raw = pl.read_csv(resources.maps() / "codes" / f"{kind}.csv", infer_schema=False)
    assert raw["code"].n_unique() == raw.height == len(entries)
    assert set(raw["retired"].drop_nulls()) <= {"Y"}


def test_every_list_on_disk_is_named_and_has_a_source():
    on_disk = {path.stem for path in (resources.maps() / "codes").glob("*.csv")} - {"kinds"}
    assert set(KINDS) == on_disk
    assert all(title and source for title, source in codes.kinds().values())


def test_every_adjustment_reason_of_ours_has_a_role():
    labelled = [entry for entry in codes.codes("carc").values() if entry.label]
    assert {entry.role for entry in labelled} == ROLES
    bare = [entry for entry in codes.codes("carc").values() if not entry.label]
    assert {entry.role for entry in bare} == {None}


def test_contract_amounts_and_patient_shares_are_no_denials():
    """Section 3.1: 45, 253 and PR-1, 2, 3 on a line are not denials; 23 is the earlier payer's."""
    harmless = codes.with_role("contract", "patient", "prior_payer", "payment")
    assert {"45", "253", "1", "2", "3", "23"} <= set(harmless)
    assert codes.role("197") == "denial"
    assert codes.role("ZZ9") is None


def test_every_code_that_the_rule_book_names_has_a_label():
    for rule in catalogue().values():
        assert codes.label("remedy", rule.remedy), rule.id
        assert all(codes.label("carc", carc) for carc in rule.carcs), rule
        assert all(codes.label("rarc", rarc) for rarc in rule.rarcs), rule


@pytest.mark.parametrize("name", policy.names())
def test_every_code_that_a_policy_names_has_a_label(name: str):
    book = policy.load(name, date(2026, 3, 1))
    for denial in book.denials.values():
        assert codes.label("group", denial.group)
        assert codes.label("carc", denial.carc), denial
        assert all(codes.label("rarc", rarc) for rarc in denial.rarcs), denial
    for pair in book.iop.pairs:
        assert codes.label("hcpcs", pair.procedure)
        assert codes.label("revenue", pair.revenue)
    single = [
        procedure
        for bundle in book.bundles.values()
        for procedure in bundle.procedures
        if "-" not in procedure
    ]
    assert [procedure for procedure in single if not codes.label("hcpcs", procedure)] == []


# how far the lists reach, and when their codes hold


def rows(kind: str) -> pl.DataFrame:
    return pl.read_csv(resources.maps() / "codes" / f"{kind}.csv", infer_schema=False)


@pytest.mark.parametrize("kind", KINDS)
def test_dates_are_days_in_order_and_what_has_ended_is_retired(kind: str):
    dated = rows(kind).with_columns(pl.col("from", "to").str.to_date("%Y-%m-%d", strict=True))
    assert dated.filter(pl.col("from") > pl.col("to")).is_empty()
    assert dated.filter(pl.col("to").is_not_null() & pl.col("retired").is_null()).is_empty()
    reach = codes.reach(kind)
    if reach.as_of:
        assert dated.filter(pl.col("from") > reach.as_of).is_empty()
    if reach.until:
        assert reach.as_of
        assert reach.until > reach.as_of


def test_an_unlabelled_code_is_known_all_the_same():
    assert codes.label("rarc", "N102") is None
    assert codes.known("rarc", "N102")
    assert not codes.known("rarc", "M999")
    assert codes.senses("N102")[0][:3] == (
        "rarc",
        "N102",
        "in the list; we have no label of our own",
    )


@pytest.mark.parametrize(
    ("kind", "code", "told"),
    [
        ("carc", "197", "no authorization on file"),
        ("carc", "A7", "a retired code, until 2015-07-01"),
        ("plb", "GO", "listed; we have no words for it"),
        ("rarc", "N9999", "a code our list does not hold"),
    ],
)
def test_what_a_person_reads_of_a_code(kind: str, code: str, told: str):
    assert codes.meaning(kind, code) == told


def test_every_reason_in_use_has_a_label_and_a_role():
    """Only reasons that left the list go without."""
    in_use = [entry for entry in codes.codes("carc").values() if not entry.retired]
    assert len(in_use) > 280
    assert [entry.code for entry in in_use if not entry.label or not entry.role] == []


RELEASES = {
    date(2015, 10, 1): 69_823, date(2016, 10, 1): 71_486, date(2017, 10, 1): 71_704,
    date(2018, 10, 1): 71_932, date(2019, 10, 1): 72_184, date(2020, 10, 1): 72_616,
    date(2021, 1, 1): 72_621, date(2021, 10, 1): 72_748, date(2022, 4, 1): 72_750,
    date(2022, 10, 1): 73_639, date(2023, 4, 1): 73_674, date(2023, 10, 1): 74_044,
    date(2024, 10, 1): 74_260, date(2025, 10, 1): 74_719, date(2026, 4, 1): 74_719,
}  # fmt: skip
"""Billable codes of each release, as CMS and NCHS count them."""


@pytest.mark.parametrize(("day", "count"), RELEASES.items(), ids=map(str, RELEASES))
def test_diagnoses_are_those_of_each_release(day: date, count: int):
    dated = codes.validity("icd10cm", rows("icd10cm")["code"])
    begun = pl.col("from").is_null() | (pl.col("from") <= day)
    lasting = pl.col("to").is_null() | (pl.col("to") >= day)
    assert dated.filter(begun & lasting).height == count


def test_only_chapter_f_of_the_diagnoses_has_descriptions():
    assert rows("icd10cm")["code"].is_sorted()
    assert set(rows("icd10cm").filter(pl.col("label").is_not_null())["code"].str.head(1)) == {"F"}


ICD = [
    # CMS addenda: fiscal years 2022, 2023, 2025, 2026 and 2027
    ("F32A", True, False, date(2021, 10, 1), None),
    ("F78", True, True, None, date(2021, 9, 30)),
    ("F78A1", True, False, date(2021, 10, 1), None),
    ("F0151", True, True, None, date(2022, 9, 30)),
    ("F1091", True, False, date(2022, 10, 1), None),
    ("F438", True, True, None, date(2022, 9, 30)),
    ("F502", True, True, None, date(2024, 9, 30)),
    ("F50010", True, False, date(2024, 10, 1), None),
    ("G35", True, True, None, date(2025, 9, 30)),
    ("G35D", True, False, date(2025, 10, 1), None),
    ("D691", True, True, None, date(2026, 9, 30)),
    ("F64A", True, False, date(2026, 10, 1), None),
    ("F1020", True, False, None, None),
    ("F10", False, True, None, None),
    ("F999", False, False, None, None),
]


@pytest.mark.parametrize("expected", ICD, ids=lambda expected: expected[0])
def test_a_diagnosis_is_billable_on_its_dates(expected: tuple[object, ...]):
    found = codes.validity("icd10cm", pl.Series([expected[0]]))
    assert found.select("code", "known", "longer", "from", "to").row(0) == expected


def test_reasons_and_remarks_have_their_dates():
    """As listed on 2016-03-07: every number to 277 and N770, with its start and its stop."""
    reasons = {entry.code: entry for entry in codes.codes("carc").values()}
    assert {str(number) for number in range(1, 278)} <= set(reasons)
    assert reasons["42"].valid_to == date(2007, 6, 1)
    assert reasons["B5"].valid_to == date(2016, 5, 1)
    assert reasons["253"].valid_from == date(2013, 6, 2)
    remarks = codes.codes("rarc")
    assert {f"N{number}" for number in range(1, 771)} <= set(remarks)
    assert remarks["M78"].valid_to == date(2006, 5, 18)
    assert remarks["N767"].valid_from == date(2016, 3, 1)


def test_reasons_and_remarks_are_all_those_of_2026_08_17():
    """As X12 counts them then, stopped ones with them: to 308 and to N940, without N813 and N814."""
    reasons, remarks = codes.codes("carc"), codes.codes("rarc")
    assert (len(reasons), len(remarks)) == (407, 1216)
    assert {str(number) for number in range(1, 309)} <= set(reasons)
    assert {f"N{number}" for number in range(1, 941)} - set(remarks) == {"N813", "N814"}
    assert codes.reach("carc").as_of == codes.reach("rarc").as_of == date(2026, 8, 17)
    assert remarks["N793"].retired


def test_every_remark_in_use_has_a_label():
    in_use = [entry for entry in codes.codes("rarc").values() if not entry.retired]
    assert [entry.code for entry in in_use if not entry.label] == []


PROCEDURES = {
    "A": ("A0425", "A2045", "A9999", "A9998"), "B": ("B4034", "B4148", "B9999", "B9997"),
    "C": ("C1300", "C7900", "C9901", "C9902"), "E": ("E0100", "E3200", "E8002", "E9999"),
    "G": ("G0410", "G0684", "G9999", "G7777"), "H": ("H0015", "H0053", "H2041", "H9999"),
    "J": ("J2315", "J0013", "J9999", "J9998"), "K": ("K0001", "K1037", "K0900", "K9999"),
    "L": ("L0112", "L8721", "L9900", "L9999"), "M": ("M0201", "M1503", "M0001", "M9999"),
    "P": ("P2028", "P9027", "P9615", "P9999"), "Q": ("Q9991", "Q4440", "Q0035", "Q9000"),
    "R": ("R0070", "R0075", "R0076", "R9999"), "S": ("S9480", "S0013", "S9999", "S9998"),
    "T": ("T1015", "T2051", "T5999", "T9999"), "U": ("U0001", "U0002", "U0005", "U9999"),
    "V": ("V2020", "V2526", "V5364", "V9999"),
}  # fmt: skip
"""Of each letter of HCPCS Level II three codes, old and new, and a number that none ever had."""


@pytest.mark.parametrize("letter", PROCEDURES)
def test_every_letter_of_hcpcs_is_held(letter: str):
    *held, never = PROCEDURES[letter]
    found = codes.validity("hcpcs", pl.Series([*held, never]))
    assert dict(found.select("code", "known").iter_rows()) == dict.fromkeys(held, True) | {
        never: False
    }
    assert not re.match(codes.reach("hcpcs").silent or "", never)


@pytest.mark.parametrize("letter", ["G", "H", "Q", "S", "T"])
def test_no_code_of_the_public_mirror_is_missing(letter: str, samples: Path):
    """A copy of CMS's file of April 2020."""
    mirror = (samples / "codes" / f"wamuir__hcpcs_{letter.lower()}.md").read_text()
    listed = set(re.findall(rf"^\| ({letter}[0-9]{{4}})", mirror, re.MULTILINE))
    assert len(listed) > 80
    assert listed <= set(codes.codes("hcpcs"))


def test_the_list_has_no_fewer_codes_than_another_copy_and_no_dental_ones():
    """A public list of 2026 counts 7379 codes in force; D is the American Dental Association's."""
    in_force = rows("hcpcs").filter(pl.col("retired").is_null())["code"]
    assert 7379 <= len(in_force) < 9000
    assert set(rows("hcpcs")["code"].str.head(1)) == set(PROCEDURES)
    assert re.match(codes.reach("hcpcs").silent or "", "D0120")


ENDED = {
    "J1055": date(2012, 12, 31), "J3487": date(2013, 12, 31), "K0734": date(2010, 12, 31),
    "G0430": date(2010, 12, 31), "L0430": date(2013, 12, 31),
}  # fmt: skip
"""Replaced by J1050, J3489, E2622, G0434 and, the last, nothing (CMS quarterly and annual updates)."""


@pytest.mark.parametrize(("code", "last"), ENDED.items(), ids=list(ENDED))
def test_a_procedure_that_ended_is_known_to_its_last_day(code: str, last: date):
    assert codes.codes("hcpcs")[code].retired
    assert codes.known("hcpcs", code, last)
    assert not codes.known("hcpcs", code, last + timedelta(days=1))


@pytest.mark.parametrize("code", ["J1440", "G0030", "A9513"])
def test_a_number_given_out_again_is_not_ended(code: str):
    """J1440 was a filgrastim until 2013 and is a fecal microbiota since 2023."""
    assert codes.known("hcpcs", code, date(2026, 7, 1))


@pytest.mark.parametrize("written", ["F1020", "F10.20", "f10.20"])
def test_a_diagnosis_may_be_written_with_its_dot(written: str):
    assert [sense[1:3] for sense in codes.senses(written)] == [
        ("F1020", "Alcohol dependence, uncomplicated")
    ]


def test_remedies_are_the_vocabulary_of_the_rule_book():
    assert set(codes.codes("remedy")) == set(get_args(Remedy))


def test_no_cpt_code_is_shipped():
    """Five digits are the AMA's; ours begin with a letter."""
    assert [code for code in codes.codes("hcpcs") if code[0].isdigit()] == []


def test_a_retired_code_stays_known_for_old_files():
    assert codes.known("carc", "15")
    assert codes.codes("carc")["15"].retired
    assert not codes.codes("carc")["197"].retired


def test_a_code_is_known_only_from_its_first_day():
    assert not codes.known("hcpcs", "G0137", date(2023, 12, 31))
    assert codes.known("hcpcs", "G0137", date(2024, 1, 1))
    assert codes.known("hcpcs", "H0015", date(2024, 1, 1))
    assert not codes.known("hcpcs", "H9999")


def test_one_code_may_have_several_senses():
    """22 is a reversal as claim status and another payer's turn as adjustment reason."""
    found = {(kind, label) for kind, _, label, _ in codes.senses("22")}
    assert ("claim_status", "reversal of an earlier payment") in found
    assert ("carc", "another payer may come first") in found
    assert codes.senses("ZZ9") == []


def test_an_unknown_code_has_no_label_and_an_unknown_list_is_refused():
    assert codes.label("carc", "ZZ9") is None
    assert codes.label("carc", None) is None
    with pytest.raises(KeyError):
        codes.label("nothing", "1")


def test_a_missing_list_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path):
    monkeypatch.setattr(resources, "maps", lambda: tmp_path)
    caches = (codes.codes, codes.kinds, codes._lists)
    for one in caches:
        one.cache_clear()
    try:
        with pytest.raises(BadMap, match=r"maps/codes/kinds\.csv cannot be read; install again"):
            codes.kinds()
    finally:
        for one in caches:
            one.cache_clear()


def reconciler_list(name: str) -> pl.DataFrame:
    return pl.read_csv(resources.maps() / "reconciler" / f"{name}.csv", infer_schema=False)


def test_the_reconcilers_lists_name_only_known_codes():
    remedies = set(get_args(Remedy))
    known = reconciler_list("remedies")
    assert set(known["remedy"]) == remedies
    assert set(known["clock"]) == {"corrected", "filing", "appeal", "none", "other"}
    overrides = reconciler_list("rarc_overrides")
    replaced = {word for text in overrides["instead_of"] for word in text.split()}
    assert replaced <= remedies | {"undecided"}
    assert set(overrides["remedy"]) <= remedies
    assert all(codes.known("rarc", rarc) for rarc in overrides["rarc"])
    by_reason = reconciler_list("carc_remedies")
    assert set(by_reason["remedy"]) <= remedies
    # what is left to an earlier payer is a denial where that one's answer is asked for
    assert all(codes.role(carc) in ("denial", "prior_payer") for carc in by_reason["carc"])


def test_every_rule_says_how_it_is_refuted():
    refutations = reconciler_list("refutations")
    denied = {rule.id for rule in catalogue().values() if rule.stage != "pre"}
    assert denied <= set(refutations["rule"])
    kinds = {"claim", "submission", "authorization", "encounter", "client"}
    shown = refutations.filter(pl.col("shows").is_not_null())
    assert set(shown["shows"]) <= kinds
    assert set(shown["remedy"]) <= set(get_args(Remedy))
    assert refutations["says"].null_count() == 0
