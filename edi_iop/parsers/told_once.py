"""One fault, one finding: what only follows from another fault is not told.

A line without its service makes the claim's sum wrong, a date that cannot be read
lies outside every statement: once the first is put right, the second is gone.
"""

from __future__ import annotations

import polars as pl

from edi_iop.parsers import cut_off

_CODE = pl.col("code")
_SEGMENT, _ELEMENT = pl.col("segment"), pl.col("element")
_UNREAD = _CODE.is_in(["NUMBER_INVALID", "ELEMENT_MISSING"])
_MISCHARGED = _UNREAD | _CODE.is_in(["ELEMENT_LONG", "SITUATION_VALUE_WRONG"])


def _at(segment: str, element: int) -> pl.Expr:
    return (pl.col("segment") == segment) & (pl.col("element") == element)


_OF_FORM = [
    "ELEMENT_NOT_USED", "ELEMENT_EXCESS", "COMPONENT_EXCESS", "REPETITION_EXCESS", "ELEMENT_SHORT",
    "ELEMENT_LONG", "CODE_INVALID", "NUMBER_INVALID", "DATE_INVALID", "TIME_INVALID",
    "TRAILING_SPACES", "FORM_INVALID", "CHARACTER_INVALID",
]  # fmt: skip
_OF_LISTS = [
    "CODE_UNKNOWN", "CODE_NOT_YET_LISTED", "CODE_OUT_OF_DATE", "CODE_MALFORMED",
    "DIAGNOSIS_NOT_SPECIFIC", "NPI_INVALID",
]  # fmt: skip
_NO_SEGMENT = _CODE.is_in(["SEGMENT_EMPTY", "SEGMENT_BARE", "SEGMENT_ID_INVALID"])

_IN_PLACE = (
    # What a trailer's count or control number is told of is not told again by its guide.
    (
        _CODE.is_in(["COUNT_WRONG", "CONTROL_NUMBER_WRONG"]),
        ["file_id", "byte_offset", "element"],
        ~_CODE.is_in(["COUNT_WRONG", "CONTROL_NUMBER_WRONG"]),
    ),
    # A segment without elements lacks those it must have: that is the error.
    (
        _CODE.is_in(["ELEMENT_MISSING", "SEGMENT_ID_INVALID", "COUNT_WRONG", "CODE_INVALID"]),
        ["file_id", "byte_offset"],
        (_CODE == "SEGMENT_BARE"),
    ),
    # Without elements a segment opens no loop: those of the loop it was to open follow from it.
    (_CODE == "SEGMENT_BARE", ["file_id", "byte_offset"], _CODE == "SEGMENT_UNEXPECTED"),
    # No guide knows a segment that is none; those after it in one run are told all the same.
    (
        _NO_SEGMENT,
        ["file_id", "byte_offset"],
        (_CODE == "SEGMENT_UNEXPECTED") & ~pl.col("message").str.contains("nor are"),
    ),
    # An identifier with a control character is none.
    (
        _CODE == "SEGMENT_ID_INVALID",
        ["file_id", "byte_offset"],
        (_CODE == "CHARACTER_INVALID") & _ELEMENT.is_null(),
    ),
    # What is wrong by its form is in no list either.
    (
        _CODE.is_in(_OF_FORM),
        ["file_id", "byte_offset", "element", "component"],
        _CODE.is_in(_OF_LISTS),
    ),
    # Where separators clash nothing is split as it was meant.
    (
        _CODE == "SEPARATORS_CLASH",
        ["file_id", "interchange"],
        _CODE.is_in(["SEGMENT_ID_INVALID", "NO_ENVELOPE", "TRAILING_SEPARATORS"]),
    ),
    # The terminator named as another separator stands behind the ISA twice.
    ((_CODE == "SEPARATORS_CLASH") & (_ELEMENT == 16), ["file_id"], _CODE == "SEGMENT_EMPTY"),
    # An empty last element leaves its separator at the end.
    (
        _UNREAD
        | _CODE.is_in(["CONTROL_NUMBER_WRONG", "COUNT_WRONG"])
        | _CODE.str.starts_with("SYNTAX_"),
        ["file_id", "byte_offset"],
        _CODE == "TRAILING_SEPARATORS",
    ),
    (
        _CODE == "REPETITION_EXCESS",
        ["file_id", "byte_offset", "element"],
        _CODE == "TRAILING_SEPARATORS",
    ),
    # An element of the ISA that is wrong by itself may have another width too.
    (
        _CODE.is_in(["ELEMENT_MISSING", *_OF_FORM]),
        ["file_id", "byte_offset", "element"],
        _CODE == "ISA_UNPADDED",
    ),
    # A character that separates two things is no separator of the one it is told of.
    (
        _CODE == "SEPARATORS_CLASH",
        ["file_id", "byte_offset", "element"],
        (_SEGMENT == "ISA") & _CODE.is_in(["CODE_INVALID", "ELEMENT_MISSING"]),
    ),
    # A value that is none of the guide's contradicts others too.
    (
        _CODE == "CODE_INVALID",
        ["file_id", "byte_offset", "element", "component"],
        _CODE.str.starts_with("SITUATION_"),
    ),
)
"""A fault, the place it shares with what follows from it, and what follows."""

