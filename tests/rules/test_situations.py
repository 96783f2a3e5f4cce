"""The situations of fixtures/rules: every rule both ways, each exactly as written."""

from datetime import date
from pathlib import Path

import pytest

from edi_iop.errors import BadMap, MissingPath
from edi_iop.rules.catalogue import catalogue
from edi_iop.rules.situations import Result, Situation, run, situations, violations

FOLDER = Path(__file__).parents[2] / "fixtures" / "rules"


@pytest.fixture(scope="module")
def results() -> dict[tuple[str, str], Result]:
    return {(result.rule, result.name): result for result in run(FOLDER)}


@pytest.mark.parametrize(
    ("rule", "name"),
    [(rule, case.name) for rule, cases in situations(FOLDER).items() for case in cases],
)
def test_situation(results: dict[tuple[str, str], Result], rule: str, name: str) -> None:
    result = results[rule, name]
    assert result.passed, f"{rule} {result.expect}: {name}: {result.says}"


def test_every_rule_has_a_passing_and_a_failing_situation() -> None:
    held = {rule: {case.expect for case in cases} for rule, cases in situations(FOLDER).items()}
    decidable = [rule.id for rule in catalogue().values() if rule.denial_only is None]
    assert held == {rule: {"violation", "none"} for rule in decidable}


def test_names_tell_the_situations_of_a_rule_apart() -> None:
    for rule, cases in situations(FOLDER).items():
        assert len({case.name for case in cases}) == len(cases), rule


def write(folder: Path, text: str) -> Path:
    (folder / "DUP-02.toml").write_text('[[situation]]\nname = "x"\n' + text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "wrong",
    [
        'expect = "none"\nlines = [{ units = 2 }]',
        'expect = "violation"\nlines = [{}]',
        'expect = "violation"\non = ["proposed 2"]\nlines = [{ units = 2 }]',
        'expect = "violation"\nseverity = "warn"\nlines = [{ units = 2 }]',
        'expect = "violation"\nlines = [{ units = 2, revenue = "0905" }]',
    ],
    ids=["must not be found", "not found", "other line", "other severity", "a second rule"],
)
def test_a_wrong_expectation_fails(tmp_path: Path, wrong: str) -> None:
    assert [result.passed for result in run(write(tmp_path, wrong))] == [False]


def test_unknown_columns_keys_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadMap, match="service_lines has no column unit;"):
        run(write(tmp_path, 'expect = "none"\nlines = [{ unit = 2 }]'))
    with pytest.raises(BadMap, match=r"DUP-02\.toml: .*unknown field `expects`"):
        run(write(tmp_path, 'expects = "none"\nlines = []'))
    with pytest.raises(MissingPath, match="nowhere"):
        run(tmp_path / "nowhere")


def test_only_the_rules_asked_for_are_run() -> None:
    assert {result.rule for result in run(FOLDER, ["TF-01", "ELG-01"])} == {"TF-01", "ELG-01"}


def test_situations_judged_together_do_not_touch() -> None:
    """The same line in two situations of one policy and date is no duplicate."""
    twice = [
        Situation(name="x", expect="none", lines=({"claim": "A"},), as_of=date(2026, 3, 1))
    ] * 2
    assert violations(twice).is_empty()
