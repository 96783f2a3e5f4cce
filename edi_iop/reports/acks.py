"""Answers in and out: what became of what we sent, and what we answered to what came in."""

from __future__ import annotations

import polars as pl

from edi_iop import codes
from edi_iop.reconciler.acknowledged import (
    DECISIONS,
    STANDINGS,
    SUBMISSION,
    Acknowledged,
    acknowledged,
)
from edi_iop.reports import shapes
from edi_iop.reports.sheet import Field, Sheet
from edi_iop.store import Store
from edi_iop.texts import composed

KEYS = (
    "sent_on",
    "to",
    "interchange",
    "group",
    "transaction",
    "usage",
    "claims",
    "standing",
    "ta1",
    "ta1_code",
    "functional",
    "functional_code",
    "clearinghouse_accepted",
    "clearinghouse_rejected",
    "payer_accepted",
    "payer_rejected",
    "answers",
    "errors",
    "rejected_claims",
    "file",
)
STRANGER = "answers nothing sent"
_MOST = 12
"""So many errors and claims of a submission are listed for a person; programs get all."""
_LISTS = {
    "group": "group_error",
    "transaction": "set_error",
    "segment": "segment_error",
    "element": "element_error",
}
"""In which list an error's code stands, by its level."""


def acks(store: Store) -> Sheet:
    """Every claim submission and what answered it: TA1, 999, 277CA of clearinghouse and payer."""
    submissions = submitted(store)
    told = acknowledged(
        submissions,
        store.load("claims").join(submissions, on=SUBMISSION, how="semi", maintain_order="left"),
        store.load("acknowledgements"),
        store.load("acknowledgement_errors"),
    )
    rows = pl.concat([_ours(submissions, told), _strangers(told.strangers)]).sort(
        shapes.rank("standing", (*STANDINGS, STRANGER)),
        "sent_on",
        "interchange",
        nulls_last=True,
        maintain_order=True,
    )
    return Sheet(
        "",
        rows,
        (
            Field("SENT", "sent_on"),
            Field("TO", "to"),
            Field("ISA/GS/ST", "numbers"),
            Field("CLAIMS", "claims", "number"),
            Field("STANDS", "standing", "flag"),
            Field("TA1", "ta1"),
            Field("999", "functional"),
            Field("277CA", "statuses"),
        ),
        (Field("", "places"), Field("not taken", "turned_away")),
        people=rows.with_columns(*_for_people()),
        none="no claims sent yet, and no answers",
        closing=shapes.counted(rows, "standing", (*STANDINGS, STRANGER), "submission"),
        legend=_legend(rows, told),
    )


def submitted(store: Store, of: pl.DataFrame | None = None) -> pl.DataFrame:
    """Submissions of claims, ours and another system's; not what is held, nor encounter reports.

    of: those of these (tables.SUBMISSIONS) alone.
    """
    made = store.load("submissions") if of is None else of
    columns = ("file_id", "direction", "status")
    files = store.among("files", made.select("file_id"), columns)
    ours = (pl.col("direction") == "out") & (pl.col("status") != "held")
    theirs = (pl.col("direction") == "in") & (pl.col("transaction_type").fill_null("CH") != "RP")
    return (
        made.join(files, on="file_id", maintain_order="left")
        .filter(ours | theirs)
        .drop("direction", "status")
    )


def _ours(submissions: pl.DataFrame, told: Acknowledged) -> pl.DataFrame:
    listed = _listed_errors(told.errors)
    turned = _turned_away(told.claims)
    rows = submissions
    for part in (told.submissions, listed, turned):
        rows = rows.join(part, on=SUBMISSION, how="left", maintain_order="left")
    nothing = pl.lit([], pl.List(pl.String))
    return _shaped(
        rows,
        sent_on=pl.col("created_on"),
        to=pl.col("receiver_id"),
        errors=pl.col("errors").fill_null(nothing),
        rejected_claims=pl.col("rejected_claims").fill_null(nothing),
    )


_CONTROLS = {name: f"{name}_control" for name in ("interchange", "group", "transaction")}


