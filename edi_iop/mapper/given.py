"""Claims whose header is given: corrections of claims sent, and claims to a further payer.

Their lines name the header they go under by `given`; nothing else tells them
apart, and nothing is worked out anew for them that was said before.
"""

from __future__ import annotations

import msgspec
import polars as pl

from edi_iop.tables import (
    CLAIMS,
    OTHER_PAYER_ADJUSTMENTS,
    OTHER_PAYER_LINES,
    OTHER_PAYERS,
    SERVICE_LINES,
)

LINE = ["file_id", "claim_offset", "line_offset"]
LINES = SERVICE_LINES.schema | {"given": pl.String(), "given_line": pl.String()}
"""Lines of given claims: tables.SERVICE_LINES, their header's key, and a key of their own."""
HEADERS = CLAIMS.schema | {"given": pl.String()}
KEYS: dict[str, pl.DataType] = {
    "given": pl.String(),
    "given_line": pl.String(),
    "given_payer": pl.String(),
}
"""What rows of given claims and of other payers' answers go by."""


class Given(msgspec.Struct, frozen=True):
    """Lines with the headers they go under, and what other payers said of them.

    other_payers, other_payer_lines and other_payer_adjustments are the canonical
    tables keyed by given (the claim), given_line and given_payer (one other payer of a claim).
    """

    lines: pl.DataFrame
    headers: pl.DataFrame
    other_payers: pl.DataFrame
    other_payer_lines: pl.DataFrame
    other_payer_adjustments: pl.DataFrame

    @classmethod
    def of(cls, lines: pl.DataFrame, headers: pl.DataFrame) -> Given:
        """Claims that no other payer has decided on."""
        nothing = none()
        return cls(
            shaped(lines, LINES),
            shaped(headers, HEADERS),
            nothing.other_payers,
            nothing.other_payer_lines,
            nothing.other_payer_adjustments,
        )

    def only(self, lines: pl.DataFrame) -> Given:
        """Without the claims whose lines are not among these."""
        kept = self.lines.join(lines, on=LINE, how="semi", maintain_order="left")
        claims = kept.select("given").unique()
        of_kept = [
            getattr(self, name).join(claims, on="given", how="semi", maintain_order="left")
            for name in self.__annotations__
            if name != "lines"
        ]
        return Given(kept, *of_kept)

    def without(self, claims: pl.DataFrame) -> Given:
        """Without these claims (given)."""
        names = self.__annotations__
        kept = (
            getattr(self, name).join(claims, on="given", how="anti", maintain_order="left")
            for name in names
        )
        return Given(*kept)

    def with_(self, other: Given) -> Given:
        """Both together; their keys differ."""
        pairs = [(getattr(self, name), getattr(other, name)) for name in self.__annotations__]
        return Given(*(pl.concat(pair) for pair in pairs))


def none() -> Given:
    """No given claim."""
    tables = (OTHER_PAYERS, OTHER_PAYER_LINES, OTHER_PAYER_ADJUSTMENTS)
    others = [pl.DataFrame(schema=table.schema | KEYS) for table in tables]
    return Given(pl.DataFrame(schema=LINES), pl.DataFrame(schema=HEADERS), *others)


def shaped(frame: pl.DataFrame, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """The frame with exactly these columns, absent ones null."""
    present = set(frame.columns)
    return frame.select(
        (pl.col(name) if name in present else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in schema.items()
    )
