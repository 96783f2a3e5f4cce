"""HL7 v2 feeds: line ends, frames, separators, escapes, repetitions, credits, broken messages."""

from __future__ import annotations

import logging

import pytest

from edi_iop.errors import FeedRejected
from edi_iop.parsers import feed_layout, feeds
from tests.conftest import FIXTURES
from tests.parsers.reading import read_all, sniffed

BATCH = (FIXTURES / "feeds" / "hl7" / "batch.hl7").read_bytes()
MSH = rb"MSH|^~\&|EHR|X|||20260105||DFT^P03|1|P|2.5"
FT1 = b"FT1|1|T-1||20260105090000^20260105120000||CG|GRP^Group|||1|||||||||F10.20||||||H0015"
PID = rb"PID|1||A\T\B~MR1^^^X^MR||O\S\Neil^Ada"
MESSAGE = b"\r".join((MSH, PID, FT1))


def encounters(data: bytes) -> list[dict[str, object]]:
    return read_all(data)[0]["encounters"].drop("row").to_dicts()


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_segments_end_in_cr_lf_or_both(ending: bytes) -> None:
    """The standard says CR; files that went through other systems have the rest."""
    assert read_all(BATCH.replace(b"\r", ending))[1] == read_all(BATCH)[1]
    assert encounters(BATCH.replace(b"\r", ending)) == encounters(BATCH)


def test_frames_of_a_stream_are_let_go() -> None:
    framed = b"\x0b" + MESSAGE + b"\x1c\r" + b"\x0b" + MESSAGE.replace(b"T-1", b"T-2") + b"\x1c\r"
    assert sniffed(framed) == ("HL7", "hl7")
    assert [one["source_record_id"] for one in encounters(framed)] == ["T-1", "T-2"]


def test_a_message_may_choose_its_separators() -> None:
    other = MESSAGE.replace(b"|", b"#").replace(b"^", b"!").replace(b"~", b"%")
    assert encounters(other) == encounters(MESSAGE)


def test_the_repetition_that_is_marked_is_taken() -> None:
    assert encounters(MESSAGE)[0]["client_id"] == "MR1"


def test_escapes_are_undone_and_never_logged(caplog: pytest.LogCaptureFixture) -> None:
    own = feed_layout.decode('extends = "hl7"\n[encounters]\nepisode_id = "PID-5"\n', "own", "own")
    known = MESSAGE.replace(rb"O\S\Neil", rb"O\S\N\X65\il")
    unknown = FT1.replace(b"T-1", b"T-2").join((known + b"\r", b""))
    with caplog.at_level(logging.DEBUG):
        read = feeds.read_feed(1, unknown, [own]).tables["encounters"]
        left = feeds.read_feed(1, known.replace(rb"\S\N", rb"\C2842\N\Q"), [own]).tables
    assert read["episode_id"].to_list() == ["O^Neil", "O^Neil"]
    assert left["encounters"]["episode_id"].to_list() == [r"O\C2842\N\Q\X65\il"]
    assert caplog.text == ""


def test_an_emptied_field_is_empty() -> None:
    (row,) = encounters(MESSAGE.replace(b"|F10.20|", b'|""|') + b"\rDG1|1||F33.1")
    assert row["diagnoses"] == "F331"


def test_a_credit_cancels_the_charge_of_its_content() -> None:
    """FT1-6 CD with a transaction id of its own: known by client, date, code and quantity."""
    credit = FT1.replace(b"T-1", b"T-2").replace(b"CG", b"CD")
    rows = encounters(MESSAGE + b"\r" + credit)
    assert [(one["source_record_id"], one["record_action"]) for one in rows] == [
        ("T-1", "add"),
        ("T-1", "cancel"),
    ]


def test_a_credit_of_another_day_cancels_nothing_here() -> None:
    credit = FT1.replace(b"T-1", b"T-2").replace(b"CG", b"CD").replace(b"20260105", b"20260104")
    tables, says = read_all(MESSAGE + b"\r" + credit)
    assert tables["encounters"]["source_record_id"].to_list() == ["T-1", "T-2"]
    assert "FEED_CREDIT_UNMATCHED: line 4: a credit for no charge of this file" in says


def test_a_later_message_is_a_newer_version() -> None:
    """MSH-7 by its digits, whether it has a time or not."""
    later = MESSAGE.replace(b"|20260105||DFT", b"|20260105110000||DFT")
    first, second = encounters(MESSAGE + b"\r" + later)
    assert (first["record_version"], second["record_version"]) == (20260105000000, 20260105110000)


def test_a_broken_message_does_not_stop_the_others() -> None:
    tables, says = read_all(b"MSH\r" + MESSAGE)
    assert tables["encounters"].height == 1
    assert says[0] == "FEED_MESSAGE_INVALID: line 1: a message whose header (MSH) cannot be read"


