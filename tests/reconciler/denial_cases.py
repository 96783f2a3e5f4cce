"""One facility's records, what it sent and what its payer answered, for the tests of verdicts."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
from msgspec.structs import replace
from remit_rows import (
    PAYDAY,
    Rows,
    adjustment,
    claim,
    claim_line,
    claims,
    frame,
    payment,
    remit_claim,
    remit_line,
    remits,
)

from edi_iop.reconciler.answers import said
from edi_iop.reconciler.explain import verdicts
from edi_iop.reconciler.match import match
from edi_iop.reconciler.standings import standings
from edi_iop.rules.engine import check
from edi_iop.rules.lines import service_lines
from edi_iop.rules.policy import Policy, load
from edi_iop.rules.records import History, Records
from edi_iop.tables import VERDICTS

LONG_KEPT = History(date(2025, 1, 1), date(2025, 1, 1))
"""What was sent and answered is at hand from long before."""
FEB2, FEB3 = date(2026, 2, 2), date(2026, 2, 3)
POLICIES = {"HARBR": load("harbor", PAYDAY), "MERID": load("meridian", PAYDAY)}

CLIENT = {
    "file_id": 5,
    "row": 2,
    "client_id": "C1",
    "payer_id": "HARBR",
    "member_id": "M1",
    "birth_date": date(1990, 5, 5),
    "coverage_priority": "P",
    "relationship": "18",
    "coverage_from": date(2025, 1, 1),
}
AUTHORIZATION = {
    "file_id": 6,
    "row": 2,
    "auth_number": "A1",
    "payer_id": "HARBR",
    "client_id": "C1",
    "level_of_care": "IOP",
    "units": 20.0,
    "unit_basis": "day",
    "from_date": date(2026, 1, 1),
    "to_date": date(2026, 3, 31),
    "status": "approved",
}
ENCOUNTER = {"file_id": 7, "row": 2, "source_record_id": "R1", "client_id": "C1"}


def day(minutes: int = 195, on: date = FEB2, **values: Any) -> dict[str, Any]:
    """A patient day of one encounter, R1."""
    row = {
        "client_id": "C1",
        "service_date": on,
        "level_of_care": "IOP",
        "program_track": "SUD",
        "minutes": minutes,
        "unsigned_minutes": minutes,
        "encounters": ["R1"],
    }
    return row | values


class Case:
    """One facility's records, what it sent, and what the payer answered."""

    def __init__(
        self,
        lines: Rows | None = None,
        clients: Rows | None = None,
        authorizations: Rows | None = None,
        days: Rows | None = None,
        sent_on: date | None = date(2026, 2, 6),
        heads: Rows | None = None,
        diagnoses: str = "F1020",
        history: History | None = LONG_KEPT,
    ) -> None:
        heads = heads or [claim(100, "EAAA", auth_number="A1")]
        lines = lines or [claim_line(100, 150, line_control="LAAA001")]
        coded = [
            {
                "file_id": 1,
                "claim_offset": head["claim_offset"],
                "byte_offset": head["claim_offset"] + 20,
                "position": 1,
                "qualifier": "ABK",
                "diagnosis": diagnoses,
            }
            for head in heads
        ]
        self.sent = claims(claims=heads, claim_lines=lines, claim_diagnoses=coded)
        self.clients = frame("clients", [CLIENT] if clients is None else clients)
        self.authorizations = frame(
            "authorizations", [AUTHORIZATION] if authorizations is None else authorizations
        )
        self.days = frame("days", [day()] if days is None else days)
        self.sent_on = {} if sent_on is None else {1: sent_on}
        self.history = history
        self.decided = frame("other_payer_lines", [])

    def records(self, remit: dict[str, pl.DataFrame], matches: pl.DataFrame) -> Records:
        answered = standings(remit, matches, self.sent["claim_lines"], self.decided)
        encounters = [
            ENCOUNTER | {"service_date": on} for on in self.days["service_date"].to_list()
        ]
        return Records(
            lines=service_lines(self.sent, self.clients, self.sent_on, answered),
            days=self.days,
            encounters=frame("encounters", encounters),
            clients=self.clients,
            authorizations=self.authorizations,
            providers=frame("providers", []),
            as_of=date(2026, 3, 15),
            history=self.history,
        )

    def verdicts(
        self,
        remit: dict[str, pl.DataFrame],
        policies: dict[str, Policy] | None = None,
        rates: pl.DataFrame | None = None,
    ) -> pl.DataFrame:
        policies = POLICIES if policies is None else policies
        matches = match(remit, self.sent)
        records = self.records(remit, matches)
        if rates is not None:
            records = replace(records, rates=rates)
        told = said(remit, matches, self.sent["claim_lines"], self.decided)
        found = verdicts(remit, matches, records, check(records, policies), policies, told)
        assert found.schema == VERDICTS.schema
        return found


def denial(
    carc: str,
    *rarcs: str,
    group: str = "CO",
    line: dict[str, Any] | None = None,
    head: dict[str, Any] | None = None,
    paid: dict[str, Any] | None = None,
) -> dict[str, pl.DataFrame]:
    """Claim EAAA answered with nothing paid, for these reasons."""
    remarks = [
        {
            "file_id": 9,
            "remit_claim_offset": 300,
            "remit_line_offset": 400,
            "byte_offset": 480 + place,
            "position": 2,
            "remark": rarc,
        }
        for place, rarc in enumerate(rarcs)
    ]
    return remits(
        payments=[payment(**(paid or {}))],
        remit_claims=[
            remit_claim(300, **({"claim": "EAAA", "payer_claim_number": "P77"} | (head or {})))
        ],
        remit_lines=[remit_line(300, 400, **({"line_control": "LAAA001"} | (line or {})))],
        adjustments=[adjustment(300, 400, 450, group=group, carc=carc)],
        remarks=remarks,
    )


def only(found: pl.DataFrame) -> dict[str, Any]:
    assert found.height == 1
    return found.row(0, named=True)


def together(*remit: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Several remits as one delivery."""
    return {name: pl.concat([one[name] for one in remit]) for name in remit[0]}
