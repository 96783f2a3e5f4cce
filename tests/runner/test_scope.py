"""Each way in which rows bear on each other: settled night by night as settled at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from functools import partial
from itertools import count, zip_longest
from pathlib import Path
from typing import Any, Literal

import polars as pl
import pytest
from msgspec.structs import replace

from edi_iop.reconciler.references import References
from edi_iop.rules.policy import Policy, load
from edi_iop.runner import portions
from edi_iop.runner.portion import Portion
from edi_iop.runner.scope import LINES, Begin, closed, repeated
from edi_iop.settings import Settings, Workspace
from edi_iop.store import Store
from edi_iop.tables import TABLES
from tests.runner.portions_store import DERIVED, add_file, derived, settled_at_once

MONDAY = date(2026, 2, 2)
PAID_ON = date(2026, 3, 2)
NIGHT = date(2026, 3, 10)
NPI = "1234567893"
DAY_CENTS = 35000

Row = dict[str, Any]
File = dict[str, list[Row]]


def claims(*given: Row) -> File:
    """An 837: claims of one line each."""
    file: File = {"claims": [], "claim_lines": [], "submissions": []}
    file["submissions"].append({"transaction_offset": 0, "created_on": MONDAY})
    for place, row in enumerate(given, 1):
        key = {"claim_offset": 1000 * place}
        own = {"member_id": f"M{700000 + 1000 * place}", "last": "SAMPLE", "control": None,
               "charge": DAY_CENTS, "replaces": None, "payer": "HARBR", "place": "P"} | row  # fmt: skip
        file["claims"].append(key | {
            "transaction_offset": 0, "claim": own["claim"], "form": "I", "charge_cents": own["charge"],
            "facility_type": "13", "frequency": "7" if own["replaces"] else "1",
            "statement_from": MONDAY, "statement_to": MONDAY, "billing_npi": NPI,
            "payer_id": own["payer"], "payer_responsibility": own["place"],
            "member_id": own["member_id"],
            "subscriber_last_name": own["last"], "subscriber_first_name": "PAT",
            "payer_claim_number": own["replaces"],
        })  # fmt: skip
        file["claim_lines"].append(key | {
            "line_offset": key["claim_offset"] + 10, "line": 1, "revenue": "0906",
            "procedure": "H0015", "charge_cents": own["charge"], "units": 1.0,
            "service_date": MONDAY, "line_control": own["control"],
        })  # fmt: skip
    return file


def remits(
    check: str, *given: Row, plb: Iterable[tuple[str, str, int]] = (), payer: str = "HARBR"
) -> File:
    """An 835 of one payment."""
    file: File = {name: [] for name in ("payments", "remit_claims", "remit_lines", "adjustments",
                                        "provider_adjustments")}  # fmt: skip
    paid = 0
    for place, row in enumerate(given, 1):
        own = {"claim": None, "icn": None, "member_id": None, "last": None, "control": None,
               "status": "1", "paid": 30000, "carc": "197", "charge": DAY_CENTS,
               "original": None} | row  # fmt: skip
        sign = -1 if own["status"] == "22" else 1
        key = {"remit_claim_offset": 1000 * place}
        paid += sign * own["paid"]
        file["remit_claims"].append(key | {
            "payment_offset": 100, "claim": own["claim"], "status": own["status"],
            "charge_cents": sign * own["charge"], "paid_cents": sign * own["paid"],
            "payer_claim_number": own["icn"], "original_claim": own["original"],
            "facility_type": "13", "frequency": "1", "patient_id": own["member_id"],
            "patient_last_name": own["last"], "patient_first_name": "PAT",
        })  # fmt: skip
        line = key | {"remit_line_offset": 1000 * place + 10}
        file["remit_lines"].append(line | {
            "position": 1, "qualifier": "HC", "procedure": "H0015", "revenue": "0906", "units": 1.0,
            "charge_cents": sign * own["charge"], "paid_cents": sign * own["paid"],
            "service_date": MONDAY, "line_control": own["control"],
        })  # fmt: skip
        file["adjustments"].append(line | {
            "byte_offset": 1000 * place + 20, "position": 1, "group": "CO",
            "carc": "45" if own["paid"] else own["carc"],
            "amount_cents": sign * (own["charge"] - own["paid"]),
        })  # fmt: skip
    for place, (reason, reference, amount) in enumerate(plb):
        file["provider_adjustments"].append({
            "payment_offset": 100, "byte_offset": 90000 + place, "position": 1, "provider_id": NPI,
            "reason": reason, "reference": reference, "amount_cents": amount,
        })  # fmt: skip
    file["payments"].append({
        "payment_offset": 100, "trace_number": check, "payment_date": PAID_ON, "payer_id": payer,
        "amount_cents": paid - sum(amount for _, _, amount in plb), "payee_qualifier": "XX",
        "payee_id": NPI,
    })  # fmt: skip
    return file


def acks(claim: str, number: str) -> File:
    """A 277CA that gives a claim the payer's number."""
    row = {"byte_offset": 10, "kind": "277CA", "level": "claim", "claim": claim,
           "payer_claim_number": number}  # fmt: skip
    return {"acknowledgements": [row]}