def test_segments_before_any_message_are_told() -> None:
    _, says = read_all(b"FHS|^~\\&|X\rPID|1\r" + MESSAGE)
    assert says[0] == "FEED_MESSAGE_INVALID: line 2: a segment before the first message (MSH)"


def test_a_batch_without_messages_is_refused() -> None:
    with pytest.raises(FeedRejected, match="no message"):
        feeds.read_feed(1, b"FHS|^~\\&|X\rFTS|0\r")


def test_times_with_a_zone_hang_in_the_layouts_timezone() -> None:
    own = feed_layout.decode('extends = "hl7"\ntimezone = "America/Chicago"\n', "own", "own")
    zoned = MESSAGE.replace(b"20260105090000", b"20260106000000+0000")
    zoned = zoned.replace(b"20260105120000", b"20260105210000-0600")
    row = feeds.read_feed(1, zoned, [own]).tables["encounters"].row(0, named=True)
    assert (str(row["service_date"]), str(row["start_time"])) == ("2026-01-05", "18:00:00")
    assert str(row["end_time"]) == "21:00:00"


@pytest.mark.parametrize(
    ("when", "minutes", "assumed"),
    [
        (b"20260105090000^20260105103000", None, False),
        (b"202601050900^202601051030", None, False),
        (b"20260105", 180, True),
        (b"20260105090000", 180, True),
    ],
)
def test_a_length_is_assumed_only_where_the_charge_has_no_range(
    when: bytes, minutes: int | None, assumed: bool
) -> None:
    """FT1-4 is a date range (DR): begin and end say how long the session was."""
    tables, says = read_all(MESSAGE.replace(b"20260105090000^20260105120000", when))
    (row,) = tables["encounters"].to_dicts()
    assert row["minutes"] == minutes
    assert (str(row["start_time"]), str(row["end_time"])) == (
        ("09:00:00", "10:30:00")
        if minutes is None
        else ("09:00:00" if len(when) > 8 else "None", "None")
    )
    assert any("FEED_ASSUMED: minutes" in one for one in says) is assumed


ADT = rb"MSH|^~\&|EHR|X|||20260114||ADT^A03|9|P|2.5"
PV1 = b"PV1|1|R||||||||||||||||IOP|V-4|||||||||||||||||01||||||||20260105|20260114"


def visit(event: bytes, pv1: bytes = PV1) -> tuple[list[dict[str, object]], list[str]]:
    message = ADT.replace(b"A03", event).replace(b"20260114||ADT", b"20260115||ADT")
    evn = b"EVN|" + event + b"|20260114"
    tables, says = read_all(b"\r".join((message, evn, PID, pv1)))
    rows = tables["encounters"].drop("file_id", "row").to_dicts()
    return [{k: str(v) for k, v in one.items() if v is not None} for one in rows], says


ENDED = {
    "source_record_id": "V-4/discharge",
    "record_action": "discharge",
    "record_version": "20260115000000",
    "client_id": "MR1",
    "episode_id": "V-4",
    "admit_date": "2026-01-05",
    "discharge_date": "2026-01-14",
    "discharge_status": "01",
}


@pytest.mark.parametrize("event", [b"A03", b"A08"])
def test_an_adt_alone_tells_the_end_of_its_visit(event: bytes) -> None:
    """PV1-45 and PV1-36, of the visit and not of a session."""
    assert visit(event) == ([ENDED], [])


def test_an_update_of_a_visit_that_goes_on_tells_no_end() -> None:
    assert visit(b"A08", PV1.removesuffix(b"|20260114")) == ([], [])


def test_a_discharge_without_its_date_was_when_it_happened_and_is_told() -> None:
    """EVN-2 where PV1-45 is empty."""
    rows, says = visit(b"A03", PV1.removesuffix(b"|20260114"))
    assert rows == [ENDED]
    assert says == [
        "FEED_ASSUMED: discharge_date assumed by layout hl7, not said by the feed; encounters: 1"
    ]


def test_a_discharge_that_is_taken_back_is_cancelled() -> None:
    """ADT^A13."""
    rows, _ = visit(b"A13", PV1.removesuffix(b"|20260114"))
    assert [(one["source_record_id"], one["record_action"]) for one in rows] == [
        ("V-4/discharge", "cancel")
    ]


def test_a_discharge_of_no_visit_is_told() -> None:
    rows, says = visit(b"A03", PV1.replace(b"V-4", b""))
    assert rows == []
    assert says[0].startswith("FEED_VALUE_MISSING: line 1, episode_id (PV1-19, PID-18)")
