"""Every shape of claim we write, before our own engine (SNIP 1 to 7), pyx12 and x12sdk's models."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest
from mapper_frames import (
    AS_OF,
    FEB_2,
    POLICIES,
    SETTINGS,
    authorizations,
    clients,
    days,
    encounters,
    providers,
    rows,
)

from edi_iop import parsers
from edi_iop.mapper import Numbers, build, propose
from edi_iop.mapper.given import Given, shaped
from edi_iop.rules.billing import Billing
from edi_iop.tables import (
    CLAIMS,
    OTHER_PAYER_ADJUSTMENTS,
    OTHER_PAYER_LINES,
    OTHER_PAYERS,
    VIOLATIONS,
)
from tests.referee import verdict

_KEYS = {"given": pl.String(), "given_line": pl.String(), "given_payer": pl.String()}
_CODES = {
    "condition": ["92", "A6"],
    "occurrence": [{"code": "11", "on": "admission"}],
    "span": [{"code": "72", "first": "statement_from", "last": "statement_to"}],
    "value": [{"code": "80"}],
}
SHAPES: Mapping[str, dict[str, Any]] = {
    "original": {},
    "header codes and modifiers": {
        "billing": {"codes": _CODES, "track_modifiers": {"SUD": ["HF", "HQ"]}}
    },
    "dependent": {"client": {"relationship": "19", "subscriber_last_name": "ROE"}},
    "last interim": {"day": {"discharge_date": FEB_2 + timedelta(4), "discharge_status": "01"}},
    "components": {
        "billing": {"components": {"group": {"procedure": "G0410", "revenue": "0915"}}},
        "charges": {"G0410": "90.00"},
    },
    "second payer": {"second": True},
    "replacement": {"frequency": "7"},
    "void": {"frequency": "8"},
}


def content(
    billing: Mapping[str, Any] | None = None,
    client: Mapping[str, Any] | None = None,
    day: Mapping[str, Any] | None = None,
    charges: Mapping[str, str] | None = None,
    second: bool = False,
    frequency: str | None = None,
) -> tuple[bytes, dict[str, pl.DataFrame]]:
    """The 837I of two days of Harbor's, in one of the shapes, and its tables."""
    people = clients(dict(client or {}))
    harbor = msgspec.structs.replace(
        POLICIES["HARBR"], billing=msgspec.convert(billing or {}, Billing)
    )
    known = {**POLICIES, "HARBR": harbor}
    settings = msgspec.structs.replace(SETTINGS, charges=charges or SETTINGS.charges)
    two = (FEB_2, FEB_2 + timedelta(4))
    attended = days(*({"service_date": one, **(day or {})} for one in two))
    events = encounters(
        *(
            {"source_record_id": f"R{n}", "service_date": one, "minutes": 180}
            for n, one in enumerate(two)
        )
    )
    lines, *_ = propose(
        attended, events, people, authorizations({"program_track": None}), known, settings, AS_OF
    )

    def built(given: Given | None = None) -> Any:
        return build(
            lines,
            VIOLATIONS.empty(),
            people,
            providers(),
            attended,
            settings,
            known,
            Numbers(1),
            datetime(2026, 3, 10, 9, 30),
            further=given,
        )

    first = built()
    if not second and frequency is None:
        return first.files[0].content, first.tables
    header = CLAIMS.conform(first.tables["claims"]).with_columns(given=pl.lit("G"))
    given = _second(lines, header) if second else _corrected(lines, header, str(frequency))
    made = built(given)
    return made.files[0].content, made.tables


def _corrected(lines: pl.DataFrame, header: pl.DataFrame, frequency: str) -> Given:
    return Given.of(
        lines.with_columns(given=pl.lit("G")),
        header.with_columns(frequency=pl.lit(frequency), payer_claim_number=pl.lit("ICN1")),
    )


