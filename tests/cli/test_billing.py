"""check, build, simulate, reconcile on files: the whole job without a workspace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

AS_OF = ("--as-of", "2026-03-02")


def records(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def built(clinic: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The 837I of the clinic's feeds."""
    from click.testing import CliRunner

    from edi_iop.cli.front import cli

    target = tmp_path_factory.mktemp("built") / "claims.837"
    args = ["build", str(clinic / "feeds"), "--settings", str(clinic / "settings.toml")]
    result = CliRunner().invoke(cli, [*args, "--control", "7", *AS_OF, "-o", str(target)])
    assert result.exit_code == 1, result.output
    assert "blocked" in result.stdout
    return target


def test_check_finds_every_planted_fault_and_no_other(call: Any, clinic: Path) -> None:
    truth = records((clinic / "truth.ndjson").read_text())
    planted = {
        (row["rule"], row["client_id"], row["service_date"])
        for row in truth
        if row["kind"] == "fault"
    }
    result = call(
        "check", clinic / "feeds", clinic / "claims", "--settings", clinic / "settings.toml",
        *AS_OF, "--format", "ndjson",
    )  # fmt: skip
    found = {
        (row["rule"], row["client"], day)
        for row in records(result.stdout)
        if row["severity"] != "info"  # what the mapper has put right by itself (DUP-05)
        for day in row["service_dates"]
    }
    assert result.exit_code == 1
    assert found == planted


def test_check_needs_no_settings_but_a_policy(call: Any, clinic: Path) -> None:
    feeds = clinic / "feeds"
    assert call("check", feeds, *AS_OF).exit_code == 2
    one = call("check", feeds, "--payer", "HARBR=harbor", *AS_OF, "--format", "ndjson")
    assert {row["payer"] for row in records(one.stdout)} == {"HARBR"}
    assert {row["policy"] for row in records(one.stdout)} == {"harbor 2026.1"}
    assert "payer MERID" in one.stderr


def test_check_without_an_authorizations_feed_accuses_nobody(call: Any, clinic: Path) -> None:
    """Every line would seem unauthorized; the rules are named that were not judged."""
    feeds = clinic / "feeds"
    files = [feeds / "clients.csv", feeds / "encounters-2026-02.csv"]
    result = call("check", *files, "--payer", "harbor", *AS_OF, "--format", "ndjson")
    assert not [row for row in records(result.stdout) if row["rule"].startswith("AUTH")]
    assert "authorizations" in result.stderr
    assert "AUTH-01" in result.stderr


def test_check_tells_what_build_would_leave_out(call: Any, clinic: Path, tmp_path: Path) -> None:
    """Without a providers feed nobody attends: build writes nothing, and check says why."""
    feeds = [one for one in sorted((clinic / "feeds").iterdir()) if "providers" not in one.name]
    settings = ("--settings", clinic / "settings.toml", *AS_OF)
    told = records(call("check", *feeds, *settings, "--format", "ndjson").stdout)
    lost = [row for row in told if row["rule"] == "ROSTER_MISSING"]
    assert call("build", *feeds, *settings, "-o", tmp_path / "x.837").exit_code == 1
    assert not (tmp_path / "x.837").exists()
    assert len(lost) > 100
    unpriced = records(
        call("check", *feeds, "--payer", "harbor", *AS_OF, "--format", "ndjson").stdout
    )
    assert "ROSTER_MISSING" not in {row["rule"] for row in unpriced}


def test_an_unknown_policy_names_those_there_are(call: Any, clinic: Path) -> None:
    result = call("check", clinic / "feeds", "--payer", "harbour")
    assert result.exit_code == 3
    assert result.stderr == (
        "edi-iop: payer policy 'harbour': there is none of that name; did you mean harbor?\n"
    )