def _shaped(rows: pl.DataFrame, **own: pl.Expr) -> pl.DataFrame:
    """The report's columns: those given, else the rows' of the same name."""
    own["file"] = pl.col("file_id").cast(pl.String)
    return rows.select(own.get(key, pl.col(_CONTROLS.get(key, key))).alias(key) for key in KEYS)


def _listed_errors(errors: pl.DataFrame) -> pl.DataFrame:
    """The errors of each submission's 999, a line each, most exact first said once.

    An IK3 or IK5 that only says that errors follow is left out where they do.
    """
    inside = ["functional_file", *SUBMISSION]
    of_elements = errors.filter(pl.col("level") == "element").select(*inside, "segment_position")
    of_segments = errors.filter(pl.col("level").is_in(["segment", "element"])).select(inside)
    heading = (pl.col("level") == "segment") & (pl.col("code") == "8")
    summing = (pl.col("level") == "transaction") & pl.col("code").is_in(["5", "I5"])
    kept = pl.concat(
        [
            errors.filter(~heading & ~summing),
            errors.filter(heading).join(
                of_elements, on=[*inside, "segment_position"], how="anti", nulls_equal=True
            ),
            errors.filter(summing).join(of_segments, on=inside, how="anti"),
        ]
    ).sort(*inside, "byte_offset", "position")
    said = kept.join(_labels(), on=["level", "code"], how="left", maintain_order="left")
    return said.group_by(SUBMISSION, maintain_order=True).agg(errors=_error())


def _labels() -> pl.DataFrame:
    rows = [
        (level, one.code, one.label)
        for level, kind in _LISTS.items()
        for one in codes.codes(kind).values()
    ]
    return pl.DataFrame(rows, schema=["level", "code", "label"], orient="row")


def _error() -> pl.Expr:
    """`segment 23 CLM05-3 repetition 2: 7 invalid code, claim E1`."""
    number = pl.concat_str(
        pl.col("element").cast(pl.String).str.zfill(2),
        composed("-{}", pl.col("component")),
        ignore_nulls=True,
    )
    place = pl.concat_str(
        composed("segment {}", "segment_position"),
        pl.concat_str("segment", number, ignore_nulls=True),
        composed("repetition {}", "repetition"),
        composed("loop {}", "loop"),
        separator=" ",
        ignore_nulls=True,
    )
    at = (
        pl.when(pl.col("level").is_in(["segment", "element"]))
        .then(place)
        .otherwise(pl.col("level").replace({"transaction": "transaction set"}))
    )
    whose = pl.concat_str(
        composed(", claim {}", "claim"), composed(", batch {}", "trace_number"), ignore_nulls=True
    )
    says = pl.concat_str("code", "label", separator=" ", ignore_nulls=True)
    return pl.concat_str(at, pl.lit(": "), says, whose)


def _turned_away(claims: pl.DataFrame) -> pl.DataFrame:
    """The claims that clearinghouse or payer did not take, with the status codes they gave."""
    said = composed("{} by {}: {}", "claim", "by", pl.col("statuses").list.join(", "))
    refused = claims.filter(pl.col("decision") == "R").sort("claim_offset", "answer_file")
    return refused.group_by(SUBMISSION, maintain_order=True).agg(rejected_claims=said)


def _strangers(answers: pl.DataFrame) -> pl.DataFrame:
    """Answers that name nothing we sent, an answer a row."""
    what = [pl.col(name) for name in ("interchange_control", "group_control", "batch")]
    decision, claims = pl.col("decision"), pl.col("level") == "claim"
    counts = {
        f"{by}_{word}": (claims & (pl.col("by") == by) & (decision == said)).sum()
        for by in ("clearinghouse", "payer")
        for word, said in (("accepted", "A"), ("rejected", "R"))
    }
    told = answers.group_by("file_id", "kind", *what, maintain_order=True).agg(
        pl.col("sender_id").first(),
        pl.col("usage").first(),
        pl.col("transaction_control").drop_nulls().first(),
        code=pl.col("code").drop_nulls().first(),
        decision=decision.first(),
        claims=claims.sum().cast(pl.Int64),
        unknown=composed("claim {} was not sent", pl.col("claim").filter(claims)),
        **{name: count.cast(pl.Int64) for name, count in counts.items()},
    )
    interchange, functional = pl.col("kind") == "TA1", pl.col("kind") == "999"
    return _shaped(
        told,
        sent_on=pl.lit(None, pl.Date),
        to=pl.col("sender_id"),
        standing=pl.lit(STRANGER),
        ta1=pl.when(interchange).then("decision"),
        ta1_code=pl.when(interchange).then("code"),
        functional=pl.when(functional).then("decision"),
        functional_code=pl.when(functional).then("code"),
        answers=pl.lit(1, pl.Int64),
        errors=pl.col("unknown"),
        rejected_claims=pl.lit([], pl.List(pl.String)),
    )