_INTERCHANGE, _AT = ["file_id", "interchange"], ["file_id", "byte_offset"]
_GROUP = [*_INTERCHANGE, "group"]
_OUTSIDE, _UNCLOSED = _CODE == "NO_ENVELOPE", _CODE == "TRAILER_MISSING"
_OF_SETS = _SEGMENT.is_in(["ST", "SE", "GE"])
_LACKING = _CODE.is_in(["SEGMENT_MISSING", "LOOP_MISSING"])
_IN_ENVELOPE = (
    # A header that another follows at once lacks all that it should begin.
    (_UNCLOSED & (_SEGMENT == "ST"), _AT, _LACKING),
    # Transaction sets in no group, for want of its header.
    (_OUTSIDE & (_SEGMENT == "?"), _INTERCHANGE, _OUTSIDE & _OF_SETS),
    (_OUTSIDE & (_SEGMENT == "ST"), _AT, _UNCLOSED | _LACKING),
    (_OUTSIDE & (_SEGMENT == "ST"), _INTERCHANGE, _OUTSIDE & (_SEGMENT != "ST")),
    # Segments before their ST are missing in it.
    (
        _OUTSIDE & pl.col("interchange").is_not_null(),
        [*_GROUP, "segment"],
        _CODE == "SEGMENT_MISSING",
    ),
    (_UNCLOSED & (_SEGMENT == "ST"), _INTERCHANGE, _OUTSIDE & (_SEGMENT == "SE")),
    (_OUTSIDE, _AT, _CODE == "SEGMENT_ID_INVALID"),
    # A verdict on a set that is none, or not there, is none the group's own could agree with.
    (
        _CODE.is_in(["SEGMENT_MISSING", "ELEMENT_MISSING", *_OF_FORM]) & (_SEGMENT == "IK5"),
        [*_GROUP, "transaction"],
        _CODE.str.starts_with("SITUATION_") & (_SEGMENT == "AK9"),
    ),
    (
        _CODE.is_in(["ELEMENT_MISSING", *_OF_FORM]) & (_SEGMENT == "AK9"),
        _AT,
        _CODE.str.starts_with("SITUATION_") & (_SEGMENT == "AK9"),
    ),
    (
        _CODE.is_in(["ELEMENT_MISSING", *_OF_FORM]) & (_SEGMENT == "GS") & (_ELEMENT == 6),
        _GROUP,
        (_CODE == "CONTROL_NUMBER_WRONG") & (_SEGMENT == "GE"),
    ),
    # A number that is none, at the head of a set, is not that of its trailer.
    (
        _CODE.is_in(["ELEMENT_MISSING", *_OF_FORM]) & (_SEGMENT == "ST") & (_ELEMENT == 2),
        [*_GROUP, "transaction"],
        (_CODE == "CONTROL_NUMBER_WRONG") & (_SEGMENT == "SE"),
    ),
)
"""A fault of an envelope, the place it shares with what follows from it, and what follows; in turn.

All of it stands close by; counts, which may be chunks away, are for x12.envelopes.
"""

