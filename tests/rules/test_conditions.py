"""The conditions of separate_if: each named one is there, and each is tried by a situation."""

from pathlib import Path
from typing import get_args

from edi_iop.rules.conditions import CONDITIONS
from edi_iop.rules.parameters import Condition
from edi_iop.rules.situations import situations

FOLDER = Path(__file__).parents[2] / "fixtures" / "rules"


def test_every_condition_has_a_function() -> None:
    assert set(CONDITIONS) == set(get_args(Condition))


def test_every_condition_is_tried() -> None:
    tried = {
        name
        for cases in situations(FOLDER).values()
        for case in cases
        for bundle in (*case.terms.get("bundles", {}).values(), case.terms.get("professional", {}))
        for name in bundle.get("conditions", ())
    }
    assert tried == set(CONDITIONS)
