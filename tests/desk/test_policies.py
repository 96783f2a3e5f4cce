"""Which policy judges which payer's lines."""

from __future__ import annotations

from datetime import date

import pytest

from edi_iop import resources
from edi_iop.desk import policies
from edi_iop.errors import BadPolicy
from edi_iop.settings import decode

ON = date(2026, 3, 1)
SETTINGS = decode((resources.maps() / "settings.toml").read_text(encoding="utf-8"))


def test_one_policy_for_every_payer_that_occurs() -> None:
    chosen = policies.named(["harbor"], {"AAA", "BBB"}, ON)
    assert {payer: policy.id for payer, policy in chosen.items()} == {
        "AAA": "harbor",
        "BBB": "harbor",
    }


def test_a_policy_for_one_payer_only() -> None:
    chosen = policies.named(["AAA=meridian", "CCC=harbor"], {"AAA", "BBB"}, ON)
    assert {payer: policy.id for payer, policy in chosen.items()} == {
        "AAA": "meridian",
        "CCC": "harbor",
    }


def test_the_common_ground_is_no_payer_s_policy() -> None:
    with pytest.raises(BadPolicy, match="there are arizona, bcbs, harbor, "):
        policies.named(["base"], {"AAA"}, ON)


def test_payers_of_the_settings_by_id_or_by_policy() -> None:
    assert set(policies.within(SETTINGS, [], ON)) == {"HARBR", "MERID"}
    assert set(policies.within(SETTINGS, ["MERID"], ON)) == {"MERID"}
    assert set(policies.within(SETTINGS, ["harbor"], ON)) == {"HARBR"}
    with pytest.raises(BadPolicy, match=r"they have HARBR \(harbor\)"):
        policies.within(SETTINGS, ["aetna"], ON)


def test_who_stands_in_charges_the_contract_s_rate() -> None:
    chosen = policies.named(["HARBR=harbor"], set(), ON)
    assert policies.stand_in(chosen).charge_cents("H0015") == 28500
    assert policies.stand_in(chosen, "1234567893").facility.npi == "1234567893"