_SERVICE = _SEGMENT.is_in(["SV1", "SV2"])
_IN_OTHER_PAYER = pl.col("loop").str.contains(r"^23[23]0")
OF_SUMS = (
    (_MISCHARGED & (_at("CLM", 2) | _at("SV1", 2) | _at("SV2", 3)))
    | (_CODE.is_in(["SEGMENT_MISSING", "SEGMENT_UNEXPECTED"]) & _SERVICE)
    | (_CODE.is_in(["LOOP_MISSING", "LOOP_START_MISSING"]) & (pl.col("loop") == "2400"))
)
"""The faults from which it follows that a claim's lines do not sum up."""
_IN_CLAIM = (
    ((_CODE == "DATE_INVALID") & (_SEGMENT == "DTP"), _CODE == "LINE_DATE_OUTSIDE"),
    (
        (pl.col("loop") == "2400")
        & (
            (
                _CODE.is_in(["DATE_INVALID", "ELEMENT_MISSING", "SEGMENT_UNEXPECTED"])
                & (_SEGMENT == "DTP")
            )
            | (_CODE == "LOOP_START_MISSING")
        ),
        _CODE == "LINE_DATE_MISSING",
    ),
    # Without what a payer paid of a claim, or with it in another payer's loop, the claim does not say it.
    (
        (
            _CODE.is_in(["SEGMENT_UNEXPECTED", "SEGMENT_ORDER"])
            & (_SEGMENT == "AMT")
            & _IN_OTHER_PAYER
        )
        | ((_CODE == "LOOP_START_MISSING") & (pl.col("loop") == "2320")),
        ((_CODE == "SITUATION_VALUE_WRONG") & _at("NM1", 9) & _IN_OTHER_PAYER)
        | (_CODE == "OTHER_PAYER_UNBALANCED"),
    ),
    (
        _CODE.is_in(["CODE_MALFORMED", *_OF_FORM]) & _at("CL1", 3),
        _CODE == "FREQUENCY_AGAINST_STATUS",
    ),
    (_UNREAD & _at("SV2", 2), _CODE == "REVENUE_WITHOUT_PROCEDURE"),
    (
        ((_CODE == "ELEMENT_LONG") & (_SEGMENT.is_in(["SVD", "CAS", "AMT"]) | _SERVICE))
        | ((_CODE == "SEGMENT_REPEATS") & (_SEGMENT == "SVD")),
        _CODE.is_in(["OTHER_PAYER_UNBALANCED", "OTHER_PAYER_LINE_UNBALANCED"]),
    ),
    (OF_SUMS, _CODE == "CLAIM_TOTAL_WRONG"),
    # The lines of a claim without its CLM stand in the claim before it.
    (
        (_CODE == "LOOP_START_MISSING") & (pl.col("loop") == "2300"),
        _CODE.is_in(["CLAIM_TOTAL_WRONG", "LINE_DATE_OUTSIDE", "LX_NUMBER_WRONG"]),
    ),
    (
        (_UNREAD & (_SEGMENT.is_in(["SVD", "CAS", "AMT"]) | _SERVICE))
        | ((_CODE == "SITUATION_VALUE_WRONG") & _at("SVD", 1)),
        _CODE.is_in(["OTHER_PAYER_UNBALANCED", "OTHER_PAYER_LINE_UNBALANCED"]),
    ),
    # Without the payer's name or number, or its decision on a line, nothing agrees with what it paid.
    (
        (_CODE.is_in(["LOOP_MISSING", "LOOP_START_MISSING"]) & (pl.col("loop") == "2330B"))
        | (
            _CODE.is_in(["ELEMENT_MISSING", *_OF_FORM])
            & _at("NM1", 9)
            & (pl.col("loop") == "2330B")
        )
        | ((_CODE == "SEGMENT_UNEXPECTED") & (_SEGMENT == "NM1") & _IN_OTHER_PAYER),
        (_CODE == "SITUATION_VALUE_WRONG") & _at("SVD", 1),
    ),
    # A date that a line has not is of a decision without its SVD.
    (
        _CODE.is_in(["SEGMENT_UNEXPECTED", "SEGMENT_ORDER"])
        & (_SEGMENT.is_in(["SVD", "CAS"]) | ((_SEGMENT == "DTP") & (pl.col("loop") == "2400"))),
        _CODE.is_in(["OTHER_PAYER_UNBALANCED", "OTHER_PAYER_LINE_UNBALANCED"]),
    ),
    (_CODE == "OTHER_PAYER_LINE_UNBALANCED", _CODE == "OTHER_PAYER_UNBALANCED"),
)
"""A fault of a claim of an 837, and what follows from it in the same claim."""

