"""Records that change after their claim left: what stands on the claim is put right, nothing else goes out."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from runner_drops import (
    AUTHORIZATIONS,
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
from edi_iop.runner import run
from edi_iop.settings import Workspace
from edi_iop.store import Store

NIGHT, LATER, LATEST = date(2026, 1, 12), date(2026, 1, 19), date(2026, 1, 26)
OTHER_AUTH = AUTHORIZATIONS + b"B200,HARBR,C1,IOP,30,day,2026-01-01,2026-03-31,approved\n"
OTHER_DOCTOR = b"1841293990,Example,Sam,2084P0800X\n"


def load(workspace: Workspace, table: str) -> pl.DataFrame:
    with Store.open(workspace.database, read_only=True) as store:
        return store.load(table)


def claims(workspace: Workspace) -> list[dict[str, Any]]:
    return load(workspace, "claims").sort("file_id", "claim_offset").to_dicts()


def told(workspace: Workspace) -> list[dict[str, Any]]:
    with Store.open(workspace.database, read_only=True) as store:
        return corrections(store).rows.to_dicts()


def changed(*days: str, columns: str = "", values: str = "", **other: str) -> bytes:
    """The same records again under a higher version: some words are others, columns are added."""
    head = ENCOUNTER_COLUMNS.decode().rstrip("\n") + f",record_action,record_version{columns}\n"
    rows = encounters(*days).decode().split("\n", 1)[1].strip().split("\n")
    for word, now in other.items():
        rows = [row.replace(WORDS[word], now) for row in rows]
    return (head + "".join(f"{row},change,2{values}\n" for row in rows)).encode()


WORDS = {
    "diagnoses": "F10.20",
    "authorization": "A100",
    "track": ",SUD,",
    "attending": "1234567893,1234567893,",
}


def sent(workspace: Workspace, **more: bytes) -> str:
    """The week as one claim, answered and paid; its number."""
    drop_week(workspace)
    drop(workspace, **more)
    assert begun(workspace, NIGHT)["built"]["claims"] == 1
    (first,) = claims(workspace)
    drop(workspace, era_835=remit(first["claim"], *WEEK))
    return str(first["claim"])


def replaced(workspace: Workspace) -> dict[str, Any]:
    """The replacement that the next night sends, and none the night after."""
    made = run(workspace, LATER)
    assert made["corrections"] == {"held": 0, "by_action": {"replacement": 1}}
    assert made["built"]["claims"] == 1
    again = run(workspace, LATEST)
    assert (again["built"]["claims"], again["corrections"]["held"]) == (0, 0)
    second = claims(workspace)[1]
    assert (second["frequency"], second["payer_claim_number"]) == ("7", NUMBER)
    assert second["charge_cents"] == 3 * 35000
    return second


def test_another_authorization_on_every_day_replaces_the_claim(workspace: Workspace) -> None:
    sent(workspace, auths_csv=OTHER_AUTH)
    drop(workspace, change_csv=changed(*WEEK, authorization="B200"))
    assert replaced(workspace)["auth_number"] == "B200"
    (row,) = told(workspace)
    assert (row["action"], row["status"]) == ("replacement", "built")
    assert "auth number A100 to B200" in row["says"]


def test_other_diagnoses_replace_the_claim(workspace: Workspace) -> None:
    claim = sent(workspace)
    drop(workspace, change_csv=changed(*WEEK, diagnoses="F11.20 F10.20"))
    replaced(workspace)
    (row,) = told(workspace)
    assert (row["claim"], row["added"], row["removed"]) == (claim, 0, 0)
    assert "diagnoses F1020 to F1120 F1020" in row["says"]


def test_one_day_of_another_principal_leaves_the_claim_for_one_of_its_own(
    workspace: Workspace,
) -> None:
    """Lines of one claim agree in the principal diagnosis (domain notes, section 1.5)."""
    sent(workspace)
    drop(workspace, change_csv=changed(WEEK[1], diagnoses="F11.20 F10.20"))
    made = run(workspace, LATER)
    assert made["built"]["claims"] == 2
    assert run(workspace, LATEST)["built"]["claims"] == 0
    found = sorted((one["frequency"], one["charge_cents"]) for one in claims(workspace)[1:])
    assert found[1] == ("7", 70000)
    assert found[0][1] == 35000


def test_another_track_is_another_per_diem_on_the_same_claim(workspace: Workspace) -> None:
    sent(workspace)
    drop(workspace, change_csv=changed(*WEEK, track=",MH,", diagnoses="F33.1"))
    made = run(workspace, LATER)
    assert made["corrections"]["by_action"] == {"replacement": 1}
    assert set(load(workspace, "claim_lines").filter(pl.col("file_id") == claims(workspace)[1]["file_id"])["procedure"]) == {"S9480"}  # fmt: skip
    assert "procedure H0015 to S9480" in told(workspace)[0]["says"]
    assert run(workspace, LATEST)["built"]["claims"] == 0


def test_a_discharge_that_was_told_late_ends_the_claim(workspace: Workspace) -> None:
    """The interim claim said still a patient (30); its replacement says how the patient left."""
    sent(workspace)
    assert claims(workspace)[0]["patient_status"] == "30"
    columns, values = ",discharge_date,discharge_status", ",2026-01-09,02"
    drop(workspace, change_csv=changed(*WEEK, columns=columns, values=values))
    assert replaced(workspace)["patient_status"] == "02"
    assert "patient status 30 to 02" in told(workspace)[0]["says"]


def test_another_attending_provider_replaces_the_claim(workspace: Workspace) -> None:
    sent(workspace, providers_csv=PROVIDERS + OTHER_DOCTOR)
    drop(workspace, change_csv=changed(*WEEK, attending="1234567893,1841293990,"))
    second = replaced(workspace)
    assert (second["attending_npi"], second["attending_last_name"]) == ("1841293990", "Example")
    (row,) = told(workspace)
    assert "attending npi 1234567893 to 1841293990" in row["says"]
    assert "Example" not in str(row)


def test_what_the_payer_does_not_see_changes_no_claim(workspace: Workspace) -> None:
    """Another therapist and a longer session: the line says the same."""
    sent(workspace, providers_csv=PROVIDERS + OTHER_DOCTOR)
    changes = changed(*WEEK, attending="1841293990,1234567893,").replace(b"12:00", b"12:30")
    drop(workspace, change_csv=changes)
    made = run(workspace, LATER)
    assert (made["built"]["claims"], made["corrections"]["held"]) == (0, 0)


def test_a_change_waits_for_the_payers_number(workspace: Workspace) -> None:
    drop_week(workspace)
    begun(workspace, NIGHT)
    drop(workspace, change_csv=changed(*WEEK, diagnoses="F11.20"))
    made = run(workspace, LATER)
    assert made["built"]["claims"] == 0
    assert made["corrections"] == {"held": 1, "by_action": {}}
    (row,) = told(workspace)
    assert "diagnoses F1020 to F1120" in row["says"]
    assert "not known yet" in row["says"]


def test_a_change_that_a_rule_keeps_back_waits_with_its_claim(workspace: Workspace) -> None:
    """F17 is no principal diagnosis of a program (DX-01): the claim is not taken apart."""
    sent(workspace)
    drop(workspace, change_csv=changed(WEEK[1], diagnoses="F17.210"))
    made = run(workspace, LATER)
    assert (made["built"]["claims"], made["corrections"]["held"]) == (0, 1)
    assert "kept back" in told(workspace)[0]["says"]


@pytest.mark.parametrize(
    ("was", "now"),
    [(b"12:00", b"10:00"), (b",signed,", b",draft,")],
    ids=["a short day", "an unsigned note"],
)
def test_a_day_that_breaks_a_rule_now_does_not_go_out_again(
    workspace: Workspace, was: bytes, now: bytes
) -> None:
    """Beside a late day: its claim is not said again, until the record is right or cancelled."""
    sent(workspace)
    spoilt = changed(WEEK[1]).replace(was, now)
    drop(workspace, change_csv=spoilt, late_csv=encounters("2026-01-06"))
    made = run(workspace, LATER)
    assert (made["built"]["claims"], made["corrections"]["held"]) == (0, 1)
    (row,) = told(workspace)
    assert (row["status"], row["added"]) == ("held", 1)
    assert "a day on it breaks a rule" in row["says"]
    gone = changed(WEEK[1]).replace(b",change,2", b",cancel,3")
    drop(workspace, cancel_csv=gone)
    made = run(workspace, LATEST)
    assert made["corrections"] == {"held": 0, "by_action": {"replacement": 1}}
    days = load(workspace, "claim_lines").filter(claim_offset=claims(workspace)[1]["claim_offset"])
    assert WEEK[1] not in [
        str(day)
        for day in days.filter(pl.col("file_id") == pl.col("file_id").max())["service_date"]
    ]


@pytest.mark.parametrize("remark", ["MA130", "N142"])
def test_a_changed_claim_that_was_none_is_sent_anew(workspace: Workspace, remark: str) -> None:
    drop_week(workspace)
    begun(workspace, NIGHT)
    (first,) = claims(workspace)
    drop(workspace, era_835=remit(first["claim"], *WEEK, denied=remark))
    columns, values = ",discharge_date,discharge_status", ",2026-01-09,01"
    changes = changed(*WEEK, columns=columns, values=values, diagnoses="F11.20")
    drop(workspace, change_csv=changes)
    made = run(workspace, LATER)
    assert made["corrections"]["by_action"] == {"new claim": 1}
    second = claims(workspace)[1]
    assert (second["frequency"], second["patient_status"]) == ("1", "01")
    assert second["payer_claim_number"] is None


AFTER_THE_LIMIT = date(2026, 8, 3)
"""More than harbor's 180 days after the week: what was filed in time may be corrected, what was not is late."""