def _for_people() -> list[pl.Expr]:
    interchange = pl.col("interchange").str.strip_chars_start("0")
    numbers = pl.concat_str(
        *(part.fill_null("-") for part in (interchange, pl.col("group"), pl.col("transaction"))),
        separator="/",
    )
    words = [
        pl.when(pl.col(f"{by}_accepted") + pl.col(f"{by}_rejected") > 0).then(
            composed("{}: {} in, {} out", pl.lit(short), f"{by}_accepted", f"{by}_rejected")
        )
        for by, short in (("clearinghouse", "CH"), ("payer", "payer"))
    ]
    shown = {
        name: pl.concat_str(
            pl.col(column).list.head(_MOST).list.join("; "),
            pl.when(pl.col(column).list.len() > _MOST).then(
                composed("; and {} more", pl.col(column).list.len() - _MOST)
            ),
            ignore_nulls=True,
        )
        for name, column in (("places", "errors"), ("turned_away", "rejected_claims"))
    }
    return [
        numbers.alias("numbers"),
        pl.concat_str(*words, separator="; ", ignore_nulls=True).alias("statuses"),
        *(made.alias(name) for name, made in shown.items()),
        pl.concat_str("ta1", "ta1_code", separator=" ", ignore_nulls=True).alias("ta1"),
        pl.concat_str("functional", "functional_code", separator=" ", ignore_nulls=True).alias(
            "functional"
        ),
    ]


def _legend(rows: pl.DataFrame, told: Acknowledged) -> tuple[str, ...]:
    """The codes that occur in TA1s and 277CAs, in our own words."""
    refused = told.claims.filter(pl.col("decision") == "R")["statuses"]
    categories = refused.explode(empty_as_null=True).str.extract(r"\b([A-Z]\d)/", 1)
    notes = rows.filter(pl.col("ta1_code") != "000")["ta1_code"]
    used = {
        "interchange_note": notes,
        "set_error": rows["functional_code"],
        "claim_category": categories,
    }
    return shapes.legend(used)


def answers(store: Store) -> Sheet:
    """Every interchange that came in and was answered, with what we said."""
    files = store.load("files")
    out = files.select("file_id", "kind", "status", answered_on="received_on")
    rows = (
        store.load("replies")
        .join(out, on="file_id", how="left", maintain_order="left")
        .select(
            answered_file=pl.col("answered_file").cast(pl.String),
            to="receiver_id",
            interchange="interchange_control",
            kind="kind",
            decision="decision",
            ta1="ta1",
            ta1_code="note",
            groups="groups",
            answered_on="answered_on",
            answer_interchange="answer_interchange",
            status="status",
            file=pl.col("file_id").cast(pl.String),
        )
    )
    fields = (
        Field("FILE IN", "answered_file", "number"),
        Field("TO", "to"),
        Field("INTERCHANGE", "interchange"),
        Field("ANSWER", "kind"),
        Field("SAYS", "says", "flag"),
        Field("ON", "answered_on"),
        Field("FILE OUT", "file", "number"),
    )
    says = pl.col("decision").replace_strict(DECISIONS, return_dtype=pl.String)
    shown = rows.with_columns(says=says)
    return Sheet(
        "",
        rows,
        fields,
        people=shown,
        none="nothing answered yet",
        closing=shapes.counted(shown, "says", tuple(DECISIONS.values()), "answer"),
    )
