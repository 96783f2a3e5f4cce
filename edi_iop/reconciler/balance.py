"""Balance of an 835 on its three levels (005010X221A1 front matter 1.10.2.1): findings.

Line: SVC02 less its adjustments is SVC03. Claim: CLP03 less the adjustments of
the claim and its lines is CLP04. Payment: the sum of CLP04 less the provider
adjustments is BPR02; a positive provider adjustment lowers the payment.
Reversals balance by the same sums with the signs turned. What a required amount that is
absent or cannot be read is part of is not judged: that was said of the amount itself.
Interest and other supplemental amounts (AMT) are not part of any of them: interest is paid
in PLB L6 (1.10.2.9), and where claims say what of it is theirs (AMT I), both agree. The
patient's share (CLP05) rests on adjustments of group PR. Differences of these two move no
money and are only warnings.

One fault, one finding: what is off by just as much as the lines of a claim, or the claims of
a payment, are together is wrong by their fault, and told of them alone.
"""

from __future__ import annotations

import polars as pl

from edi_iop.codes import codes
from edi_iop.findings import CATALOGUE
from edi_iop.reconciler.given import Tables, checked_tables
from edi_iop.tables import FINDINGS, TABLES
from edi_iop.tables.amounts import dollars
from edi_iop.tables.order import in_order, keys_of
from edi_iop.tables.pool import pooled
from edi_iop.texts import composed

_CLAIM = ("file_id", "remit_claim_offset")
_LINE = ("file_id", "remit_line_offset")
_PAYMENT = ("file_id", "payment_offset")
_REVERSAL = "22"
"""CLP02 of a claim taken back: it has no patient share of its own."""

READ = ("payments", "remit_claims", "remit_lines", "adjustments", "provider_adjustments")
"""The tables that balances are of."""


def balance(tables: Tables) -> pl.DataFrame:
    """Findings LINE_, CLAIM_, PATIENT_, PAYMENT_ and INTEREST_UNBALANCED, one for each place."""
    running = Running()
    return _sorted([running.claims(tables), running.payments()])


class Running:
    """The balance of remits that come in chunks: claims at once, a payment when all of it is there."""

    def __init__(self) -> None:
        self._sums = checked_tables({}, READ)
        self._claims_off = _NONE_OFF

    @pooled
    def claims(self, tables: Tables) -> pl.DataFrame:
        """Findings of a chunk's claims and lines; its sums are kept for the payments."""
        if all(tables.get(name, _NOTHING).is_empty() for name in READ):
            return FINDINGS.empty()
        whole = checked_tables(tables, READ)
        for name in _SUMMED:
            self._sums[name] = pl.concat([self._sums[name], _summed(name, whole[name])])
        claims = whole["remit_claims"].select(_OF_CLAIM)  # a third of what there is of a claim
        known = {**whole, "remit_claims": claims, "payments": self._sums["payments"]}
        line, claim = (keys_of([whole[name] for name in READ], keys) for keys in (_LINE, _CLAIM))
        lines, claims, patients = (
            _lines(known, line), _claims(known, claim), _patients(known, claim)
        )  # fmt: skip
        self._claims_off = pl.concat([self._claims_off, _off(claims, _PAYMENT)])
        own = _not_of(claims, _off(lines, _CLAIM), _CLAIM)
        shares = _not_of(patients, _off(claims, _CLAIM), _CLAIM)
        return _sorted(
            [
                _lines_told(lines, known),
                _told(own, known, "CLAIM_UNBALANCED"),
                _told(shares, known, "PATIENT_UNBALANCED"),
            ]
        )

    @property
    def waiting(self) -> int:
        """How many payments were not told of yet."""
        return self._sums["payments"].height

    def settled(self) -> pl.DataFrame:
        """Findings of the payments that are over, each once: those before the last one so far."""
        begun = self._sums["payments"].select(_PAYMENT).sort(_PAYMENT).tail(1)
        over = {
            name: rows.join(begun, on=_PAYMENT, how="anti", maintain_order="left")
            for name, rows in self._sums.items()
            if name in _SUMMED
        }
        if over["payments"].is_empty():
            return FINDINGS.empty()
        for name in over:
            self._sums[name] = self._sums[name].join(begun, on=_PAYMENT, how="semi")
        known = {**self._sums, **over}
        return _of_payments(known, self._claims_off)

    def payments(self) -> pl.DataFrame:
        """Findings of all payments not told yet; nothing more of them is to come."""
        if self._sums["payments"].is_empty():
            return FINDINGS.empty()
        found = _of_payments(self._sums, self._claims_off)
        self._sums = checked_tables({}, READ)
        self._claims_off = _NONE_OFF
        return found


