"""What we send: one interchange with one group around transaction sets."""

from __future__ import annotations

from datetime import datetime

import msgspec
import polars as pl

from edi_iop.x12 import separators as sep


class Envelope(msgspec.Struct, frozen=True):
    """What the envelope of a file we write says (ISA, GS)."""

    sender_id: str
    receiver_id: str
    interchange_control: int
    group_control: int
    created: datetime
    usage: str = "T"


def interchange(transactions: pl.DataFrame, guide: str, group: str, envelope: Envelope) -> bytes:
    """One interchange with one group around transactions (transaction, raw), ready to send.

    Each transaction begins with its own ST; SE, GE and IEA are added here.
    """
    own = sep.DEFAULT
    trailers = transactions.group_by("transaction", maintain_order=True).agg(
        raw=pl.concat_str(
            pl.lit(f"SE{sep.ELEMENT}"),
            (pl.len() + 1).cast(pl.String),
            pl.lit(sep.ELEMENT),
            element_of(pl.col("raw").first(), 2),
        )
    )
    body = pl.concat([transactions, trailers]).sort("transaction", maintain_order=True)["raw"]
    made = envelope.created
    number = f"{envelope.interchange_control:09d}"
    head = [
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{envelope.sender_id:15.15}*ZZ*{envelope.receiver_id:15.15}"
        f"*{made:%y%m%d}*{made:%H%M}*^*00501*{number}*0*{envelope.usage}*:",
        f"GS*{group}*{envelope.sender_id}*{envelope.receiver_id}*{made:%Y%m%d}*{made:%H%M}"
        f"*{envelope.group_control}*X*{guide}",
    ]
    tail = [f"GE*{len(trailers)}*{envelope.group_control}", f"IEA*1*{number}"]
    text = "~\n".join([*head, own.shown("~\n".join(body)), *tail]) + "~\n"
    return text.encode("ascii")


def element_of(raw: pl.Expr, place: int) -> pl.Expr:
    """An element of a segment's canonical text."""
    return raw.str.split(sep.ELEMENT).list.get(place, null_on_oob=True)
