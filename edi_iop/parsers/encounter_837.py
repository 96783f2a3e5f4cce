"""Encounters out of 837I and 837P transactions that carry no claims but encounters (BHT06 = RP).

A service line (005010X223A2 loop 2400 SV2, 005010X222A1 loop 2400 SV1) is a row of `encounters`, a
claim (loop 2300) a row of `clients`; maps/feeds/layouts/x12.toml says what becomes of their columns.
Such a claim was never sent to a payer: it is kept out of what was billed (claim_837.Sent).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256

import polars as pl
from msgspec.structs import replace

from edi_iop.parsers.claim_837 import ENCOUNTERS, TOTAL_REVENUE, TRANSACTION
from edi_iop.parsers.feed_layout import Layout, by_form, shipped
from edi_iop.parsers.feed_mapping import Flat, mapped
from edi_iop.parsers.feed_sheet import SEVERAL, as_findings, no_findings
from edi_iop.parsers.feed_values import typed
from edi_iop.parsers.x12 import Batch
from edi_iop.tables import FINDINGS, SENT, SUBMISSIONS
from edi_iop.tables.amounts import dollars
from edi_iop.tables.found import catalogued
from edi_iop.texts import composed

Tables = Mapping[str, pl.DataFrame]

READ = frozenset(SENT)
"""The tables they are made of."""
MADE = ("encounters", "clients")
_CLAIM = ["file_id", "claim_offset"]
_MINUTES = "MJ"
_TELLING = ("revenue", "procedure")
_FORM = {"ABK": 0, "ABF": 1}
"""Qualifiers of diagnoses that say what is treated, the principal one first (HI01-1)."""
_PEOPLE = ("last_name", "first_name", "birth_date", "sex")


def with_encounters(batches: Iterable[Batch], layouts: Sequence[Layout] = ()) -> Iterator[Batch]:
    """The batches with the encounters of their encounter transactions, and what is wrong with them.

    A transaction that goes on in the next batch is remembered by its beginning.
    """
    layout = by_form((*layouts, *shipped()), "x12")
    known = SUBMISSIONS.empty()
    counted: dict[str, int] = {}
    for batch in batches:
        if layout is None or not batch.tables.keys() >= READ:
            yield batch
            continue
        begun = batch.tables["submissions"].filter(pl.col("transaction_type") == ENCOUNTERS)
        known = pl.concat([known, begun])
        claims = batch.tables["claims"].join(
            known, on=TRANSACTION, how="semi", maintain_order="left"
        )
        if claims.is_empty():
            yield batch
        else:
            # The transaction's own row came with the batch that it began in.
            whole = replace(batch, tables={**batch.tables, "submissions": known})
            made = _with(whole, claims, layout, counted)
            yield replace(made, tables={**made.tables, "submissions": batch.tables["submissions"]})


def _with(batch: Batch, claims: pl.DataFrame, layout: Layout, counted: dict[str, int]) -> Batch:
    """Rows are numbered on through a file's batches; each file is read as a feed of its own."""
    lines, people = _lines(batch.tables, claims), _people(batch.tables, claims)
    tables: dict[str, list[pl.DataFrame]] = {name: [] for name in MADE}
    found = [batch.findings]
    for (file_id,) in claims.select("file_id").unique(maintain_order=True).iter_rows():
        for name, flat in zip(MADE, (lines, people), strict=True):
            key = f"{file_id} {name}"
            own = flat.filter(pl.col("file_id") == file_id).with_row_index("row")
            own = own.with_columns(pl.col("row").cast(pl.Int64) + 1 + counted.get(key, 0))
            counted[key] = counted.get(key, 0) + own.height
            text = own.drop("file_id", "byte_offset")
            table, faults = typed(mapped(layout, name, Flat(text, "row", no_findings())), file_id)
            tables[name].append(table)
            told = as_findings(faults, file_id).with_columns(
                byte_offset=faults.join(own, on="row", how="left", maintain_order="left")[
                    "byte_offset"
                ]
            )
            found.append(catalogued(FINDINGS.conform(told)))
    made = {name: pl.concat(frames) for name, frames in tables.items()}
    return replace(batch, tables={**batch.tables, **made}, findings=pl.concat(found))