_NOTHING = pl.DataFrame()
_OF_CLAIM = (
    *_CLAIM, "payment_offset", "claim", "status", "charge_cents", "paid_cents", "patient_cents",
    "place_position",
)  # fmt: skip
"""What the balance of a claim needs of it."""
_SUMMED: dict[str, tuple[str, ...]] = {
    "payments": (),
    "remit_claims": ("paid_cents", "interest_cents"),
    "provider_adjustments": ("amount_cents",),
}
"""What a payment's balance needs of the chunks: its own row, and the sums of these amounts."""


def _summed(name: str, rows: pl.DataFrame) -> pl.DataFrame:
    """A chunk's rows, or a row a payment with their sums: of interest and the rest each their own."""
    if name == "payments" or rows.is_empty():
        return TABLES[name].checked.conform(rows)
    keys: tuple[str, ...] = _PAYMENT
    if name == "provider_adjustments":
        rows = rows.with_columns(reason=pl.when(_is_interest()).then("reason"))
        keys = (*_PAYMENT, "reason")
    required, *told = _SUMMED[name]
    known = pl.col(required).null_count() == 0
    sums = rows.group_by(keys).agg(
        pl.when(known).then(pl.col(required).sum()).alias(required),
        *(pl.when(_said(one)).then(pl.col(one).sum()).alias(one) for one in told),
    )
    return TABLES[name].checked.conform(sums)


def _is_interest() -> pl.Expr:
    """A provider adjustment by which a payer pays interest (PLB L6)."""
    return pl.col("reason").is_in(
        [code for code, one in codes("plb").items() if one.role == "interest"]
    )


def _said(amount: str) -> pl.Expr:
    return pl.col(amount).is_not_null().any()