def test_policies_beside_the_settings_count(call: Any, clinic: Path, tmp_path: Path) -> None:
    """As in a workspace: a policy of its own lies in payers/, beside settings.toml."""
    (tmp_path / "payers").mkdir()
    (tmp_path / "payers" / "own.toml").write_text(
        'extends = "harbor"\nid = "own"\nname = "Own"\nversion = "1"\neffective_from = 2025-01-01\n'
        'read_on = 2026-11-01\nsources = ["contract"]\n',
        encoding="utf-8",
    )
    settings = (clinic / "settings.toml").read_text().replace('policy = "harbor"', 'policy = "own"')
    (tmp_path / "settings.toml").write_text(settings)
    files = (clinic / "feeds", "--settings", tmp_path / "settings.toml", "--payer", "HARBR")
    told = call("check", *files, *AS_OF, "--format", "ndjson")
    assert {row["policy"] for row in records(told.stdout)} - {None} == {"own 1"}


def test_settings_that_do_not_decode_name_the_key(call: Any, clinic: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "settings.toml"
    wrong.write_text((clinic / "settings.toml").read_text() + "\n[scrubb]\nmode = 'warn'\n")
    result = call("check", clinic / "feeds", "--settings", wrong)
    assert result.exit_code == 3
    assert "scrubb" in result.stderr


def test_what_is_built_is_clean_and_adds_up(call: Any, built: Path) -> None:
    assert call("validate", built).stdout == "no findings\n"
    claims = records(call("parse", built, "--table", "claims", "--format", "ndjson").stdout)
    lines = records(call("parse", built, "--table", "claim_lines", "--format", "ndjson").stdout)
    for claim in claims:
        own = [line for line in lines if line["claim_offset"] == claim["claim_offset"]]
        assert claim["charge_cents"] == sum(line["charge_cents"] for line in own)
    assert len({claim["claim"] for claim in claims}) == len(claims) > 70


def test_the_same_control_number_builds_the_same_bytes(
    call: Any, clinic: Path, built: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again.837"
    call(
        "build", clinic / "feeds", "--settings", clinic / "settings.toml", "--control", 7,
        *AS_OF, "-o", again,
    )  # fmt: skip
    assert again.read_bytes() == built.read_bytes()


def test_build_of_feeds_needs_settings_and_a_place(call: Any, clinic: Path) -> None:
    assert call("build", clinic / "feeds", "--payer", "harbor").exit_code == 2
    assert call("build", clinic / "feeds", "--settings", clinic / "settings.toml").exit_code == 2


def test_the_payer_answers_and_every_denial_is_explained(
    call: Any, clinic: Path, built: Path, tmp_path: Path
) -> None:
    """The round: claims out, simulated 835 in, each verdict as the truth has it."""
    answers, claims, feeds = tmp_path / "answers", clinic / "claims", clinic / "feeds"
    settings = ("--settings", clinic / "settings.toml")
    sent = [built, claims / "former-system.837"]
    done = call(
        "simulate", *sent, *settings, "--feeds", feeds, claims / "physicians-group.837",
        "--mistakes", 1, "--as-of", "2026-03-20", "-o", answers, "--format", "ndjson",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    remits = [Path(row["file"]) for row in records(done.stdout)]
    assert {row["payer"] for row in records(done.stdout)} == {"HARBR", "MERID"}
    assert call("validate", *remits).stdout == "no findings\n"
    explained = call(
        "reconcile", "--claims", *sent, claims / "physicians-group.837", "--remits", *remits,
        "--feeds", feeds, *settings, "--as-of", "2026-03-21", "--format", "ndjson",
    )  # fmt: skip
    truth = records((answers / "truth.ndjson").read_text())
    due = {(row["claim"], row["line"], row["rule"], row["verdict"]) for row in truth}
    found = {
        (row["claim"], row["line"], row["rule"], row["verdict"])
        for row in records(explained.stdout)
    }
    assert explained.exit_code == 0, explained.stderr
    assert found == due
    assert [row["verdict"] for row in truth].count("refuted") == 1


def test_a_named_line_is_denied_wrongly(call: Any, clinic: Path, tmp_path: Path) -> None:
    """The clinic's planted payer_mistake, played: the payer denies what it ought to have paid."""
    truth = records((clinic / "truth.ndjson").read_text())
    (planted,) = (row for row in truth if row["kind"] == "payer_mistake")
    name = planted["record"].replace(" line ", "/")
    done = call(
        "simulate", clinic / "claims" / "former-system.837", "--settings", clinic / "settings.toml",
        "--feeds", clinic / "feeds", "--wrongly", name, *AS_OF,
        "-o", tmp_path / "out",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert "not denied wrongly" not in done.stderr
    denied = records((tmp_path / "out" / "truth.ndjson").read_text())
    wrong = [f"{row['claim']}/{row['line']}" for row in denied if row["verdict"] == "refuted"]
    assert wrong == [name]


def test_a_line_that_breaks_a_rule_is_not_denied_wrongly(
    call: Any, clinic: Path, tmp_path: Path
) -> None:
    given = (
        "simulate", clinic / "claims" / "former-system.837", "--settings", clinic / "settings.toml",
        "--feeds", clinic / "feeds", *AS_OF, "-o", tmp_path / "out",
    )  # fmt: skip
    call(*given)
    rightly = records((tmp_path / "out" / "truth.ndjson").read_text())[0]
    name = f"{rightly['claim']}/{rightly['line']}"
    done = call(*given, "--wrongly", name)
    assert done.exit_code == 0
    assert f"not denied wrongly: {name}" in done.stderr


@pytest.mark.parametrize(
    ("line", "code"), [("NOSUCH/1", 3), ("OB260001/99", 3), ("OB260001", 2), ("OB260001/x", 2)]
)
def test_a_line_that_is_not_there_is_named(
    call: Any, clinic: Path, tmp_path: Path, line: str, code: int
) -> None:
    claims, out = clinic / "claims" / "former-system.837", tmp_path / "out"
    result = call("simulate", claims, "--payer", "harbor", "--wrongly", line, "-o", out)
    assert result.exit_code == code
    assert line in result.stderr
    assert not out.exists()


def test_claims_in_two_copies_count_once(call: Any, clinic: Path, tmp_path: Path) -> None:
    """Else every line would be a resubmission of itself (DUP-03)."""
    claims, copy = clinic / "claims" / "former-system.837", tmp_path / "copy.837"
    copy.write_bytes(claims.read_bytes())
    given = ("--payer", "harbor", *AS_OF, "--format", "ndjson")
    assert call("check", claims, copy, *given).stdout == call("check", claims, *given).stdout


def test_the_same_seed_gives_the_same_answer(call: Any, clinic: Path, tmp_path: Path) -> None:
    claims = clinic / "claims" / "former-system.837"
    contents = []
    for name in ("one", "two"):
        call("simulate", claims, "--payer", "harbor", "--seed", 5, *AS_OF, "-o", tmp_path / name)
        made = [path for path in (tmp_path / name).rglob("*") if path.is_file()]
        contents.append({path.name: path.read_bytes() for path in made})
    assert contents[0] == contents[1]
    assert {"truth.ndjson", "former-system.837.999"} < set(contents[0])


def test_the_payer_can_be_an_adversary(call: Any, clinic: Path, tmp_path: Path) -> None:
    """Two corruptions: exchanged numbers are told in the truth, split claims say MA15."""
    claims = clinic / "claims" / "former-system.837"
    done = call(
        "simulate", claims, "--payer", "harbor", "--corrupt", "swap, split", "--seed", 3, *AS_OF,
        "-o", tmp_path,
    )  # fmt: skip
    assert done.exit_code == 0
    rows = [
        json.loads(line) for line in (tmp_path / "truth-claims.ndjson").read_text().splitlines()
    ]
    assert {name for row in rows for name in row["corruptions"]} == {"swap", "split"}
    swapped = [row for row in rows if row["corruptions"] == ["swap"]]
    assert all(row["claims"] != [row["returned"]] for row in swapped)
    assert sorted(row["returned"] for row in swapped) == sorted(
        claim for row in swapped for claim in row["claims"]
    )
    files = {name for row in rows for name in row["files"]}
    assert files == {path.name for path in tmp_path.glob("835-*.edi")}
    said = b"".join(path.read_bytes() for path in tmp_path.glob("835-*.edi"))
    assert said.count(b"MOA***MA15") == sum(row["corruptions"] == ["split"] for row in rows)


def test_corruptions_are_listed_and_a_wrong_name_is_told(call: Any, tmp_path: Path) -> None:
    listed = call("simulate", "--corrupt", "list", "--format", "ndjson")
    names = [json.loads(line)["corruption"] for line in listed.stdout.splitlines()]
    assert {"swap", "cut-17", "reversed", "rewrapped"} <= set(names)
    wrong = call("simulate", "x.837", "--payer", "harbor", "--corrupt", "swop", "-o", tmp_path)
    assert wrong.exit_code == 3
    assert "did you mean swap?" in wrong.stderr
    assert call("simulate", "x.837", "--payer", "harbor").exit_code == 2


def test_simulate_without_claims_says_so(call: Any, clinic: Path, tmp_path: Path) -> None:
    result = call("simulate", clinic / "feeds", "--payer", "harbor", "-o", tmp_path / "out")
    assert result.exit_code == 3
    assert "no claim in these files" in result.stderr


def test_reconcile_needs_both_sides(call: Any, clinic: Path) -> None:
    assert call("reconcile").exit_code == 2
    assert call("reconcile", "--claims", clinic / "claims", "--payer", "harbor").exit_code == 2
    assert call("reconcile", clinic, "--claims", clinic / "claims").exit_code == 2


def test_a_clinic_is_not_written_over_another(call: Any, clinic: Path) -> None:
    before = (clinic / "truth.ndjson").read_bytes()
    result = call("clinic", clinic, "--seed", 9)
    assert result.exit_code == 3
    assert (clinic / "truth.ndjson").read_bytes() == before


@pytest.mark.parametrize("kept", [0, 1, 2])
@pytest.mark.parametrize("feeds", [("encounters",), ("encounters", "clients"), ("authorizations",)])
def test_feeds_that_are_missing_or_nearly_empty_are_told_in_a_line(
    call: Any, clinic: Path, tmp_path: Path, feeds: tuple[str, ...], kept: int
) -> None:
    """Nothing, a header, one row: nobody is judged by a payer of whom no feed speaks."""
    fixtures = Path(__file__).parents[2] / "fixtures" / "feeds"
    files = []
    for feed in feeds:
        lines = (fixtures / f"{feed}.csv").read_text().splitlines(keepends=True)
        files.append(tmp_path / f"{feed}.csv")
        files[-1].write_text("".join(lines[:kept]))
    checked = call("check", *files, "--payer", "harbor", *AS_OF)
    written = call(
        "build", *files, "--settings", clinic / "settings.toml", *AS_OF, "-o", tmp_path / "out.837"
    )
    assert {checked.exit_code, written.exit_code} <= {0, 1}, checked.output + written.output
    covered = "clients" in feeds and kept == 2
    assert ("nothing is judged by harbor" in checked.stderr) is not covered
    assert "no claim to write" in written.stdout
    assert ("EMPTY_FILE" in checked.stderr) is (kept == 0)


def test_encounters_without_a_clients_feed_are_told_once(call: Any, clinic: Path) -> None:
    encounters = clinic / "feeds" / "encounters-2026-02.csv"
    result = call("check", encounters, "--payer", "HARBR=harbor", *AS_OF)
    assert result.exit_code == 1
    assert result.stderr.count("CLIENT_UNKNOWN") == 1