def test_a_change_after_the_filing_limit_is_of_what_was_filed_in_time(workspace: Workspace) -> None:
    """The correction of a claim has a clock of its own (domain page 2.8); a late day has not."""
    sent(workspace)
    drop(workspace, change_csv=changed(*WEEK, diagnoses="F11.20"))
    made = run(workspace, AFTER_THE_LIMIT)
    assert made["corrections"] == {"held": 0, "by_action": {"replacement": 1}}
    assert claims(workspace)[1]["frequency"] == "7"
    drop(workspace, late_csv=encounters("2026-01-06"))
    made = run(workspace, AFTER_THE_LIMIT + timedelta(days=1))
    assert made["blocked"]["by_rule"] == {"TF-01": 1}


def test_what_its_payer_did_not_process_was_never_filed(workspace: Workspace) -> None:
    drop_week(workspace)
    begun(workspace, NIGHT)
    (first,) = claims(workspace)
    drop(workspace, era_835=remit(first["claim"], *WEEK, denied="MA130"))
    drop(workspace, change_csv=changed(*WEEK, diagnoses="F11.20"))
    made = run(workspace, AFTER_THE_LIMIT)
    assert made["blocked"]["by_rule"] == {"TF-01": 3}


def test_a_rejected_claim_whose_header_changes_is_sent_anew_once(workspace: Workspace) -> None:
    """The one turned away stands no more, so that no night after finds it changed again."""
    drop_week(workspace)
    begun(workspace, NIGHT)
    (first,) = claims(workspace)
    drop(workspace, ack_277=status_277(first["claim"], "U"))
    columns, values = ",discharge_date,discharge_status", ",2026-01-09,01"
    drop(workspace, change_csv=changed(*WEEK, columns=columns, values=values))
    assert run(workspace, LATER)["corrections"]["by_action"] == {"new claim": 1}
    assert run(workspace, LATEST)["built"]["claims"] == 0
    (row,) = told(workspace)
    assert (row["claim"], row["action"]) == (first["claim"], "new claim")


def test_corrections_sent_are_not_forgotten(workspace: Workspace) -> None:
    """The list is of every claim of frequency 5, 7 and 8 that went out, not of the last night's."""
    claim = sent(workspace)
    drop(workspace, change_csv=changed(*WEEK, diagnoses="F11.20"))
    run(workspace, LATER)
    then = told(workspace)
    run(workspace, LATEST)
    run(workspace, date(2026, 2, 2))
    assert told(workspace) == then
    (row,) = then
    assert (row["claim"], row["action"], row["payer_claim_number"]) == (
        claim,
        "replacement",
        NUMBER,
    )


def test_late_charges_are_listed_too(workspace: Workspace) -> None:
    policy(workspace, '[billing]\nlate = "late_charges"\n')
    sent(workspace)
    drop(workspace, late_csv=encounters("2026-01-06"))
    run(workspace, LATER)
    run(workspace, LATEST)
    (row,) = told(workspace)
    assert (row["action"], row["added"], row["removed"]) == ("late charges", 1, 0)
    assert [name for name in contents(workspace.outbox) if name.startswith("837I")]
