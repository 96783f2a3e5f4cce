"""What became of what was sent: TA1, 999 and 277CA tied to submissions and folded to where each stands.

Every answer is kept as it came; where a submission or a claim stands is computed
from all of them. Of several that speak of the same thing, the last one that came
counts. A 277CA comes first from the clearinghouse (2100A NM101 AY), later from
the payer (PR): both words are kept apart, and the payer's goes further.
"""

from __future__ import annotations

import msgspec
import polars as pl

from edi_iop import codes
from edi_iop.texts import composed

SUBMISSION = ["file_id", "transaction_offset"]
CLAIM = ["file_id", "claim_offset"]
STANDINGS = (
    "rejected",
    "accepted in part",
    "accepted with errors",
    "nothing yet",
    "received",
    "accepted",
)
"""Where a submission may stand, what needs a person first; received: its interchange was, no more
is known."""

DECISIONS = {"A": "accepted", "E": "accepted with errors", "P": "accepted in part", "R": "rejected"}
"""In words: TA104, AK901, IK501, and of a 277CA by its category or action."""

_ANSWER = ["answer_file", "answer_offset"]
_ONE_999 = ["answer_file", "answer_interchange", "answer_group", "answer_transaction"]
_BY = {"AY": "clearinghouse"}
"""Who answers the claims (2100A NM101); whoever else it is stands where the payer does."""
_ACTIONS = {"WQ": "A", "U": "R"}
"""STC03: the claim was taken, or was not."""
_ROLES = {"accepted": "A", "rejected": "R"}
_DECISION = pl.col("decision")


class Acknowledged(msgspec.Struct, frozen=True):
    """Where everything sent stands, and the answers to nothing we know of."""

    submissions: pl.DataFrame
    """SUBMISSION, ta1 and ta1_code, functional (999: IK501, AK901) and functional_code, answers
    (how many speak of it), claims, clearinghouse_accepted, clearinghouse_rejected,
    payer_accepted, payer_rejected (claims, by the last word of each), standing."""
    claims: pl.DataFrame
    """CLAIM, transaction_offset, claim, by (clearinghouse or payer), decision, statuses."""
    errors: pl.DataFrame
    """SUBMISSION and tables.ACKNOWLEDGEMENT_ERRORS of the 999 that counts (file_id is the claims')."""
    strangers: pl.DataFrame
    """Rows of tables.ACKNOWLEDGEMENTS, decided, that answer nothing we sent."""


def decided(acks: pl.DataFrame) -> pl.DataFrame:
    """Answers (tables.ACKNOWLEDGEMENTS) with the decision of each, and by whom a claim is answered.

    A 277CA says whether a claim was taken (005010X214 loop 2200D, STC03); where it
    does not, the category of its status does (STC01-1).
    """
    categories = {
        one.code: _ROLES[one.role] for one in codes.codes("claim_category").values() if one.role
    }
    said = pl.coalesce(
        pl.col(name).replace_strict(known, default=None, return_dtype=pl.String)
        for name, known in (("action", _ACTIONS), ("category", categories))
    )
    by = pl.col("answered_as").replace_strict(_BY, default="payer", return_dtype=pl.String)
    return acks.with_columns(
        decision=pl.coalesce("decision", said), by=pl.when(pl.col("kind") == "277CA").then(by)
    )