def _second(lines: pl.DataFrame, header: pl.DataFrame) -> Given:
    """Of each 350, 65 are contractual, 25 the patient's, 260 paid; 5 more off the whole claim."""
    keyed = lines.with_columns(
        given=pl.lit("G"),
        given_line=pl.format("G/{}", "line_offset"),
        payer_responsibility=pl.lit("S"),
    )
    first = {"given": "G", "given_payer": "G"}
    payer = rows(
        OTHER_PAYERS,
        {
            "payer_responsibility": "P",
            "relationship": "18",
            "filing_indicator": "CI",
            "benefits_assigned": "Y",
            "release": "Y",
            "paid_cents": 51500,
            "member_id": "X1",
            "subscriber_last_name": "DOE",
            "subscriber_first_name": "JANE",
            "payer_name": "First Payer",
            "payer_id": "FIRST",
            "payer_claim_number": "ICN9",
        },
        ({},),
    )
    decided, taken = [], [{**first, "group": "OA", "carc": "209", "amount_cents": 500}]
    for line in keyed["given_line"]:
        at = first | {"given_line": line}
        decided.append(
            at
            | {
                "payer_id": "FIRST",
                "paid_cents": 26000,
                "qualifier": "HC",
                "procedure": "H0015",
                "revenue": "0906",
                "units": 1.0,
                "paid_on": date(2026, 2, 20),
                "patient_cents": 2500,
            }
        )
        taken += [
            at | {"group": "CO", "carc": "45", "amount_cents": 6500},
            at | {"group": "PR", "carc": "3", "amount_cents": 2500},
        ]
    given = Given.of(keyed, header.with_columns(payer_responsibility=pl.lit("S")))
    return Given(
        given.lines,
        given.headers,
        shaped(
            payer.with_columns(**{k: pl.lit(v) for k, v in first.items()}),
            OTHER_PAYERS.schema | _KEYS,
        ),
        shaped(pl.DataFrame(decided), OTHER_PAYER_LINES.schema | _KEYS),
        shaped(
            pl.DataFrame(taken, infer_schema_length=None), OTHER_PAYER_ADJUSTMENTS.schema | _KEYS
        ),
    )


@pytest.fixture(params=SHAPES, ids=str)
def shape(request: pytest.FixtureRequest) -> tuple[bytes, dict[str, pl.DataFrame]]:
    return content(**SHAPES[request.param])


def test_our_engine_and_pyx12_find_no_error(
    shape: tuple[bytes, dict[str, pl.DataFrame]],
) -> None:
    sent, _ = shape
    findings = parsers.parse([(1, sent)])[1].findings
    assert findings.filter(pl.col("severity") == "error").is_empty(), findings["message"].to_list()
    assert verdict(sent) == (True, [])


def test_what_is_written_reads_back(shape: tuple[bytes, dict[str, pl.DataFrame]]) -> None:
    """Every table, every column; only the running numbers become byte offsets."""
    sent, tables = shape
    read = parsers.parse([(1, sent)])[1].tables
    places = ("file_id", "byte_offset")
    for name, frame in tables.items():
        values = [
            column
            for column in frame.columns
            if column not in places and not column.endswith("_offset")
        ]
        envelope = {"interchange_control", "group_control"} if name == "submissions" else set()
        wanted = [column for column in values if column not in envelope]
        assert read[name].select(wanted).rows() == frame.select(wanted).rows(), name


def test_x12sdk_takes_it(shape: tuple[bytes, dict[str, pl.DataFrame]], tmp_path: Path) -> None:
    """Its typed 837I model (005010X223A2) raises at the first thing that does not fit."""
    x12sdk = pytest.importorskip("x12sdk.io", reason="x12sdk is in the extra `tests`")
    sent, tables = shape
    path = tmp_path / "claims.837"
    path.write_bytes(sent)
    with x12sdk.X12ModelReader(str(path)) as reader:
        read = [claim for model in reader.models() for claim in model.claims()]
    assert len(read) == tables["claims"].height