def _lines(tables: Tables, claims: pl.DataFrame) -> pl.DataFrame:
    """The service lines with their claims, as text."""
    service = tables["claim_lines"].filter((pl.col("revenue") != TOTAL_REVENUE).fill_null(True))
    of_line = service.select(
        *_CLAIM,
        pl.col("line_offset").alias("byte_offset"),
        *(
            _text(service, name).alias(f"line.{name}")
            for name in service.columns
            if name not in (*_CLAIM, "line_offset", "charge_cents", "units")
        ),
        charge=dollars(pl.col("charge_cents")),
        units=pl.when(pl.col("unit_basis").ne_missing(_MINUTES)).then(_text(service, "units")),
        minutes=pl.when(pl.col("unit_basis") == _MINUTES).then(_text(service, "units")),
        pointers=pl.col("diagnosis_pointers").str.split(" "),
    ).rename({"charge": "line.charge", "units": "line.units"})
    joined = of_line.join(_claims(tables, claims), on=_CLAIM, how="inner", maintain_order="left")
    joined = joined.join(_diagnoses(tables), on=_CLAIM, how="left", maintain_order="left")
    joined = joined.join(_conditions(tables), on=_CLAIM, how="left", maintain_order="left")
    joined = joined.with_columns(_beside(name).alias(f"day.{name}") for name in _TELLING)
    places = pl.col("pointers").list.eval(pl.element().cast(pl.Int64, strict=False) - 1)
    pointed = pl.col("listed").list.gather(places, null_on_oob=True).list.drop_nulls()
    chosen = pl.when(pointed.list.len() > 0).then(pointed).otherwise("listed")
    professional = pl.col("form") == "P"
    return joined.with_columns(
        place=composed("claim {}, line {}", "claim.claim", "line.line"),
        diagnoses=chosen.list.join(" "),
        **{"place of service": pl.coalesce("line.place", pl.when(professional).then("claim.facility_type"))},
    ).drop("pointers", "listed", "form", "claim_offset")  # fmt: skip


def _people(tables: Tables, claims: pl.DataFrame) -> pl.DataFrame:
    """The claims, as text; the subscriber's own columns where he is not the patient."""
    text = _claims(tables, claims)
    other = pl.col("claim.patient_last_name").is_not_null()
    return text.with_columns(
        place=composed("claim {}", "claim.claim"),
        byte_offset="claim_offset",
        **{
            f"patient.{name}": pl.when(other)
            .then(f"claim.patient_{name}")
            .otherwise(f"claim.subscriber_{name}")
            for name in ("middle_name", "address2")
        },
        **{
            f"subscriber.{name}": pl.when(other).then(f"claim.subscriber_{name}")
            for name in _PEOPLE
        },
    ).drop("form", "claim_offset")


def _claims(tables: Tables, claims: pl.DataFrame) -> pl.DataFrame:
    """The columns of the claims as text, with what is made of them and of their transactions."""
    days = tables["claim_lines"].group_by(_CLAIM).agg(first=pl.col("service_date").min())
    whole = claims.join(days, on=_CLAIM, how="left", maintain_order="left").join(
        tables["submissions"].select(*TRANSACTION, "created_on", "created_at"),
        on=TRANSACTION,
        how="left",
        maintain_order="left",
    )
    one_day = pl.col("statement_from") == pl.col("statement_to")
    made = pl.col("created_on").dt.strftime("%Y%m%d") + pl.col("created_at").fill_null("")
    return whole.select(
        *_CLAIM,
        "form",
        *(
            _text(whole, name).alias(f"claim.{name}")
            for name in claims.columns
            if name not in (*_CLAIM, "transaction_offset", "form")
        ),
        pl.when(one_day).then(pl.col("statement_from").cast(pl.String)).alias("claim.one_day"),
        client=pl.coalesce("medical_record", _pseudonyms(whole)),
        first_day=pl.coalesce("first", "statement_from").cast(pl.String),
        version=made.str.pad_end(14, "0"),
    )


def _diagnoses(tables: Tables) -> pl.DataFrame:
    """What is treated, in the order of the claim."""
    rank = pl.col("qualifier").replace_strict(_FORM, default=None, return_dtype=pl.Int64)
    ranked = tables["claim_diagnoses"].with_columns(rank=rank).drop_nulls("rank")
    ordered = ranked.sort("rank", "byte_offset", "position")
    return ordered.group_by(_CLAIM, maintain_order=True).agg(listed="diagnosis")


def _conditions(tables: Tables) -> pl.DataFrame:
    """The condition codes of a claim (HI BG)."""
    codes = (
        tables["claim_codes"].filter(pl.col("qualifier") == "BG").sort("byte_offset", "position")
    )
    listed = codes.group_by(_CLAIM, maintain_order=True).agg(pl.col("code").str.join(SEVERAL))
    return listed.rename({"code": "claim.conditions"})


def _beside(name: str) -> pl.Expr:
    """What the lines of a claim's day hold: a per diem tells the level of what is beside it."""
    held = pl.col(f"line.{name}").drop_nulls().unique(maintain_order=True)
    return held.str.join(SEVERAL).over(*_CLAIM, "line.service_date")


def _pseudonyms(claims: pl.DataFrame) -> pl.Series:
    """An id for each member without a record number, which tells nothing of the member."""
    who = claims.select(
        pl.concat_str(
            "payer_id",
            "member_id",
            pl.coalesce("patient_first_name", "subscriber_first_name"),
            separator="|",
            ignore_nulls=True,
        )
    ).to_series()
    # Members, not rows: a hash that is the same tomorrow is none of polars' own.
    known = {one: "M" + sha256(one.encode()).hexdigest()[:12] for one in who.unique()}
    return who.replace_strict(known, return_dtype=pl.String)


def _text(frame: pl.DataFrame, name: str) -> pl.Expr:
    """A column as the feeds write it."""
    if frame.schema[name] == pl.Float64():
        return pl.col(name).cast(pl.String).str.replace(r"\.0$", "")
    return pl.col(name).cast(pl.String)
