"""Remittances: 835 (005010X221A1, and 004010X091A1 to read)."""

from __future__ import annotations

from edi_iop.tables.schema import (
    FILE,
    PLACE_POSITION,
    Table,
    cents,
    day,
    integer,
    number,
    offset,
    text,
)

PAYMENT_OFFSET = offset("payment_offset", "the ST segment")
REMIT_CLAIM_OFFSET = offset("remit_claim_offset", "the CLP segment")
REMIT_LINE_OFFSET = offset("remit_line_offset", "the SVC segment; null at claim level")

PAYMENTS = Table(
    "payments",
    "one 835 transaction set: one check, transfer or notice",
    ("file_id", "payment_offset"),
    (
        FILE,
        PAYMENT_OFFSET,
        text("sender_id", "interchange sender", "ISA06"),
        text("receiver_id", "interchange receiver", "ISA08"),
        text("interchange_control", "interchange control number", "ISA13"),
        text("usage", "T test, P production", "ISA15"),
        text("group_control", "group control number", "GS06"),
        text("transaction_control", "transaction set control number", "ST02"),
        text("guide", "implementation guide", "GS08"),
        text("handling", "transaction handling", "BPR01"),
        cents("amount_cents", "total paid", "BPR02"),
        text("credit_debit", "C or D", "BPR03"),
        text("method", "ACH, CHK, NON, ...", "BPR04"),
        day("payment_date", "check issue or transfer date", "BPR16"),
        text("trace_number", "check or transfer number", "TRN02"),
        text("payer_trace_id", "the payer's identifier", "TRN03"),
        day("production_date", "", "DTM 405"),
        text("payer_name", "", "1000A N102"),
        text("payer_id", "", "1000A N104"),
        text("payer_code", "the payer's additional identifier", "1000A REF 2U"),
        text("payer_address1", "", "1000A N301"),
        text("payer_city", "", "1000A N401"),
        text("payer_state", "", "1000A N402"),
        text("payer_zip", "", "1000A N403"),
        text("payer_contact", "technical contact", "1000A PER BL 02"),
        text("payer_phone", "technical contact", "1000A PER BL 04"),
        text("payee_name", "", "1000B N102"),
        text("payee_qualifier", "XX for an NPI, FI for a tax number", "1000B N103"),
        text("payee_id", "", "1000B N104"),
        text("payee_tin", "", "1000B REF TJ"),
    ),
    beside=(
        offset("amount_offset", "the BPR segment"),
        integer("amount_position", "of the BPR segment in its transaction set, ST is 1"),
    ),
)

REMIT_CLAIMS = Table(
    "remit_claims",
    "one claim as answered",
    ("file_id", "remit_claim_offset"),
    (
        FILE,
        PAYMENT_OFFSET,
        REMIT_CLAIM_OFFSET,
        integer("header", "number of the LX above; null where the payer sent none", "LX01"),
        text("claim", "patient control number", "CLP01"),
        text("status", "1-3 processed, 4 denied, 22 reversal, ...", "CLP02"),
        cents("charge_cents", "", "CLP03"),
        cents("paid_cents", "", "CLP04"),
        cents("patient_cents", "patient responsibility", "CLP05"),
        text("filing_indicator", "", "CLP06"),
        text("payer_claim_number", "the payer's own number (ICN)", "CLP07"),
        text("facility_type", "", "CLP08"),
        text("frequency", "", "CLP09"),
        text("patient_last_name", "", "NM1 QC 03", phi=True),
        text("patient_first_name", "", "NM1 QC 04", phi=True),
        text("patient_id", "", "NM1 QC 09", phi=True),
        text("subscriber_last_name", "", "NM1 IL 03", phi=True),
        text("subscriber_first_name", "", "NM1 IL 04", phi=True),
        text("subscriber_id", "", "NM1 IL 09", phi=True),
        text("rendering_npi", "", "NM1 82 09"),
        text("crossover_payer", "the claim was forwarded to", "NM1 TT 03"),
        text("crossover_id", "whom the claim was forwarded to, by number", "NM1 TT 09"),
        text("medical_record", "", "REF EA"),
        text("original_claim", "original reference number", "REF F8"),
        text("group_number", "", "REF 1L"),
        text("auth_number", "prior authorization", "REF G1"),
        day("statement_from", "", "DTM 232"),
        day("statement_to", "", "DTM 233"),
        day("received_on", "", "DTM 050"),
        cents("interest_cents", "interest on the claim; its money is in PLB L6", "AMT I"),
    ),
    beside=(PLACE_POSITION,),
)

REMIT_LINES = Table(
    "remit_lines",
    "one service line as answered",
    ("file_id", "remit_claim_offset", "remit_line_offset"),
    (
        FILE,
        REMIT_CLAIM_OFFSET,
        REMIT_LINE_OFFSET,
        integer("position", "number of the line in its claim, 1 is first"),
        text("qualifier", "HC for HCPCS, NU for a revenue code", "SVC01-1"),
        text("procedure", "adjudicated code", "SVC01-2"),
        text("modifiers", "space separated", "SVC01-3..6"),
        cents("charge_cents", "", "SVC02"),
        cents("paid_cents", "", "SVC03"),
        text("revenue", "", "SVC04"),
        number("units", "paid units", "SVC05"),
        text("original_procedure", "code as sent, where the payer changed it", "SVC06-2"),
        number("original_units", "", "SVC07"),
        day("service_date", "the day, or the first of several", "DTM 472 or 150"),
        day("service_date_to", "the last of several days; null for one", "DTM 151"),
        text("line_control", "line item control number", "REF 6R"),
        cents("allowed_cents", "", "AMT B6"),
    ),
    beside=(PLACE_POSITION,),
)

ADJUSTMENTS = Table(
    "adjustments",
    "one adjustment of a claim (remit_line_offset null) or of a line",
    ("file_id", "remit_claim_offset", "byte_offset", "position"),
    (
        FILE,
        REMIT_CLAIM_OFFSET,
        REMIT_LINE_OFFSET,
        offset("byte_offset", "the CAS segment"),
        integer("position", "triplet in the segment, 1 is first"),
        text("group", "CO, PR, OA, PI or CR", "CAS01"),
        text("carc", "claim adjustment reason code", "CAS02"),
        cents("amount_cents", "positive lowers the payment", "CAS03"),
        number("quantity", "", "CAS04"),
    ),
)

PROVIDER_ADJUSTMENTS = Table(
    "provider_adjustments",
    "one adjustment of the payment that belongs to no claim (PLB)",
    ("file_id", "payment_offset", "byte_offset", "position"),
    (
        FILE,
        PAYMENT_OFFSET,
        offset("byte_offset", "the PLB segment"),
        integer("position", "pair in the segment, 1 is first"),
        text("provider_id", "", "PLB01"),
        day("fiscal_date", "", "PLB02"),
        text("reason", "WO, FB, 72, L6, CS, ...", "PLB03-1"),
        text("reference", "", "PLB03-2"),
        cents("amount_cents", "positive lowers the payment", "PLB04"),
    ),
)

REMARKS = Table(
    "remarks",
    "one remark code of a claim (remit_line_offset null) or of a line",
    ("file_id", "remit_claim_offset", "byte_offset", "position"),
    (
        FILE,
        REMIT_CLAIM_OFFSET,
        REMIT_LINE_OFFSET,
        offset("byte_offset", "the LQ, MOA or MIA segment"),
        integer("position", "element of the segment"),
        text("remark", "remittance advice remark code", "LQ02, MOA03-07, MIA05 20-23"),
    ),
)
