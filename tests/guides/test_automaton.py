"""The automaton learns from the guide's words, not from whatever a file holds."""

from __future__ import annotations

from edi_iop.guides.automaton import Automaton
from edi_iop.guides.loader import load


def test_values_the_guide_does_not_name_share_a_key() -> None:
    machine = Automaton(load("005010X221A1"))
    strangers = {machine.key_number(("REF", f"Q{number}")) for number in range(1000)}
    strangers |= {machine.key_number((f"Z{number}",)) for number in range(1000)}
    assert len(strangers) == 2
    assert machine.key_number(("REF", "6R")) not in strangers
