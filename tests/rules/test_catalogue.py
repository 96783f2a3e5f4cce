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


DENIED_AS = """
DUP-01 void_8 | 97 231 18 96 119 222 151 | N20 M80 M86 N702 M15 N362 N640
DUP-02 corrected_7 | 151 119 222 273 18 | N362 N640 N435 M53 N345
DUP-03 no_action_duplicate | 18 B13 | N522 N111 N702
DUP-04 corrected_7 | 4 236 231 | N519 N823 N20
BUN-01 write_off_CO | 97 234 | M15 N20 N19 N390 M80 N702
BUN-02 write_off_CO | 97 170 171 B20 | M97 N20 N538
BUN-04 write_off_CO | 97 234 96 | N538 M97 N20
LOC-01 void_8 | 97 231 60 96 B20 186 | N20 M80 M86
AUTH-01 retro_auth | 197 | M62 N54
AUTH-02 corrected_7 | 284 15 16 197 | M62 N54 N188
AUTH-03 corrected_7 | 296 | N54 N198
AUTH-04 retro_auth | 198 119 273 | N54 N640 N362
AUTH-07 reconsideration | 210 | N54
AUTH-08 clinical_appeal | 39 50 | N54 N10 N188 N661
DUR-01 write_off_CO | 150 152 272 16 | N180 M25 N657 N56
DUR-02 send_records | 272 150 50 | N180 N188
DUR-05 retro_auth | 119 273 149 35 B1 222 | N640 N362 N435 N587
DX-01 corrected_7 | 11 | M76 M64 N657 N569
DX-02 corrected_7 | 11 12 167 146 | MA63 M76 M81
DX-03 corrected_7 | 146 16 | M76 M81 MA63 M64
REV-01 corrected_7 | 199 | M50 M20 N657
REV-02 corrected_7 | 282 5 16 | M50 MA30 M44
REV-04 corrected_7 | 181 96 4 204 | N56 N65 M51 M20 N448
CLM-01 corrected_7 | 16 | M62 M44 M50 M53 M52 MA30 MA31 MA43 N253 N257 N255 N382 MA61 MA27 MA63 MA130
CLM-02 new_claim_1 | 135 267 268 239 238 | N61 N63 N74 MA31 N345
CLM-03 corrected_7 | 16 129 | M47 N152 MA30 MA43 N142
TF-01 write_off_CO | 29 |
TF-02 write_off_CO | 286 285 | N211
ELG-01 bill_other_payer | 26 27 31 32 200 177 178 | N30 N382 N650
ELG-02 bill_other_payer | 109 24 B11 | N418 N747
COB-01 bill_other_payer | 22 23 136 | MA04 N4 N479 N480 MA92 N598 N48 N197
CRED-01 reconsideration | B7 170 171 172 185 147 242 8 | N95 N570 N761 N767 N198 N521 N55
MN-01 clinical_appeal | 50 150 55 | N115 N386 N661 N10 M25 M127
DOC-02 send_records | 252 226 163 164 250 251 B12 112 | N706 N705 N394 N393 N237 M127 N366
BEN-01 patient_responsibility | 96 204 | N130 N216 N425 N30
CON-01 contract_dispute | 256 45 131 | N381 N59
CLM-05 corrected_7 | 16 | M52 MA31
DOC-01 send_records | B12 112 252 | N706 M127
DUR-07 corrected_7 | 119 273 152 | N362 N640
MOD-01 corrected_7 | 4 16 | N519 M20
"""
"""Domain page, table 3.2 and the end of section 7: rule and remedy, the reasons and the remarks that mean it."""


def test_reasons_remarks_and_remedy_are_the_domain_page_s() -> None:
    """Its CLM-05 is 16 with M52 or MA31, its MOD-01 has no remarks: N519 and M20 are judgement."""
    rows = [line.split("|") for line in DENIED_AS.strip().splitlines()]
    told = {
        head.split()[0]: (head.split()[1], set(carcs.split()), set(rarcs.split()))
        for head, carcs, rarcs in rows
    }
    held = {
        rule.id: (rule.remedy, set(rule.carcs), set(rule.rarcs))
        for rule in RULES.values()
        if rule.carcs
    }
    assert held == told


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
