"""Nights settled by what is new, in portions, are the same as everything judged at once."""

from __future__ import annotations

import itertools
import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from edi_iop.rules.policy import Policy, load
from edi_iop.runner import portions
from edi_iop.settings import Settings, Workspace
from edi_iop.store import Store
from edi_iop.tables import REMITS, TABLES
from tests.runner.portions_store import DERIVED, add_file, derived, settled_at_once

NIGHT = date(2026, 6, 1)
MONDAY = date(2026, 2, 2)
NUMBERS = ("EAAA1BBB2CC", "EAAA1BBB2CD", "e-aaa1bbb2c1", "C100O", "C1000", "77", "EAAA1BBB2CCXYZ1")
ICNS = ("ICN0001", "ICN0001A", "ICN0002", "icn-0003", "0009991")
MEMBERS = ("M1000001", "M100000101", "M2000002", "m-1000001", "M20000")
NAMES = (("SAMPLE", "PAT"), ("O'EXAMPLE", "KIM"), ("MODEL", "ALEX"))
NPI = "1234567893"
PORTION = 4
"""So few rows a portion, so that these histories are many of them."""

Rows = dict[str, list[dict[str, Any]]]


def claim_file(chance: random.Random, number: int) -> Rows:
    """Claims of few numbers, members and days, so that many are alike."""
    rows: Rows = {"claims": [], "claim_lines": [], "submissions": [], "claim_diagnoses": []}
    rows["submissions"].append({"file_id": number, "transaction_offset": 0,
                                "created_on": MONDAY + timedelta(days=number)})  # fmt: skip
    for place in range(1, chance.randint(2, 4)):
        last, first = chance.choice(NAMES)
        offset = 1000 * place
        charges = [chance.choice((35000, 20000)) for _ in range(chance.randint(1, 3))]
        start = MONDAY + timedelta(days=chance.choice((0, 7)))
        days = [start + timedelta(days=at) for at in range(len(charges))]
        claim = chance.choice(NUMBERS)
        rows["claims"].append({
            "file_id": number, "claim_offset": offset, "transaction_offset": 0, "claim": claim,
            "form": "I", "charge_cents": sum(charges), "facility_type": "13",
            "frequency": chance.choice(("1", "1", "7")), "statement_from": days[0],
            "statement_to": days[-1], "billing_npi": NPI, "payer_id": chance.choice(("HARBR", "MERID")),
            "payer_responsibility": "P", "member_id": chance.choice(MEMBERS),
            "subscriber_last_name": last, "subscriber_first_name": first,
            "payer_claim_number": chance.choice((None, None, *ICNS)),
        })  # fmt: skip
        rows["claim_diagnoses"].append({
            "file_id": number, "claim_offset": offset, "byte_offset": offset + 5, "position": 1,
            "qualifier": "ABK", "diagnosis": "F1020",
        })  # fmt: skip
        for at, (day, charge) in enumerate(zip(days, charges, strict=True)):
            rows["claim_lines"].append({
                "file_id": number, "claim_offset": offset, "line_offset": offset + 10 + at,
                "line": at + 1, "revenue": "0906", "procedure": chance.choice(("H0015", "S9480")),
                "charge_cents": charge, "units": 1.0, "service_date": day,
                "line_control": chance.choice((f"L{claim[-4:]}{at}", f"l-{claim[-3:]}{at}", None)),
            })  # fmt: skip
    return rows


