"""The text of a feed before its values are read, and how what is wrong with it is told.

A fault knows its row, its place as a person finds it, and its column; as a finding it is one
message. The value, which may be personal, stands only in the finding's `value`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import polars as pl

from edi_iop.errors import FeedRejected
from edi_iop.findings import CATALOGUE
from edi_iop.parsers.feed_spec import Feed
from edi_iop.tables import FINDINGS
from edi_iop.texts import composed

SEVERAL = "\x1f"
"""Between the values of a field that holds several (HL7 repetitions, FHIR codings)."""
UNREAD = "\ufffd"
"""Before a text that a layout could not bring to the canonical form."""
IN_UTC = UNREAD + UNREAD
"""Before a time of UTC that has no timezone to hang in."""

FAULTS = pl.Schema(
    {
        "row": pl.Int64(),
        "place": pl.String(),
        "column": pl.String(),
        "code": pl.String(),
        "says": pl.String(),
        "value": pl.String(),
    }
)
"""What is wrong with a feed: of a row and column, or of the file where these are null."""


class Sheet(msgspec.Struct, frozen=True):
    """The text of one feed as delivered.

    text: `row`, a text column a feed column, and `place` where a row's number does not say it.
    unit: what `row` counts, 'line' in a CSV file and 'element' in XML.
    origins: the partner's names of columns, where a layout was between; forms: the layout's formats.
    extends: the shipped layout that one of the site's own may extend, to say what the feed does not.
    """

    feed: Feed
    text: pl.DataFrame
    findings: pl.DataFrame
    unit: str
    origins: Mapping[str, str] = msgspec.field(default_factory=dict)
    forms: Mapping[str, str] = msgspec.field(default_factory=dict)
    extends: str = ""

    @property
    def places(self) -> pl.DataFrame:
        """row, and where a person finds it: 'line 14'."""
        if "place" in self.text.columns:
            return self.text.select("row", "place")
        return self.text.select("row", place=composed(f"{self.unit} {{}}", "row"))

    def or_assumed(self, column: str, value: str) -> str:
        """How a site says for good what its feed does not say."""
        if not self.extends:
            return ""
        kind = self.feed.kind
        return f'; where the feed does not say it, a layout of your own can for all rows: extends = "{self.extends}", [defaults.{kind}] {column} = "{value}"'

    def named(self, column: str) -> str:
        """A column as messages tell it: 'service_date (Date of Service)'."""
        origin = self.origins.get(column, "")
        return f"{column} ({origin})" if origin and origin != column else column


def unread(value: pl.Expr) -> pl.Expr:
    """A text that no reader takes for a value."""
    return pl.lit(UNREAD) + value


def told(code: str, messages: Sequence[str]) -> pl.DataFrame:
    """Faults of the feed as a whole, or of rows that did not become columns."""
    found = pl.DataFrame({"says": messages}, schema={"says": pl.String})
    return conformed(found.with_columns(code=pl.lit(code)))


_NONE = pl.DataFrame(schema=FAULTS)


def no_findings() -> pl.DataFrame:
    """No rows of FAULTS. Most columns of most feeds have none, so they are made only once."""
    return _NONE


def conformed(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with exactly the columns of FAULTS."""
    there = set(frame.columns)
    return frame.select(
        (pl.col(name) if name in there else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in FAULTS.items()
    )


def as_findings(faults: pl.DataFrame, file_id: int) -> pl.DataFrame:
    """tables.FINDINGS of faults: 'line 14, service_date: not a date (YYYY-MM-DD)'."""
    severities = {code: CATALOGUE[code].severity for code in faults["code"].unique()}
    at = pl.concat_str("place", "column", separator=", ", ignore_nulls=True)
    message = pl.when(at != "").then(pl.concat_str(at, "says", separator=": ")).otherwise("says")
    severity = pl.col("code").replace_strict(severities, return_dtype=pl.String)
    return FINDINGS.conform(
        faults.select(
            "code",
            message=message,
            severity=severity,
            snip=pl.lit(0, pl.Int64),
            value=pl.col("value").str.strip_chars_start(UNREAD),
            file_id=pl.lit(file_id, pl.Int64),
        )
    )


def require_columns(feed: Feed, present: Sequence[str]) -> None:
    """FeedRejected where a required column is missing, naming each one."""
    missing = [name for name in feed.required if name not in present]
    if missing:
        columns = "column" if len(missing) == 1 else "columns"
        raise FeedRejected(
            f"{feed.kind} feed: required {columns} {', '.join(missing)} missing; "
            "add it and send the file again"
        )
