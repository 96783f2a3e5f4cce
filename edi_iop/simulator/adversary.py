"""The adversary: a payer's answers corrupted, followed up and mailed in several files, with the truth.

Which answers are corrupted how is drawn by the seed; every corruption has its name
(corruptions.registry, and OF_PAYMENTS and OF_FILES here).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, time
from functools import cached_property
from random import Random

import msgspec
import polars as pl
from msgspec.structs import replace

from edi_iop.simulator import enough
from edi_iop.simulator.corruptions import Corruption, befallen, registry
from edi_iop.simulator.draft import (
    CLAIM,
    LINE,
    PAYMENT,
    Draft,
    Tables,
    at,
    both_of,
    drafted,
    draw,
    finished,
    provider_rows,
    tables_of,
)
from edi_iop.simulator.payer import Answer
from edi_iop.texts import composed
from edi_iop.transcribe.write import write_835
from edi_iop.x12.writer import Envelope

ALL = "all"
CLAIMS_A_PAYMENT = 60
_SHARE = 0.9
"""How many of the answers are corrupted."""
_MORE = (0.45, 0.25, 0.15)
"""How many are corrupted a second time, a third and a fourth, by what stacks."""
_REUSED, _ADJUSTED, _REWRAPPED = 0.04, 0.3, 0.15
"""How many of the payments each befalls."""
PAYMENTS_A_FILE = 12
_NOTHING = pl.lit([], pl.List(pl.String()))

TRUTH_CLAIMS = {
    "files": pl.List(pl.String()),
    "trace_number": pl.String(),
    "transaction": pl.String(),
    "place": pl.Int64(),
    "returned": pl.String(),
    "status": pl.String(),
    "event": pl.String(),
    "corruptions": pl.List(pl.String()),
    "claims": pl.List(pl.String()),
    "decides": pl.Boolean(),
    "lines": pl.List(pl.String()),
    "lines_decide": pl.List(pl.Boolean()),
}
"""One row a remit claim: what it truly answers, and whether what is left of it suffices to tell.

