"""What a letter to a payer says: whose claim, which lines, why, with which evidence (never a log's business).

Plain values by the names of the template's fields. It is a draft: what only a person can
say stands in brackets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from edi_iop import codes, resources
from edi_iop.errors import BadMap
from edi_iop.money import to_dollars
from edi_iop.reconciler.filing import Proof
from edi_iop.reconciler.lists import listed

_RECORDS = {
    "authorization": "Authorization",
    "encounter": "Treatment record",
    "client": "Coverage on file",
}
_NO_GROUND = "[What the contract or the record says of these lines.]"
_PART_2 = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."
"""The notice that goes with records of substance use treatment (42 CFR 2.32)."""


def request(remedy: str) -> dict[str, str]:
    """Subject, request, to_add, records and papers of a remedy's letter (maps/letters/requests.csv).

    records: kinds of evidence.support that it needs to show, and no more of a patient's.
    """
    path = resources.maps() / "letters" / "requests.csv"
    try:
        rows = pl.read_csv(path, infer_schema=False).fill_null("")
    except (FileNotFoundError, pl.exceptions.PolarsError) as problem:
        raise BadMap(
            f"maps/letters/requests.csv cannot be read; install again: {problem}"
        ) from problem
    return dict(rows.filter(pl.col("remedy") == remedy).to_dicts()[0])


def fields(
    request: Mapping[str, str],
    rows: pl.DataFrame,
    claim: Mapping[str, Any],
    payer: Mapping[str, Any],
    evidence: pl.DataFrame,
    proof: Proof | None,
    part_2: bool,
    due_cents: int | None = None,
) -> dict[str, Any]:
    """The fields of one letter but those of the facility and the day.

    request: of the remedy (request). rows: tables.VERDICTS of the lines it is about, with
    payer_number and, where it is known, paid_on, the payment's date. due_cents: what the contract
    still pays for them. claim: the row of tables.CLAIMS. payer: name and address lines. evidence:
    service_date, kind, evidence, note of evidence.support. One letter: rows, not columns.
    """
    verdicts = rows.sort("service_date", "line").to_dicts()
    shown = evidence.filter(pl.col("kind").is_in(_needed(request, rows)))
    return {
        "payer": payer,
        "subject": f"{request['subject']}: claim {claim['claim']}",
        "request": request["request"],
        "patient": _patient(claim),
        "claim": _claim(claim, verdicts),
        "lines": [_line(row) for row in verdicts],
        "codes": meanings(rows),
        "grounds": [*_grounds(verdicts, shown), *_due(due_cents), *_to_add(request["to_add"])],
        "evidence": _evidence(shown),
        "proof": _proof(proof),
        "enclosures": _enclosures(shown, proof, request["papers"]),
        "notice": _PART_2 if part_2 else "",
    }


def _needed(request: Mapping[str, str], rows: pl.DataFrame) -> list[str]:
    """The kinds of records to show: those of the request, but where our records refute every line
    only those that do (the minimum necessary, 45 CFR 164.502(b))."""
    asked = request["records"].split()
    resting = rows.select("rule", "verdict").join(listed("refutations"), on="rule", how="left")
    if resting.select(
        ((pl.col("verdict") == "refuted") & pl.col("shows").is_not_null()).all()
    ).item():
        return [kind for kind in asked if kind in set(resting["shows"])]
    return asked


def _patient(claim: Mapping[str, Any]) -> dict[str, str]:
    """The patient: of loop 2010CA where there is one, else the subscriber."""
    who = "patient" if claim["patient_last_name"] else "subscriber"
    names = (claim[f"{who}_first_name"], claim[f"{who}_last_name"])
    return {
        "name": " ".join(name for name in names if name) or "(not on the claim)",
        "birth_date": str(claim[f"{who}_birth_date"] or "(not on the claim)"),
        "member_id": claim["member_id"] or "(not on the claim)",
    }


def _claim(claim: Mapping[str, Any], verdicts: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    days = sorted({row["service_date"] for row in verdicts if row["service_date"]})
    payments = sorted({_remittance(row) for row in verdicts if row["payment"]})
    first, last = (days[0], days[-1]) if days else ("unknown", "unknown")
    return {
        "number": claim["claim"],
        "payer_claim_number": verdicts[0]["payer_number"] or "not known to us",
        "dates": str(first) if first == last else f"{first} to {last}",
        "payment": f"remittance {', '.join(payments)}" if payments else "remittance without number",
    }


def _remittance(row: Mapping[str, Any]) -> str:
    paid_on = row.get("paid_on")
    return f"{row['payment']} of {paid_on}" if paid_on else str(row["payment"])


def _line(row: Mapping[str, Any]) -> dict[str, str]:
    service = " / ".join(code for code in (row["procedure"], row["revenue"]) if code)
    expected = row["expected_cents"]
    return {
        "number": str(row["line"] or ""),
        "date": str(row["service_date"] or ""),
        "service": service,
        "units": f"{row['units']:g}" if row["units"] is not None else "",
        "charge": to_dollars(row["charge_cents"]) if row["charge_cents"] is not None else "",
        "reasons": " ".join([*row["reasons"], *row["rarcs"]]),
        "expected": to_dollars(expected) if expected is not None else "not stated",
    }


def meanings(rows: pl.DataFrame) -> list[str]:
    """The payer's codes in our words."""
    reasons = rows["reasons"].explode().drop_nulls().str.split("-").list.last()
    remarks = rows["rarcs"].explode().drop_nulls()
    return [
        f"{code}: {codes.meaning(kind, code)}"
        for kind, found in (("carc", reasons), ("rarc", remarks))
        for code in found.unique().sort().to_list()
    ]