def remit_file(chance: random.Random, number: int, sent: list[Rows]) -> Rows:
    """Answers to claims sent or to be sent, changed on the way, reversed, repeated, recovered."""
    rows: Rows = {name: [] for name in REMITS}
    paid = 0
    for place in range(1, chance.randint(1, 4)):
        source = chance.choice(sent)
        claim = chance.choice(source["claims"])
        lines = [
            row for row in source["claim_lines"] if row["claim_offset"] == claim["claim_offset"]
        ]
        paid += _answer(chance, rows, number, 1000 * place, claim, lines)
    plb = 0
    for at in range(chance.choice((0, 0, 1, 2))):
        amount = chance.choice((-2000, 100, 20000))
        reference = chance.choice((None, "X" + NUMBERS[0], ICNS[0], "AB" + ICNS[2] + "ZZ", "77"))
        plb += amount
        rows["provider_adjustments"].append({
            "file_id": number, "payment_offset": 100, "byte_offset": 90000 + at, "position": 1,
            "provider_id": NPI, "reason": chance.choice(("WO", "FB", "L6")),
            "reference": reference, "amount_cents": amount,
        })  # fmt: skip
    check = chance.choice(("T1", "T2", "0T2", "T3", f"T{number}"))
    wrong = chance.choice((0, 0, 0, 500))
    rows["payments"].append({
        "file_id": number, "payment_offset": 100, "interchange_control": str(number),
        "trace_number": check, "payment_date": MONDAY + timedelta(days=30 + chance.randint(0, 3)),
        "amount_cents": paid - plb + wrong, "payer_id": chance.choice(("HARBR", "HARBR", "MERID")),
        "payee_qualifier": "XX", "payee_id": NPI,
    })  # fmt: skip
    return rows


def _answer(
    chance: random.Random, rows: Rows, number: int, offset: int, claim: dict[str, Any], lines: Any
) -> int:
    status = chance.choice(("1", "1", "1", "4", "22", "2"))
    sign = -1 if status == "22" else 1
    total = 0
    for at, line in enumerate(lines):
        denied = status == "4" or chance.random() < 0.3
        charge = sign * line["charge_cents"]
        paid = 0 if denied else sign * (line["charge_cents"] - 5000)
        total += paid
        place = offset + 10 * at + 10
        rows["remit_lines"].append({
            "file_id": number, "remit_claim_offset": offset, "remit_line_offset": place,
            "position": at + 1, "qualifier": "HC", "procedure": line["procedure"],
            "charge_cents": charge, "paid_cents": paid, "revenue": "0906", "units": 1.0,
            "service_date": chance.choice((line["service_date"], line["service_date"], None)),
            "line_control": chance.choice((line["line_control"], line["line_control"], None, "9")),
        })  # fmt: skip
        rows["adjustments"].append({
            "file_id": number, "remit_claim_offset": offset, "remit_line_offset": place,
            "byte_offset": place + 1, "position": 1, "group": "CO",
            "carc": chance.choice(("18", "197", "97", "29")) if denied else "45",
            "amount_cents": charge - paid,
        })  # fmt: skip
    last = claim["subscriber_last_name"]
    mangled = (claim["claim"], claim["claim"], claim["claim"].lower(), claim["claim"][:12], "0", None,
               chance.choice(NUMBERS))  # fmt: skip
    rows["remit_claims"].append({
        "file_id": number, "payment_offset": 100, "remit_claim_offset": offset,
        "claim": chance.choice(mangled), "status": status, "charge_cents": sign * claim["charge_cents"],
        "paid_cents": total, "payer_claim_number": chance.choice((*ICNS, None)),
        "facility_type": "13", "frequency": claim["frequency"],
        "patient_last_name": chance.choice((last, last, "MODEL")),
        "patient_first_name": claim["subscriber_first_name"],
        "patient_id": chance.choice((claim["member_id"], claim["member_id"], *MEMBERS)),
        "original_claim": chance.choice((None, None, *ICNS)),
        "statement_from": claim["statement_from"], "statement_to": claim["statement_to"],
    })  # fmt: skip
    return total


def ack_file(chance: random.Random, number: int) -> Rows:
    row = {"file_id": number, "byte_offset": 10, "kind": "277CA", "level": "claim",
           "claim": chance.choice(NUMBERS), "payer_claim_number": chance.choice(ICNS)}  # fmt: skip
    return {"acknowledgements": [row]}


