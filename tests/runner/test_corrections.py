"""Claims that have left: late days replace them, cancelled days take them back, never a second claim."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest
from runner_drops import (
    AUTHORIZATIONS,
    CLIENTS,
    ENCOUNTER_COLUMNS,
    PROVIDERS,
    WEEK,
    contents,
    drop,
    drop_week,
    encounters,
)
from runner_nights import begun
from runner_remits import NUMBER, policy, remit, status_277

from edi_iop.reports.questions import corrections
from edi_iop.rules.lines import kept_lines
from edi_iop.runner import run
from edi_iop.settings import Workspace
from edi_iop.store import Store
from tests.referee import verdict

NIGHT, LATER, LATEST = date(2026, 1, 12), date(2026, 1, 19), date(2026, 1, 26)
LATE = "2026-01-06"


@pytest.fixture
def sent(workspace: Workspace) -> Workspace:
    """A week of three days, sent as one claim."""
    return send_week(workspace)


def send_week(workspace: Workspace) -> Workspace:
    drop_week(workspace)
    assert begun(workspace, NIGHT)["built"]["claims"] == 1
    return workspace


def load(workspace: Workspace, table: str) -> pl.DataFrame:
    with Store.open(workspace.database, read_only=True) as store:
        return kept_lines(store.sent()) if table == "service_lines" else store.load(table)


def claims(workspace: Workspace) -> list[dict[str, Any]]:
    return load(workspace, "claims").sort("file_id").to_dicts()


def newest_file(workspace: Workspace) -> str:
    return [
        content.decode()
        for name, content in contents(workspace.outbox).items()
        if name.startswith("837I")
    ][-1]


def cancelled(*days: str) -> bytes:
    """The same records again, cancelled under a higher version."""
    head = ENCOUNTER_COLUMNS.rstrip(b"\n") + b",record_action,record_version\n"
    rows = encounters(*days).split(b"\n", 1)[1].strip().split(b"\n")
    return head + b"".join(row + b",cancel,2\n" for row in rows)


def test_a_late_day_replaces_its_claim_under_the_payers_number(sent: Workspace) -> None:
    (first,) = claims(sent)
    drop(sent, late_csv=encounters(LATE), era_835=remit(first["claim"], *WEEK))
    made = run(sent, LATER)
    assert made["corrections"] == {"held": 0, "by_action": {"replacement": 1}}
    _, second = claims(sent)
    assert (second["frequency"], second["payer_claim_number"]) == ("7", NUMBER)
    assert second["claim"] != first["claim"]
    assert second["charge_cents"] == 4 * 35000
    assert (second["statement_from"], second["statement_to"]) == (
        date(2026, 1, 5),
        date(2026, 1, 9),
    )
    kept = ("member_id", "auth_number", "patient_status", "attending_npi", "admission_date")
    assert {name: second[name] for name in kept} == {name: first[name] for name in kept}
    text = newest_file(sent)
    assert f"REF*F8*{NUMBER}~" in text
    assert [f"DTP*472*D8*{day.replace('-', '')}~" in text for day in (*WEEK, LATE)] == [True] * 4
    assert verdict(text.encode()) == (True, [])
    standing = load(sent, "service_lines").group_by("claim", "standing").len().sort("len")
    assert standing.rows() == [(first["claim"], "void", 3), (second["claim"], "sent", 4)]


def test_a_late_day_under_another_rate_is_a_claim_of_its_own(workspace: Workspace) -> None:
    """Claims cross no change of rate (domain notes, section 2.7), replaced ones neither."""
    with workspace.settings_file.open("a") as file:
        file.write('\n[[rates]]\nprocedure = "H0015"\nfrom = 2026-01-07\ncharge = "400.00"\n')
    drop(
        workspace,
        clients_csv=CLIENTS,
        providers_csv=PROVIDERS,
        auths_csv=AUTHORIZATIONS,
        days_csv=encounters("2026-01-07", "2026-01-09"),
    )
    run(workspace, NIGHT)
    (first,) = claims(workspace)
    drop(workspace, late_csv=encounters("2026-01-05"))
    assert run(workspace, LATER)["corrections"] == {"held": 0, "by_action": {}}
    assert claims(workspace)[1]["charge_cents"] == 35000
    assert first["charge_cents"] == 80000


def test_a_replacement_goes_once(sent: Workspace) -> None:
    (first,) = claims(sent)
    drop(sent, late_csv=encounters(LATE), era_835=remit(first["claim"], *WEEK))
    run(sent, LATER)
    again = run(sent, LATEST)
    assert again["built"]["claims"] == 0
    assert again["corrections"] == {"held": 0, "by_action": {}}


def test_the_number_of_a_277ca_will_do(sent: Workspace) -> None:
    (first,) = claims(sent)
    drop(sent, late_csv=encounters(LATE), ack_277=status_277(first["claim"]))
    run(sent, LATER)
    assert claims(sent)[1]["payer_claim_number"] == NUMBER


def test_without_the_payers_number_it_waits_and_says_so(sent: Workspace) -> None:
    (first,) = claims(sent)
    drop(sent, late_csv=encounters(LATE))
    made = run(sent, LATER)
    assert made["built"]["claims"] == 0
    assert made["corrections"] == {"held": 1, "by_action": {}}
    assert not made["clean"]
    (waits,) = load(sent, "corrections").to_dicts()
    assert (waits["claim"], waits["action"], waits["status"]) == (
        first["claim"],
        "replacement",
        "held",
    )
    assert "not known yet" in waits["says"]
    assert "277CA or 835" in waits["next_step"]
    (told,) = load(sent, "findings").filter(pl.col("code") == "CORRECTION_HELD").to_dicts()
    assert first["claim"] in told["message"]
    drop(sent, era_835=remit(first["claim"], *WEEK))
    assert run(sent, LATEST)["corrections"] == {"held": 0, "by_action": {"replacement": 1}}


def test_a_cancelled_day_is_taken_off_its_claim(sent: Workspace) -> None:
    (first,) = claims(sent)
    drop(sent, gone_csv=cancelled(WEEK[1]), era_835=remit(first["claim"], *WEEK))
    made = run(sent, LATER)
    assert made["corrections"] == {"held": 0, "by_action": {"replacement": 1}}
    second = claims(sent)[1]
    assert (second["frequency"], second["charge_cents"]) == ("7", 70000)


def test_nothing_left_is_a_void_of_what_was_sent(sent: Workspace) -> None:
    (first,) = claims(sent)
    drop(sent, gone_csv=cancelled(*WEEK), era_835=remit(first["claim"], *WEEK))
    made = run(sent, LATER)
    assert made["corrections"] == {"held": 0, "by_action": {"void": 1}}
    second = claims(sent)[1]
    assert (second["frequency"], second["payer_claim_number"]) == ("8", NUMBER)
    assert (second["charge_cents"], second["statement_to"]) == (105000, date(2026, 1, 9))
    assert verdict(newest_file(sent).encode()) == (True, [])
    assert set(load(sent, "service_lines")["standing"]) == {"void"}
    assert run(sent, LATEST)["built"]["claims"] == 0


@pytest.mark.parametrize("remark", ["MA130", "N142"])
def test_a_claim_that_was_none_to_its_payer_is_sent_anew(sent: Workspace, remark: str) -> None:
    """MA130 and N142: a new claim, never a replacement; its frequency is the original's."""
    (first,) = claims(sent)
    drop(sent, late_csv=encounters(LATE), era_835=remit(first["claim"], *WEEK, denied=remark))
    made = run(sent, LATER)
    assert made["corrections"] == {"held": 0, "by_action": {"new claim": 1}}
    second = claims(sent)[1]
    assert second["frequency"] == first["frequency"] != "7"
    assert second["payer_claim_number"] is None
    assert second["charge_cents"] == 4 * 35000
    assert run(sent, LATEST)["built"]["claims"] == 0
    with Store.open(sent.database) as store:  # also after a night that corrects nothing
        (told,) = corrections(store).rows.to_dicts()
    assert (told["claim"], told["action"], told["status"]) == (first["claim"], "new claim", "built")
    assert (told["sent_as"], told["added"], told["removed"]) == (second["claim"], 1, 0)


