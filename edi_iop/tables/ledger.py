"""The ledger: what became of each payment, of each claim in it, and of what belongs to no claim."""

from __future__ import annotations

from edi_iop.tables.claims import CLAIM_OFFSET, LINE_OFFSET
from edi_iop.tables.remits import PAYMENT_OFFSET, REMIT_CLAIM_OFFSET, REMIT_LINE_OFFSET
from edi_iop.tables.schema import (
    FILE,
    Table,
    cents,
    day,
    flag,
    integer,
    number,
    offset,
    text,
    texts,
)

CLAIM_FILE = integer("claim_file_id", "the file of the claim as sent; null where unmatched")

PAYMENT_STANDINGS = Table(
    "payment_standings",
    "what became of a payment's money: amount = posted - provider adjustments + held",
    ("file_id", "payment_offset"),
    (
        FILE,
        PAYMENT_OFFSET,
        text("payer", "the payer as payments are told apart by (TRN03, N104, REF 2U or name)"),
        text("trace_number", "check or transfer number"),
        day("payment_date", ""),
        text("standing", "posted, held, duplicate or rejected"),
        text("reason", "interchange or payment (a duplicate), conflict, unbalanced, unreadable"),
        text("says", "why it is not posted"),
        integer("same_file", "of a duplicate: the file of the payment that counts"),
        offset("same_offset", "the ST segment of the payment that counts"),
        cents("amount_cents", "total paid"),
        cents("posted_cents", "claims posted"),
        cents("provider_adjustment_cents", "adjustments of the provider taken into account"),
        cents("held_cents", "the whole amount, or claims kept back and what does not add up"),
    ),
)

PAYMENT_CONTENTS = Table(
    "payment_contents",
    "what a payment says, in one row: by what it is told from others, its sums, what does not add up",
    ("file_id", "payment_offset"),
    (
        FILE,
        PAYMENT_OFFSET,
        text("sender_id", "interchange sender"),
        text("receiver_id", "interchange receiver"),
        text("interchange_control", "interchange control number"),
        text("payer", "the payer as payments are told apart by (TRN03, N104, REF 2U or name)"),
        text("check_number", "check or transfer number without leading zeros"),
        text("trace_number", "check or transfer number"),
        day("payment_date", ""),
        text("content", "a number equal for equal content, by one version of the program"),
        cents("amount_cents", "total paid"),
        flag("unread", "the amount cannot be read"),
        cents("claims_cents", "sum of its claims"),
        cents("plb_cents", "sum of its provider adjustments"),
        flag("moves", "there is money in it"),
        text("fault", "the first sum in it that does not come out"),
        integer("faults", "how many do not"),
    ),
)

TIES = Table(
    "ties",
    "a number, id or name by which a claim, an answer or an acknowledgement may bear on others",
    ("kind", "value", "side", "file_id", "place"),
    (
        text("kind", "number, payer number, member, control, name, ...; or length, of such values"),
        text("value", "as matching compares it", phi=True),
        text("side", "claim, remit or ack"),
        FILE,
        offset("place", "the CLM, the CLP, or the segment of the acknowledgement; of a length it"),
    ),
)

POSTINGS = Table(
    "postings",
    "one remit claim as an event of the account it belongs to",
    ("file_id", "remit_claim_offset", "claim_file_id", "claim_offset"),
    (
        FILE,
        PAYMENT_OFFSET,
        REMIT_CLAIM_OFFSET,
        CLAIM_FILE,
        CLAIM_OFFSET,
        text("account", "the claim number as sent; where unmatched as returned"),
        text("payer", "the payer as payments are told apart by"),
        text("payer_claim_number", "the payer's own number (ICN)"),
        text("trace_number", "of the payment"),
        day("effective_on", "date of the payment"),
        integer("sequence", "place among the events of the account, 1 is first"),
        text("status", "claim status code", ""),
        text(
            "event",
            "payment, denial, reversal, correction, repeat, answered before, predetermination, "
            "not ours",
        ),
        text("standing", "posted or held"),
        flag("current", "it is what the payer says now of some of its lines"),
        cents("charge_cents", ""),
        cents("paid_cents", ""),
        cents("contract_cents", "adjustments of group CO"),
        cents("patient_cents", "adjustments of group PR"),
        cents("other_cents", "all other adjustments"),
        cents("interest_cents", "interest on the claim, paid beside it in PLB L6", "AMT I"),
        integer(
            "pair_file", "the file of the reversal of a payment, or of what a reversal reverses"
        ),
        offset("pair_offset", "the CLP segment of that"),
        text("forwarded_to", "the payer it was forwarded to"),
        text("says", "what there is to know of it"),
    ),
)

