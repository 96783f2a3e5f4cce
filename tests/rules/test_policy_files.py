"""Policy files: dated, inherited, each value with its source, and refused by file, key and reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from click.testing import CliRunner

from edi_iop import resources
from edi_iop.cli.front import cli
from edi_iop.errors import BadPolicy
from edi_iop.parsers.feed_spec import feed
from edi_iop.rules import policy
from edi_iop.rules.parameters import ServiceType
from edi_iop.rules.policy_files import UNSOURCED, leaves, shelf

ON = date(2026, 3, 1)
SHIPPED = resources.maps() / "payers"

OWN = """\
extends = "base"
id = "own"
name = "A payer of our own"
version = "1"
effective_from = 2025-01-01
read_on = 2026-11-01
sources = ["the contract"]

[timely]
initial_days = 120

[cites]
timely = "the contract, page 4"
"""

Write = Callable[..., Path]


@pytest.fixture
def written(tmp_path: Path) -> Write:
    """`written(own=TEXT, other=TEXT)`: a folder with these policy files."""

    def write(**texts: str) -> Path:
        for name, text in texts.items():
            (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
        return tmp_path

    return write


def load(folder: Path, policy_id: str = "own", on: date = ON) -> policy.Policy:
    return policy.load(policy_id, on, [folder])


def test_a_value_keeps_the_source_of_the_file_that_set_it(written: Write) -> None:
    """What is inherited is cited as the parent cites it; what is set anew only as the file itself does."""
    own = load(written(own=OWN))
    set_here, inherited = own.origins["timely.initial_days"], own.origins["timely.warn_share"]
    assert own.timely.initial_days == 120
    assert (set_here.policy, set_here.source) == ("own 1", "the contract, page 4")
    assert inherited.policy.startswith("base ")
    assert inherited.source.startswith("judgement")
    assert own.cite("timely.initial_days") == "the contract, page 4"
    assert own.cite("timely.warn_share") == inherited.source


def test_a_value_is_an_example_until_the_facility_has_verified_it(written: Write) -> None:
    """Verifying a file does not verify what it inherits."""
    assert load(written(own=OWN)).origins["timely.initial_days"].verified_on is None
    text = OWN.replace("read_on", "verified_on = 2026-11-20\nread_on").replace('"own"', '"seen"')
    seen = load(written(seen=text), "seen")
    assert seen.origins["timely.initial_days"].verified_on == date(2026, 11, 20)
    assert seen.origins["timely.warn_share"].verified_on is None


def test_a_new_version_supersedes_and_both_stay_loadable(written: Write) -> None:
    newer = OWN.replace("2025-01-01", "2026-01-01").replace('"1"', '"2"').replace("120", "90")
    folder = written(own=OWN, own_2026=newer)
    assert load(folder, on=date(2025, 12, 31)).label == "own 1"
    assert load(folder, on=date(2026, 1, 1)).label == "own 2"
    assert [one.timely.initial_days for one in policy.versions("own", [folder])] == [120, 90]
    with pytest.raises(BadPolicy, match="none in force on 2024-12-31"):
        load(folder, on=date(2024, 12, 31))


def test_what_is_inherited_is_the_parent_s_version_of_the_date(written: Write) -> None:
    child = (
        OWN.replace('"own"', '"child"')
        .replace('"base"', '"own"')
        .replace("initial_days = 120", "warn_days = 7")
    )
    newer = OWN.replace("2025-01-01", "2026-01-01").replace('"1"', '"2"').replace("120", "90")
    folder = written(own=OWN, own_2026=newer, child=child)
    assert load(folder, "child", date(2025, 6, 1)).timely.initial_days == 120
    assert load(folder, "child", ON).timely.initial_days == 90


def test_a_new_version_may_extend_the_one_before_it(written: Write) -> None:
    newer = OWN.replace('"base"', '"own"').replace("2025-01-01", "2026-01-01")
    newer = newer.replace('"1"', '"2"').replace("initial_days = 120", "appeal_days = 65")
    own = load(written(own=OWN, own_2026=newer))
    assert (own.timely.initial_days, own.timely.appeal_days) == (120, 65)
    assert own.origins["timely.initial_days"].policy == "own 1"
    assert own.origins["timely.appeal_days"].policy == "own 2"


def test_a_workspace_s_own_may_extend_the_shipped_one_of_its_name(written: Write) -> None:
    own = OWN.replace('"own"', '"harbor"').replace('"base"', '"harbor"')
    harbor = load(written(harbor=own), "harbor")
    assert harbor.timely.initial_days == 120
    assert harbor.iop.pairs[0].rate == "285.00"


def test_a_workspace_without_policies_of_its_own_has_the_shipped_ones(tmp_path: Path) -> None:
    assert load(tmp_path, "harbor").label == "harbor 2026.1"
    assert load(tmp_path / "absent", "harbor").label == "harbor 2026.1"


# ------------------------------------------------------------------ what is refused

END = "\n[cites]\n"
WRONG = {
    "an unknown key": ("initial_days = 120", "inital_days = 120", "timely.inital_days: unknown key"),
    "an unknown section": ("[timely]", "[timeli]", "timeli: unknown key"),
    "an unknown key of the head": ('version = "1"', 'version = "1"\nowner = "me"', "owner: "),
    "a wrong type": ("= 120", '= "soon"', "timely.initial_days: must be a whole number, not text in quotes"),
    "a negative number": ("= 120", "= -120", "timely.initial_days: must be at least 1"),
    "no source": ('timely = "the', '"timely.warn_days" = "the', "timely.initial_days: no source"),
    "an empty source": ('"the contract, page 4"', '" "', "timely.initial_days: no source"),
    "a source for nothing": ('timely = "the', 'timly = "x"\ntimely = "the', "cites.timly: names no key"),
    "a missing parent": ('"base"', '"bass"', "extends: bass is not there"),
    "a circle": ('"base"', '"own"', "extends: a circle: own extends own"),
    "a parent of later years": ("2025-01-01", "1999-01-01", "extends: base has no version in force on 1999-01-01"),
    "no version": ('version = "1"\n', "", "version: missing"),
    "no sources at all": ('sources = ["the contract"]', "sources = []", "sources: empty"),
    "no reading date": ("read_on = 2026-11-01\n", "", "read_on: missing"),
    "a wrong date": ("= 2025-01-01", '= "January"', "effective_from: "),
    "an end before the beginning": ("read_on", "effective_to = 2024-12-31\nread_on", "effective_to: before effective_from"),
    "what is not for a file to set": ("[timely]", '[origins]\nx = "y"\n[timely]', "origins"),
    "no TOML": ("[timely]", "[timely", "own.toml: "),
}  # fmt: skip
SET = {
    "an unknown rule switched off": ('rules_off = ["DUP-99"]', "rules_off", "rules_off.DUP-99: there is no such rule"),
    "an unknown rule's severity": ('severities = { DUP-99 = "warn" }', "severities", "severities.DUP-99: there is no such rule"),
    "an unknown rule's denial": ('denials.DUP-99 = { group = "CO", carc = "97" }', "denials", "denials.DUP-99: there is no such rule"),
    "an unknown severity": ('severities = { DUP-01 = "stop" }', "severities", "severities.DUP-01: 'stop' is none of the values it may have"),
    "an unknown condition": ('bundles.lab = { answer = "separate_if", conditions = ["full_moon"] }', "bundles", "bundles.lab.conditions[0]: 'full_moon' is none of the values it may have"),
    "an unknown answer": ('bundles.lab.answer = "perhaps"', "bundles", "bundles.lab.answer: 'perhaps' is none of the values it may have"),
    "separate_if without conditions": ('bundles.lab.answer = "separate_if"', "bundles", "bundles.lab.conditions: missing beside separate_if"),
    "conditions without separate_if": ('professional.conditions = ["separate_auth"]', "professional", "professional.conditions: have no meaning beside included"),
    "a rate that is no money": ('iop.pairs = [{ procedure = "H0015", revenue = "0906", rate = "much" }]', "iop", "iop.pairs: rate 'much' is not an amount of money"),
    "an unknown key of a pair": ('iop.pairs = [{ procedure = "H0015", revenue = "0906", price = "1" }]', "iop", "iop.pairs[0].price: unknown key"),
    "an unknown unit basis": ('iop.pairs = [{ procedure = "H0015", revenue = "0906" }, { procedure = "S9480", revenue = "0905", unit_basis = "week" }]', "iop", "iop.pairs[1].unit_basis: 'week' is none of the values it may have"),
    "a span of nothing": ('bundles.lab.procedures = ["G0483-G048"]', "bundles", "bundles.lab.procedures: G0483-G048 is no span"),
    "a class where one code stands": ('iop.pairs = [{ procedure = "class:talk", revenue = "0906" }]', "iop", "iop.pairs[0].procedure: class:talk is a class of codes, and here stands one code"),
    "a class among revenue codes": ('bundles.lab.revenues = ["class:talk"]', "bundles", "bundles.lab.revenues[0]: class:talk is a class of codes"),
    "a revenue code without its zero": ('iop.pairs = [{ procedure = "H0015", revenue = "906" }]', "iop", "iop.pairs[0].revenue: "),
    "a procedure that is none": ('iop.pairs = [{ procedure = "H15", revenue = "0906" }]', "iop", "iop.pairs[0].procedure: "),
    "a column there is not": ('claim.required = ["nonsense"]', "claim", "claim.required: nonsense is no column of service_lines"),
    "a frequency that is no interim one": ('claim.interim_frequencies = ["9"]', "claim", "claim.interim_frequencies[0]: "),
    "a component of no service": ('billing.components.yoga = { procedure = "H0005", revenue = "0915" }', "billing", "billing.components: a key of it: 'yoga' is none of the values"),
    "a share that is negative": ('authorization.warn_units = -1', "authorization", "authorization.warn_units: -1 is negative"),
    "a unit of no minutes": ('billing.components.group = { procedure = "H0005", revenue = "0915", minutes_per_unit = 0 }', "billing", "billing.components.group.minutes_per_unit: "),
    "components without codes": ('duration.short_day = "components"', "duration", "duration.short_day: components needs the codes of [billing.components]"),
    "a reason there is not": ('denials.DUR-01 = { group = "CO", carc = "ZZZ" }', "denials", "denials.DUR-01: ZZZ is no CARC"),
    "a remark there is not": ('denials.DUR-01 = { group = "CO", carc = "97", rarcs = ["Q1"] }', "denials", "denials.DUR-01: Q1 is no RARC"),
    "a level of care without sense": ('conflicts.levels.PHP.procedure = ["H0035"]', "conflicts", "conflicts.levels.PHP.procedure: unknown key"),
}  # fmt: skip
"""A line set before the tables, its section, and what is said of it."""


def refused(folder: Path, policy_id: str = "own") -> str:
    with pytest.raises(BadPolicy) as caught:
        load(folder, policy_id)
    return str(caught.value)


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_file_is_refused_by_name_key_and_reason(what: str, written: Write) -> None:
    right, wrong, says = WRONG[what]
    assert right in OWN
    told = refused(written(own=OWN.replace(right, wrong, 1)))
    assert told.startswith("own.toml: ")
    assert says in told
    assert "\n" not in told


@pytest.mark.parametrize("what", SET)
def test_a_wrong_value_is_refused_by_name_key_and_reason(what: str, written: Write) -> None:
    line, section, says = SET[what]
    text = OWN.replace("[timely]", f"{line}\n[timely]") + f'{section} = "the contract"\n'
    told = refused(written(own=text))
    assert told.startswith(f"own.toml: {says}"), told


def test_dates_that_overlap_are_refused(written: Write) -> None:
    """Two versions of one day, or one that ends in the days of the next."""
    second = OWN.replace('"1"', '"2"')
    told = refused(written(own=OWN, own_again=second))
    assert "effective_from: 2025-01-01 lies in the dates of own 1" in told
    first = OWN.replace("read_on", "effective_to = 2026-02-01\nread_on")
    told = refused(written(own=first, own_again=second.replace("2025-01-01", "2026-01-15")))
    assert told.startswith("own_again.toml: effective_from: 2026-01-15 lies in the dates of own 1")


def test_a_circle_of_several_files_is_refused(written: Write) -> None:
    other = OWN.replace('"own"', '"other"').replace('"base"', '"own"')
    told = refused(written(own=OWN.replace('"base"', '"other"'), other=other))
    assert "extends: a circle: " in told


def test_a_wrong_file_beside_the_right_one_is_refused_too(written: Write) -> None:
    """It may be next month's: a night must not be the first to tell."""
    later = (
        OWN.replace('"own"', '"other"')
        .replace("2025-01-01", "2027-01-01")
        .replace("initial_days", "days")
    )
    assert refused(written(own=OWN, other=later)).startswith("other.toml: timely.days: unknown key")


