"""What a simulated payer says before it pays: each claim taken in, under the payer's number (277CA, 005010X214).

One interchange a payer, one transaction set a file of claims received. The numbers (REF 1K)
are those of its 835 (CLP07).
"""

from __future__ import annotations

from datetime import date

import polars as pl

from edi_iop.simulator.payer import Answer
from edi_iop.texts import composed
from edi_iop.transcribe.values import dollars
from edi_iop.x12 import separators as sep
from edi_iop.x12.writer import Envelope, interchange

Tables = dict[str, pl.DataFrame]
_GUIDE, _GROUP = "005010X214", "HN"
_ACCEPTED, _RECEIVED = (sep.COMPONENT.join(one) for one in (("A2", "20", "PR"), ("A1", "19", "PR")))
"""Accepted into adjudication, and received: category, status and who says so (STC01)."""
_NUMBER = pl.col("hl").cast(pl.String)


def acknowledged(answer: Answer, sent: Tables, payer_id: str, envelope: Envelope) -> bytes:
    """The 277CA of one payer to all claims that it answers.

    sent: submissions, claims and claim_lines, as they were read.
    """
    claims = _claims(answer, sent, payer_id)
    day = envelope.created.date()
    segments = pl.concat([_heads(claims, day), _providers(claims), _patients(claims, day)])
    ordered = segments.sort("transaction", "provider", "claim_order", "place", nulls_last=False)
    rows = ordered.select("transaction", raw="text")
    return interchange(rows, _GUIDE, _GROUP, envelope)


def _claims(answer: Answer, sent: Tables, payer_id: str) -> pl.DataFrame:
    """The payer's claims with their numbers and places in the hierarchy (HL)."""
    payments = answer.tables["payments"].filter(pl.col("payer_id") == payer_id)
    numbers = answer.tables["remit_claims"].join(payments, on="payment_offset", how="semi")
    own = answer.origin.unique("remit_claim_offset").join(
        numbers.select("remit_claim_offset", icn="payer_claim_number"), on="remit_claim_offset"
    )
    keys = {"file_id": "sent_file_id", "claim_offset": "claim_offset"}
    batches = sent["submissions"].unique("file_id", keep="first", maintain_order=True)
    days = (
        sent["claim_lines"]
        .group_by("file_id", "claim_offset")
        .agg(from_day=pl.col("service_date").min(), to_day=pl.col("service_date").max())
    )
    joined = (
        sent["claims"]
        .join(days, on=["file_id", "claim_offset"], how="left")
        .join(own, left_on=list(keys), right_on=list(keys.values()))
        .join(batches.select("file_id", "sender_id", "reference"), on="file_id", how="left")
        .sort("file_id", "billing_npi", "claim_offset")
        .with_columns(transaction=pl.col("file_id").rle_id().cast(pl.Int64))
    )
    provider = pl.col("billing_npi").rle_id().over("transaction").cast(pl.Int64)
    placed = joined.with_columns(provider=provider + 1)
    return placed.with_columns(
        claim_order=pl.int_range(1, pl.len() + 1).over("transaction"),
        # payer and receiver are 1 and 2; each provider stands before its claims
        hl=2 + pl.int_range(1, pl.len() + 1).over("transaction") + pl.col("provider"),
    )


def _text(*parts: pl.Expr | str) -> pl.Expr:
    """A segment out of its elements; nothing where an element is unknown."""
    texts = [pl.lit(part) if isinstance(part, str) else part.fill_null("") for part in parts]
    return pl.concat_str(texts, separator=sep.ELEMENT).str.strip_chars_end(sep.ELEMENT)


def _rows(frame: pl.DataFrame, *texts: pl.Expr) -> pl.DataFrame:
    """The segments of each row, in order."""
    return pl.concat(
        frame.select(
            "transaction", "provider", "claim_order", pl.lit(place).alias("place"), text=text
        )
        for place, text in enumerate(texts)
    )


