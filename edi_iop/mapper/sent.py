"""Our own claims as they stand: what corrections and claims to further payers begin from."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import polars as pl

from edi_iop.mapper.withdrawn import LINE
from edi_iop.rules.policy import Policy
from edi_iop.tables import CLAIMS, SERVICE_LINES

CLAIM = ["file_id", "claim_offset"]
_DAY = ["client_id", "payer_id", "service_date"]
_SERVICE = [*_DAY, "procedure", "revenue"]


def _no_lines() -> pl.DataFrame:
    return pl.DataFrame(schema={name: pl.Int64() for name in LINE})


class Sent(msgspec.Struct, frozen=True):
    """Our own claims to first payers, as they stand."""

    lines: pl.DataFrame
    """tables.SERVICE_LINES, without void claims and those that were sent anew since."""
    claims: pl.DataFrame
    """tables.CLAIMS of these, with created_on of their submission."""
    gone: pl.DataFrame
    """LINE of those that today's records do not bear out (mapper.withdrawn, mapper.changed); beside
    these of claims that were sent anew since (outdone), which stand no more."""
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
    broken: pl.DataFrame = msgspec.field(default_factory=_no_lines)
    """LINE of those among changed_days that break a rule as their records stand now."""


def outdone(lines: pl.DataFrame, doubtful: pl.DataFrame) -> pl.DataFrame:
    """LINE of the claims among these that were sent anew since: a later claim has services of theirs.

    lines: of our claims to first payers, void ones left out. doubtful: CLAIM of those turned away or
    remarked on; of these the ones of which nothing was paid.
    """
    known = lines.filter(pl.col("client_id").is_not_null())
    before = known.filter(pl.col("file_id") < pl.col("file_id").max().over(_SERVICE))
    paid = lines.filter(standing="paid")
    claims = before.join(doubtful, on=CLAIM, how="semi").join(paid, on=CLAIM, how="anti")
    return lines.join(claims, on=CLAIM, how="semi", maintain_order="left").select(LINE)


def with_filing(proposed: pl.DataFrame, sent: Sent, policies: Mapping[str, Policy]) -> pl.DataFrame:
    """The proposed lines with filed_on: when their service was sent that they say in other words.

    A claim that its payer turned away, or did not process, filed nothing.
    """
    none = [one for policy in policies.values() for one in policy.billing.new_claim_remarks]
    unprocessed = sent.remarks.filter(pl.col("rarc").is_in(none)).select(CLAIM)
    filed = (
        sent.lines.join(sent.restated, on=LINE, how="semi")
        .join(pl.concat([sent.rejected, unprocessed]), on=CLAIM, how="anti")
        .group_by(_DAY)
        .agg(filed_on=pl.col("sent_on").min())
    )
    return (
        proposed.drop("filed_on")
        .join(filed, on=_DAY, how="left", maintain_order="left")
        .select(proposed.columns)
    )


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
