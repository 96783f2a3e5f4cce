"""Segments in words, and what tells of a person hidden: the data of maps/words.toml linted."""

from __future__ import annotations

import pytest

from edi_iop import codes
from edi_iop.guides.loader import ElementSpec, Guide, Node, index, load
from edi_iop.transcribe import maps
from edi_iop.transcribe.places import places
from edi_iop.transcribe.words import MASK, Told, data, envelope, tell
from edi_iop.x12.separators import DEFAULT, Separators

GUIDES = [load(name) for name in index().guides]
PEOPLE = {"74", "GB", "IL", "QC"}
"""NM101 codes of patients and insured, read off the guides; every other party is no patient."""
PLACES_OF_PEOPLE = {"2010BA", "2010CA", "2330A", "2310E", "2310F", "2420G", "2420H"}
"""Loops whose address is a person's: subscriber, patient, other insured, and where an ambulance
picks up and drops off (837P 2310E, 2310F, 2420G, 2420H)."""


def specs() -> list[tuple[Guide, Node, ElementSpec]]:
    return [(g, node, spec) for g in GUIDES for node in g.nodes for spec in node.elements]


def told(raw: str, guide: str, loop: str, **given: bool) -> Told:
    """The segment in words, at the first place of the guide's loop that carries its qualifier."""
    known = load(guide)
    segment, *rest = raw.split("*")
    qualifier = rest[:1]
    (node, *_) = [
        one for stand in known.loops(loop) for one in known.carrying(segment, stand, qualifier)
    ]
    return tell(raw, DEFAULT, known, node, **given)


def says(found: Told) -> list[str]:
    return [f"{part.label}|{part.text or part.cents}" for part in found.parts]


def test_money_dates_codes_and_qualifiers() -> None:
    claim = told("CLP*A1*4*310.5*0**12*ICN2*13*1", "005010X221A1", "2100")
    assert claim.name == "Claim Payment Information"
    assert [(part.text, part.cents) for part in claim.parts] == [
        ("A1", None), ("4 denied", None), ("", 31050), ("", 0), ("12 PPO", None),
        ("ICN2", None), ("13", None), ("1 first claim for the whole stay or span", None),
    ]  # fmt: skip
    assert says(told("DTM*472*20260105", "005010X221A1", "2110")) == [
        "|472 service", "Service Date|2026-01-05",
    ]  # fmt: skip
    span = told("DTP*434*RD8*20260105-20260107", "005010X223A2", "2300")
    assert says(span)[-1] == "Statement From and To Date|2026-01-05 to 2026-01-07"
    hour = told("DTP*435*DT*202601050900", "005010X223A2", "2300")
    assert says(hour)[-1].endswith("|2026-01-05 09:00")


def test_composites_and_repeats_are_told_part_by_part() -> None:
    line = told("SV2*0906*HC:H0015:HQ*350*UN*1", "005010X223A2", "2400")
    assert "|HC HCPCS" in says(line)
    assert any(text.endswith("|HQ in a group") for text in says(line))
    own = Separators(b"|", b">", b"\n", None)
    node = load("005010X223A2").segments("HI")[0]
    found = tell("HI|ABK>F1020", own, load("005010X223A2"), node)
    assert [part.text for part in found.parts] == ["ABK principal diagnosis", "F1020"]


def test_what_cannot_be_read_is_shown_as_it_is() -> None:
    found = told("CLP*A1*77*abc*0**ZZZ*I", "005010X221A1", "2100")
    assert [part.text for part in found.parts][1:3] == ["77", "abc"]
    date = told("DTM*472*2026", "005010X221A1", "2110")
    assert date.parts[-1].text == "2026"


def test_the_isa_holds_its_separators_whole() -> None:
    raw = "ISA*00*          *03*secret    *ZZ*A              *ZZ*B              *260301*1200*^*00501*000000001*0*T*:"
    found = tell(raw, DEFAULT, None, None)
    assert found.name == "Interchange Control Header"
    assert "Interchange Date|2026-03-01" in says(found)
    assert "secret" not in found.raw + str(says(found))
    assert found.raw == raw.replace("secret    ", MASK)


