"""Lines of an answer that a person ties or takes off: the last word stands, before anything found."""

from __future__ import annotations

from typing import Any

import polars as pl
from remit_rows import claim, claim_line, claims, frame, payment, remit_claim, remit_line, remits

from edi_iop.reconciler.match import matched

Tables = dict[str, pl.DataFrame]


def alike() -> Tables:
    """A claim of two days of one date that nothing tells apart."""
    return claims(
        claims=[claim(100, "EAAA", charge_cents=70000)],
        claim_lines=[claim_line(100, 150 + 10 * n, line=1 + n) for n in range(2)],
    )


def answered(**values: Any) -> Tables:
    """Both days answered, without line control numbers."""
    return remits(
        payments=[payment()],
        remit_claims=[remit_claim(300, claim="EAAA", charge_cents=70000)],
        remit_lines=[remit_line(300, 400 + 10 * n, position=1 + n, **values) for n in range(2)],
    )


def word(verb: str, line: int, sent: int, **values: Any) -> dict[str, Any]:
    """A decision on a line of the answer and one of the claim, the fourth of the day if fourth given."""
    row = {
        "verb": verb,
        "actor": "kim",
        "file_id": 9,
        "remit_claim_offset": 300,
        "remit_line_offset": line,
        "claim_file_id": 1,
        "claim_offset": 100,
        "line_offset": sent,
    }
    return row | values


def decided(*words: dict[str, Any]) -> pl.DataFrame:
    return frame("decisions", [one | {"decision": n} for n, one in enumerate(words, 1)])


def lines(sent: Tables, remit: Tables, *words: dict[str, Any]) -> dict[int, tuple[Any, ...]]:
    """By line of the answer: the claim's line, the tier and the actor."""
    rows = matched(remit, sent, decided(*words)).matches
    told = rows.filter(pl.col("remit_line_offset").is_not_null())
    columns = ("remit_line_offset", "line_offset", "tier", "actor")
    return {row[0]: row[1:] for row in told.select(columns).iter_rows()}


def test_one_line_tied_leaves_the_other_one_choice():
    assert lines(alike(), answered()) == {400: (None, None, None), 410: (None, None, None)}
    tied = lines(alike(), answered(), word("link", 400, 160))
    assert tied == {400: (160, "hand", "kim"), 410: (150, "day", None)}


def test_a_word_on_lines_is_none_on_their_claim():
    rows = matched(answered(), alike(), decided(word("unlink", 400, 160, tier="day"))).matches
    whole = rows.filter(pl.col("remit_line_offset").is_null())
    assert whole["tier"].to_list() == ["T1"]
    rows = matched(answered(), alike(), decided(word("link", 400, 160))).matches
    whole = rows.filter(pl.col("remit_line_offset").is_null())
    assert whole.select("tier", "actor").row(0) == ("T1", None)


def test_what_a_person_takes_back_is_the_programs_again():
    words = (word("link", 400, 160), word("unlink", 400, 160, tier="hand"))
    assert lines(alike(), answered(), *words) == lines(alike(), answered())


def test_a_line_taken_off_what_the_program_found_stays_open():
    """Nothing of its day is left to it but the line it was taken off."""
    sent = claims(
        claims=[claim(100, "EAAA", charge_cents=70000)],
        claim_lines=[claim_line(100, 150), claim_line(100, 160, line=2, procedure="S9480")],
    )
    assert lines(sent, answered())[400] == (None, None, None)
    one = remits(
        payments=[payment()],
        remit_claims=[remit_claim(300, claim="EAAA")],
        remit_lines=[remit_line(300, 400)],
    )
    assert lines(sent, one) == {400: (150, "day", None)}
    apart = word("unlink", 400, 150, tier="day")
    rows = matched(one, sent, decided(apart)).matches.filter(pl.col("remit_line_offset") == 400)
    assert rows.select("line_offset", "says").row(0) == (None, "a person undid its match")
    assert lines(sent, one, apart, word("link", 400, 160)) == {400: (160, "hand", "kim")}


def test_a_line_may_answer_several_and_several_one():
    bundle = lines(alike(), answered(), word("link", 400, 150), word("link", 400, 160))
    assert bundle[410] == (None, None, None)
    rows = matched(
        answered(), alike(), decided(word("link", 400, 150), word("link", 400, 160))
    ).matches
    both = rows.filter(pl.col("remit_line_offset") == 400)["line_offset"].to_list()
    assert both == [150, 160]
    parts = lines(alike(), answered(), word("link", 400, 150), word("link", 410, 150))
    assert parts == {400: (150, "hand", "kim"), 410: (150, "hand", "kim")}


def test_lines_tied_by_hand_are_those_of_the_claim_that_is_answered():
    """The answer was taken off the claim since: a word on its lines says nothing of another claim."""
    whole = word("unlink", 0, 0, remit_line_offset=None, line_offset=None, tier="T1")
    assert lines(alike(), answered(), word("link", 400, 160), whole) == {
        400: (None, None, None),
        410: (None, None, None),
    }


def test_what_disagrees_is_kept_beside_a_line_tied_by_hand():
    rows = matched(answered(charge_cents=35100), alike(), decided(word("link", 400, 160))).matches
    row = rows.filter(pl.col("remit_line_offset") == 400).row(0, named=True)
    assert (row["grade"], row["disagreed"]) == ("certain", ["charge"])
