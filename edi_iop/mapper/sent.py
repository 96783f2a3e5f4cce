"""Our own claims as they stand: what corrections and claims to further payers begin from."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from edi_iop.mapper.withdrawn import LINE
from edi_iop.tables import CLAIMS, SERVICE_LINES

CLAIM = ["file_id", "claim_offset"]


def _no_lines() -> pl.DataFrame:
    return pl.DataFrame(schema={name: pl.Int64() for name in LINE})


@dataclass(frozen=True)
class Sent:
    """Our own claims to first payers, as they stand."""

    lines: pl.DataFrame
    """tables.SERVICE_LINES, void ones left out."""
    claims: pl.DataFrame
    """tables.CLAIMS of these, with created_on of their submission."""
    gone: pl.DataFrame
    """LINE of those that today's records do not bear out (mapper.withdrawn, mapper.changed)."""
    restated: pl.DataFrame
    """LINE of those among them whose service is still there, and would be sent in other words."""
    changed: pl.DataFrame
    """CLAIM of those whose client's records changed after they had left."""
    changed_days: pl.DataFrame
    """LINE of those whose own day's records did."""
    remarks: pl.DataFrame
    """CLAIM and rarc: what the payers remarked on them."""
    rejected: pl.DataFrame
    """CLAIM of those turned away by a 999 or 277CA."""
    broken: pl.DataFrame = field(default_factory=_no_lines)
    """LINE of those among changed_days that break a rule as their records stand now."""


def nothing_sent() -> Sent:
    """No claim is ours."""
    claim = {name: pl.Int64() for name in CLAIM}
    return Sent(
        SERVICE_LINES.empty(),
        pl.DataFrame(schema=CLAIMS.schema | {"created_on": pl.Date()}),
        _no_lines(),
        _no_lines(),
        pl.DataFrame(schema=claim),
        _no_lines(),
        pl.DataFrame(schema=claim | {"rarc": pl.String()}),
        pl.DataFrame(schema=claim),
    )