def _heads(claims: pl.DataFrame, day: date) -> pl.DataFrame:
    """ST to loop 2200B: payer, receiver, and what the batch comes to."""
    today = f"{day:%Y%m%d}"
    heads = (
        claims.group_by("transaction", maintain_order=True)
        .agg(
            pl.col("payer_id", "payer_name", "sender_id", "reference").first(),
            count=pl.len().cast(pl.String),
            charge=pl.col("charge_cents").sum(),
        )
        .with_columns(
            provider=pl.lit(0, pl.Int64),
            claim_order=pl.lit(0, pl.Int64),
            control=(pl.col("transaction") + 1).cast(pl.String).str.zfill(4),
        )
    )
    payer = pl.coalesce("payer_name", "payer_id")
    batch = pl.coalesce("reference", "control")
    return _rows(
        heads,
        _text("ST", "277", pl.col("control"), _GUIDE),
        _text("BHT", "0085", "08", batch, today, "1200", "TH"),
        _text("HL", "1", "", "20", "1"),
        _text("NM1", "PR", "2", payer, "", "", "", "", "PI", pl.col("payer_id")),
        _text("TRN", "1", batch),
        _text("DTP", "050", "D8", today),
        _text("DTP", "009", "D8", today),
        _text("HL", "2", "1", "21", "1"),
        _text("NM1", "41", "2", pl.col("sender_id"), "", "", "", "", "46", pl.col("sender_id")),
        _text("TRN", "2", batch),
        _text("STC", _RECEIVED, today, "WQ", dollars(pl.col("charge"))),
        _text("QTY", "90", pl.col("count")),
        _text("AMT", "YU", dollars(pl.col("charge"))),
    )


def _providers(claims: pl.DataFrame) -> pl.DataFrame:
    """Loop 2000C: each billing provider, and what its claims come to."""
    key = ["transaction", "provider"]
    first = claims.unique(key, keep="first", maintain_order=True).drop("charge_cents")
    sums = claims.group_by(key).agg(
        count=pl.len().cast(pl.String), charge=pl.col("charge_cents").sum()
    )
    heads = first.join(sums, on=key, maintain_order="left")
    heads = heads.with_columns(hl=pl.col("hl") - 1, claim_order=pl.lit(0, pl.Int64))
    name = pl.coalesce("billing_name", "billing_npi")
    return _rows(
        heads,
        _text("HL", _NUMBER, "2", "19", "1"),
        _text("NM1", "85", "2", name, "", "", "", "", "XX", pl.col("billing_npi")),
        _text("TRN", "1", pl.col("billing_npi")),
        _text("STC", _RECEIVED, "", "WQ", dollars(pl.col("charge"))),
        _text("QTY", "QA", pl.col("count")),
        _text("AMT", "YU", dollars(pl.col("charge"))),
    )


def _patients(claims: pl.DataFrame, day: date) -> pl.DataFrame:
    """Loop 2000D: each claim accepted, under the payer's number."""
    above = pl.col("hl").first().over("transaction", "provider") - 1
    last, given = (
        pl.coalesce(f"patient_{part}_name", f"subscriber_{part}_name") for part in ("last", "first")
    )
    days = [
        pl.coalesce(f"statement_{end}", f"{end}_day").dt.strftime("%Y%m%d")
        for end in ("from", "to")
    ]
    span = (
        pl.when(days[0] == days[1])
        .then(_text("DTP", "472", "D8", days[0]))
        .otherwise(_text("DTP", "472", "RD8", composed("{}-{}", *days)))
    )
    named = claims.with_columns(above=above.cast(pl.String))
    rows = _rows(
        named,
        _text("HL", _NUMBER, pl.col("above"), "PT"),
        _text("NM1", "QC", "1", last, given, "", "", "", "MI", pl.col("member_id")),
        _text("TRN", "2", pl.col("claim")),
        _text("STC", _ACCEPTED, f"{day:%Y%m%d}", "WQ", dollars(pl.col("charge_cents"))),
        _text("REF", "1K", pl.col("icn")),
        pl.when(days[0].is_not_null()).then(span),
    )
    return rows.drop_nulls("text")
