"""Sheets on a terminal."""

from __future__ import annotations

import io

import polars as pl
import pytest
from rich.text import Text

from edi_iop.reports.cells import cell
from edi_iop.reports.screen import MOST_ROWS, WIDTH, to_screen
from edi_iop.reports.sheet import Field, Sheet


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_money_is_right_aligned_in_dollars() -> None:
    frame = pl.DataFrame({"paid_cents": [100, 1234550, -5]})
    lines = to_screen(Sheet("", frame, (Field("PAID", "paid_cents", "money"),))).splitlines()
    assert lines == ["      PAID", "     $1.00", "$12,345.50", "    -$0.05"]


def test_no_colour_where_the_output_is_no_terminal() -> None:
    frame = pl.DataFrame({"verdict": ["refuted"]})
    sheet = Sheet("", frame, (Field("VERDICT", "verdict", "flag"),))
    assert "\x1b" not in to_screen(sheet)
    assert "\x1b" not in to_screen(sheet, io.StringIO())


def test_notes_stand_beneath_their_row_within_the_width() -> None:
    frame = pl.DataFrame({"rule": ["DUP-01"], "says": ["word " * 60], "next": [""]})
    sheet = Sheet("", frame, (Field("RULE", "rule"),), (Field("", "says"), Field("next", "next")))
    lines = to_screen(sheet).splitlines()
    assert lines[1] == "DUP-01"
    assert all(line.startswith("    word") for line in lines[2:])
    assert max(map(len, lines)) <= WIDTH
    assert "".join(lines).count("word") == 60


def test_what_is_too_wide_for_a_table_is_shown_record_by_record() -> None:
    frame = pl.DataFrame({f"column_{n}": ["x" * 10] for n in range(20)} | {"empty": [None]})
    lines = to_screen(Sheet("", frame)).splitlines()
    assert lines[0] == "-- 1 --"
    assert lines[1].split() == ["column_0", "xxxxxxxxxx"]
    assert not any("empty" in line for line in lines)


def test_last_columns_without_room_go_beneath_their_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    frame = pl.DataFrame(
        {"claim": ["A" * 12], "payer": ["HARBR"], "paid_cents": [123400], "days": [31], "why": [""]}
    )
    fields = (
        Field("CLAIM", "claim"),
        Field("PAYER", "payer"),
        Field("PAID", "paid_cents", "money"),
        Field("DAYS OF SERVICE", "days", "number"),
        Field("WHY", "why"),
    )
    shown = to_screen(Sheet("", frame, fields), Terminal())
    assert Text.from_ansi(shown).plain.splitlines() == [
        "CLAIM         PAYER       PAID",
        "AAAAAAAAAAAA  HARBR  $1,234.00",
        "    days of service 31",
    ]


def test_a_row_of_many_columns_goes_on_beneath_itself() -> None:
    """Twelve columns, of which seven find room: what a person compares stays side by side."""
    names = [f"column_{n}" for n in range(12)]
    first, second, *rest = to_screen(
        Sheet("", pl.DataFrame({name: ["x" * 12] for name in names}))
    ).splitlines()
    assert first.split() == names[:7]
    assert second.split() == ["x" * 12] * 7
    beneath = " ".join(rest)
    assert beneath.split()[::2] == names[7:]


def test_control_characters_of_a_foreign_file_are_harmless() -> None:
    """A remit must not be able to move the cursor or set a window title."""
    text = to_screen(Sheet("", pl.DataFrame({"name": ["a\x1b[2Jb\x07\nc"]})))
    assert "a·[2Jb··c" in text


def test_square_brackets_are_text_and_no_markup() -> None:
    assert "[red]x[/red]" in to_screen(Sheet("", pl.DataFrame({"name": ["[red]x[/red]"]})))


def test_a_long_list_says_how_much_is_not_shown() -> None:
    text = to_screen(Sheet("", pl.DataFrame({"n": range(MOST_ROWS + 1)})))
    assert f"the first {MOST_ROWS} of {MOST_ROWS + 1} rows" in text


def test_no_rows_are_said() -> None:
    assert to_screen(Sheet("", pl.DataFrame({"n": []}), none="no findings")) == "no findings\n"


def test_a_long_value_keeps_its_ends() -> None:
    assert cell("/a/very/long/path/remit.835", Field("FILE", "file", widest=11)) == "/a/ve…t.835"


def test_a_terminal_gets_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    frame = pl.DataFrame({"verdict": ["refuted"]})
    sheet = Sheet("", frame, (Field("VERDICT", "verdict", "flag"),))
    assert "\x1b[32mrefuted" in to_screen(sheet, Terminal())
