"""Layouts proposed for partners' exports: what is recognised, and what is left to the person."""

from __future__ import annotations

import pytest

from edi_iop.errors import BadMap, FeedRejected
from edi_iop.parsers import feed_layout
from edi_iop.parsers.feed_guess import Proposal, propose
from tests.conftest import FIXTURES
from tests.parsers.reading import read_all

HERE = FIXTURES / "feeds" / "layouts"
HEADER = (
    "Note ID,MRN,DOS,Time In,Time Out,LOC,Prog,Service,Status,Signed,Diag 1,Diag 2,Clinician,Fee"
)
ROW = "1,A1,01/13/2026,9:00 AM,12:00 PM,Intensive,Dual,Process Group,Present,Yes,F10.20,F33.1,1234567893,$350.00"


def of(guess: Proposal, name: str) -> str:
    """What is proposed for a column."""
    return next(one.source for one in guess.guesses if one.column.name == name)


def proposal(*rows: str, header: str = HEADER) -> Proposal:
    return propose("\n".join((header, *(rows or (ROW, ROW.replace("1,A1", "2,A2"))))).encode())


def test_header_and_values_make_a_layout_that_reads_the_file() -> None:
    """Without a word changed: dates, twelve-hour times, codes, two diagnosis columns, an NPI by its digits."""
    found = proposal()
    assert found.missing == ()
    data = f"{HEADER}\n{ROW}\n".encode()
    tables, says = read_all(data, feed_layout.decode(found.text, "guessed", "guessed"))
    row = tables["encounters"].row(0, named=True)
    assert (row["source_record_id"], row["client_id"]) == ("1", "A1")
    assert (str(row["service_date"]), str(row["end_time"])) == ("2026-01-13", "12:00:00")
    assert (row["level_of_care"], row["program_track"], row["service_type"]) == (
        "IOP",
        "CO",
        "group",
    )
    assert (row["attendance"], row["note_status"]) == ("attended", "signed")
    assert (row["diagnoses"], row["rendering_npi"]) == ("F1020 F331", "1234567893")
    assert (row["charge_cents"], says) == (35000, [])


@pytest.mark.parametrize(
    ("dates", "form"),
    [
        (("01/13/2026", "01/05/2026"), "%m/%d/%Y"),
        (("13/01/2026", "05/01/2026"), "%d/%m/%Y"),
        (("2026-01-13", "2026-01-05"), "%Y-%m-%d"),
        (("13-Jan-2026", "05-Jan-2026"), "%d-%b-%Y"),
        (("01/13/26", "01/05/26"), "%m/%d/%y"),
    ],
)
def test_the_form_of_dates(dates: tuple[str, str], form: str) -> None:
    rows = [ROW.replace("01/13/2026", day) for day in dates]
    assert f'format = "{form}"' in of(proposal(*rows), "service_date")


def test_one_odd_date_does_not_turn_those_of_the_whole_file() -> None:
    """13/01/2026 among American dates: the other column's 01/30/2026 speaks against it."""
    header = HEADER + ",Admit Date"
    rows = [f"{ROW},01/30/2026", f"{ROW},01/31/2026", ROW.replace("01/13", "13/01") + ",01/30/2026"]
    assert "%m/%d/%Y" in of(proposal(*rows, header=header), "service_date")


def test_dates_that_fit_both_ways_are_said() -> None:
    found = proposal(ROW.replace("01/13/2026", "01/05/2026"))
    why = next(one.why for one in found.guesses if one.column.name == "service_date")
    assert "the other way round" in why


def test_a_number_is_an_npi_by_its_check_digit_alone() -> None:
    rows = [ROW, ROW.replace("1234567893", "1003000126")]
    assert of(proposal(*rows, header=HEADER.replace("Clinician", "X9")), "rendering_npi") == '"X9"'
    wrong = [
        row.replace("1234567893", "1234567890").replace("1003000126", "1003000120") for row in rows
    ]
    assert of(proposal(*wrong, header=HEADER.replace("Clinician", "X9")), "rendering_npi") == ""


def test_a_name_whose_values_say_otherwise_is_not_taken() -> None:
    """A column called DOS that holds doses."""
    assert of(proposal(ROW.replace("01/13/2026", "20 mg")), "service_date") == ""


def test_what_is_not_found_is_left_open_and_refused_until_it_is_written() -> None:
    found = proposal(header=HEADER.replace("Signed", "Colour"))
    assert found.missing == ("encounters.note_status",)
    assert "# note_status = " in found.text
    with pytest.raises(BadMap, match=r"encounters\.note_status: required"):
        feed_layout.decode(found.text, "guessed", "guessed")