def tables(file: File, number: int) -> dict[str, pl.DataFrame]:
    return {
        name: TABLES[name].conform(
            pl.DataFrame([row | {"file_id": number} for row in rows], infer_schema_length=None)
        )
        for name, rows in file.items()
        if rows
    }


@pytest.fixture(scope="module")
def policies() -> dict[str, Policy]:
    return {"HARBR": load("harbor", NIGHT)}


LONG = "AB70345678CD90XY"
TIED: dict[str, tuple[File, ...]] = {
    "the number": (claims({"claim": "B7001"}), remits("T701", {"claim": "B7001"})),
    "the number mangled": (claims({"claim": "b-70o1"}), remits("T701", {"claim": "00B7001"})),
    "the number cut": (
        claims({"claim": LONG, "member_id": "M701"}),
        remits("T701", {"claim": LONG[:13], "member_id": "M701"}),
    ),
    "our own number lengthened": (
        claims({"claim": "E0000000011"}, {"claim": "E000000002Z"}),
        remits("T701", {"claim": "E0000000011A7"}, {"claim": "E000000002ZA7"}),
    ),
    "the line control number": (
        claims({"claim": "B7001", "control": "l-7001-1"}),
        remits("T701", {"claim": "X70", "control": "L70011"}),
    ),
    "the line control number as sent": (
        claims({"claim": "B7001", "control": "L70011"}),
        remits("T701", {"claim": "X70", "control": "L70011"}),
    ),
    "the payer's number of an earlier answer": (
        claims({"claim": "B7001"}),
        remits("T701", {"claim": "B7001", "icn": "2026700001"}),
        remits("T702", {"icn": "2026700001A1", "status": "22"}),
    ),
    "the payer's number by a 277CA": (
        claims({"claim": "B7001"}),
        acks("B7001", "2026700001"),
        remits("T701", {"icn": "2026700001"}),
    ),
    "the payer's number by a 277CA that comes last": (
        claims({"claim": "B7001"}),
        remits("T701", {"icn": "2026700001"}),
        acks("B7001", "2026700001"),
    ),
    "the number of the claim as the payer's own": (
        claims({"claim": "B7001"}, {"claim": "B7002", "replaces": "B7001"}),
        remits("T701", {"claim": "B7001"}),
    ),
    "a replacement of another file": (
        claims({"claim": "B7001"}),
        claims({"claim": "B7002", "replaces": "B7001", "member_id": "M705"}),
        claims({"claim": "B7003", "replaces": "2026700001", "member_id": "M706"}),
        remits("T701", {"claim": "B7002", "icn": "2026700001"}),
    ),
    "the member": (
        claims({"claim": "B7001", "member_id": "M700001"}),
        remits("T701", {"member_id": "M70000101", "last": "SAMPLE"}),
    ),
    "the name": (
        claims({"claim": "B7001", "last": "O'EXAMPLE"}),
        remits("T701", {"claim": "Q70", "last": "OEXAMPLE"}),
    ),
    "a reference": (
        claims({"claim": "B7001"}, {"claim": "B700177"}),
        remits("T701", {"claim": "B7001", "icn": "557077"}),
        remits("T702", {"claim": "B700177", "icn": "887000"}),
        remits("T703", plb=[("WO", "X557077887000", 3000), ("WO", "X887000", 100)]),
    ),
    "a reference cut": (
        claims({"claim": LONG}),
        remits("T701", {"claim": LONG, "icn": "20267000010002"}),
        remits("T702", plb=[("WO", LONG[:12], 3000), ("FB", "20267000010", 5)]),
    ),
    "a reference that holds a claim not yet answered": (
        claims({"claim": "B70011"}),
        remits("T701", {"claim": "B70011"}),
        remits("T702", plb=[("WO", "XB7001177", 3000)]),
        claims({"claim": "B7001177", "member_id": "M705"}),
    ),
    "a reference that begins a claim not yet answered": (
        claims({"claim": LONG}),
        remits("T701", {"claim": LONG}),
        remits("T702", plb=[("WO", LONG[:14], 3000)]),
        claims({"claim": LONG[:14] + "77", "member_id": "M705"}),
    ),
    "a claim of a second payer that answers under the first one's number": (
        claims({"claim": "B7001"}),
        remits(
            "T701",
            {"claim": "B7001", "member_id": "Z7099", "last": "SAMPLE", "status": "2"},
            payer="MERID",
        ),
        claims({"claim": "C8700", "member_id": "M705", "payer": "MERID", "place": "S"}),
    ),
    "no number at all": (
        remits("T701", {}),
        remits("T702", {"status": "22"}),
        remits("T703", {"claim": "0"}),
    ),
    "a number used twice": (
        claims({"claim": "B7001"}, {"claim": "C8700"}),
        remits("T701", {"claim": "B7001"}),
        remits("0T701", {"claim": "C8700"}),
    ),
    "the same payment wrapped anew": (
        claims({"claim": "B7001"}),
        remits("T701", {"claim": "B7001"}),
        remits("T701", {"claim": "B7001"}),
    ),
    "a line control number of two claims": (
        claims({"claim": "B7001", "control": "L70011"}),
        claims({"claim": "C8001", "control": "L70011", "member_id": "M5"}),
        remits("T1", {"claim": "B7001", "control": "L70011"}),
        remits("T2", {"claim": "C8001", "control": "L70011"}),
    ),
    "line control numbers of too many claims": (
        claims(*({"claim": f"B{at}", "control": "DAY1"} for at in range(7001, 7009))),
        claims({"claim": "C970", "control": "day-1"}),
        remits("T701", {"claim": "Q70", "control": "DAY1"}, {"claim": "B7001", "control": "DAY1"}),
    ),
}


