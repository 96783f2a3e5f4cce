"""The rule book maps/rules.toml against the engine, the policies and the code formats."""

import re
import tomllib
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from edi_iop import resources
from edi_iop.errors import BadMap
from edi_iop.rules import catalogue as book
from edi_iop.rules.catalogue import catalogue
from edi_iop.rules.engine import FIRST, THEN
from edi_iop.rules.policy import load, names

RULES = catalogue()


def test_every_rule_has_one_check_and_every_check_a_rule() -> None:
    decidable = [rule.id for rule in RULES.values() if rule.denial_only is None]
    assert sorted([*FIRST, *THEN]) == sorted(decidable)
    assert len(RULES) == 54


def test_what_only_a_denial_shows_is_said() -> None:
    alone = {rule.id: rule for rule in RULES.values() if rule.denial_only}
    assert sorted(alone) == ["BEN-01", "DOC-02", "MN-01"]
    assert all(rule.stage == "post" and rule.carcs for rule in alone.values())


def test_alternatives_have_an_order() -> None:
    """DECISIONS: first match within a family."""
    orders: dict[str, list[str]] = {}
    for rule in sorted(RULES.values(), key=lambda rule: rule.order):
        orders.setdefault(rule.family, []).append(rule.id)
    assert orders["authorization"] == [
        *("AUTH-01", "AUTH-08", "AUTH-04", "AUTH-06", "AUTH-02", "AUTH-03", "AUTH-07")
    ]
    assert orders["duplication"] == ["DUP-03", "DUP-04", "DUP-01", "DUP-02"]
    assert orders["bundling"].index("BUN-04") < orders["bundling"].index("BUN-01")
    assert orders["diagnosis"] == ["DX-02", "DX-01", "DX-03"]
    assert orders["day"] == ["CLM-05", "DOC-01", "DUR-01"]
    assert len({(rule.family, rule.order) for rule in RULES.values()}) == len(RULES)


def test_severities() -> None:
    mild = {rule.id: rule.severity for rule in RULES.values() if rule.severity != "block"}
    by_severity = {
        "hold": "BUN-02 BUN-03 CLM-04 AUTH-07 DOC-01 DUR-06 MOD-01 DOC-02 BEN-01 MN-01",
        "warn": "BUN-05 AUTH-05 DUR-02 DUR-03 DUR-04 DUR-08 DX-04 REV-03 TF-02",
        "info": "DUP-05 CON-01",
    }
    assert mild == {rule: severity for severity, ids in by_severity.items() for rule in ids.split()}


# domain notes, section 7: pre-bill only are those without reason codes in section 3.2
PRE = "DUP-05 BUN-03 BUN-05 LOC-02 AUTH-05 AUTH-06 DUR-03 DUR-04 DUR-06 DUR-08 DX-04 REV-03 CLM-04 CN-01"
POST = "DOC-02 BEN-01 CON-01 TF-02 MN-01"


def test_stages() -> None:
    by_stage = {"pre": PRE.split(), "post": POST.split()}
    for rule in RULES.values():
        due = next((stage for stage, ids in by_stage.items() if rule.id in ids), "both")
        assert rule.stage == due, rule.id
        assert bool(rule.carcs) == (rule.stage != "pre"), rule.id


@pytest.mark.parametrize("policy", names())
def test_every_policy_denies_every_rule_in_codes_that_mean_it(policy: str) -> None:
    denials = load(policy, date(2026, 1, 1)).denials
    assert set(denials) == {rule.id for rule in RULES.values() if rule.stage != "pre"}
    for rule, denial in denials.items():
        assert denial.carc in RULES[rule].carcs, (policy, rule)
        assert set(denial.rarcs) <= set(RULES[rule].rarcs), (policy, rule)


def test_every_parameter_is_a_key_of_the_policy_with_its_source() -> None:
    base = load("base", date(2026, 1, 1))
    for rule in RULES.values():
        for key in rule.params:
            held = base.value(key)
            unset = key in _UNSET
            assert unset or held not in (None, {}, []), (rule.id, key)
            assert unset or base.cite(key) or isinstance(held, dict), (rule.id, key)


_UNSET = {
    *("duration.caps", "professional.conditions", "eligibility", "telehealth", "codes.senses"),
    *("codes.accepted", "codes.refused", "codes.condition_codes"),
    *("codes.barred_condition_codes", "codes.barred_procedures"),
    *("conflicts.condition_codes", "conflicts.days_before", "plan_of_care.recertify_days"),
    *(
        "timely.corrected_days",
        "timely.corrected_from",
        "timely.appeal_days",
        "duration.max_group_clients",
        "plan_of_care.min_week_hours",
    ),
}
"""What the common ground leaves to the payers."""


def test_every_value_of_the_common_ground_has_its_source() -> None:
    base = load("base", date(2026, 1, 1))
    path = resources.maps() / "payers" / "base.toml"
    apart = ("id", "name", "version", "effective_from", "read_on", "sources", "cites")
    own = tomllib.loads(path.read_text(encoding="utf-8"))
    for key in leaves({name: value for name, value in own.items() if name not in apart}):
        assert base.cite(key), key


def leaves(table: dict[str, Any], above: str = "") -> Iterator[str]:
    for name, value in table.items():
        key = f"{above}.{name}" if above else name
        if isinstance(value, dict):
            yield from leaves(value, key)
        else:
            yield key


def test_only_codes_and_our_own_short_words() -> None:
    for rule in RULES.values():
        assert all(re.fullmatch(r"[A-Z]?\d{1,3}", code) for code in rule.carcs), rule.id
        assert all(re.fullmatch(r"(N|M|MA)\d{1,3}", code) for code in rule.rarcs), rule.id
        assert rule.says.endswith("."), rule.id
        assert rule.next_step.endswith("."), rule.id
        sourced = re.search(r"https?://[\w.-]+/", rule.cites)
        assert sourced or "judgement" in rule.cites or "no page" in rule.cites, rule.id


def test_a_wrong_rule_book_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    (tmp_path / "rules.toml").write_text('[[rule]]\nid = "X-01"\n', encoding="utf-8")
    monkeypatch.setattr(resources, "maps", lambda: tmp_path)
    with pytest.raises(BadMap, match=r"rules\.toml: .*missing required field"):
        book.catalogue.__wrapped__()