def test_words_of_unknown_meaning_are_left_to_the_person() -> None:
    rows = [ROW, ROW.replace("Process Group", "Yoga"), ROW.replace("Process Group", "Individual")]
    assert '"Yoga" = "?"' in of(proposal(*rows), "service_type")


def test_values_of_people_are_never_written() -> None:
    """A clients' export: names, ids and birth dates stay in it."""
    data = (HERE / "practice_export.csv").read_bytes()
    text = propose(data).text
    for value in ("Sample", "Ada", "HB000001", "1988", "Quay", "Port Example"):
        assert value not in text
    assert "[clients]" in text


@pytest.mark.parametrize("name", ["kipu_like", "practice_export"])
def test_the_shipped_layouts_columns_are_found_again(name: str) -> None:
    """Of the required columns that one column gives, all but those a person has to decide."""
    found = propose((HERE / f"{name}.csv").read_bytes())
    own = next(one for one in feed_layout.shipped() if one.name == name)
    for guess in found.guesses:
        sources = own.feeds.get(guess.kind, {}).get(guess.column.name, ())
        if guess.column.required and len(sources) == 1 and isinstance(sources[0].columns, str):
            assert sources[0].columns in guess.columns, guess.column.name


def test_xml_is_guessed_by_its_repeated_element() -> None:
    names = ["id", "mrn", "dos", "minutes", "loc", "prog", "service", "attendance", "signed", "dx"]
    values = ["1", "A1", "2026-01-05", "180", "IOP", "SUD", "Group", "Present", "Yes", "F10.20"]
    cells = "".join(f"<{name}>{value}</{name}>" for name, value in zip(names, values, strict=True))
    data = (
        f"<Export><Visits><Visit>{cells}</Visit><Visit>{cells}</Visit></Visits></Export>".encode()
    )
    found = propose(data)
    own = feed_layout.decode(found.text, "guessed", "guessed")
    assert (own.head.root, own.head.row) == ("Export", "Visit")
    assert read_all(data, own)[0]["encounters"]["minutes"].to_list() == [180, 180]


@pytest.mark.parametrize("data", [b"", b"one\ntwo\n", b"<a/>", b"a,b\n"])
def test_what_has_no_rows_of_columns_is_refused(data: bytes) -> None:
    with pytest.raises(FeedRejected, match="neither CSV nor XML with rows"):
        propose(data)


def test_guess_words_name_columns_and_codes_of_the_feeds() -> None:
    from edi_iop.parsers.feed_guess import _words
    from edi_iop.parsers.feed_spec import feed

    words = _words()
    for kind, names in words.names.items():
        assert set(names) <= set(feed(kind).names)
    columns = {one.name: one for kind in words.names for one in feed(kind).columns}
    for name, codes in words.codes.items():
        assert set(codes) <= set(columns[name].codes), name


ABBREVIATED = (
    "Chart #,Encounter #,DOS,Start,Stop,Svc Desc,Program,Level,Prov NPI,Attend,Note Stat,Auth #,HCPCS,"
    "Rev Cd,Mod1,Mod2,Units,Amt," + ",".join(f"Dx{at}" for at in range(1, 13))
)
SHORT_ROW = (
    "001,E{},1/13/2026,9:00 AM,12:00 PM,Process Group,SUD,IOP,1234567893,Present,Complete,A1,H0015,"
    "906,HF,HQ,1,$350.00,F10.20,F33.1,,,,,,,,F17.210,,"
)


def test_the_short_names_of_the_trade_are_known() -> None:
    """Chart #, Svc Desc, Rev Cd, Amt; modifiers and diagnoses in the order of their numbers."""
    header = ABBREVIATED.split(",")
    found = propose("\n".join((ABBREVIATED, SHORT_ROW.format(1), SHORT_ROW.format(2))).encode())
    assert found.missing == ()
    assert {name for one in found.guesses for name in one.columns} == set(header)
    data = f"{ABBREVIATED}\n{SHORT_ROW.format(1)}\n".encode()
    tables, says = read_all(data, feed_layout.decode(found.text, "guessed", "guessed"))
    row = tables["encounters"].row(0, named=True)
    assert (row["client_id"], row["source_record_id"]) == ("001", "E1")
    assert (row["diagnoses"], row["modifiers"]) == ("F1020 F331 F17210", "HF HQ")
    assert (row["revenue"], row["charge_cents"], says) == ("0906", 35000, [])


def test_titles_above_the_header_are_no_hindrance() -> None:
    titled = f"Example Recovery Center\nBilling export\n\n{HEADER}\n{ROW}\n"
    assert propose(titled.encode()).missing == ()