def _sorted(faults: list[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(faults).sort("file_id", "byte_offset", "code")


Keys = tuple[str, ...]


def _sums(frame: pl.DataFrame, keys: Keys, column: str, name: str, known: str) -> pl.DataFrame:
    """The sum of an amount, and whether each amount of it could be read."""
    all_read = pl.col(column).null_count() == 0
    asked = frame.select(*keys, column)
    if asked[keys[-1]].null_count():
        asked = asked.filter(pl.col(keys[-1]).is_not_null())
    placed = in_order(asked, keys)
    return placed.group_by(keys).agg(pl.col(column).sum().alias(name), all_read.alias(known))


def _amount(column: str) -> pl.Expr:
    return pl.col(column).fill_null(0)


_OFF = pl.col("begin") - pl.col("less") - pl.col("paid")
"""By how much a balance does not come out."""
_UNBALANCED = pl.col("known") & (_OFF != 0)
_NONE_OFF = pl.DataFrame(
    schema={"file_id": pl.Int64, "payment_offset": pl.Int64, "below": pl.Int64}
)


def _off(wrong: pl.DataFrame, keys: Keys) -> pl.DataFrame:
    """By how much those that do not balance are off together, by claim or payment (`below`)."""
    return wrong.group_by(keys).agg(below=_OFF.sum()).cast({"below": pl.Int64})


def _not_of(wrong: pl.DataFrame, below: pl.DataFrame, keys: Keys) -> pl.DataFrame:
    """Those that are off by another amount than those below them (_off)."""
    return wrong.join(
        below, left_on=[*keys, _OFF], right_on=[*keys, "below"], how="anti", maintain_order="left"
    )


def _known(amounts: tuple[str, ...], sums: tuple[str, ...]) -> pl.Expr:
    """Whether all amounts of a balance are there, those summed up included."""
    own = [pl.col(amount).is_not_null() for amount in amounts]
    return pl.all_horizontal(*own, *(pl.col(one).fill_null(True) for one in sums))


_CHARGED = (
    _amount("charge_cents").alias("begin"),
    _amount("taken").alias("less"),
    _amount("paid_cents").alias("paid"),
    _known(("charge_cents", "paid_cents"), ("taken_known",)).alias("known"),
)
"""What was charged, adjusted and paid of a line or claim."""


def _lines(tables: Tables, keys: Keys) -> pl.DataFrame:
    """Lines whose charge less adjustments is not what was paid (loop 2110)."""
    taken = _sums(tables["adjustments"], keys, "amount_cents", "taken", "taken_known")
    lines = tables["remit_lines"].select(
        *_LINE, "remit_claim_offset", "position", "charge_cents", "paid_cents", "place_position"
    )
    return (
        in_order(lines, keys)
        .join(taken, on=keys, how="left", maintain_order="left")
        .with_columns(_CHARGED)
        .filter(_UNBALANCED)
    )


def _lines_told(wrong: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    if wrong.is_empty():
        return FINDINGS.empty()
    of_claims = tables["remit_claims"].select(*_CLAIM, "payment_offset")
    return _told(wrong.join(of_claims, on=_CLAIM, how="left"), tables, "LINE_UNBALANCED")


def _claims(tables: Tables, keys: Keys) -> pl.DataFrame:
    """Claims whose charge less all adjustments is not what was paid (loop 2100)."""
    taken = _sums(tables["adjustments"], keys, "amount_cents", "taken", "taken_known")
    return (
        in_order(tables["remit_claims"], keys)
        .join(taken, on=keys, how="left")
        .with_columns(_CHARGED)
        .filter(_UNBALANCED)
    )


def _patients(tables: Tables, keys: Keys) -> pl.DataFrame:
    """Claims whose patient's share is not what the adjustments leave to the patient (CLP05, CAS PR)."""
    shares = tables["adjustments"].filter(pl.col("group") == "PR")
    left = _sums(shares, keys, "amount_cents", "left", "left_known")
    return (
        in_order(tables["remit_claims"].filter(pl.col("status") != _REVERSAL), keys)
        .join(left, on=keys, how="left")
        .with_columns(
            begin=_amount("patient_cents"),
            less=_amount("left"),
            paid=pl.lit(0),
            known=_known((), ("left_known",)),
        )
        .filter(_UNBALANCED)
    )


def _of_payments(tables: Tables, claims_off: pl.DataFrame) -> pl.DataFrame:
    """What is wrong with payments, and with their interest where it is not the same fault.

    A PLB L6 of another amount makes both wrong by as much: that is told of the payment. A
    claim paid otherwise than it says (CLP04) makes the payment's sum wrong by as much: that
    is told of the claim.
    """
    payments, interest = _payments(tables), _interest(tables)
    same = payments.select(*_PAYMENT, off=-_OFF)
    own = interest.with_columns(off=_OFF).join(same, on=[*_PAYMENT, "off"], how="anti")
    paid_otherwise = claims_off.group_by(_PAYMENT).agg(below=-pl.col("below").sum())
    payments = _not_of(payments, paid_otherwise, _PAYMENT)
    return _sorted(
        [_told(payments, tables, "PAYMENT_UNBALANCED"), _told(own, tables, "INTEREST_UNBALANCED")]
    )


def _payments(tables: Tables) -> pl.DataFrame:
    """Payments whose claims less provider adjustments are not the amount (BPR02)."""
    claims = _sums(tables["remit_claims"], _PAYMENT, "paid_cents", "claims", "claims_known")
    held = tables["provider_adjustments"]
    taken = _sums(held, _PAYMENT, "amount_cents", "taken", "taken_known")
    return (
        tables["payments"]
        .join(claims, on=_PAYMENT, how="left")
        .join(taken, on=_PAYMENT, how="left")
        .with_columns(
            begin=_amount("claims"),
            less=_amount("taken"),
            paid=_amount("amount_cents"),
            known=_known(("amount_cents",), ("claims_known", "taken_known")),
        )
        .filter(_UNBALANCED)
    )


def _interest(tables: Tables) -> pl.DataFrame:
    """Payments whose claims' interest (AMT I), where they name any, is not what PLB L6 pays."""
    own = tables["remit_claims"].group_by(_PAYMENT).agg(
        begin=pl.col("interest_cents").sum(), said=_said("interest_cents")
    )  # fmt: skip
    held = tables["provider_adjustments"].filter(_is_interest())
    added = _sums(held, _PAYMENT, "amount_cents", "added", "added_known")
    return (
        tables["payments"]
        .join(own.filter("said"), on=_PAYMENT)
        .join(added, on=_PAYMENT, how="left")
        # a provider adjustment is negative where it raises the payment
        .with_columns(less=-_amount("added"), paid=pl.lit(0), known=_known((), ("added_known",)))
        .filter(_UNBALANCED)
    )


def _says(code: str) -> pl.Expr:
    """Which sum does not come out, with the numbers in dollars."""
    begin, less, paid = pl.col("begin"), pl.col("less"), pl.col("paid")
    claim = pl.col("claim").fill_null("without number")
    payment = pl.col("trace_number").fill_null("without number")
    if code == "PATIENT_UNBALANCED":
        return composed(
            "claim {}: the patient's share is {}, the adjustments of group PR make {}",
            claim,
            dollars(begin),
            dollars(less),
        )
    if code == "INTEREST_UNBALANCED":
        return composed(
            "payment {}: the interest of its claims (AMT I) is {}, its provider adjustments (PLB L6) pay {}",
            payment,
            dollars(begin),
            dollars(less),
        )
    what = {
        "LINE_UNBALANCED": composed("line {}: charge", pl.col("position").cast(pl.String).fill_null("?")),
        "CLAIM_UNBALANCED": composed("claim {}: charge", claim),
        "PAYMENT_UNBALANCED": composed("payment {}: claim payments", payment),
    }[code]  # fmt: skip
    return composed(
        "{} {} less adjustments {} makes {}, not {} as paid",
        what,
        *(dollars(amount) for amount in (begin, less, begin - less, paid)),
    )


_OF_CLAIMS = {
    "LINE_UNBALANCED": ("2110", "SVC", 3, "remit_line_offset"),
    "CLAIM_UNBALANCED": ("2100", "CLP", 4, "remit_claim_offset"),
    "PATIENT_UNBALANCED": ("2100", "CLP", 5, "remit_claim_offset"),
}
"""Where what was paid stands, or the patient's share: loop, segment, element, and the segment's offset."""


def _place(code: str) -> dict[str, pl.Expr]:
    """Of a payment its amount, and its beginning where it has none."""
    if code in _OF_CLAIMS:
        loop, segment, element, offset = _OF_CLAIMS[code]
        return {
            "segment_position": pl.col("place_position"),
            "byte_offset": pl.col(offset),
            "loop": pl.lit(loop),
            "segment": pl.lit(segment),
            "element": pl.lit(element, pl.Int64),
        }
    there = pl.when(pl.col("amount_offset").is_not_null())
    return {
        "segment_position": pl.col("amount_position").fill_null(1),
        "byte_offset": pl.coalesce("amount_offset", "payment_offset"),
        "loop": pl.lit("ST_LOOP"),
        "segment": there.then(pl.lit("BPR")).otherwise(pl.lit("ST")),
        "element": there.then(pl.lit(2, pl.Int64)),
    }


def _told(sums: pl.DataFrame, tables: Tables, code: str) -> pl.DataFrame:
    """Findings of these sums, which do not come out."""
    if sums.is_empty():
        return FINDINGS.empty()
    envelope = tables["payments"].select(
        *_PAYMENT,
        interchange="interchange_control",
        group="group_control",
        transaction="transaction_control",
    )
    told = sums.join(envelope, on=_PAYMENT, how="left").select(
        "file_id",
        "interchange",
        "group",
        "transaction",
        **_place(code),
        code=pl.lit(code),
        severity=pl.lit(CATALOGUE[code].severity, dtype=pl.String),
        snip=pl.lit(CATALOGUE[code].snip, dtype=pl.Int64),
        message=_says(code),
        ack=pl.lit(CATALOGUE[code].ack, dtype=pl.String),
    )
    return FINDINGS.conform(told)