def acknowledged(
    submissions: pl.DataFrame, claims: pl.DataFrame, acks: pl.DataFrame, errors: pl.DataFrame
) -> Acknowledged:
    """The answers tied to what was sent, and where each submission stands.

    submissions and claims: canonical tables of what was sent. acks and errors:
    tables.ACKNOWLEDGEMENTS and ACKNOWLEDGEMENT_ERRORS of what came in, whose file
    numbers count up as it came.
    """
    told = decided(acks).rename({"file_id": "answer_file", "byte_offset": "answer_offset"})
    sent = _sent(submissions)
    interchanges = _tied(sent, told.filter(pl.col("kind") == "TA1"), "interchange")
    of_claims = pl.col("functional_id").fill_null("HC") == "HC"
    functional = told.filter((pl.col("kind") == "999") & of_claims)
    groups = _tied(sent, functional.filter(pl.col("level") == "group"), "group")
    sets = _tied(sent, functional.filter(pl.col("level") == "transaction"), "group", "transaction")
    statuses = told.filter(pl.col("kind") == "277CA")
    batches = _tied(sent, statuses.filter(pl.col("level") == "receiver"), "batch")
    answered = _of_claims(sent, claims, statuses.filter(pl.col("claim").is_not_null()))
    words = _last(_words(groups, sets), "functional")
    words_on_claims = _standing_claims(answered, batches, claims)
    tied = [
        part.select(*SUBMISSION, *_ANSWER)
        for part in (interchanges, groups, sets, batches, answered)
    ]
    standing = submissions.select(SUBMISSION)
    for part in (
        _last(interchanges, "ta1"),
        words,
        _counted(tied),
        _tallied(claims, words_on_claims),
    ):
        standing = standing.join(part, on=SUBMISSION, how="left", maintain_order="left")
    counts = pl.col("answers", "claims", *_TALLIES).fill_null(0)
    return Acknowledged(
        submissions=standing.with_columns(counts).with_columns(standing=_standing()),
        claims=words_on_claims,
        errors=_errors(words, sent, errors),
        strangers=_strangers(told, pl.concat(tied)),
    )


def answered_on(acks: pl.DataFrame, files: pl.DataFrame) -> pl.DataFrame:
    """answer_file and on: the day of each file of answers as it says itself, else when it came.

    acks: tables.ACKNOWLEDGEMENTS. files: tables.FILES; a 999 has no day of its own.
    """
    told = acks.group_by("file_id").agg(own=pl.col("answered_on").drop_nulls().first())
    return files.join(told, on="file_id", how="left").select(
        answer_file="file_id", on=pl.coalesce("own", "received_on")
    )


def _control(name: str) -> pl.Expr:
    """A control number to compare: answers may drop or add leading zeros."""
    return pl.col(name).str.strip_chars().str.strip_chars_start("0")


def _sent(submissions: pl.DataFrame) -> pl.DataFrame:
    """What an answer can name of each submission."""
    return submissions.select(
        *SUBMISSION,
        "created_on",
        own_sender="sender_id",
        own_receiver="receiver_id",
        interchange=_control("interchange_control"),
        group=_control("group_control"),
        transaction=_control("transaction_control"),
        batch=pl.col("reference").str.strip_chars(),
    )


_NAMED = {
    "interchange": _control("interchange_control"),
    "group": _control("group_control"),
    "transaction": _control("transaction_control"),
    "batch": pl.col("batch").str.strip_chars(),
}
"""What an answer calls the thing it answers."""


def _tied(sent: pl.DataFrame, answers: pl.DataFrame, *by: str) -> pl.DataFrame:
    """Answers beside the submissions whose numbers they name.

    Two senders may use the same number: then the one that the answer goes back to is
    meant. Where sender and receiver fit none, a number that only one file has will do.
    """
    named = answers.with_columns(_NAMED[one].alias(one) for one in by)
    others = [one for one in ("interchange", "group", "transaction", "batch") if one not in by]
    found = named.join(sent.drop(others), on=list(by), maintain_order="left")
    fits = (pl.col("own_sender") == pl.col("receiver_id")) & (
        pl.col("own_receiver") == pl.col("sender_id")
    )
    alone = pl.col("file_id").n_unique().over(_ANSWER) == 1
    found = found.with_columns(fits=fits.fill_null(False))
    return found.filter(pl.col("fits") | (~pl.col("fits").any().over(_ANSWER) & alone))