def test_people_are_hidden_in_raw_and_in_words() -> None:
    raw = "NM1*QC*1*RIVERA*ALEX****MI*HB100200"
    found = told(raw, "005010X221A1", "2100")
    assert found.raw == f"NM1*QC*1*{MASK}*{MASK}****MI*{MASK}"
    assert not {"RIVERA", "ALEX", "HB100200"} & {part.text for part in found.parts}
    assert told(raw, "005010X221A1", "2100", show_phi=True).raw == raw
    payer = "NM1*PR*2*HARBOR HEALTH PLAN*****PI*HARBR"
    assert told(payer, "005010X223A2", "2010BB").raw == payer


@pytest.mark.parametrize(
    "raw",
    ["NM1*IL*1*DOE*JO****MI*QQ7", "N3*1 ELM ST", "DMG*D8*19850314*F", "PER*IC*JO DOE*TE*2075550199",
     "REF*SY*123456789", "NTE*ADD*JO DOE SAYS", "XYZ*JO DOE", "JO DOE*QQ7", "jo*QQ7",
     "CTX*SUBSCRIBER NAME NM109:QQ7", "IK4*3*1037*6*JO DOE"],
)  # fmt: skip
def test_without_a_guide_all_that_may_be_a_person_s_is_hidden(raw: str) -> None:
    found = tell(raw, DEFAULT, None, None)
    assert MASK in found.raw
    for word in ("JO", "jo", "DOE", "QQ7", "ELM", "1985", "2075", "1234"):
        assert word not in found.raw.replace(MASK, "")


def test_every_column_of_personal_data_is_hidden_where_it_stands() -> None:
    """The tables' phi columns, by their maps, against the rules of what is hidden."""
    checked = 0
    for guide in GUIDES:
        table_map = maps.for_guide(guide.name)
        for place in places(table_map.name) if table_map else ():
            if not place.column.phi:
                continue
            for loop in guide.loops(place.loop or ""):
                for node in guide.carrying(place.segment, loop, place.qualifiers):
                    qualifier = place.qualifiers or tuple(node.codes(1)) or ("x",)
                    elements = ["x"] * 12
                    elements[0] = qualifier[0]
                    raw = "*".join([place.segment, *elements])
                    shown = tell(raw, DEFAULT, guide, node).raw.split("*")
                    assert shown[place.element] == MASK, (guide.name, place)
                    checked += 1
    assert checked > 40


def test_the_parties_that_are_no_patients_are_all_named() -> None:
    open_ = data().rules["NM1"].unless[1]
    found = {code for guide in GUIDES for node in guide.segments("NM1") for code in node.codes(1)}
    assert found - open_ - {"45", "87", "PW"} == PEOPLE
    assert not PEOPLE & open_


def test_addresses_are_open_in_no_loop_of_a_person() -> None:
    for segment in ("N1", "N3", "N4", "PER"):
        rule = data().rules[segment]
        for guide in GUIDES:
            open_ = rule.open.get(guide.form, frozenset())
            inside = {node.loop.id for node in guide.segments(segment)}
            assert open_ <= {node.id for node in guide.nodes}, (segment, guide.name)
            closed = inside - open_
            assert closed <= PLACES_OF_PEOPLE, (segment, guide.name, closed)


def test_every_data_element_named_is_one_of_the_guides() -> None:
    known = {spec.data_element for _, _, spec in specs()}
    known |= {spec.data_element for node in envelope().values() for spec in node.elements}
    words = data()
    assert words.money | words.periods | words.qualifiers | words.silent <= known
    assert set(words.words) <= known
    assert {key.partition(".")[0] for key in words.lists if key[0].isdigit()} <= known
    assert set(words.lists.values()) <= set(codes.kinds())


def test_no_word_is_a_guide_s_own_name() -> None:
    """Names are read from the guides; what stands here is ours and short."""
    for named in data().words.values():
        for word in named.values():
            assert 1 <= len(word) <= 40


def test_every_money_element_of_the_tables_is_told_as_money() -> None:
    for guide in GUIDES:
        table_map = maps.for_guide(guide.name)
        for place in places(table_map.name) if table_map else ():
            for loop in guide.loops(place.loop or "") if place.column.unit == "cents" else ():
                for node in guide.carrying(place.segment, loop, place.qualifiers):
                    (component, *_) = place.components or (None,)
                    spec = node.element(place.element, component)
                    if spec is not None:
                        assert spec.data_element in data().money, (guide.name, place)