def test_the_command_line_says_it_in_one_line_with_exit_code_3(tmp_path: Path) -> None:
    workspace = tmp_path / "clinic"
    assert CliRunner().invoke(cli, ["init", str(workspace)]).exit_code == 0
    harbor = OWN.replace('"own"', '"harbor"').replace("initial_days", "inital_days")
    (workspace / "payers" / "harbor.toml").write_text(harbor, encoding="utf-8")
    result = CliRunner().invoke(cli, ["check", str(workspace)])
    assert result.exit_code == 3
    assert result.output == (
        "edi-iop: harbor.toml: timely.inital_days: unknown key; correct the policy file\n"
    )


# ---------------------------------------------------------------- what is shipped


@pytest.mark.parametrize("file", shelf(SHIPPED), ids=lambda file: file.path.stem)
def test_every_value_shipped_has_its_own_source(file: object) -> None:
    """An address, or plainly none: a judgement, invented, or unsourced."""
    policy.lint(SHIPPED)
    cites = file.cites  # type: ignore[attr-defined]
    for key, source in cites.items():
        plain = source.startswith((UNSOURCED, "judgement", "invented", "005010"))  # or a guide
        assert plain or "https://" in source or "http://" in source or "(CMS" in source, (
            key,
            source,
        )


@pytest.mark.parametrize("name", [name for name in policy.names() if name != "base"])
def test_shipped_payers_are_examples_to_verify(name: str) -> None:
    for version in policy.versions(name):
        assert version.verified_on is None
        assert "example" in version.name.lower() or "synthetic" in version.name.lower()


def test_every_number_of_the_code_is_set_and_sourced_by_the_common_ground() -> None:
    """No payer's number stands in code alone: what a struct has by default, base.toml says too."""
    base = policy.load("base", ON)
    head = {"id", "name", "version", "effective_from", "effective_to", "read_on", "sources",
            "verified_on", "cites", "origins", "rules_off"}  # fmt: skip
    told = {key for key, value in leaves(msgspec.to_builtins(base))
            if value and key.split(".")[0] not in head}  # fmt: skip
    silent = {key for key in told if key not in base.origins}
    assert {key for key in silent if not key.startswith("iop.pairs")} == set()


def test_service_types_are_those_of_the_encounters_feed() -> None:
    (column,) = (one for one in feed("encounters").columns if one.name == "service_type")
    assert get_args(ServiceType) == tuple(column.codes)


def test_a_file_that_was_changed_counts_the_next_time(written: Write) -> None:
    """A program that runs on sees what was corrected, and what was added."""
    assert load(written(own=OWN)).timely.initial_days == 120
    assert load(written(own=OWN.replace("= 120", "= 1200"))).timely.initial_days == 1200
    other = OWN.replace('"own"', '"new"')
    assert load(written(new=other), "new").timely.initial_days == 120
