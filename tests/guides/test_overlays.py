"""What pyx12's maps have wrong is put right, entry by entry, and shows in what a file is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from edi_iop import parsers, resources
from edi_iop.errors import BadMap
from edi_iop.guides import loader, overlays, paths
from tests.conftest import FIXTURES
from tests.guides.test_faults import changed, findings

REMIT = (FIXTURES / "mutants" / "remit_reversal.835").read_bytes()
CLAIM = (FIXTURES / "x12" / "claim_iop.837").read_bytes()
PROFESSIONAL = (FIXTURES / "mutants" / "professional.837").read_bytes()
OVERLAYS = sorted(
    path for path in (resources.maps() / "guides").glob("*.toml") if path.stem[0].isdigit()
)

ACKNOWLEDGEMENT = b"""\
ISA*00*          *00*          *ZZ*CLEARHOUSE     *ZZ*SUNRIDGE       *260303*0700*^*00501*000000401*0*T*:~
GS*HN*CLEARHOUSE*SUNRIDGE*20260303*0700*401*X*005010X214~
ST*277*0001*005010X214~
BHT*0085*08*ACK0401*20260303*0700*TH~
HL*1**20*1~
NM1*PR*2*HARBOR HEALTH PLAN*****PI*HARBR~
TRN*1*ACK0401~
DTP*050*D8*20260302~
DTP*009*D8*20260303~
HL*2*1*21*0~
NM1*41*2*SUNRIDGE RECOVERY*****46*SUNRIDGE~
TRN*2*BATCH0001~
STC*A3:21:40*20260303*U*700~
SE*12*0001~
GE*1*401~
IEA*1*000000401~
"""
"""A batch rejected as a whole: no provider and no patient is named (005010X214 loop 2000C)."""


@pytest.mark.parametrize("path", OVERLAYS, ids=lambda path: path.stem)
def test_every_overlay_is_of_a_guide_and_gives_reasons(path: Path) -> None:
    assert path.stem in loader.index().guides
    for entry in overlays.entries(path):
        assert len(entry.reason) > 20, entry.at
        assert entry.cites, entry.at


def test_every_adjustment_of_a_plb_has_a_reason_of_the_list() -> None:
    wrong = changed(REMIT, "*L6*-5~", "*QQ*-5~")
    assert findings(wrong) == [("CODE_INVALID", 45, "ST_LOOP", "PLB", 5, 1)]


def test_every_institutional_claim_has_a_type_of_admission() -> None:
    wrong = changed(CLAIM, "CL1*3*1*30~", "CL1**1*30~")
    assert findings(wrong) == [("ELEMENT_MISSING", 22, "2300", "CL1", 1, None)]


def test_a_professional_batch_may_ask_back_what_another_paid() -> None:
    plan = "NM1*PE*2*STATE MEDICAID*****PI*MEMCD~\nN3*1 STATE ST~\nN4*AUGUSTA*ME*04330~\nREF*EI*990000009~\n"
    demand = changed(PROFESSIONAL, "HL*2*1*22", plan + "HL*2*1*22")
    assert findings(changed(demand, "0700*CH~", "0700*31~")) == []


def test_the_contact_of_a_professional_batch_has_no_qualifier_of_4010() -> None:
    wrong = changed(PROFESSIONAL, "*TE*2075550199~", "*ED*2075550199~")
    assert findings(wrong) == [("CODE_INVALID", 4, "1000A", "PER", 3, None)]


def test_an_acknowledgement_of_a_rejected_batch_names_no_provider() -> None:
    assert parsers.parse([(1, ACKNOWLEDGEMENT)])[1].findings.is_empty()


def test_a_public_acknowledgement_without_provider_totals_is_right(samples: Path) -> None:
    data = (samples / "277CA" / "edi-lens__277CA.test.0001.edi").read_bytes()
    found = parsers.parse([(1, data)])[1].findings
    assert "LOOP_MISSING" not in found["code"].to_list()


def test_an_acknowledgment_without_the_errata_suffix_is_read_by_the_guide_in_force() -> None:
    data = (FIXTURES / "valid" / "ack_errors.999").read_bytes()
    assert b"005010X231A1" in data
    read = parsers.parse([(1, data.replace(b"005010X231A1", b"005010X231"))])[1]
    assert read.findings.is_empty()
    assert not read.tables["acknowledgement_errors"].is_empty()


def test_what_brought_a_rule_to_bear_may_be_a_component_of_a_composite() -> None:
    # CLM05 is composite C023, its third component element 1325.
    data = (FIXTURES / "valid" / "ack_errors.999").read_bytes()
    assert findings(changed(data, "**5:3*1325~", "**5:3*C023:1325~")) == []
    wrong = changed(data, "**5:3*1325~", "**5:3*C023:C~")
    assert findings(wrong) == [("NUMBER_INVALID", 6, "2100", "CTX", 6, 2)]


def test_loops_of_one_position_are_put_there_by_the_overlays() -> None:
    other = {loop.position for loop in loader.load("005010X223A2").loops("2330I")}
    assert other == {loader.load("005010X223A2").loops("2330A")[0].position}


def test_the_older_remit_has_syntax_notes() -> None:
    older = loader.load("004010X091A1")
    newer = loader.load("005010X221A1")
    assert older.segments("CAS")[0].syntax == newer.segments("CAS")[0].syntax


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"at": "2300.CL101", "usage": "R"}, "changes nothing"),
        ({"at": "2300.ZZZ", "usage": "R"}, "changes nothing"),
        ({"at": "2300.CLM05-9", "add_codes": frozenset({"A"})}, "changes nothing"),
        ({"at": "2300.clm05"}, "is not a path"),
    ],
)
def test_an_entry_that_changes_nothing_is_a_mistake(entry: dict[str, object], says: str) -> None:
    change = overlays.Change(reason="x", cites="x", **entry)  # type: ignore[arg-type]
    with pytest.raises(BadMap, match=says):
        overlays.apply(loader.load("005010X223A2"), (change,))


def test_unknown_words_of_an_overlay_are_named(tmp_path: Path) -> None:
    file = tmp_path / "005010X223A2.toml"
    file.write_text('[[change]]\nat = "2300"\nreason = "x"\ncites = "x"\nuse = "R"\n')
    with pytest.raises(BadMap, match=r"005010X223A2\.toml: .*unknown field `use`"):
        overlays.entries(file)


def test_paths_tell_the_claim_of_a_subscriber_from_that_of_a_patient() -> None:
    guide = loader.load("005010X223A2")
    assert len(paths.parse("2300.CLM").segments(guide)) == 2
    assert len(paths.parse("2000B/2300.CLM").segments(guide)) == 1
    assert [node.id for node in paths.parse("2010AA").segments(guide)] == ["NM1"]
    assert [len(paths.parse(f"2300.REF[{q}]").segments(guide)) for q in ("F8", "F8,G1")] == [2, 4]