def decision(chance: random.Random, number: int, claims: list[Rows], remits: list[Rows]) -> Rows:
    remit = chance.choice(remits)
    payment = remit["payments"][0]
    row: dict[str, Any] = {"decision": number, "decided_at": "2026-05-01T00:00:00", "actor": "A"}
    answer = chance.choice(remit["remit_claims"]) if remit["remit_claims"] else None
    if answer is None or chance.random() < 0.4:
        verb = chance.choice(("release", "reject", "undo"))
        return {
            "decisions": [
                row | {"verb": verb, "file_id": payment["file_id"], "payment_offset": 100}
            ]
        }
    claim = chance.choice(chance.choice(claims)["claims"])
    place = {"file_id": answer["file_id"], "payment_offset": 100,
             "remit_claim_offset": answer["remit_claim_offset"]}  # fmt: skip
    verb = chance.choice(("link", "unlink", "release", "undo"))
    tied = {"claim_file_id": claim["file_id"], "claim_offset": claim["claim_offset"]}
    return {"decisions": [row | place | {"verb": verb} | (tied if "link" in verb else {})]}


def history(seed: int) -> list[Rows]:
    """What comes in, file by file, in any order: of two towns that know nothing of each other."""
    chance = random.Random(seed)
    files = [*_town(chance, 0), *_town(chance, 1)]
    chance.shuffle(files)
    files = _in_order(files)
    claims, remits = ([file for file in files if name in file] for name in ("claims", "payments"))
    decisions = [decision(chance, n, claims, remits) for n in range(1, chance.randint(2, 6))]
    every: list[Rows] = [*files]
    for one in decisions:  # nobody decides of what has not come
        number = max(one["decisions"][0].get(name) or 0 for name in ("file_id", "claim_file_id"))
        place = next(at for at, rows in enumerate(every, 1) if _number(rows) == number)
        every.insert(chance.randint(place, len(every)), one)
    return _decided_in_order(every)


def _town(chance: random.Random, town: int) -> list[Rows]:
    claims = [claim_file(chance, number) for number in range(1, chance.randint(3, 5))]
    remits = [remit_file(chance, number, claims) for number in range(11, 11 + chance.randint(2, 5))]
    if chance.random() < 0.5:  # the same payment, wrapped anew
        remits.append(_renumbered(remits[0], 31))
    files = [*claims, *remits]
    if chance.random() < 0.5:
        files.append(ack_file(chance, 41))
    return [_moved(file) for file in files] if town else files


_ELSEWHERE = str.maketrans("ABCEMP127", "QRSTUVW86")
_OF_TOWN = {"claim", "payer_claim_number", "original_claim", "member_id", "patient_id", "line_control",
            "reference", "trace_number", "subscriber_last_name", "patient_last_name"}  # fmt: skip


def _moved(file: Rows) -> Rows:
    """The same file of another town: other numbers, members and names, alike in the same ways."""
    return {
        name: [
            {
                column: value.translate(_ELSEWHERE)
                if column in _OF_TOWN and isinstance(value, str)
                else value
                for column, value in row.items()
            }
            for row in rows
        ]
        for name, rows in file.items()
    }


def _number(rows: Rows) -> int | None:
    if "decisions" in rows:
        return None
    return next(int(row["file_id"]) for found in rows.values() for row in found)


def _decided_in_order(every: list[Rows]) -> list[Rows]:
    """Decisions under the numbers that they get as they are made."""
    made = [rows["decisions"][0] for rows in every if "decisions" in rows]
    for number, row in enumerate(made, 1):
        row["decision"] = number
    return every


def _in_order(files: list[Rows]) -> list[Rows]:
    """The files under the numbers that they get as they come."""
    return [_renumbered(file, place) for place, file in enumerate(files, 1)]


def _renumbered(file: Rows, number: int) -> Rows:
    return {name: [row | {"file_id": number} for row in rows] for name, rows in file.items()}


