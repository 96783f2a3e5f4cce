"""The automaton learns from the guide's words, and walks by guesses as it would one by one."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest

from edi_iop.guides.automaton import Automaton, Integers
from edi_iop.guides.loader import load
from edi_iop.guides.repairs import Transition
from tests.conftest import FIXTURES

FILES = {
    "005010X221A1": FIXTURES / "x12" / "remit_iop.835",
    "005010X223A2": FIXTURES / "x12" / "claim_iop.837",
}


def test_values_the_guide_does_not_name_share_a_key() -> None:
    machine = Automaton(load("005010X221A1"))
    strangers = {machine.key_number(("REF", f"Q{number}")) for number in range(1000)}
    strangers |= {machine.key_number((f"Z{number}",)) for number in range(1000)}
    assert len(strangers) == 2
    assert machine.key_number(("REF", "6R")) not in strangers


def keys_of(machine: Automaton, name: str) -> list[int]:
    """The keys of a file's transaction set, ST to SE."""
    text = FILES[name].read_text(encoding="ascii").replace("\n", "")
    segments = [segment.split("*") for segment in text.split("~")]
    inside = segments[2 : next(at for at, one in enumerate(segments) if one[0] == "SE") + 1]
    return [
        machine.key_number(
            (one[0], *(one[place].split(":")[0] if place < len(one) else "" for place in places))
        )
        for one in inside
        for places in [machine.discriminators.get(one[0], ())]
    ]


def many(keys: Sequence[int], chance: random.Random, turns: int) -> tuple[Integers, Integers]:
    """The keys over and over, a part of them damaged, and where each turn begins."""
    whole: list[int] = []
    starts = []
    for _ in range(turns):
        starts.append(len(whole))
        turn = list(keys)
        for _ in range(chance.choice([0, 0, 1, 3])):
            at, other = chance.randrange(1, len(turn)), chance.randrange(1, len(turn))
            turn[at], turn[other] = turn[other], turn[at]
            del turn[chance.randrange(1, len(turn))]
        whole += turn
    return np.array(whole), np.array(starts)


def walked(machine: Automaton, taken: Integers) -> list[Transition]:
    return [machine.transitions[number] for number in taken.tolist()]


def one_by_one(machine: Automaton, keys: Integers, starts: Integers) -> list[Transition]:
    """The plain walk, with nothing learned before."""
    root = machine.guide.root.index
    return walked(machine, machine._one_by_one(keys, starts, [root] * len(starts)))


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("seed", range(5))
def test_guesses_lead_where_one_step_after_another_does(name: str, seed: int) -> None:
    plain, guessing = Automaton(load(name)), Automaton(load(name))
    keys, starts = many(keys_of(plain, name), random.Random(seed), 120)
    assert keys_of(guessing, name) == keys_of(plain, name)  # both number keys alike
    expected = one_by_one(plain, keys, starts)
    taken = guessing.walk(keys, starts, [None] * len(starts))
    assert walked(guessing, taken) == expected
    assert {one.fault is None for one in expected} == {True, False}


@pytest.mark.parametrize("name", FILES)
def test_a_walk_goes_on_where_an_earlier_one_ended(name: str) -> None:
    machine = Automaton(load(name))
    keys = np.array(keys_of(machine, name))
    whole = machine.walk(keys, np.array([0]), [None])
    cut = len(keys) // 2
    head = machine.walk(keys[:cut], np.array([0]), [None])
    rest = machine.walk(keys[cut:], np.array([0]), [int(head[-1])])
    assert [*head.tolist(), *rest.tolist()] == whole.tolist()
    assert machine.walk(keys[:0], np.array([0]), [int(head[-1])]).tolist() == []


def test_wrong_guesses_are_put_right() -> None:
    name = "005010X223A2"
    plain, impatient = Automaton(load(name)), Automaton(load(name))
    keys, starts = many(keys_of(plain, name), random.Random(9), 60)
    keys_of(impatient, name)
    impatient.walk(keys, starts, [None] * len(starts))
    impatient._usual[:] = 0  # every guess is wrong from here on
    expected = one_by_one(plain, keys, starts)
    assert walked(impatient, impatient.walk(keys, starts, [None] * len(starts))) == expected
