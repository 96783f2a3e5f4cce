"""Whether what is left of an answer suffices for a careful reader to say what it answers.

A reader has the answer and all claims that were sent, nothing else, and does not know what was
corrupted. Three things name a claim, each by itself: its number; the line control numbers; the
member with days, charge and codes, unless line control numbers came back that are none of the
claim's. What names a claim that cannot be meant (another payee, another person, other days, a
higher charge than was sent) names none. Where all that name anything name the same claim, that is
the answer's; where they contradict each other, or none is left, nobody can know. A number whose
claim has the charge and the days, and another person, contradicts the person: one of both is wrong,
and only line control numbers tell which. Where these are made of the number they are the same
witness once more: they tell of a person whose id or name was changed, never that one who has
neither is meant. A payer that claims were sent to answers what was sent to it; only a second or
third one (CLP02 2, 3, 20, 21) may answer what another forwarded, unless the member's days were sent
to it as well. No part of this looks at the truth, and none at how the program matches.
"""

from __future__ import annotations

import polars as pl

from edi_iop.simulator.draft import CLAIM, LINE, PAYMENT, Draft
from edi_iop.simulator.enough_shown import (
    ANY_END,
    KEY,
    SPARE,
    TRUE,
    Tables,
    answers_of,
    begins,
    claims_of,
    inside,
    places_of,
    plain,
    someone_else,
)

_LONG_BEGINNING = 12
"""A shorter beginning of a number is that of too many."""
_LONG_ID = 6
_MANY = 25
_RUN, _LONGEST = 6, 38
"""So many characters of a number in a row, in a line control number, are no chance; a number has
no more than so many."""
_BARE = r"^\d{1,6}$"
"""A line control number that may as well be a line's number."""


def named(draft: Draft, sent: Tables) -> pl.DataFrame:
    """CLAIM, named (the claims sent that a reader would find, none where he cannot know), hinted
    (all claims that something points to)."""
    answers, claims = answers_of(draft), claims_of(sent)
    answers = _with_payers(answers, claims)
    asked, controls = _controls(draft, sent)
    holding = _by_control(controls, answers, claims)
    numbers = _by_number(answers, claims)
    backed = _backed(numbers, holding, controls)
    numbered = _possible(numbers, backed)
    by_control = _one(_possible(holding, backed))
    merged = _merged(controls, answers, claims)
    persons = _by_person(answers, claims)
    by_person = _one(
        _unless_of_others(_possible(persons), asked, controls).filter(
            "whole_days", "same_charge", "same_codes", pl.col("same_given").fill_null(True)
        )
    )
    by_number = _one(_agreeing(_filled(numbered)))
    doubted = _contradicted(numbers, backed)
    by_number = by_number.join(_contested(numbers), on=CLAIM, how="anti")
    by_person = by_person.join(doubted.join(by_control, on=CLAIM, how="anti"), on=CLAIM, how="anti")
    single = pl.concat([by_number, by_control, by_person]).join(merged, on=CLAIM, how="anti")
    told = (
        pl.concat([single, merged])
        .group_by(CLAIM)
        .agg(names=pl.col(TRUE).unique().sort(), merges=pl.col("several").any())
    )
    hints = pl.concat(
        [rows.select(CLAIM, TRUE) for rows in (numbered, _possible(persons), by_control, merged)]
    )
    hinted = hints.group_by(CLAIM).agg(hinted=pl.col(TRUE).unique().sort())
    nothing = pl.lit([], pl.List(pl.Int64))
    clear = pl.col("merges") | (pl.col("names").list.len() == 1)
    return (
        answers.select(CLAIM)
        .join(told, on=CLAIM, how="left", maintain_order="left")
        .join(hinted, on=CLAIM, how="left", maintain_order="left")
        .select(
            CLAIM,
            named=pl.when(clear.fill_null(False)).then("names").otherwise(nothing),
            hinted=pl.col("hinted").fill_null(nothing),
        )
    )


def _with_payers(answers: pl.DataFrame, claims: pl.DataFrame) -> pl.DataFrame:
    """The answers with billed: claims were sent to their payer; own: it says that it is a later
    payer, and one sent to it is of the same person, or number, and days. Who was billed under
    another id is known by the member's id and its place (second, third)."""
    payers = claims.select(payer_id="sent_payer").drop_nulls().unique()
    later = answers.filter("later")
    by_name = later.join(claims, left_on="name", right_on="sent_name", coalesce=False)
    same = [by_name.filter(begins("given", "sent_given", ANY_END)), _by_number(later, claims)]
    by_member = later.join(claims, left_on="member", right_on="sent_member", coalesce=False)
    unknown = by_member.filter(pl.col("place") == pl.col("sent_place")).join(
        payers, on="payer_id", how="anti"
    )
    its_own = pl.concat([*same, _by_person(later, claims)], how="diagonal").filter(
        pl.col("payer_id") == pl.col("sent_payer")
    )
    to_it = pl.concat([its_own, unknown], how="diagonal").filter(
        pl.col("payee_id") == pl.col("sent_payee")
    )
    own = to_it.filter(inside(), pl.col("charge") <= pl.col("sent_charge")).select(CLAIM).unique()
    return (
        answers.join(
            payers.with_columns(billed=True), on="payer_id", how="left", maintain_order="left"
        )
        .join(own.with_columns(own=True), on=CLAIM, how="left", maintain_order="left")
        .with_columns(
            billed=pl.col("billed").fill_null(False),
            own=pl.col("own").fill_null(False),
        )
    )