def _words(groups: pl.DataFrame, sets: pl.DataFrame) -> pl.DataFrame:
    """What each 999 says of each submission: its group rejected, else its own transaction set."""
    key = [*SUBMISSION, *_ONE_999]
    group = groups.select(*key, "answer_offset", of_group="decision")
    own = sets.select(*key, of_set="decision", of_set_code="code")
    rejected = pl.col("of_group") == "R"
    # A group's answer that names no transaction set speaks of all of them.
    return group.join(own, on=key, how="left", nulls_equal=True, maintain_order="left").select(
        *key,
        "answer_offset",
        decision=pl.when(rejected).then(pl.lit("R")).otherwise(pl.coalesce("of_set", "of_group")),
        code="of_set_code",
    )


def _last(answers: pl.DataFrame, name: str) -> pl.DataFrame:
    """The last answer to each submission: its decision by that name, its code, and its file."""
    return (
        answers.sort(_ANSWER)
        .unique(SUBMISSION, keep="last", maintain_order=True)
        .select(
            *SUBMISSION,
            pl.col("decision").alias(name),
            pl.col("code").alias(f"{name}_code"),
            pl.col("answer_file").alias(f"{name}_file"),
        )
    )


def _of_claims(sent: pl.DataFrame, claims: pl.DataFrame, statuses: pl.DataFrame) -> pl.DataFrame:
    """Statuses beside the claims they name (CLM01).

    A number that was sent several times is the claim of the batch the answer names, else
    the last one sent by then.
    """
    own = claims.select(*CLAIM, "transaction_offset", claim=_number()).join(
        sent.select(*SUBMISSION, "created_on", reference="batch"), on=SUBMISSION
    )
    named = statuses.with_columns(claim=_number()).join(own, on="claim", maintain_order="left")
    ranked = named.with_columns(
        same_batch=(pl.col("batch").str.strip_chars() == pl.col("reference")).fill_null(False),
        by_then=(pl.col("created_on") <= pl.col("answered_on")).fill_null(True),
    ).sort(*_ANSWER, "same_batch", "by_then", "created_on", *CLAIM, nulls_last=False)
    return ranked.unique(_ANSWER, keep="last", maintain_order=True)


def _number() -> pl.Expr:
    return pl.col("claim").str.strip_chars().str.to_uppercase()


def _standing_claims(
    answered: pl.DataFrame, batches: pl.DataFrame, claims: pl.DataFrame
) -> pl.DataFrame:
    """The last word of clearinghouse and payer on each claim; a batch turned away is each of its claims."""
    key = [*CLAIM, "transaction_offset", "by", "answer_file"]
    status = pl.concat_str(
        *(_status(number) for number in ("", "2", "3")), separator=" ", ignore_nulls=True
    )
    whole = pl.col("level") == "claim"
    own = answered.group_by(key, maintain_order=True).agg(
        decision=pl.when((_DECISION.filter(whole) == "R").any())
        .then(pl.lit("R"))
        .otherwise(_DECISION.filter(whole).first()),
        statuses=pl.when(whole)
        .then(status)
        .otherwise(composed("line {}: {}", pl.col("line_control").fill_null("?"), status)),
    )
    refused = batches.filter(_DECISION == "R").join(
        claims.select(*CLAIM, "transaction_offset"), on=SUBMISSION
    )
    of_batch = refused.select(*key, "decision", statuses=pl.concat_list(status))
    last = pl.concat([of_batch, own]).sort("answer_file", maintain_order=True)
    named = claims.select(*CLAIM, "claim")
    return (
        last.unique([*CLAIM, "by"], keep="last", maintain_order=True)
        .join(named, on=CLAIM, maintain_order="left")
        .select(*CLAIM, "transaction_offset", "claim", "by", "decision", "statuses", "answer_file")
    )


def _status(number: str) -> pl.Expr:
    """`A7/562/85`: category, status and whom it is about."""
    return pl.concat_str(
        f"category{number}", f"status{number}", f"entity{number}", separator="/", ignore_nulls=True
    ).replace("", None)