def keep(store: Store, rows: Rows) -> None:
    """One file, or one decision."""
    frames = {
        name: TABLES[name].conform(pl.DataFrame(found, infer_schema_length=None))
        for name, found in rows.items()
        if found
    }
    if "decisions" in rows:
        store.next_numbers("decision")
        store.save(frames)
        return
    (number,) = {row["file_id"] for found in rows.values() for row in found}
    add_file(store, number, frames)


def policies() -> dict[str, Policy]:
    return {"HARBR": load("harbor", NIGHT), "MERID": load("meridian", NIGHT)}


@pytest.mark.parametrize("seed", range(2))
def test_nights_by_what_is_new_are_all_at_once(
    tmp_path: Path, workspace: Workspace, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Claims that are much alike, answered in every way, decided by hand, split over nights anyhow."""
    monkeypatch.setattr(portions, "PORTION", PORTION)
    agree(tmp_path, workspace.settings(), seed, often=0.3)


def agree(folder: Path, settings: Settings, seed: int, often: float = 0.6) -> None:
    """Settles a history in nights and at once, and compares what both leave (scripts/nights).

    often: the chance that a night ends with a file.
    """
    chance = random.Random(seed)
    arrived = history(seed)
    with Store.create(folder / "nights.db") as store, Store.create(folder / "once.db") as once:
        for place, rows in enumerate(arrived):
            keep(store, rows)
            keep(once, rows)
            last = place == len(arrived) - 1
            if last or chance.random() < often:
                night = NIGHT - timedelta(days=15 * (len(arrived) - 1 - place))
                portions.settle(store, policies(), settings, night)
        settled_at_once(once, policies(), settings, NIGHT)
        whole = derived(once)
        assert derived(store) == whole
        portions.settle(once, policies(), settings, NIGHT)
        assert derived(once) == whole


@pytest.mark.parametrize("at", [1, 2])
def test_a_settlement_that_died_is_done_anew(
    tmp_path: Path, workspace: Workspace, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portions, "PORTION", 1)
    settings = workspace.settings()
    with Store.create(tmp_path / "died.db") as store:
        for rows in history(4):
            keep(store, rows)
        with monkeypatch.context() as patch:
            _kill_at(patch, at)
            with pytest.raises(KeyboardInterrupt):
                portions.settle(store, policies(), settings, NIGHT)
        assert store.settled() == {}
        portions.settle(store, policies(), settings, NIGHT)
        made = derived(store)
        settled_at_once(store, policies(), settings, NIGHT)
        assert made == derived(store)


def test_a_night_that_died_leaves_the_settlement_before(
    tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it had settled by then counts for nothing, and the next night does it all."""
    settings = workspace.settings()
    arrived = history(5)
    with Store.create(tmp_path / "died.db") as store:
        for rows in arrived[:-3]:
            keep(store, rows)
        portions.settle(store, policies(), settings, NIGHT)
        before, upto = derived(store), store.settled()
        for rows in arrived[-3:]:
            keep(store, rows)
        with monkeypatch.context() as patch:
            patch.setattr(portions, "mark_files", _kill)
            with pytest.raises(KeyboardInterrupt):
                portions.settle(store, policies(), settings, NIGHT)
        assert store.settled() == upto
        now = derived(store)
        assert {name: now[name] for name in DERIVED} == {name: before[name] for name in DERIVED}
        portions.settle(store, policies(), settings, NIGHT)
        made = derived(store)
        ties = store.load("ties")
        assert ties.height == ties.unique().height  # the night that died had kept its own
        settled_at_once(store, policies(), settings, NIGHT)
        assert made == derived(store)


def _kill(*_: Any) -> None:
    raise KeyboardInterrupt


def _kill_at(patch: pytest.MonkeyPatch, at: int) -> None:
    """The program dies in its portion of that number."""
    calls, keep = itertools.count(1), portions._keep

    def dying(*given: Any) -> None:
        if next(calls) == at:
            _kill()
        keep(*given)

    patch.setattr(portions, "_keep", dying)