def _possible(pairs: pl.DataFrame, backed: pl.DataFrame | None = None) -> pl.DataFrame:
    """Pairs that can be meant, with what agrees in them.

    backed: pairs (`_backed`) that may be of another person.
    """
    payee = pl.col("payee_id") == pl.col("sent_payee")
    apart = (pl.col("last") < pl.col("sent_first")) | (pl.col("first") > pl.col("sent_last"))
    member = begins("member", "sent_member", SPARE)
    sure = pairs.select(CLAIM, TRUE).clear() if backed is None else backed.select(CLAIM, TRUE)
    known = pairs.join(sure.with_columns(sure=True), on=(CLAIM, TRUE), how="left")
    return (
        known.filter(
            payee,
            _payer(),
            ~apart.fill_null(False),
            ~someone_else() | pl.col("sure").fill_null(False),
            pl.col("charge") <= pl.col("sent_charge"),
        )
        .with_columns(
            same_charge=pl.col("charge") == pl.col("sent_charge"),
            within=inside(),
            whole_days=(pl.col("first") == pl.col("sent_first"))
            & (pl.col("last") == pl.col("sent_last")),
            same_given=begins("given", "sent_given", ANY_END),
            same_member=member.fill_null(False),
            same_codes=pl.col("codes").list.set_difference("sent_codes").list.len() == 0,
        )
        .drop("sure")
    )


def _payer() -> pl.Expr:
    """The answer's payer may answer the claim: it was sent to it; or it was forwarded, or the payer
    has another id, and it has no claim of its own to answer, or this is one."""
    same = pl.col("payer_id") == pl.col("sent_payer")
    place = (pl.col("place") == pl.col("sent_place")).fill_null(False)
    own, billed = pl.col("own"), pl.col("billed")
    return same | (pl.col("later") & ~own) | (~billed & (~own | place))


def _backed(numbers: pl.DataFrame, holding: pl.DataFrame, controls: pl.DataFrame) -> pl.DataFrame:
    """Pairs whose number and line control numbers agree: an id, or a name, that is another's was
    changed. Where nothing of the person is left, line control numbers of the number's making do
    not tell so."""
    both = numbers.filter("exact").join(holding, on=(CLAIM, TRUE), how="semi")
    member = begins("member", "sent_member", SPARE)
    last, first = (begins(part, f"sent_{part}", ANY_END) for part in ("name", "given"))
    stranger = ~member & ~(last & first) & ~first.fill_null(False)
    told = both.filter(stranger).select(CLAIM, TRUE, "sent_plain").join(controls, on=(CLAIM, TRUE))
    of_their_own = told.filter(~_made_of_number()).select(CLAIM, TRUE)
    vain = told.join(of_their_own, on=(CLAIM, TRUE), how="anti")
    return both.join(vain, on=(CLAIM, TRUE), how="anti")


def _made_of_number() -> pl.Expr:
    """Some part of the claim's number stands in the line control number."""
    number, size = pl.col("sent_plain"), pl.col("sent_plain").str.len_chars()
    parts = (
        pl.col("control").str.contains(number.str.slice(start, _RUN), literal=True)
        & ((size >= start + _RUN) | (start == 0))
        for start in range(_LONGEST - _RUN + 1)
    )
    return pl.any_horizontal(parts)


def _contradicted(numbers: pl.DataFrame, backed: pl.DataFrame) -> pl.DataFrame:
    """Answers whose number is that of a claim with their charge and days, of another person."""
    payee = pl.col("payee_id") == pl.col("sent_payee")
    charge = pl.col("charge") == pl.col("sent_charge")
    others = numbers.join(backed, on=(CLAIM, TRUE), how="anti")
    return others.filter(pl.col("exact"), payee, inside(), charge, someone_else()).select(CLAIM)