_OF_CLAIMS = pl.col("loop").str.contains(r"^(?:21|23|24)[0-9]{2}")
"""Of what is told in a loop, whether it is one of claims: 2100 and 2110 of an 835, 23xx and 24xx of an 837."""
_UNBALANCED = _CODE.is_in(["LINE_UNBALANCED", "CLAIM_UNBALANCED", "PATIENT_UNBALANCED"])
_IN_REMIT = (
    (
        (_UNREAD & (_at("CLP", 3) | _at("CLP", 4) | _at("CLP", 5) | _at("SVC", 2) | _at("SVC", 3)))
        | (_UNREAD & (_SEGMENT == "CAS") & (_ELEMENT % 3 == 0))
        | ((_CODE == "SEGMENT_UNEXPECTED") & _SEGMENT.is_in(["SVC", "CAS"]))
        # The first of a line without its SVC, whose adjustments are then the line's before it.
        | ((_CODE == "SEGMENT_ORDER") & (_SEGMENT == "DTM") & (pl.col("loop") == "2110")),
        _UNBALANCED,
    ),
    (
        (_CODE == "LOOP_START_MISSING") | ((_CODE == "SEGMENT_REPEATS") & (_SEGMENT == "SVC")),
        _UNBALANCED,
    ),
    (
        _CODE.is_in(["CODE_INVALID", "ELEMENT_MISSING"]) & _at("CAS", 1),
        _CODE == "PATIENT_UNBALANCED",
    ),
    ((_CODE == "ELEMENT_LONG") & _SEGMENT.is_in(["CLP", "SVC", "CAS"]), _UNBALANCED),
)
"""A fault of a claim of an 835, and what follows from it in the same claim."""
_CLAIM_TWICE = (_CODE == "SEGMENT_REPEATS") & _SEGMENT.is_in(["CLM", "CLP"])
_CLAIM_LOST = (_CODE == "LOOP_START_MISSING") & (pl.col("loop") == "2100")
_OF_PAYMENT = (
    _CLAIM_TWICE
    | _CLAIM_LOST
    | ((_CODE == "SEGMENT_MISSING") & (_SEGMENT == "BPR"))
    | (_UNREAD & (_at("BPR", 2) | _at("CLP", 4)))
    | ((_UNREAD | (_CODE == "SYNTAX_PAIRED")) & (_SEGMENT == "PLB") & (_ELEMENT % 2 == 0))
)
"""Faults of a payment's amounts, from which it follows that the payment does not balance."""
_OF_INTEREST = (_UNREAD & _at("AMT", 2)) | ((_CODE == "SEGMENT_DUPLICATE") & (_SEGMENT == "AMT"))
"""Faults from which it follows that the interest of claims is not that of their payment."""
CUT_OFF = (_CODE == "TRUNCATED") & pl.col("transaction").is_not_null()
"""An interchange that ends inside of a transaction set."""


def told_once(found: pl.DataFrame, claims: pl.DataFrame | None) -> pl.DataFrame:
    """Findings (tables.FINDINGS) without those that follow from others.

    claims: the batch's table of claims, or None where there is none.
    """
    if found.is_empty():
        return found
    found = _with_loops(found)
    for told, place, follows in (*_IN_PLACE, *_IN_ENVELOPE):
        found = _without(found, told, place, follows)
    if claims is None or claims.is_empty() or found.is_empty():
        return found
    return _without_first(
        _of_claims(found, claims, "claim_offset", _IN_CLAIM), claims, "claim_offset"
    )


def _with_loops(found: pl.DataFrame) -> pl.DataFrame:
    """What is no segment stands in the loop that the guide was in when it met it."""
    if not found.select(_NO_SEGMENT.any()).item():
        return found
    around = found.filter(_CODE == "SEGMENT_UNEXPECTED").select(
        "file_id", "byte_offset", met="loop"
    )
    at = ["file_id", "byte_offset"]
    beside = found.join(around, on=at, how="left", maintain_order="left")
    loop = pl.when(_NO_SEGMENT).then(pl.coalesce("loop", "met")).otherwise("loop")
    return beside.with_columns(loop=loop).drop("met")


def balanced_once(found: pl.DataFrame, remit_claims: pl.DataFrame) -> pl.DataFrame:
    """Findings of a remit without sums that an amount that cannot be read makes wrong."""
    if found.is_empty():
        return found
    transaction = ["file_id", "interchange", "group", "transaction"]
    interest = _CODE == "INTEREST_UNBALANCED"
    found = _without(found, _OF_PAYMENT, transaction, (_CODE == "PAYMENT_UNBALANCED") | interest)
    found = _without(found, _OF_INTEREST, transaction, interest)
    found = _without(found, CUT_OFF | _CLAIM_TWICE, transaction, cut_off.OF_SET)
    found = _without(found, _UNREAD, [*_AT, "element"], _CODE == "HEADER_TOTAL_WRONG")
    headless = _CLAIM_LOST | ((_CODE == "SEGMENT_ORDER") & _SEGMENT.is_in(["TS3", "TS2"]))
    found = _without(found, headless, transaction, _CODE == "HEADER_TOTAL_WRONG")
    found = _without(found, _CODE == "LOOP_START_MISSING", _AT, _UNBALANCED)
    charges = (_CODE == "HEADER_TOTAL_WRONG") & (_ELEMENT == 5)
    found = _without(found, _CODE == "CLAIM_UNBALANCED", transaction, charges)
    found = _of_claims(found, remit_claims, "remit_claim_offset", _IN_REMIT)
    found = _without_first(found, remit_claims, "remit_claim_offset")
    return _without_last(found, remit_claims, transaction)