def test_a_claim_rejected_before_adjudication_is_sent_anew(sent: Workspace) -> None:
    (first,) = claims(sent)
    drop(sent, late_csv=encounters(LATE), ack_277=status_277(first["claim"], "U"))
    made = run(sent, LATER)
    assert made["corrections"]["by_action"] == {"new claim": 1}
    assert claims(sent)[1]["payer_claim_number"] is None


def test_days_after_the_statement_are_the_next_interim_claim(sent: Workspace) -> None:
    drop(sent, next_csv=encounters("2026-01-12", "2026-01-14"))
    made = run(sent, LATER)
    assert made["corrections"] == {"held": 0, "by_action": {}}
    assert [claim["frequency"] for claim in claims(sent)] == ["2", "3"]


def test_late_charges_go_alone_where_the_payer_takes_them(workspace: Workspace) -> None:
    policy(workspace, '[billing]\nlate = "late_charges"\n')
    sent = send_week(workspace)
    drop(sent, late_csv=encounters(LATE))
    made = run(sent, LATER)
    assert made["corrections"] == {"held": 0, "by_action": {"late charges": 1}}
    second = claims(sent)[1]
    assert (second["frequency"], second["charge_cents"]) == ("5", 35000)
    assert second["statement_from"] == second["statement_to"] == date(2026, 1, 6)
    assert run(sent, LATEST)["built"]["claims"] == 0


def test_a_payer_that_takes_no_void_is_for_a_person(workspace: Workspace) -> None:
    policy(workspace, "[billing]\nvoid = false\n")
    sent = send_week(workspace)
    (first,) = claims(sent)
    drop(sent, gone_csv=cancelled(*WEEK), era_835=remit(first["claim"], *WEEK))
    made = run(sent, LATER)
    assert (made["built"]["claims"], made["corrections"]["held"]) == (0, 1)


def test_a_month_is_billed_once_it_is_over(workspace: Workspace) -> None:
    policy(workspace, '[billing]\ncycle = "month"\n')
    drop_week(workspace)
    assert run(workspace, date(2026, 1, 31))["built"]["claims"] == 0
    assert run(workspace, date(2026, 2, 1))["built"] | {} == {
        "files": 1,
        "held_files": 0,
        "claims": 1,
        "lines": 3,
        "charge_cents": 105000,
    }


def test_numbers_are_used_once_though_a_night_dies(
    sent: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash right behind the commit: the file goes out later, and its numbers to nobody else."""
    drop(sent, next_csv=encounters("2026-01-12"))
    with monkeypatch.context() as patch:

        def dies(*_: object) -> None:
            raise KeyboardInterrupt

        patch.setattr("edi_iop.runner.bill.hand_over", dies)
        with pytest.raises(KeyboardInterrupt):
            run(sent, LATER)
    run(sent, LATER)
    drop(sent, last_csv=encounters("2026-01-21"))
    run(sent, LATEST)
    made = load(sent, "submissions")
    assert made.height == 3
    for number in ("interchange_control", "group_control", "transaction_control", "reference"):
        assert made[number].n_unique() == 3, number
    assert load(sent, "claims")["claim"].n_unique() == 3
    assert len([name for name in contents(sent.outbox) if name.startswith("837I")]) == 3