def _contested(numbers: pl.DataFrame) -> pl.DataFrame:
    """Answers whose number two payers have: the one that answers for another member, another one
    for the member, or in the place (first, second), that came back."""
    member = begins("member", "sent_member", SPARE).fill_null(False)
    place = (pl.col("place") == pl.col("sent_place")).fill_null(False)
    own = pl.col("payer_id") == pl.col("sent_payer")
    charge = pl.col("charge") == pl.col("sent_charge")
    exact = numbers.filter("exact", "billed").with_columns(
        own=own, by_member=member, by_place=place, whole=charge & inside()
    )
    theirs = pl.col("whole") & ~pl.col("own") & (pl.col("by_member") | pl.col("by_place"))
    ours = pl.col("own") & (pl.col("by_member") | pl.col("member").is_null())
    told = exact.group_by(CLAIM).agg(theirs=theirs.any(), ours=ours.any(), own=pl.col("own").any())
    return told.filter("own", "theirs", ~pl.col("ours")).select(CLAIM)


def _one(pairs: pl.DataFrame) -> pl.DataFrame:
    """CLAIM, TRUE, several: of answers that one claim alone is left for."""
    single = pairs.filter(pl.col(TRUE).n_unique().over(CLAIM) == 1)
    return single.select(CLAIM, TRUE, several=pl.lit(False)).unique()


def _by_number(answers: pl.DataFrame, claims: pl.DataFrame) -> pl.DataFrame:
    """Claims whose number it is: as sent; else but for case, punctuation, zeros and its end."""
    exact = answers.join(
        claims, left_on="returned", right_on="sent_number", coalesce=False
    ).with_columns(exact=pl.lit(True))
    rest = answers.join(exact, on=CLAIM, how="anti").drop_nulls("plain")
    size = pl.col("plain").str.len_chars()
    lengths = rest.filter(size >= _LONG_BEGINNING).select(size.unique()).to_series().to_list()
    near = [
        rest.join(claims, left_on="plain", right_on="sent_plain", coalesce=False),
        *(
            rest.filter(size == length).join(
                claims.with_columns(_begin=pl.col("sent_plain").str.head(length)).filter(
                    pl.col("sent_plain").str.len_chars() > length
                ),
                left_on="plain",
                right_on="_begin",
            )
            for length in lengths
        ),
    ]
    mangled = pl.concat(near, how="diagonal").with_columns(exact=pl.lit(False))
    return pl.concat([exact, mangled], how="diagonal").unique([CLAIM, TRUE])


def _agreeing(pairs: pl.DataFrame) -> pl.DataFrame:
    """The number as sent wants the charge or the days beside it, a mangled one the charge, or
    the days of the same member in an answer that says it is a part (MA15) or whose charge the
    others of the payment fill up; of several claims of one number those are meant that agree
    in most."""
    charge, days = pl.col("same_charge"), pl.col("within").fill_null(False)
    part = days & pl.col("same_member") & (pl.col("divided") | pl.col("filled"))
    able = pairs.filter(charge | (days & pl.col("exact")) | part)
    points = sum(
        pl.col(name).fill_null(False).cast(pl.Int64)
        for name in ("same_charge", "whole_days", "same_codes")
    )
    ranked = able.with_columns(_points=points)
    return ranked.filter(pl.col("_points") == pl.col("_points").max().over(CLAIM))


def _filled(pairs: pl.DataFrame) -> pl.DataFrame:
    """The pairs with filled: what one payment says of a claim charges all of it."""
    of_payment = (PAYMENT, "reversal", TRUE)
    return pairs.with_columns(
        filled=pl.col("charge").sum().over(of_payment) == pl.col("sent_charge")
    )


def _controls(draft: Draft, sent: Tables) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Line control numbers that came back (CLAIM, control, asked), and the claims that hold them (TRUE)."""
    came = draft.lines.filter(~pl.col("line_control").str.contains(_BARE)).select(
        CLAIM, control=plain("line_control")
    )
    held = (
        sent["claim_lines"]
        .join(places_of(sent), on=KEY)
        .select(TRUE, control=plain("line_control"))
        .drop_nulls()
        .unique()
    )
    # a number in very many claims names none; without it the others are asked
    holders = pl.len().over("control")
    rare, common = held.filter(holders <= _MANY), held.filter(holders > _MANY)
    known = (
        came.drop_nulls().unique().join(common.select("control").unique(), on="control", how="anti")
    )
    asked = known.with_columns(asked=pl.len().over(CLAIM))
    return asked, asked.join(rare, on="control")


def _unless_of_others(
    pairs: pl.DataFrame, asked: pl.DataFrame, controls: pl.DataFrame
) -> pl.DataFrame:
    """The pairs, but those whose line control numbers came back and are none of the claim's."""
    unasked = pairs.join(asked, on=CLAIM, how="anti")
    return pl.concat([unasked, pairs.join(controls, on=(CLAIM, TRUE), how="semi")])