PROVIDER_POSTINGS = Table(
    "provider_postings",
    "one adjustment that belongs to no claim, threaded across payments by its reference",
    ("file_id", "byte_offset", "position"),
    (
        FILE,
        PAYMENT_OFFSET,
        offset("byte_offset", "the PLB segment"),
        integer("position", "pair in the segment, 1 is first"),
        text("payer", "the payer as payments are told apart by"),
        text("trace_number", "of the payment"),
        day("effective_on", "date of the payment"),
        text("provider_id", ""),
        text("reason", "WO, FB, 72, L6, CS, ..."),
        text("role", "forward, recovery, refund, interest, ...; unknown where our list has none"),
        text("reference", ""),
        text("thread", "what holds adjustments of several payments together"),
        cents("amount_cents", "positive lowers the payment"),
        cents("balance_cents", "of the thread up to here; 0 where it is settled"),
        CLAIM_FILE,
        CLAIM_OFFSET,
        text("account", "the claim its reference names, where it names one"),
        text("standing", "posted or held"),
    ),
)

ACCOUNTS = Table(
    "accounts",
    "one claim as its payers' answers leave it",
    ("payer", "claim_file_id", "claim_offset", "account"),
    (
        text("account", "the claim number as sent; where unmatched as returned"),
        text("payer", "the payer as payments are told apart by"),
        CLAIM_FILE,
        CLAIM_OFFSET,
        text("payer_claim_number", "the last one"),
        text(
            "state",
            "paid, taken back (all or in part, by provider adjustments), left to the patient, "
            "nothing paid, reversed, answered before, held, or no money",
        ),
        integer("events", "remit claims so far"),
        day("last_on", "the last payment's date"),
        cents("charge_cents", "of what stands now"),
        cents("contract_cents", "of what stands now: group CO"),
        cents("patient_cents", "of what stands now: group PR"),
        cents("other_cents", "of what stands now: all other adjustments"),
        cents("answered_cents", "of what stands now: paid as the payer says"),
        cents("posted_cents", "money posted, reversals taken off"),
        cents("recovered_cents", "taken back through provider adjustments"),
        cents("credit_cents", "posted less recovered less answered: more than the payer says"),
        cents("held_cents", "not posted"),
        cents("interest_cents", "interest on posted answers, paid in PLB L6: in no other amount"),
    ),
)

PROPOSALS = Table(
    "proposals",
    "a claim that an unmatched remit claim may answer, best first",
    ("file_id", "remit_claim_offset", "rank"),
    (
        FILE,
        REMIT_CLAIM_OFFSET,
        integer("rank", "1 is best"),
        CLAIM_FILE,
        CLAIM_OFFSET,
        text("claim", "patient control number as sent"),
        text("tier", "by which it was found"),
        number("score", "only to rank candidates, 0 to 1"),
        texts("agreed", "features that agree"),
        texts("disagreed", "features that do not"),
    ),
)

DECISIONS = Table(
    "decisions",
    "what a person decided of a match or of money held, or had written; never changed, only "
    "followed by another",
    ("decision",),
    (
        integer("decision", "number, in order"),
        text("decided_at", "UTC, ISO 8601"),
        text("actor", "who decided"),
        text(
            "verb",
            "link or unlink a claim; release or reject money; undo a release or rejection; write a "
            "letter or claim for a denied line, which moves nothing",
        ),
        FILE,
        PAYMENT_OFFSET,
        REMIT_CLAIM_OFFSET,
        REMIT_LINE_OFFSET,
        CLAIM_FILE,
        CLAIM_OFFSET,
        LINE_OFFSET,
        text("tier", "of the match accepted or undone; null for one made by hand"),
        text("note", "why, in the analyst's words; of what was written its file"),
        text("remedy", "what was written"),
        day("dated", "the day on what was written"),
    ),
)
