"""The rule book maps/rules.toml against the engine, the policies and the code formats."""

import re
from datetime import date

import pytest

from edi_iop import resources
from edi_iop.errors import BadMap
from edi_iop.rules import catalogue as book
from edi_iop.rules.catalogue import catalogue
from edi_iop.rules.engine import FIRST, THEN
from edi_iop.rules.policy import load, names

RULES = catalogue()


def test_every_rule_has_one_check_and_every_check_a_rule() -> None:
    assert sorted([*FIRST, *THEN]) == sorted(RULES)
    assert len(RULES) == 19


def test_alternatives_have_an_order() -> None:
    """DECISIONS: first match within a family."""
    orders: dict[str, list[str]] = {}
    for rule in sorted(RULES.values(), key=lambda rule: rule.order):
        orders.setdefault(rule.family, []).append(rule.id)
    assert orders["authorization"] == ["AUTH-01", "AUTH-08", "AUTH-04", "AUTH-02"]
    assert orders["duplication"] == ["DUP-03", "DUP-01", "DUP-02"]
    assert orders["bundling"].index("BUN-04") < orders["bundling"].index("BUN-01")
    assert orders["diagnosis"] == ["DX-02", "DX-01"]
    assert orders["day"] == ["DOC-01", "DUR-01"]
    assert len({(rule.family, rule.order) for rule in RULES.values()}) == len(RULES)


def test_severities() -> None:
    mild = {rule.id: rule.severity for rule in RULES.values() if rule.severity != "block"}
    assert mild == {"DUR-02": "warn", "BUN-02": "hold", "DOC-01": "hold"}


@pytest.mark.parametrize("policy", names())
def test_every_policy_denies_every_rule_in_codes_that_mean_it(policy: str) -> None:
    denials = load(policy, date(2026, 1, 1)).denials
    assert set(denials) == set(RULES)
    for rule, denial in denials.items():
        assert denial.carc in RULES[rule].carcs, (policy, rule)
        assert set(denial.rarcs) <= set(RULES[rule].rarcs), (policy, rule)


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