def _counted(tied: list[pl.DataFrame]) -> pl.DataFrame:
    """How many answers speak of each submission: files of them, however often each does."""
    every = pl.concat(tied).unique([*SUBMISSION, "answer_file"])
    return every.group_by(SUBMISSION).agg(answers=pl.len().cast(pl.Int64))


_TALLIES = (
    "clearinghouse_accepted",
    "clearinghouse_rejected",
    "payer_accepted",
    "payer_rejected",
    "claims_rejected",
)


def _tallied(claims: pl.DataFrame, standing: pl.DataFrame) -> pl.DataFrame:
    """Claims of each submission, and how many of them each has taken or turned away."""
    counts = claims.group_by(SUBMISSION).agg(claims=pl.len().cast(pl.Int64))
    tallies = [
        ((pl.col("by") == by) & (decision == _DECISION)).sum().cast(pl.Int64).alias(f"{by}_{word}")
        for by in ("clearinghouse", "payer")
        for word, decision in (("accepted", "A"), ("rejected", "R"))
    ]
    # What the payer said of a claim goes further than what the clearinghouse did.
    final = standing.sort(pl.col("by") == "payer", maintain_order=True)
    final = final.unique(CLAIM, keep="last").filter(_DECISION == "R")
    return (
        counts.join(standing.group_by(SUBMISSION).agg(tallies), on=SUBMISSION, how="left")
        .join(
            final.group_by(SUBMISSION).agg(claims_rejected=pl.len().cast(pl.Int64)),
            on=SUBMISSION,
            how="left",
        )
    )  # fmt: skip


def _standing() -> pl.Expr:
    """Where a submission stands, by all that was said of it (STANDINGS)."""
    ta1, functional, refused = pl.col("ta1"), pl.col("functional"), pl.col("claims_rejected")
    taken = pl.sum_horizontal("clearinghouse_accepted", "payer_accepted") > 0
    every = (refused > 0) & (refused == pl.col("claims"))
    return (
        pl.when((ta1 == "R") | (functional == "R") | every)
        .then(pl.lit("rejected"))
        .when((functional == "P") | (refused > 0))
        .then(pl.lit("accepted in part"))
        .when((ta1 == "E") | (functional == "E"))
        .then(pl.lit("accepted with errors"))
        .when((functional == "A") | taken)
        .then(pl.lit("accepted"))
        .when(ta1 == "A")
        .then(pl.lit("received"))
        .otherwise(pl.lit("nothing yet"))
    )


def _errors(words: pl.DataFrame, sent: pl.DataFrame, errors: pl.DataFrame) -> pl.DataFrame:
    """The errors that the 999 which counts names, of the transaction set or of its whole group."""
    own = words.join(sent.select(*SUBMISSION, "group", "transaction"), on=SUBMISSION)
    named = errors.rename({"file_id": "functional_file"}).with_columns(
        group=_control("group_control"), of_set=_control("transaction_control")
    )
    found = own.select(*SUBMISSION, "group", "transaction", "functional_file").join(
        named, on=["functional_file", "group"], maintain_order="left"
    )
    mine = pl.col("of_set").is_null() | (pl.col("of_set") == pl.col("transaction"))
    return found.filter(mine).drop("group", "of_set")


def _strangers(told: pl.DataFrame, tied: pl.DataFrame) -> pl.DataFrame:
    """Answers to nothing we sent; the totals of an answer are none where any of it is ours."""
    own = told.join(tied, on=_ANSWER, how="semi").select(_ONE_999).unique()
    total = pl.col("level").is_in(["group", "receiver", "provider"])
    rest = told.join(tied, on=_ANSWER, how="anti", maintain_order="left")
    single = rest.filter(~total)
    totals = rest.filter(total).join(
        own, on=_ONE_999, how="anti", nulls_equal=True, maintain_order="left"
    )
    names = {"answer_file": "file_id", "answer_offset": "byte_offset"}
    return pl.concat([totals, single]).sort(_ANSWER).rename(names)
