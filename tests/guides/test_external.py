"""SNIP level 5: codes of outside lists, each known, unknown and out of its dates, at its place.

Dates are those of the lists themselves: ICD-10-CM by fiscal year (CMS addenda), CARC and
RARC with their start and stop dates, HCPCS by date of service.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi_iop import codes, identifiers, parsers
from edi_iop.findings import CATALOGUE
from edi_iop.guides.external_places import OF_GUIDE, external, places_of
from edi_iop.guides.loader import external_codes, index, load
from tests.conftest import FIXTURES, SAMPLES

REMIT = (FIXTURES / "x12" / "remit_iop.835").read_bytes()
CLAIM = (FIXTURES / "x12" / "claim_iop.837").read_bytes()

Found = tuple[str, str, int, int | None, str]
Case = tuple[str, list[tuple[str, str]], list[Found]]
PLACE = ("code", "segment", "element", "component", "value")


def external_findings(*files: bytes) -> list[list[Found]]:
    """Code, segment, element, component and value of each finding of SNIP level 5, by file."""
    answer = parsers.parse(list(enumerate(files)))
    findings = [answer[number].findings.filter(pl.col("snip") == 5) for number in range(len(files))]
    return [list(found.select(PLACE).iter_rows()) for found in findings]


def changed(data: bytes, *changes: tuple[str, str]) -> bytes:
    """The file with the first of each `before` replaced."""
    for before, after in changes:
        assert before.encode() in data
        data = data.replace(before.encode(), after.encode(), 1)
    return data


def test_valid_files_have_no_finding() -> None:
    assert external_findings(CLAIM, REMIT) == [[], []]


PRINCIPAL = "HI*ABK:F1020"
CLAIM_IN_2024 = [
    ("DTP*434*RD8*20260105-20260107", "DTP*434*RD8*20240105-20240107"),
    ("DTP*472*D8*20260105", "DTP*472*D8*20240105"),
    ("DTP*472*D8*20260107", "DTP*472*D8*20240107"),
]
CLAIM_IN_2014, CLAIM_IN_AUTUMN, CLAIM_IN_2028 = (
    [(before, after.replace("202401", month)) for before, after in CLAIM_IN_2024]
    for month in ("201401", "202610", "202801")
)
CLAIM_TO_SEPTEMBER = [
    ("DTP*434*RD8*20260105-20260107", "DTP*434*RD8*20260930-20260930"),
    ("DTP*472*D8*20260105", "DTP*472*D8*20260930"),
    ("DTP*472*D8*20260107", "DTP*472*D8*20260930"),
]
CLAIM_CASES: list[Case] = [
    ("diagnosis known", [(PRINCIPAL, "HI*ABK:F331")], []),
    ("diagnosis unknown", [(PRINCIPAL, "HI*ABK:ZZ999")], [("CODE_UNKNOWN", "HI", 1, 2, "ZZ999")]),
    ("category, not a code", [(PRINCIPAL, "HI*ABK:F10")], [("DIAGNOSIS_NOT_SPECIFIC", "HI", 1, 2, "F10")]),
    ("second of a segment", [("ABF:F331*ABF:F411", "ABF:F331*ABF:F41")], [("DIAGNOSIS_NOT_SPECIFIC", "HI", 2, 2, "F41")]),
    ("split on 2024-10-01, after", [(PRINCIPAL, "HI*ABK:F502")], [("DIAGNOSIS_NOT_SPECIFIC", "HI", 1, 2, "F502")]),
    ("split on 2024-10-01, before", [(PRINCIPAL, "HI*ABK:F502"), *CLAIM_IN_2024], []),
    ("begun on 2024-10-01, before", [(PRINCIPAL, "HI*ABK:F5020"), *CLAIM_IN_2024], [("CODE_OUT_OF_DATE", "HI", 1, 2, "F5020")]),
    ("begun on 2024-10-01, after", [(PRINCIPAL, "HI*ABK:F5020")], []),
    ("gone on 2025-10-01, after", [(PRINCIPAL, "HI*ABK:T781XXA")], [("CODE_OUT_OF_DATE", "HI", 1, 2, "T781XXA")]),
    ("gone on 2025-10-01, before", [(PRINCIPAL, "HI*ABK:T781XXA"), *CLAIM_IN_2024], []),
    ("begun on 2025-10-01, a claim into that day", [
        (PRINCIPAL, "HI*ABK:G35A"), ("434*RD8*20260105-20260107", "434*RD8*20250929-20251001"),
    ], []),
    ("before the first release we hold", [(PRINCIPAL, "HI*ABK:ZZ999"), *CLAIM_IN_2014], []),
    ("split on 2026-10-01, after", [(PRINCIPAL, "HI*ABK:D691"), *CLAIM_IN_AUTUMN], [("DIAGNOSIS_NOT_SPECIFIC", "HI", 1, 2, "D691")]),
    ("split on 2026-10-01, before", [(PRINCIPAL, "HI*ABK:D691")], []),
    ("begun on 2026-10-01, after", [(PRINCIPAL, "HI*ABK:D6911"), *CLAIM_IN_AUTUMN], []),
    ("begun on 2026-10-01, before", [(PRINCIPAL, "HI*ABK:D6911")], [("CODE_OUT_OF_DATE", "HI", 1, 2, "D6911")]),
    ("ICD-9 is no list of ours", [(PRINCIPAL, "HI*BK:30390")], []),
    ("procedure unknown", [("HC:H0015", "HC:H9999")], [("CODE_UNKNOWN", "SV2", 2, 2, "H9999")]),
    ("a procedure of a payer unknown", [("HC:H0015", "HC:S9481")], [("CODE_UNKNOWN", "SV2", 2, 2, "S9481")]),
    ("a Medicaid procedure known", [("HC:H0015", "HC:T1015")], []),
    ("local code", [("HC:H0015", "HC:Z1234")], [("CODE_UNKNOWN", "SV2", 2, 2, "Z1234")]),
    ("a drug known", [("HC:H0015", "HC:J2315")], []),
    ("a drug unknown", [("HC:H0015", "HC:J9998")], [("CODE_UNKNOWN", "SV2", 2, 2, "J9998")]),
    ("dental procedures are no list of ours", [("HC:H0015", "HC:D0120")], []),
    ("a quality measure of a part we do not hold whole", [("HC:H0015", "HC:G9668")], []),
    ("a procedure ended on 2013-12-31, after", [("HC:H0015", "HC:J3487"), *CLAIM_IN_2014], [("CODE_OUT_OF_DATE", "SV2", 2, 2, "J3487")]),
    ("unknown, on the last day we know", [("HC:H0015", "HC:J9998"), *CLAIM_TO_SEPTEMBER], [("CODE_UNKNOWN", "SV2", 2, 2, "J9998")]),
    ("unknown, on a day of the next release", [("HC:H0015", "HC:J9998"), *CLAIM_IN_AUTUMN], [("CODE_NOT_YET_LISTED", "SV2", 2, 2, "J9998")]),
    ("a letter no release will hold", [("HC:H0015", "HC:Z1234"), *CLAIM_IN_AUTUMN], [("CODE_UNKNOWN", "SV2", 2, 2, "Z1234")]),
    ("a diagnosis of the next release", [(PRINCIPAL, "HI*ABK:F999"), *CLAIM_IN_2028], [("CODE_NOT_YET_LISTED", "HI", 1, 2, "F999")]),
    ("a heading stays one", [(PRINCIPAL, "HI*ABK:F10"), *CLAIM_IN_2028], [("DIAGNOSIS_NOT_SPECIFIC", "HI", 1, 2, "F10")]),
    ("CPT is neither known nor unknown", [("HC:H0015", "HC:90853")], []),
    ("CPT of four digits and a letter", [("HC:H0015", "HC:0042T")], []),
    ("diagnosis with its point", [("ABK:F331", "ABK:F33.1")], [("CODE_MALFORMED", "HI", 1, 2, "F33.1")]),
    ("diagnosis in small letters", [("ABK:F331", "ABK:f331")], [("CODE_MALFORMED", "HI", 1, 2, "f331")]),
    ("procedure too short", [("HC:H0015", "HC:H015")], [("CODE_MALFORMED", "SV2", 2, 2, "H015")]),
    ("procedure before it began", [("HC:H0015", "HC:G0137"), *CLAIM_IN_2024[:1], ("DTP*472*D8*20260105", "DTP*472*D8*20231231")], [("CODE_OUT_OF_DATE", "SV2", 2, 2, "G0137")]),
    ("procedure from its first day", [("HC:H0015", "HC:G0137"), *CLAIM_IN_2024[:1], ("DTP*472*D8*20260105", "DTP*472*D8*20240101")], []),
    ("the line has no date: the statement's", [("HC:H0015", "HC:G0137"), ("DTP*472*D8*20260105~\n", ""), ("434*RD8*20260105-20260107", "434*RD8*20230105-20230107")], [("CODE_OUT_OF_DATE", "SV2", 2, 2, "G0137")]),
    ("revenue code without its zero", [("SV2*0906", "SV2*906")], [("CODE_MALFORMED", "SV2", 1, None, "906")]),
    ("type of bill", [("700***13:A:2", "700***1B:A:2")], [("CODE_MALFORMED", "CLM", 5, 1, "1B")]),
    ("taxonomy", [("PXC*2084P0800X", "PXC*2084P0800")], [("CODE_MALFORMED", "PRV", 3, None, "2084P0800")]),
    ("attending provider", [("XX*1245319599", "XX*1245319598")], [("NPI_INVALID", "NM1", 9, None, "1245319598")]),
    ("not an NPI at all", [("XX*1245319599", "XX*12453")], [("NPI_INVALID", "NM1", 9, None, "12453")]),
    ("ZIP code", [("N4*PORTLAND*ME*04101~\nDMG", "N4*PORTLAND*ME*041~\nDMG")], [("CODE_MALFORMED", "N4", 3, None, "041")]),
    ("ZIP code of the US by name", [("N4*PORTLAND*ME*04101~\nDMG", "N4*PORTLAND*ME*041010*US~\nDMG")], [("CODE_MALFORMED", "N4", 3, None, "041010")]),
    ("postal code elsewhere", [("N4*PORTLAND*ME*04101~\nDMG", "N4*MONTREAL*QC*H2Y1C6*CA~\nDMG")], []),
    ("state unknown", [("N4*PORTLAND*ME*04101~\nDMG", "N4*PORTLAND*MX*04101~\nDMG")], [("CODE_UNKNOWN", "N4", 2, None, "MX")]),
    ("billing provider's state unknown", [("N4*PORTLAND*ME*041010020", "N4*PORTLAND*MX*041010020")], [("CODE_UNKNOWN", "N4", 2, None, "MX")]),
    ("country unknown", [("N4*PORTLAND*ME*04101~\nDMG", "N4*PORTLAND**04101*XQ~\nDMG")], [("CODE_UNKNOWN", "N4", 4, None, "XQ")]),
]  # fmt: skip


@pytest.fixture(scope="module")
def claims() -> dict[str, list[Found]]:
    """The findings of every case; all of them go through as one batch."""
    files = [changed(CLAIM, *changes) for _, changes, _ in CLAIM_CASES]
    names = [case[0] for case in CLAIM_CASES]
    return dict(zip(names, external_findings(*files), strict=True))


@pytest.mark.parametrize("case", CLAIM_CASES, ids=lambda case: case[0])
def test_claim(case: Case, claims: dict[str, list[Found]]) -> None:
    name, _, expected = case
    assert claims[name] == expected


PAID_2007 = ("CHK************20260310", "CHK************20070601")
REMIT_CASES: list[Case] = [
    ("reason unknown", [("CAS*CO*197", "CAS*CO*999")], [("CODE_UNKNOWN", "CAS", 2, None, "999")]),
    ("second triplet", [("CO*97*300*1*253*10", "CO*97*300*1*X53*10")], [("CODE_UNKNOWN", "CAS", 5, None, "X53")]),
    ("reason stopped on 2007-06-01", [("CAS*CO*45*65", "CAS*CO*42*65")], [("CODE_OUT_OF_DATE", "CAS", 2, None, "42")]),
    ("its last day", [("CAS*CO*45*65", "CAS*CO*42*65"), PAID_2007, ("1*253*10", "1*97*10"), ("HE*M80", "HE*M15")], []),
    ("begun on 2013-06-02, before", [PAID_2007], [("CODE_OUT_OF_DATE", "CAS", 5, None, "253")]),
    ("in a reversal a stopped reason is right", [("CAS*CO*97*300", "CAS*CO*42*300"), ("EY*4*310", "EY*22*310")], []),
    ("the day it left unknown", [("CAS*CO*45*65", "CAS*CO*15*65")], []),
    ("remark unknown", [("HE*M62", "HE*M999")], [("CODE_UNKNOWN", "LQ", 2, None, "M999")]),
    ("remark that pyx12's list lacks", [("HE*M62", "HE*MA91")], []),
    ("remark stopped on 2016-03-01", [("HE*M62", "HE*N29")], [("CODE_OUT_OF_DATE", "LQ", 2, None, "N29")]),
    ("reason of 2026", [("CAS*CO*197", "CAS*CO*308")], []),
    ("reason later than our list", [("CAS*CO*197", "CAS*CO*314")], []),
    ("reason later than any", [("CAS*CO*197", "CAS*CO*315")], [("CODE_UNKNOWN", "CAS", 2, None, "315")]),
    ("remark of 2026", [("HE*M62", "HE*N940")], []),
    ("remark that no list has", [("HE*M62", "HE*N813")], []),
    ("remark later than our list", [("HE*M62", "HE*N959")], []),
    ("remark just above", [("HE*M62", "HE*N960")], [("CODE_UNKNOWN", "LQ", 2, None, "N960")]),
    ("remark later than any", [("HE*M62", "HE*N999")], [("CODE_UNKNOWN", "LQ", 2, None, "N999")]),
    ("remark of the claim", [("DTM*232*20260105", "MOA***MA99999~\nDTM*232*20260105")], [("CODE_UNKNOWN", "MOA", 3, None, "MA99999")]),
    ("payee", [("XX*1234567893", "XX*1234567890")], [("NPI_INVALID", "N1", 4, None, "1234567890")]),
    ("rendering provider of a line", [("REF*6R*LA1B2C3D4EZ001", "REF*6R*LA1B2C3D4EZ001~\nREF*HPI*1234567890")], [("NPI_INVALID", "REF", 2, None, "1234567890")]),
    ("procedure of a line", [("HC:S9480*310", "HC:S948*310")], [("CODE_MALFORMED", "SVC", 1, 2, "S948")]),
    ("revenue code of a line", [("*0905*0**1", "*905*0**1")], [("CODE_MALFORMED", "SVC", 4, None, "905")]),
    ("revenue code in the procedure's place", [("SVC*HC:S9480*", "SVC*NU:905*")], [("CODE_MALFORMED", "SVC", 1, 2, "905")]),
]  # fmt: skip


@pytest.fixture(scope="module")
def remits() -> dict[str, list[Found]]:
    """The findings of every case; all of them go through as one batch."""
    files = [changed(REMIT, *changes) for _, changes, _ in REMIT_CASES]
    names = [case[0] for case in REMIT_CASES]
    return dict(zip(names, external_findings(*files), strict=True))


@pytest.mark.parametrize("case", REMIT_CASES, ids=lambda case: case[0])
def test_remit(case: Case, remits: dict[str, list[Found]]) -> None:
    name, _, expected = case
    assert remits[name] == expected


def test_every_segment_that_repeats_a_wrong_code_has_its_finding() -> None:
    findings = external_findings(REMIT.replace(b"CAS*CO*45*", b"CAS*CO*999*"))
    assert findings == [[("CODE_UNKNOWN", "CAS", 2, None, "999")] * 2]


def test_provider_adjustment_reason_where_the_guide_lists_none() -> None:
    """The 4010 guide has no codes for PLB05-1; 5010's own are SNIP level 2."""
    plb = "PLB*1234567893*20261231*WO:X1*10*ZQ:X2*-10~\nSE*43*0001~"
    data = changed(REMIT, ("005010X221A1", "004010X091A1"), ("SE*42*0001~", plb))
    assert external_findings(data) == [[("CODE_UNKNOWN", "PLB", 5, 1, "ZQ")]]


