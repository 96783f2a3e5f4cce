"""The HTML page: whole in itself, safe, and read as a tree by another program (lxml)."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import date

import polars as pl
import pytest
from lxml import html

from edi_iop.reports import render
from edi_iop.reports.sheet import MOST_READ, Chart, Field, Sheet

ROWS = pl.DataFrame(
    {
        "claim": ["A1", "A2"],
        "paid_cents": [28550, -5],
        "verdict": ["refuted", "confirmed"],
        "says": ["one", ""],
    }
)
FIELDS = (
    Field("CLAIM", "claim"),
    Field("PAID", "paid_cents", "money"),
    Field("VERDICT", "verdict", "flag"),
)
BARS = Chart("Paid", pl.DataFrame({"label": ["A", "B"], "value": [20000, 5000]}), "money")


def made(**more: object) -> str:
    sheet = Sheet("Denials", ROWS, FIELDS, (Field("", "says"),), closing="2 lines", **more)  # type: ignore[arg-type]
    return render(sheet, "html")


def test_cells_notes_and_meanings_are_there() -> None:
    tree = html.fromstring(made(legend=("97   included",)))
    assert tree.xpath("string(//h1)") == "Denials"
    rows = [["".join(cell.itertext()) for cell in row] for row in tree.xpath("//tbody/tr")]
    assert rows == [["A1", "$285.50", "refuted"], ["one"], ["A2", "-$0.05", "confirmed"]]
    assert [part.text for part in tree.xpath("//dl/*")] == ["97", "included"]


def test_money_is_ordered_by_its_cents() -> None:
    keys = html.fromstring(made()).xpath("//tbody/tr[1]/td[2]/@data-key")
    assert keys == ["28550", "-5"]


def test_nothing_comes_from_outside() -> None:
    text = made(charts=(BARS,))
    tree = html.fromstring(text)
    assert not tree.xpath("//@src | //@href | //link | //iframe | //object | //img")
    assert not re.search(r"https?://|@import|url\(", text)


def test_the_policy_lets_in_the_page_s_own_style_and_script_alone() -> None:
    tree = html.fromstring(made())
    (policy,) = tree.xpath("//meta[@http-equiv]/@content")
    for kind in ("style", "script"):
        (inline,) = tree.xpath(f"//{kind}/text()")
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


def test_text_of_a_file_is_no_markup() -> None:
    evil = "<script>alert(1)</script>\"'&"
    frame = pl.DataFrame({"claim": [evil], "says": [evil]})
    chart = Chart(evil, pl.DataFrame({"label": [evil], "value": [1]}))
    sheet = Sheet(evil, frame, (Field(evil, "claim"),), (Field(evil, "says"),), closing=evil,
                  legend=(evil,), charts=(chart,))  # fmt: skip
    tree = html.fromstring(render(sheet, "html"))
    assert len(tree.xpath("//script")) == 1
    assert "alert" not in tree.xpath("string(//script)")
    assert tree.xpath("string(//tbody/tr[1])") == evil


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Harbor Health Plan", "Harbor Health Plan"),
        ("SUCCESSOR HEALTH ADMINISTRATORS", "SUCCESSOR HEALTH AD…"),
        ("W" * 40, "W" * 14 + "…"),
        ("\u6f22" * 40, "\u6f22" * 14 + "…"),
        ("i" * 40, "i" * 23 + "…"),
    ],
)
def test_a_bar_s_name_is_cut_where_its_column_ends(name: str, shown: str) -> None:
    """182 pixels: fifteen of the widest signs, twenty capitals; what is cut stands in the title."""
    chart = Chart("Paid", pl.DataFrame({"label": [name], "value": [1]}))
    tree = html.fromstring(made(charts=(chart,)))
    (text,) = tree.xpath("//svg/text[1]")
    assert text.text == shown
    assert text.xpath("string(title)") == name


def test_a_chart_without_bars_is_left_out() -> None:
    empty = Chart("Entries", BARS.rows.clear())
    assert not html.fromstring(made(charts=(empty,))).xpath("//figure")
    assert len(html.fromstring(made(charts=(empty, BARS))).xpath("//figure")) == 1


def test_bars_are_as_long_as_their_values() -> None:
    tree = html.fromstring(made(charts=(BARS,)))
    longest, other = (float(bar.get("width")) for bar in tree.xpath("//rect"))
    assert longest == 4 * other
    assert "$200.00" in tree.xpath("string(//figure)")


def test_a_page_of_many_rows_says_what_it_leaves_out() -> None:
    many = pl.DataFrame({"claim": [str(number) for number in range(MOST_READ + 1)]})
    text = render(Sheet("", many), "html")
    assert text.count("<tbody>") == MOST_READ
    assert f"the first {MOST_READ:,} of {MOST_READ + 1:,} rows" in text


def test_no_rows_say_so() -> None:
    text = render(Sheet("", ROWS.clear(), none="no denied lines", name="denials"), "html")
    assert "no denied lines" in text
    assert "<table" not in text


def test_a_note_told_once_is_not_told_again_beneath_the_next_row() -> None:
    frame = pl.DataFrame({"claim": ["A", "B", "C"], "says": ["one", "one", "two"]})
    sheet = Sheet("", frame, (Field("CLAIM", "claim"),), (Field("", "says", once=True),))
    notes = html.fromstring(render(sheet, "html")).xpath("//tr[@class='note']/td/text()")
    assert notes == ["one", "two"]


def test_a_sum_below_zero_is_a_hollow_bar() -> None:
    """What a payer gave back stands beside what others took: the length alone tells them apart no more."""
    sums = Chart(
        "PLB", pl.DataFrame({"label": ["Harbor", "Summit"], "value": [100, -300]}), "money"
    )
    tree = html.fromstring(made(charts=(sums,)))
    assert [bar.get("class") for bar in tree.xpath("//rect")] == [None, "less"]


def test_a_date_is_not_broken_over_two_lines() -> None:
    sheet = Sheet("", pl.DataFrame({"on": [date(2026, 3, 1)]}))
    assert html.fromstring(render(sheet, "html")).xpath("//td/@class") == ["day"]