files: where it stands; more than one where its payment came again. transaction: ST02. place:
number of the claim in its payment, from 1. corruptions: what befell the claim, then its
payment and its files. claims: CLM01 of the claims sent. lines: a
text a remit line, `CLM01/line` of each line it answers, parted by blanks."""


class Mailed(msgspec.Struct, frozen=True):
    """One file as it is sent."""

    name: str
    content: bytes
    payments: tuple[int, ...]
    """Which payments of the draft it holds, in order."""


class Adversary(msgspec.Struct, frozen=True, dict=True):
    """Corrupted answers and the truth about them."""

    draft: Draft
    sent: Tables
    names: pl.DataFrame
    """enough.named."""
    chosen: frozenset[str]
    """Kinds of corruption."""
    seed: int
    receiver: str

    @cached_property
    def made(self) -> tuple[Mailed, ...]:
        """Its files as they were made; written where they are asked for, which takes the longest."""
        return tuple(_files(self.draft, self.chosen, self.seed, self.receiver))

    @cached_property
    def files(self) -> tuple[Mailed, ...]:
        """In the order of arrival."""
        return _mixed(self.made, self.seed) if "out-of-order" in self.chosen else self.made

    @property
    def tables(self) -> Tables:
        return tables_of(self.draft)


OfPayments = Callable[[Draft, pl.DataFrame, int], Draft]


def _other_adjustments(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    """Adjustments that belong to no claim: refunds, interest, advances, levies (PLB)."""
    kinds = (("CS", 2500), ("72", 4000), ("L6", -310), ("J1", 1200), ("AP", -5000), ("IR", 900))
    rows = hit.join(draft.payments, on=PAYMENT).select(
        PAYMENT, provider_id="payee_id", day="payment_date", drawn=draw(PAYMENT, seed)
    )
    parts = [
        provider_rows(
            rows.filter(pl.col("drawn") % len(kinds) == place).with_columns(
                amount_cents=pl.lit(cents, pl.Int64)
            ),
            reason,
            composed("REF{}", PAYMENT),
        )
        for place, (reason, cents) in enumerate(kinds)
    ]
    return replace(draft, provider=pl.concat([draft.provider, *parts]))


def _reused_checks(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:  # noqa: ARG001
    """A check number given to two payments of other content."""
    number = pl.col("trace_number")
    beside = [number.shift(step).over("payer_id", "payee_id", order_by=PAYMENT) for step in (-1, 1)]
    other = pl.coalesce(*beside, number)
    again = pl.when(at(hit, PAYMENT)).then(other).otherwise(number).alias("trace_number")
    return replace(draft, payments=draft.payments.with_columns(again))


OF_PAYMENTS: dict[str, tuple[str, float, OfPayments]] = {
    "adjusted": ("adjustments of no claim (PLB CS, 72, L6, J1, AP, IR)", _ADJUSTED,
                 _other_adjustments),
    "reused-check": ("a check number is given to two payments of other content", _REUSED,
                     _reused_checks),
}  # fmt: skip
OF_FILES = {
    "rewrapped": "payments come again in another envelope, with other delimiters and line breaks",
    "out-of-order": "files arrive in another order than they were made",
}


def kinds() -> dict[str, str]:
    """Every corruption and what it is, in one line."""
    return (
        {name: one.says for name, one in registry().items()}
        | {name: says for name, (says, _, _) in OF_PAYMENTS.items()}
        | OF_FILES
    )


def corrupted(
    answer: Answer,
    sent: Tables,
    seed: int,
    names: Collection[str] = (ALL,),
    receiver: str = "RECEIVER",
) -> Adversary:
    """An answer corrupted by the kinds named (of `kinds`; ALL for all), in files.

    sent: claims and claim_lines as sent. ValueError where a name is none.
    """
    chosen = set(kinds()) if ALL in names else set(names)
    unknown = sorted(chosen - set(kinds()))
    if unknown:
        raise ValueError(", ".join(unknown))
    draft = drafted(answer.tables, answer.origin, sent)
    draft = _of_claims(draft, [one for one in registry().values() if one.name in chosen], seed)
    draft = replace(draft, payments=draft.payments.with_columns(befell=_NOTHING))
    chance = Random(f"{seed} payments")
    for name, (_, share, befall) in OF_PAYMENTS.items():
        if name in chosen:
            among = _beside_others(draft) if name == "reused-check" else draft.payments
            hit = _some(among, share, chance)
            draft = _marked(befall(draft, hit, seed), hit[PAYMENT], name)
    done = finished(draft)
    return Adversary(done, sent, enough.named(done, sent), frozenset(chosen), seed, receiver)


def _marked(draft: Draft, payments: pl.Series, kind: str) -> Draft:
    """These payments bear the name of what befell them, or the files they are in."""
    hit = pl.col(PAYMENT).is_in(payments.implode())
    more = pl.when(hit).then(pl.concat_list("befell", pl.lit(kind))).otherwise("befell")
    return replace(draft, payments=draft.payments.with_columns(befell=more))


def _of_files(made: Sequence[Mailed], arrived: Sequence[Mailed]) -> dict[str, list[int]]:
    """Payments that came in two files, and those in a file of another place than it was made in."""
    counts = Counter(payment for file in made for payment in file.payments)
    moved = [was for was, now in zip(made, arrived, strict=True) if was.name != now.name]
    return {
        "rewrapped": [payment for payment, count in counts.items() if count > 1],
        "out-of-order": [payment for file in moved for payment in file.payments],
    }


def _mixed(files: Sequence[Mailed], seed: int) -> tuple[Mailed, ...]:
    mixed = list(files)
    Random(f"{seed} order").shuffle(mixed)
    return tuple(mixed)


def _of_claims(draft: Draft, chosen: list[Corruption], seed: int) -> Draft:
    """Every claim hit once at most, then some of them once more by what stacks, another one."""
    if not chosen:
        return draft
    for kind, hit in befallen(draft, chosen, _SHARE, seed):
        if not hit.is_empty():
            draft = _befall(draft, kind, hit, seed)
    stacking = [one for one in chosen if one.stacks]
    # of exchanged ones all must be left that tells them apart, else nothing was exchanged
    exchanged = pl.col("kinds").list.eval(pl.element().str.contains("swap")).list.any()
    whole = draft.claims.filter(~exchanged.fill_null(False)).select(CLAIM)
    for more, share in enumerate(_MORE if stacking else (), start=1):
        for kind, hit in befallen(draft, stacking, share, seed + more):
            # twice the same would not be what its name says: a hyphen that comes and goes again
            fresh = draft.claims.filter(~pl.col("kinds").list.contains(kind.name)).select(CLAIM)
            able = hit.join(whole, on=CLAIM, how="semi", maintain_order="left").join(
                fresh, on=CLAIM, how="semi", maintain_order="left"
            )
            if not able.is_empty():
                draft = _befall(draft, kind, able, seed + more)
    # what other payers answer has left some payments empty
    held = pl.concat([rows.select(PAYMENT) for rows in (draft.claims, draft.provider)])
    paid = draft.payments.join(held, on=PAYMENT, how="semi", maintain_order="left")
    return replace(draft, payments=paid)


def _befall(draft: Draft, kind: Corruption, hit: pl.DataFrame, seed: int) -> Draft:
    return kind.do(draft.marked(both_of(hit), kind.name), hit, seed)


def _beside_others(draft: Draft) -> pl.DataFrame:
    """Payments of a payer who made more than one: of a single one no number can be used again."""
    return draft.payments.filter(pl.len().over("payer_id", "payee_id") > 1)


def _some(among: pl.DataFrame, share: float, chance: Random) -> pl.DataFrame:
    payments = among[PAYMENT].sort().to_list()
    count = max(1, round(len(payments) * share))
    return pl.DataFrame({PAYMENT: sorted(chance.sample(payments, min(count, len(payments))))})


# -- files


def _files(draft: Draft, chosen: Collection[str], seed: int, receiver: str) -> list[Mailed]:
    """The payments in files, a dozen each; some payments once more in another wrapping."""
    chance = Random(f"{seed} files")
    tables = tables_of(draft)
    runs = draft.payments.select(
        PAYMENT, "payer_id", "payment_date", run=pl.struct("payer_id", "wave").rle_id()
    ).with_columns(part=pl.int_range(pl.len()).over("run") // PAYMENTS_A_FILE)
    made = []
    groups = runs.group_by("run", "part", maintain_order=True)
    for number, (_, payments) in enumerate(groups, start=1):  # files
        payer, day = payments.row(0, named=True)["payer_id"], payments["payment_date"][0]
        envelope = Envelope(
            payer, receiver, seed % 1000 * 100_000 + number, number, datetime.combine(day, time(12))
        )
        name = f"835-{payer}-{day:%Y%m%d}-{number:04d}.edi"
        made.append(_mailed(name, tables, payments, envelope))
        if "rewrapped" in chosen:
            again = _some_of(payments, _REWRAPPED, chance)
            if not again.is_empty():
                wrapped = replace(
                    envelope, sender_id="CLEARING", interchange_control=number + 1, group_control=7
                )
                copy = _mailed(name.replace(".edi", "-again.edi"), tables, again, wrapped)
                made.append(replace(copy, content=rewrapped(copy.content, number)))
    return made


def _mailed(name: str, tables: Tables, payments: pl.DataFrame, envelope: Envelope) -> Mailed:
    content = write_835(of_payments(tables, payments), envelope)
    return Mailed(name, content, tuple(payments[PAYMENT]))


def _some_of(payments: pl.DataFrame, share: float, chance: Random) -> pl.DataFrame:
    keep = [chance.random() < share for _ in range(payments.height)]
    return payments.filter(pl.Series(keep, dtype=pl.Boolean))


def of_payments(tables: Tables, payments: pl.DataFrame) -> Tables:
    """The rows of some payments."""
    claims = tables["remit_claims"].join(payments, on=PAYMENT, how="semi")
    return {
        name: rows.join(
            payments if PAYMENT in rows.columns else claims,
            on=PAYMENT if PAYMENT in rows.columns else CLAIM,
            how="semi",
            maintain_order="left",
        )
        for name, rows in tables.items()
    }


_WRAPPINGS = (("|", ">", "\n", ""), ("*", ":", "~", ""), ("|", ":", "~", "\r\n"))
"""Element, component and segment separators, and what stands behind a segment."""


def rewrapped(content: bytes, number: int) -> bytes:
    """The same interchange with other separators and line breaks."""
    element, component, segment, behind = _WRAPPINGS[number % len(_WRAPPINGS)]
    text = content.decode("ascii").replace("~\n", "~")
    return text.translate(
        {ord("*"): element, ord(":"): component, ord("~"): segment + behind}
    ).encode("ascii")


# -- truth


def truth(made: Adversary) -> pl.DataFrame:
    """TRUTH_CLAIMS of the answers, in the order of the payments."""
    claims = made.sent["claims"]
    numbers = claims.select(true=pl.int_range(pl.len(), dtype=pl.Int64), claim="claim")
    heads = made.sent["claim_lines"].join(
        claims.select("file_id", "claim_offset", "claim"),
        on=("file_id", "claim_offset"),
        maintain_order="left",
    )
    texts = heads.select(
        true=pl.int_range(pl.len(), dtype=pl.Int64), text=composed("{}/{}", "claim", "line")
    )
    draft = made.draft
    of_lines = (
        draft.lines.select(CLAIM, LINE, true="true_lines")
        .explode("true")
        .join(texts, on="true", how="left", maintain_order="left")
        .group_by(CLAIM, LINE, maintain_order=True)
        .agg(text=pl.col("text").drop_nulls().str.join(" "))
        .join(enough.lines_named(draft, made.sent), on=LINE, how="left", maintain_order="left")
        .group_by(CLAIM, maintain_order=True)
        .agg(lines=pl.col("text"), lines_decide=pl.col("line_decides").fill_null(False))
    )
    of_claims = (
        draft.claims.select(CLAIM, true="true_claims")
        .explode("true")
        .join(numbers, on="true", how="left", maintain_order="left")
        .group_by(CLAIM, maintain_order=True)
        .agg(claims=pl.col("claim").drop_nulls())
    )
    held = pl.DataFrame(
        [(payment, one.name) for one in made.files for payment in one.payments],
        schema={PAYMENT: pl.Int64, "file": pl.String},
        orient="row",
    )
    for name, payments in _of_files(made.made, made.files).items():
        draft = _marked(draft, pl.Series(payments, dtype=pl.Int64), name)
    files = held.group_by(PAYMENT).agg(files=pl.col("file").sort())
    paid = draft.payments.select(
        PAYMENT, "befell", "trace_number", transaction="transaction_control"
    )
    return (
        draft.claims.rename({"claim": "returned"})
        .join(paid, on=PAYMENT, maintain_order="left")
        .join(files, on=PAYMENT, how="left", maintain_order="left")
        .join(of_claims, on=CLAIM, how="left", maintain_order="left")
        .join(of_lines, on=CLAIM, how="left", maintain_order="left")
        .join(made.names, on=CLAIM, maintain_order="left")
        .with_columns(
            place=pl.int_range(1, pl.len() + 1).over(PAYMENT),
            decides=pl.col("named").list.len() > 0,
            corruptions=pl.concat_list("kinds", "befell"),
            claims=pl.col("claims").fill_null([]),
        )
        .select(pl.col(name).cast(kind) for name, kind in TRUTH_CLAIMS.items())
    )