_ALONE = "no number at all"
"""All answers without any number are one account: this goes by itself."""


def of_its_own(how: str, number: int, given: Mapping[str, tuple[File, ...]]) -> tuple[File, ...]:
    """A situation with numbers and names that no other has: for 70, and behind AMPLE."""
    name = "AMPLE" + "".join(chr(ord("A") + int(digit)) for digit in str(number))

    def told(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return value.replace("70", str(number)).replace("AMPLE", name)

    return tuple(
        {
            table: [{column: told(value) for column, value in row.items()} for row in rows]
            for table, rows in file.items()
        }
        for file in given[how]
    )


def nights(situations: Iterable[tuple[File, ...]], last_first: bool) -> list[list[File]]:
    """The files of all situations, of each one a night: the first of each, the second of each."""
    orders = [files[::-1] if last_first else files for files in situations]
    return [[file for file in night if file] for night in zip_longest(*orders)]


def settled_by_nights(
    store: Store, whole: Store, arrived: list[list[File]], rules: dict[str, Policy], of: Settings
) -> None:
    """The one settled night after night, the other at once."""
    numbers = count(1)
    for night in arrived:
        for file, number in zip(night, numbers, strict=False):
            add_file(store, number, tables(file, number))
            add_file(whole, number, tables(file, number))
        portions.settle(store, rules, of, NIGHT)
    settled_at_once(whole, rules, of, NIGHT)


def otherwise(store: Store, whole: Store) -> list[str]:
    """What is not told alike of whom: rows by their claims' numbers, for whom it fails."""
    heads = pl.concat(
        [store.load(name).select("file_id", "claim") for name in ("claims", "remit_claims")]
    )
    named = dict(heads.iter_rows())
    apart = set()
    for name in DERIVED:
        one, other = (
            {repr(row): row for row in held.load(name).to_dicts()} for held in (store, whole)
        )
        for row in one.keys() ^ other.keys():
            apart.add((one | other)[row].get("file_id"))
    return sorted(str(named.get(file)) for file in apart)


@pytest.mark.parametrize("last_first", [False, True])
@pytest.mark.parametrize("alone", [False, True])
def test_what_bears_on_others_is_settled_with_them(
    tmp_path: Path, workspace: Workspace, alone: bool, last_first: bool
) -> None:
    """Whichever comes first, a night a file; situations that have nothing in common at once."""
    chosen = [
        of_its_own(how, number, TIED)
        for number, how in enumerate(TIED, 11)
        if (how == _ALONE) is alone
    ]
    with Store.create(tmp_path / "n.db") as store, Store.create(tmp_path / "o.db") as whole:
        settled_by_nights(store, whole, nights(chosen, last_first), {}, workspace.settings())
        assert derived(store) == derived(whole), otherwise(store, whole)


def test_a_scope_is_the_same_where_every_line_was_looked_at_before(
    tmp_path: Path, workspace: Workspace
) -> None:
    """Around each claim and each answer."""
    with Store.create(tmp_path / "n.db") as store:
        files = [
            file for number, how in enumerate(TIED, 11) for file in of_its_own(how, number, TIED)
        ]
        for number, file in enumerate(files, 1):
            add_file(store, number, tables(file, number))
        portions.settle(store, {}, workspace.settings(), NIGHT)
        references = References.of(store.load("provider_adjustments"))
        around = partial(closed, store, references=references, decisions=store.load("decisions"))
        every = Begin.around(remits=store.places("remit_claims"), claims=store.places("claims"))
        found = {name: repeated(store, name) for name in LINES}
        lines = {name: rows for name, rows in found.items() if rows is not None}
        while every:
            one, every = every.divided(1)
            asked, looked_at = around(one).held, around(one, repeated=lines).held
            for kind in ("claims", "remits", "acks", "adjustments"):
                assert in_order(getattr(asked, kind)) == in_order(getattr(looked_at, kind)), kind


def in_order(rows: pl.DataFrame) -> list[tuple[object, ...]]:
    return sorted(rows.rows())


ONE_DAY: dict[str, tuple[File, ...]] = {
    "of one member, each in its file": (
        claims({"claim": "B7001", "member_id": "M700001"}),
        claims({"claim": "C8700", "member_id": "M700001"}),
    ),
    "of one member, one of them answered": (
        claims({"claim": "B7001", "member_id": "M700001"}),
        remits("T701", {"claim": "B7001", "paid": 0}),
        claims({"claim": "C8700", "member_id": "M700001"}),
        remits("T702", {"claim": "C8700"}),
    ),
}


@pytest.mark.parametrize("last_first", [False, True])
def test_days_of_a_member_are_judged_together(
    tmp_path: Path, workspace: Workspace, policies: dict[str, Policy], last_first: bool
) -> None:
    """A second per diem of a date is a violation of the claim sent before, too: whichever comes first."""
    chosen = [of_its_own(how, number, ONE_DAY) for number, how in enumerate(ONE_DAY, 11)]
    arrived = nights(chosen, last_first)
    with Store.create(tmp_path / "n.db") as store, Store.create(tmp_path / "o.db") as whole:
        settled_by_nights(store, whole, arrived, policies, workspace.settings())
        assert derived(store) == derived(whole), otherwise(store, whole)
        doubled = store.load("violations").filter(pl.col("rule").str.starts_with("DUP"))
        told = [doubled.filter(pl.col("claim").str.contains(one)) for one in ("11", "12")]
        assert all(one.height for one in told), "both must be told"


@pytest.mark.parametrize(
    ("place", "names", "status", "concerned"),
    [
        ("P", ("ANY", "OTHER"), "1", 1),
        ("S", ("SAMPLE",), "1", 1),
        ("S", ("SAMPLE",), "2", 40),
    ],
)
def test_a_night_leaves_alone_what_it_does_not_concern(
    tmp_path: Path,
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    names: tuple[str, ...],
    status: str,
    concerned: int,
) -> None:
    """Members whose ids differ in the last character are no kin, nor claims of one number's series.

    Nor are claims to second payers of people of one name, but to what such a payer answers.
    """
    settings = workspace.settings()
    seen: list[tuple[int, int]] = []
    keep = portions._keep

    def counted(store: Store, portion: Portion) -> None:
        seen.append((portion.held.claims.height, portion.held.remits.height))
        keep(store, portion)

    monkeypatch.setattr(portions, "_keep", counted)
    many = claims(
        *({"claim": f"CLAIM2026{at}", "member_id": f"M10000{at}", "place": place,
           "last": names[at % len(names)]} for at in range(100, 140))
    )  # fmt: skip
    with Store.create(tmp_path / "x.db") as store:
        add_file(store, 1, tables(many, 1))
        portions.settle(store, {}, settings, NIGHT)
        answer = {"claim": "CLAIM2026107", "last": names[-1], "status": status}
        add_file(store, 2, tables(remits("T1", answer), 2))
        portions.settle(store, {}, settings, NIGHT)
        portions.settle(store, {}, settings, NIGHT)
        store.settle()  # run --whole
        portions.settle(store, {}, settings, NIGHT)
    assert seen == [(40, 0), (concerned, 1), (40, 1)]


@pytest.mark.parametrize("after", [2, 4])
def test_a_person_s_word_ties(tmp_path: Path, workspace: Workspace, after: int) -> None:
    """A claim tied by hand to an answer is judged with it whenever one of them is, and that night."""
    settings = workspace.settings()
    files = [
        claims({"claim": "B7001", "last": "MODEL"}),
        remits("T1", {"claim": "Q1", "paid": 0, "last": "EXAMPLE"}),
        claims({"claim": "B7001", "member_id": "M5", "last": "MODEL"}),
        remits("T2", {"claim": "Q1", "status": "22", "paid": 0, "last": "EXAMPLE"}),
    ]
    word = {"decision": 1, "decided_at": "2026-03-10T00:00:00", "actor": "A", "verb": "link",
            "file_id": 2, "payment_offset": 100, "remit_claim_offset": 1000, "claim_file_id": 1,
            "claim_offset": 1000}  # fmt: skip
    with Store.create(tmp_path / "n.db") as store, Store.create(tmp_path / "o.db") as whole:
        for number, file in enumerate(files, 1):
            for one in (store, whole):
                add_file(one, number, tables(file, number))
            portions.settle(store, {}, settings, NIGHT)
            if number == after:
                for one in (store, whole):
                    assert one.next_numbers("decision") == 1
                    one.save({"decisions": TABLES["decisions"].conform(pl.DataFrame([word]))})
        portions.settle(store, {}, settings, NIGHT)
        settled_at_once(whole, {}, settings, NIGHT)
        assert derived(store) == derived(whole)


@pytest.mark.parametrize(
    ("back", "corrected_from"), [(False, "remit"), (True, "remit"), (False, "service")]
)
def test_days_that_pass_tell_something_else(
    tmp_path: Path,
    workspace: Workspace,
    policies: dict[str, Policy],
    back: bool,
    corrected_from: Literal["remit", "service"],
) -> None:
    """A denial's clocks are warned of and run out without any file; a night may be for an earlier day."""
    settings = workspace.settings()
    timely = replace(policies["HARBR"].timely, corrected_from=corrected_from)
    policies = {"HARBR": replace(policies["HARBR"], timely=timely)}
    assert timely.appeal_days is not None
    assert timely.corrected_days is not None
    begin = PAID_ON if corrected_from == "remit" else MONDAY
    ends = [
        PAID_ON + timedelta(days=timely.appeal_days),
        begin + timedelta(days=timely.corrected_days),
    ]
    before = (1, -1, timely.warn_days, timely.warn_days + 1)
    nights = sorted({end - timedelta(days=days) for end in ends for days in before}, reverse=back)
    files = [claims({"claim": "B7001"}), remits("T1", {"claim": "B7001", "paid": 0})]
    with Store.create(tmp_path / "n.db") as store, Store.create(tmp_path / "o.db") as whole:
        for number, file in enumerate(files, 1):
            for one in (store, whole):
                add_file(one, number, tables(file, number))
        told = []
        for night in nights:
            portions.settle(store, policies, settings, night)
            settled_at_once(whole, policies, settings, night)
            assert derived(store) == derived(whole), night
            told.append(repr(derived(store)))
        assert len(set(told)) > 1, "the days must tell something"


@pytest.mark.parametrize("older", ["claims", "answers"])
def test_older_files_tell_that_nothing_lay_before(
    tmp_path: Path, workspace: Workspace, policies: dict[str, Policy], older: str
) -> None:
    """A denial as a duplicate (18) may mean what was sent, or answered, before all that is held."""
    settings, early = workspace.settings(), date(2025, 6, 2)
    claimed, answered = (
        claims({"claim": "C80011", "member_id": "M1"}),
        remits("T0", {"claim": "D90011"}),
    )
    claimed["submissions"][0]["created_on"] = early
    answered["payments"][0]["payment_date"] = early
    held, last = (answered, claimed) if older == "claims" else (claimed, answered)
    denied = remits("T1", {"claim": "B7001", "paid": 0, "carc": "18"})
    sent = claims({"claim": "B7001"})
    sent["submissions"][0]["created_on"] = MONDAY + timedelta(days=4)
    told = []
    with Store.create(tmp_path / "n.db") as store, Store.create(tmp_path / "o.db") as whole:
        for number, file in enumerate((held, sent, denied, last), 1):
            for one in (store, whole):
                add_file(one, number, tables(file, number))
            portions.settle(store, policies, settings, NIGHT)
            if number > 2:
                settled_at_once(whole, policies, settings, NIGHT)
                assert derived(store) == derived(whole)
                told.append(store.load("verdicts", claim="B7001")["verdict"].item())
    assert told == ["unknown", "refuted"]


def test_a_day_inside_the_warning_tells_nothing_new(
    tmp_path: Path,
    workspace: Workspace,
    policies: dict[str, Policy],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of the denials whose time ends soon a night judges those that this begins or ends for."""
    settings, timely = workspace.settings(), policies["HARBR"].timely
    assert timely.appeal_days is not None
    end = PAID_ON + timedelta(days=timely.appeal_days)
    days = [end - timedelta(days=left) for left in (timely.warn_days, timely.warn_days - 1, 1)]
    files = [claims({"claim": "B7001"}), remits("T1", {"claim": "B7001", "paid": 0})]
    with Store.create(tmp_path / "n.db") as store:
        for number, file in enumerate(files, 1):
            add_file(store, number, tables(file, number))
        portions.settle(store, policies, settings, days[0])
        kept: list[Portion] = []
        monkeypatch.setattr(portions, "_keep", lambda _, portion: kept.append(portion))
        for day in days[1:]:
            portions.settle(store, policies, settings, day)
        assert kept == []