def _by_control(
    controls: pl.DataFrame, answers: pl.DataFrame, claims: pl.DataFrame
) -> pl.DataFrame:
    """Claims that hold every line control number of an answer, where those are of one member:
    numbers that claims of others hold too were never unique, and name nobody."""
    whole = controls.group_by(CLAIM, TRUE).agg(held=pl.len(), asked=pl.col("asked").first())
    kept = whole.filter(pl.col("held") == pl.col("asked")).select(CLAIM, TRUE)
    pairs = answers.join(kept, on=CLAIM).join(claims, on=TRUE)
    return pairs.filter(pl.col("sent_member").n_unique().over(CLAIM) == 1)


def _merged(controls: pl.DataFrame, answers: pl.DataFrame, claims: pl.DataFrame) -> pl.DataFrame:
    """Several claims of one member that hold the line control numbers together, each its own,
    and whose charges make up the answer's."""
    whole = controls.group_by(CLAIM, TRUE).agg(held=pl.len(), asked=pl.col("asked").first())
    several = whole.filter(pl.len().over(CLAIM) > 1)
    pairs = several.join(answers, on=CLAIM).join(claims, on=TRUE)
    sums = pl.col("sent_charge").sum().over(CLAIM) == pl.col("charge")
    all_lines = pl.col("held").sum().over(CLAIM) == pl.col("asked")
    one_member = pl.col("sent_member").n_unique().over(CLAIM) == 1
    person = ~someone_else().any().over(CLAIM)
    whole = pairs.filter(sums & all_lines & one_member & person)
    return whole.select(CLAIM, TRUE, several=pl.lit(True))


def _by_person(answers: pl.DataFrame, claims: pl.DataFrame) -> pl.DataFrame:
    """Claims of the member, by the id or but for its end, at the payer."""
    size = pl.col("member").str.len_chars().cast(pl.Int64)

    def cuts(rows: pl.DataFrame, member: str, *keep: str) -> pl.DataFrame:
        parts = [
            rows.select(*keep, member=pl.col(member).str.head(pl.col(member).str.len_chars() - cut))
            for cut in range(SPARE + 1)
        ]
        return pl.concat(parts).filter(size >= _LONG_ID).drop_nulls("member").unique()

    theirs = cuts(answers, "member", CLAIM, "payer_id")
    ours = cuts(claims, "sent_member", TRUE, "sent_payer")
    pairs = (
        theirs.join(ours, left_on=("member", "payer_id"), right_on=("member", "sent_payer"))
        .select(CLAIM, TRUE)
        .unique()
    )
    return answers.join(pairs, on=CLAIM).join(claims, on=TRUE)


def lines_named(draft: Draft, sent: Tables) -> pl.DataFrame:
    """LINE, line_decides: whether a reader who knows the claim can tell the line, or lines.

    By its control number; by its line number with its day, where no line of the answer has the
    number of one of another day; by its day, code and charge; by its day alone; by code and
    charge where no line has a day.
    """
    ours = (
        sent["claim_lines"]
        .with_columns(true_line=pl.int_range(pl.len(), dtype=pl.Int64))
        .join(places_of(sent), on=KEY)
        .select(
            TRUE,
            "true_line",
            sent_line="line",
            sent_control=plain("line_control"),
            sent_day="service_date",
            sent_code="procedure",
            sent_charge="charge_cents",
        )
    )
    theirs = draft.lines.join(
        draft.claims.select(CLAIM, pl.col("true_claims").alias(TRUE)), on=CLAIM
    ).explode(TRUE)
    last = pl.coalesce("service_date_to", "service_date")
    same_day = (pl.col("sent_day") >= pl.col("service_date")) & (pl.col("sent_day") <= last)
    code = pl.coalesce("original_procedure", "procedure") == pl.col("sent_code")
    charge = pl.col("charge_cents").abs() == pl.col("sent_charge")
    number = pl.col("line_control") == pl.col("sent_line").cast(pl.String)
    pairs = theirs.join(ours, on=TRUE).with_columns(
        control=plain("line_control") == pl.col("sent_control"),
        number=number & same_day & (code | charge) & ~(number & ~same_day).any().over(CLAIM),
        whole=same_day.fill_null(True) & code.fill_null(True) & charge,
        day=same_day,
        among=same_day & code,
    )
    sums = pl.col("sent_charge").filter("among").sum() == pl.col("charge_cents").abs().first()
    counts = pairs.group_by(LINE).agg(
        *((pl.col(name).fill_null(False).sum() == 1).alias(name) for name in
          ("control", "number", "whole", "day")),
        bundle=sums & (pl.col("among").fill_null(False).sum() > 1),
    )  # fmt: skip
    return counts.select(LINE, line_decides=pl.any_horizontal(pl.exclude(LINE)))
