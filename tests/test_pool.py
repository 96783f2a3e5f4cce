"""Work on a thread of Polars' own: the same answer, the same exception, and no other thread waited for."""

from __future__ import annotations

import threading

import polars as pl
import pytest

from edi_iop.tables.pool import pooled


@pooled
def thread() -> int:
    return threading.get_ident()


@pooled
def divided(number: int, *, by: int) -> float:
    return number / by


@pooled
def doubled(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(pl.col("a") > divided(2, by=2)).join(frame, on="a")


def test_it_is_not_done_where_we_stand() -> None:
    """Else nothing is gained: a later Polars may do such work elsewhere."""
    assert thread() != threading.get_ident()


def test_answers_and_exceptions_are_the_functions_own() -> None:
    assert divided(6, by=3) == 2
    with pytest.raises(ZeroDivisionError) as raised:
        divided(6, by=0)
    assert raised.value.__context__ is None
    with pytest.raises(TypeError, match="by"):
        divided(6)  # type: ignore[call-arg]


def test_frames_are_made_there_and_one_inside_another() -> None:
    assert doubled(pl.DataFrame({"a": [1, 2, 3]}))["a"].sort().to_list() == [2, 3]


def test_several_threads_may_ask_at_once() -> None:
    answers: list[float] = []
    threads = [
        threading.Thread(target=lambda n=n: answers.append(divided(n, by=1))) for n in range(8)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join(timeout=20)
    assert sorted(answers) == list(range(8))