def test_a_date_counts_for_its_own_claim_alone() -> None:
    """F50.20 is out of its dates on the first claim, which is of 2024, and right on the second."""
    data = changed(CLAIM, *CLAIM_IN_2024).replace(b"ABK:F1020", b"ABK:F5020")
    data = data.replace(b"ABK:F331", b"ABK:F5020")
    found = parsers.parse([(1, data)])[1].findings.filter(pl.col("snip") == 5)
    assert found["code"].to_list() == ["CODE_OUT_OF_DATE"]
    assert found["byte_offset"].to_list() == [data.index(b"HI*ABK")]


def test_codes_of_an_outside_list_are_warnings() -> None:
    """Lists change without the guide: no code of theirs makes a file wrong."""
    assert {entry.severity for entry in CATALOGUE.values() if entry.snip == 5} == {
        "warning",
        "info",
    }


# the NPI's check digit


def luhn(number: str) -> bool:
    """ISO/IEC 7812-1 annex B, from the right: an NPI is checked behind the prefix 80840."""
    digits = [int(digit) for digit in reversed("80840" + number)]
    doubled = [2 * digit - 9 if digit > 4 else 2 * digit for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


@given(st.from_regex(r"[12][0-9]{8}", fullmatch=True), st.integers(0, 9), st.integers(1, 9))
def test_one_changed_digit_is_no_npi(nine: str, place: int, more: int) -> None:
    npi = identifiers.make_npi(nine)
    digit = str((int(npi[place]) + more) % 10)
    wrong = npi[:place] + digit + npi[place + 1 :]
    assert luhn(npi)
    assert identifiers.is_npi(npi)
    assert not luhn(wrong)
    assert not identifiers.is_npi(wrong)


def test_every_wrong_check_digit_of_a_file_is_found() -> None:
    npis = ["124531959" + digit for digit in "0123456789"]
    files = [CLAIM.replace(b"1245319599", npi.encode()) for npi in npis]
    found = dict(zip(npis, external_findings(*files), strict=True))
    assert {npi for npi in npis if not found[npi]} == {"1245319599"}
    assert {len(findings) for findings in found.values()} == {0, 2}


# the public samples

FILES = sorted(
    path for kind in ("835", "837I", "837P", "277CA") for path in SAMPLES.glob(f"{kind}/*")
)
JUDGED = {
    ("CODE_MALFORMED", "SP-01"), ("CODE_MALFORMED", "SP-02"), ("CODE_MALFORMED", "SP-11"),
    ("CODE_MALFORMED", "SP-14"), ("CODE_MALFORMED", "SP-25"), ("CODE_MALFORMED", "SP-50"),
    ("CODE_MALFORMED", "ZIP1"), ("CODE_MALFORMED", "207Q"), ("CODE_MALFORMED", "2420A"),
    ("CODE_MALFORMED", "478331"), ("CODE_MALFORMED", "2430"), ("CODE_MALFORMED", "187.50"),
    ("CODE_MALFORMED", "TAXONOMY1"), ("CODE_MALFORMED", "21"), ("CODE_MALFORMED", "220"), ("CODE_OUT_OF_DATE", "42"),
    ("CODE_MALFORMED", "I214"), ("CODE_MALFORMED", "3920293"), ("CODE_MALFORMED", "D122"),
    ("CODE_MALFORMED", "111111111"), ("CODE_MALFORMED", "Y"), ("CODE_MALFORMED", "Federal Tax ID"),
    ("CODE_MALFORMED", "3UR334563"), ("CODE_MALFORMED", "123456789"), ("CODE_MALFORMED", "987654321"),
    ("CODE_MALFORMED", "999999999"), ("CODE_MALFORMED", "99999992"), ("CODE_MALFORMED", "888999777"),
    ("CODE_MALFORMED", "111333555"),
    ("CODE_UNKNOWN", "11"), ("CODE_UNKNOWN", "NP"), ("CODE_UNKNOWN", "ST"),
    ("DIAGNOSIS_NOT_SPECIFIC", "R51"), ("DIAGNOSIS_NOT_SPECIFIC", "M545"),
}  # fmt: skip
"""What stands out in the samples, each read by eye: made-up procedures (SP-), local revenue
codes of two or three digits, placeholders, tax and routing numbers of no one, reason 42 years after its end, R51 and M545 since they
were split (2020-10-01, 2021-10-01)."""


@pytest.fixture(scope="module")
def parsed(samples: Path) -> dict[Path, pl.DataFrame]:
    """The findings of SNIP level 5 in every sample."""
    assert len(FILES) >= 100, f"files are missing in {samples}"
    answer = parsers.parse([(number, path.read_bytes()) for number, path in enumerate(FILES)])
    return {
        path: answer[number].findings.filter(pl.col("snip") == 5)
        for number, path in enumerate(FILES)
    }


def test_the_samples_findings_are_those_judged_by_eye(parsed: dict[Path, pl.DataFrame]) -> None:
    every = pl.concat(parsed.values())
    npis = every.filter(pl.col("code") == "NPI_INVALID")["value"].unique().to_list()
    assert len(npis) > 30
    assert [npi for npi in npis if len(npi) == 10 and npi.isdigit() and luhn(npi)] == []
    others = every.filter(pl.col("code") != "NPI_INVALID").select("code", "value")
    assert set(others.iter_rows()) == JUDGED


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_findings_stand_at_their_bytes(path: Path, parsed: dict[Path, pl.DataFrame]) -> None:
    """The value of a finding is what stands in the file at its offset, element and component."""
    data = path.read_text(encoding="latin-1")
    isa = data.find("ISA")
    element, component = (data[isa + 3], data[isa + 104]) if isa >= 0 else ("*", ":")
    places = ("byte_offset", "element", "component", "repetition", "value")
    for offset, position, part, _, value in parsed[path].select(places).iter_rows():
        found = data[offset:].split(element, position + 1)[position]
        found = found.split(component)[part - 1] if part else found
        assert found.startswith(value)


def test_no_sample_is_called_wrong(parsed: dict[Path, pl.DataFrame]) -> None:
    """No file, those that pyx12 finds valid among them, has an error for an outside code."""
    severities = {one for findings in parsed.values() for one in findings["severity"]}
    assert severities == {"warning"}


# the data that says where codes stand


def test_every_use_and_date_names_a_list() -> None:
    of_guides = {OF_GUIDE + name for name in external().guide_lists}
    known = {*external().forms, *codes.kinds(), *of_guides, "npi"}
    assert {use.list for use in external().use} <= known
    loaded = {name for name, form in external().forms.items() if form.loaded in codes.kinds()}
    assert {dated.list for dated in external().date} <= {*codes.kinds(), *loaded}
    # A list of ours may have a form too, and is looked into besides.
    both = set(external().forms) & {*codes.kinds(), "npi"}
    assert all(external().forms[name].loaded == name for name in both)
    shipped = {name for name, entry in external().guide_lists.items() if not entry.list}
    assert shipped <= set(external_codes())
    more = {name: set(entry.more) for name, entry in external().guide_lists.items()}
    assert all(not more[name] & external_codes()[name] for name in shipped)


def test_every_use_has_a_place_in_a_guide() -> None:
    places = {
        place.list
        for name in index().guides
        for node in load(name).nodes
        for place in places_of(name, node.index)
    }
    unused = {OF_GUIDE + "service_type"}
    shipped = {OF_GUIDE + name for name, entry in external().guide_lists.items() if not entry.list}
    assert places == {*(use.list for use in external().use), *shipped} - unused
