"""What was attended and cannot be billed, a row each: no payer, facility, code, charge or name to bill it by.

Such a row stands beside the rules' violations (tables.VIOLATIONS) under the code of its
finding (findings.CATALOGUE), so that who asks what is held back has one list.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from edi_iop.findings import Finding
from edi_iop.tables import VIOLATIONS
from edi_iop.texts import composed

THEME = "records"
_PLACES = {
    "CLIENT_UNKNOWN": "feed clients",
    "PAYER_UNKNOWN": "settings.toml, [[payers]]",
    "FACILITY_UNKNOWN": "settings.toml, [[facilities]]",
    "CHARGE_UNKNOWN": "settings.toml, [charges]",
    "COMPONENT_UNKNOWN": "the payer's policy, [billing.components]",
    "SERVICE_SHORT": "the payer's policy, [billing.components]",
    "SESSION_EMPTY": "feed encounters, start_time, end_time, minutes",
    "PROFESSIONAL_SERVICE": "feed authorizations, facility_npi",
    "ROSTER_MISSING": "feeds encounters and providers (005010X223A2 loop 2310A)",
    "NPI_INVALID": "feed providers (005010X223A2 loop 2310A)",
    "STATE_UNKNOWN": "feed clients, state (005010X223A2 loops 2010BA and 2010CA, N402)",
    "FEED_VALUE_MISSING": "feeds encounters and clients",
}
"""Where each is to be mended."""
_UNITS = {
    "PAYER_UNKNOWN": "attended days",
    "FACILITY_UNKNOWN": "attended days",
    "COMPONENT_UNKNOWN": "services",
    "PROFESSIONAL_SERVICE": "services",
    "SESSION_EMPTY": "attended days",
    "SERVICE_SHORT": "services",
}


def rows(code: str, frame: pl.DataFrame, says: pl.Expr) -> pl.DataFrame:
    """tables.VIOLATIONS of days, services or lines that cannot be billed.

    frame: client_id, service_date, payer_id where one is known, and the encounters behind it
    (`encounters`, or `source_record_id` of one).
    """
    known = [name for name in ("client_id", "payer_id", "service_date") if name in frame.columns]
    behind = (
        pl.col("encounters")
        if "encounters" in frame.columns
        else pl.concat_list("source_record_id")
    )
    return VIOLATIONS.conform(
        frame.select(
            *known,
            rule=pl.lit(code),
            theme=pl.lit(THEME),
            severity=pl.lit("block"),
            file_id=pl.lit(0),
            claim_offset=pl.lit(0),
            says=says,
            evidence=behind.list.drop_nulls().list.eval(composed("encounter:{}", pl.element())),
            cites=pl.lit(_PLACES[code]),
        )
    )


def together(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """All of them, numbered below zero: none of them is a proposed line."""
    every = pl.concat([VIOLATIONS.empty(), *parts])
    return every.with_columns(line_offset=-pl.int_range(1, pl.len() + 1, dtype=pl.Int64))


def told(parts: Iterable[pl.DataFrame]) -> list[Finding]:
    """One finding for all that lack the same, with how many they are."""
    counted = (
        part.group_by("rule", "says").len().sort("says").iter_rows()
        for part in parts
        if part.height
    )
    return [
        Finding(code, f"{says}; {count:,} {_UNITS.get(code, 'lines')} are not billed")
        for found in counted
        for code, says, count in found
    ]
