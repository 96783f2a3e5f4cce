"""Interchange control numbers of others: each of a sender's is good for one interchange (X12.5, ISA13)."""

from __future__ import annotations

import polars as pl

from edi_iop.findings import Finding
from edi_iop.store import Store
from edi_iop.tables import FINDINGS
from edi_iop.tables.found import findings_frame

_KEY = ("sender_qualifier", "sender_id", "receiver_qualifier", "receiver_id", "interchange_control")


def numbered_again(store: Store, interchanges: pl.DataFrame) -> pl.DataFrame:
    """Findings of interchanges (tables.INTERCHANGES) whose number their sender had given before.

    In an earlier night, or earlier among these. Other content under an old number is taken in
    all the same: its sender is told (TA105 025).
    """
    known = pl.col("sender_id", "interchange_control").str.len_chars() > 0
    numbered = interchanges.filter(pl.all_horizontal(known)).with_columns(
        first=pl.col("file_id").first().over(_KEY)
    )
    found = [FINDINGS.empty()]
    for row in numbered.iter_rows(named=True):  # a look-up by index each, one an interchange
        before = store.numbered_before(row)
        if before is None and row["first"] != row["file_id"]:
            before = row["first"]
        if before is not None:
            found.append(findings_frame([_again(row, before)], row["file_id"]))
    return pl.concat(found)


def _again(row: dict[str, object], before: int) -> Finding:
    control = str(row["interchange_control"])
    return Finding(
        "CONTROL_NUMBER_REPEATED",
        f"ISA repeats control number {control} of its sender, who gave it to file {before}",
        interchange=control,
        byte_offset=int(str(row["byte_offset"])),
        segment="ISA",
    )