def of_payments(found: pl.DataFrame) -> pl.DataFrame:
    """The findings from which it may follow that a payment does not balance, which is told once it is over."""
    return found.filter(_OF_PAYMENT | _OF_INTEREST | CUT_OFF)


def payments_once(found: pl.DataFrame, causes: pl.DataFrame) -> pl.DataFrame:
    """Findings of payments without those that follow from others (of_payments)."""
    if found.is_empty() or causes.is_empty():
        return found
    return balanced_once(pl.concat([causes, found]), pl.DataFrame()).filter(cut_off.OF_SET)


def _without_first(found: pl.DataFrame, claims: pl.DataFrame, offset: str) -> pl.DataFrame:
    """Findings without the sums of a claim that begins again, word for word: its lines stand in the second."""
    if claims.is_empty() or not found.select(_CLAIM_TWICE.any()).item():
        return found
    begun = claims.select("file_id", byte_offset=offset).unique().sort("file_id", "byte_offset")
    behind = begun.with_columns(again=pl.col("byte_offset").shift(-1).over("file_id"))
    twice = found.filter(_CLAIM_TWICE).select("file_id", again="byte_offset")
    first = behind.join(twice, on=["file_id", "again"]).select(*_AT, first=pl.lit(True))
    marked = found.join(first, on=_AT, how="left", maintain_order="left")
    return marked.filter(pl.col("first").is_null() | ~cut_off.OF_CLAIM).drop("first")


def _without_last(
    found: pl.DataFrame, remit_claims: pl.DataFrame, transaction: list[str]
) -> pl.DataFrame:
    """Findings without the sums of the claim in which a remit is cut off, its last."""
    if remit_claims.is_empty() or not found.select(CUT_OFF.any()).item():
        return found
    last = remit_claims.group_by("file_id", "payment_offset").agg(
        pl.col("remit_claim_offset").max()
    )
    placed = _in_claims(found, remit_claims, "remit_claim_offset")
    ended = pl.col("claim").is_in(last["remit_claim_offset"].implode())
    return _without(placed, CUT_OFF, transaction, cut_off.OF_CLAIM & ended).drop("claim")


def _of_claims(
    found: pl.DataFrame,
    claims: pl.DataFrame,
    offset: str,
    rules: tuple[tuple[pl.Expr, pl.Expr], ...],
) -> pl.DataFrame:
    """Findings without what follows from another of the same claim."""
    asked = [(told, follows) for told, follows in rules if found.select(told.any()).item()]
    if not asked or claims.is_empty():
        return found
    found = _in_claims(found, claims, offset)
    for told, follows in asked:
        found = _without(found, told, ["file_id", "claim"], follows & pl.col("claim").is_not_null())
    return found.drop("claim")


def _without(
    found: pl.DataFrame, told: pl.Expr, place: list[str], follows: pl.Expr
) -> pl.DataFrame:
    if not found.select(told.any()).item():
        return found
    causes = found.filter(told).select(*place, caused=pl.lit(True)).unique()
    marked = found.join(causes, on=place, how="left", nulls_equal=True, maintain_order="left")
    return marked.filter(~follows.fill_null(False) | pl.col("caused").is_null()).drop("caused")


def _in_claims(found: pl.DataFrame, claims: pl.DataFrame, offset: str) -> pl.DataFrame:
    """With the byte offset of the claim each stands in: of the last CLM or CLP before it.

    What stands in a loop above claims, of the next subscriber or header number, is of none.
    """
    begun = claims.select("file_id", byte_offset=offset, claim=offset).unique()
    return (
        found.with_row_index("order")
        .sort("byte_offset", nulls_last=False)
        .join_asof(
            begun.sort("byte_offset"), on="byte_offset", by="file_id", check_sortedness=False
        )
        .sort("order")
        .drop("order")
        .with_columns(claim=pl.when(_OF_CLAIMS.fill_null(True)).then("claim"))
    )