def _grounds(verdicts: Sequence[Mapping[str, Any]], shown: pl.DataFrame) -> list[str]:
    """Why, line by line, where our records speak against the payer."""
    against = [
        f"{row['service_date']}: {_told(row)}" for row in verdicts if row["verdict"] == "refuted"
    ]
    given = "The services were given and documented as the records below show."
    return list(dict.fromkeys(against)) or ([_NO_GROUND] if shown.is_empty() else [given])


def _told(row: Mapping[str, Any]) -> str:
    """What the verdict says, without the name of our own file of the contract."""
    return str(row["says"]).replace(f" ({row['expected_source']})", "")


def _due(cents: int | None) -> list[str]:
    rest = "the contract's amount less what was paid"
    return [f"At issue: {to_dollars(cents)}, {rest}."] if cents else []


def _to_add(what: str) -> list[str]:
    """What a person is to add."""
    return [f"[{what}]"] if what else []


def _evidence(found: pl.DataFrame) -> list[dict[str, str]]:
    known = found.filter(pl.col("kind").is_in(list(_RECORDS))).sort("kind", "service_date")
    rows = [
        (
            _RECORDS[row["kind"]],
            f"{row['service_date']}: {row['note']}" if row["kind"] == "encounter" else row["note"],
        )
        for row in known.to_dicts()
    ]
    return [{"record": record, "shows": shows} for record, shows in dict.fromkeys(rows)]


def _proof(proof: Proof | None) -> dict[str, Any] | None:
    if proof is None:
        return None
    events = [
        {
            "date": str(event.on or "no date"),
            "what": event.what,
            "reference": event.reference,
        }
        for event in proof.events
    ]
    return {"statement": proof.statement, "events": events}


def _enclosures(evidence: pl.DataFrame, proof: Proof | None, further: str = "") -> list[str]:
    # that a policy asks for none is no paper of the payer's
    of_policy = pl.col("evidence").list.eval(pl.element().str.starts_with("policy:")).list.all()
    kinds = set(evidence.filter(~of_policy)["kind"])
    papers = [
        ("authorization", "authorization letter of the payer"),
        ("encounter", "signed notes of the dates of service"),
        ("client", "proof of coverage on the dates of service"),
    ]
    named = [paper for kind, paper in papers if kind in kinds]
    taken = ["999 and 277CA listed"] if proof and proof.acknowledged else []
    more = [further] if further else []
    return ["remittance advice of the lines", *named, *more, *taken]
