"""What is wrong with the rows of a feed: errors, which leave a row out, and what is only doubtful."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from edi_iop.guides.external_places import guide_list
from edi_iop.identifiers import is_npi
from edi_iop.parsers import feed_dates
from edi_iop.parsers.feed_sheet import IN_UTC, UNREAD, Sheet, conformed, no_findings
from edi_iop.parsers.feed_spec import FeedColumn
from edi_iop.texts import composed

FORMS = {
    "code": "not one of the codes of this column",
    "date": "not a date (YYYY-MM-DD)",
    "time": "not a time of day (HH:MM)",
    "integer": "not a whole number",
    "number": "not a number",
    "cents": "not an amount of money",
    "amount": "not an amount of money",
    "digits": "not digits of the right number",
    "npi": "not an NPI (ten digits)",
    "procedure": "not a HCPCS code (five characters)",
    "state": "not a state (two letters)",
    "zip": "not a ZIP code",
    "diagnoses": "not a list of ICD-10-CM codes",
    "modifiers": "not a list of modifiers (four at most, two characters each)",
}
"""What a fault says of a value that its column's kind cannot read."""

_OF_UTC = "a time of UTC, and the layout names no timezone"
_CENTURY = "of which century? (a year of four digits)"
_ORDER = "day or month first? a date of this column can only begin with its day (YYYY-MM-DD)"
_DOTTED = "day or month first? nothing says it where dots stand between (YYYY-MM-DD)"
_BEFORE_DAWN = "a time of UTC at which the date here may be another one (YYYY-MM-DD)"
_COMMA = "not an amount of money: a comma where the point of its cents stands (1,234.56)"
_FRACTION = "not an amount of money: fractions of a cent"
_SESSION = (
    "client_id", "service_date", "start_time", "end_time", "minutes", "level_of_care",
    "program_track", "service_type", "attendance", "rendering_npi", "procedure",
)  # fmt: skip
"""What tells one session from another, whatever its record is called."""


def errors(sheet: Sheet, text: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
    """Values that cannot be read or are missing, in the order of their rows."""
    columns = sheet.feed.columns
    return pl.concat(
        [
            no_findings(),
            *(
                _unread(sheet, text, values, column)
                for column in _some_unread(text, values, columns)
            ),
            *(_missing(sheet, text, values, column) for column in columns),
            *(_reversed(sheet, text, values, column) for column in columns),
            *(_beyond(sheet, text, values, column) for column in columns),
            _without_times(sheet, text, values),
            *(_of_wrong_length(sheet, text, column) for column in _bounded(columns)),
            _of_no_units(sheet, text, values),
        ]
    ).sort("row", maintain_order=True)


def warnings(
    sheet: Sheet, text: pl.DataFrame, rows: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that can be used, and what is doubtful about them.

    A record id that stands for several clients (a group's one note) becomes one for each.
    """
    found = [no_findings()]
    for column in sheet.feed.columns:
        if column.kind == "npi":
            found.append(_impossible(sheet, rows, column))
        elif column.kind == "state":
            found.append(_nowhere(sheet, rows, column))
        elif column.kind == "date" and not feed_dates.all_canonical(text[column.name]):
            found += _assumed_dates(sheet, _used(text, rows, column), column)
        elif column.kind == "time":
            found.append(_assumed_times(sheet, _used(text, rows, column), column))
    if sheet.feed.kind == "encounters":
        rows, shared = _apart(sheet, rows)
        found += [shared, _past_midnight(sheet, rows), *_again(sheet, rows)]
    return rows, pl.concat(found).sort("row", maintain_order=True)


def faults(
    sheet: Sheet, rows: pl.DataFrame, code: str, column: str, says: str | pl.Expr,
    value: str | None = None,
) -> pl.DataFrame:  # fmt: skip
    """One fault a row."""
    if rows.is_empty():
        return no_findings()
    told = rows.select(
        "row",
        column=pl.lit(sheet.named(column)),
        code=pl.lit(code),
        says=pl.lit(says) if isinstance(says, str) else says,
        value=pl.col(value) if value else pl.lit(None, pl.String),
    )
    return conformed(told.join(sheet.places, on="row", how="left", maintain_order="left"))


# ------------------------------------------------------------------ errors


def _some_unread(
    text: pl.DataFrame, values: pl.DataFrame, columns: Sequence[FeedColumn]
) -> Iterator[FeedColumn]:
    """The columns with values that are there but cannot be read: of most feeds none."""
    told = pl.select(
        (pl.lit(text[one.name]).is_not_null() & pl.lit(values[one.target]).is_null())
        .any()
        .alias(one.name)
        for one in columns
    ).row(0, named=True)
    return (one for one in columns if told[one.name])


def _unread(
    sheet: Sheet, text: pl.DataFrame, values: pl.DataFrame, column: FeedColumn
) -> pl.DataFrame:
    """Values that are there but cannot be read."""
    read = values[column.target].is_not_null()
    rows = text.filter(pl.col(column.name).is_not_null() & ~read)
    in_utc = pl.col(column.name).str.starts_with(IN_UTC)
    says, name = _why(sheet, column), column.name
    return pl.concat(
        [
            faults(sheet, rows.filter(~in_utc), "FEED_VALUE_INVALID", name, says, name),
            faults(sheet, rows.filter(in_utc), "FEED_ZONE_MISSING", name, _OF_UTC, name),
        ]
    )


def _why(sheet: Sheet, column: FeedColumn) -> pl.Expr:
    """What is wrong with each value that cannot be read."""
    plain, value = pl.lit(_form(sheet, column)), pl.col(column.name)
    if column.kind == "amount":
        comma, fraction = value.str.contains(r"\d,\d{1,2}\D*$"), value.str.contains(r"\.\d{3,}\D*$")
        told = pl.when(comma).then(pl.lit(_COMMA)).when(fraction).then(pl.lit(_FRACTION))
        return told.otherwise(plain)
    if column.kind != "date":
        return plain
    written = feed_dates.plain(value.str.strip_chars_start(UNREAD))
    short = written.str.contains(feed_dates.SHORT_YEAR) & column.birth
    slashed = value.str.contains(r"^\d{1,2}[/-]") & written.str.contains(feed_dates.SLASHED)
    dotted = value.str.contains(r"^\d{1,2}\.\d{1,2}\.\d{2,4}\b")
    return (
        pl.when(short)
        .then(pl.lit(_CENTURY))
        .when(slashed & feed_dates.begins_with_day(value))
        .then(pl.lit(_ORDER))
        .when(dotted)
        .then(pl.lit(_DOTTED))
        .when(value.str.contains(feed_dates.BEFORE_DAWN) & column.moment)
        .then(pl.lit(_BEFORE_DAWN))
        .otherwise(plain)
    )


def _form(sheet: Sheet, column: FeedColumn) -> str:
    """What the value is not: where a layout says how dates are written, by its format."""
    says = FORMS.get(column.kind, "")
    own = sheet.forms.get(column.name)
    return f"{says.partition(' (')[0]} ({own})" if own else says


def _missing(
    sheet: Sheet, text: pl.DataFrame, values: pl.DataFrame, column: FeedColumn
) -> pl.DataFrame:
    """Required values that are empty."""
    always = column.required and not column.blank
    if not (always or column.needed_when) or not text[column.name].null_count():
        return no_findings()
    empty = text[column.name].is_null()
    wanted = values.with_columns(pl.lit(always).alias("_wanted"))
    if column.value_when:
        wanted = wanted.with_columns(pl.col("_wanted") & having(column.value_when))
    if column.needed_when:
        wanted = wanted.with_columns(pl.col("_wanted") | having(column.needed_when))
    rows = wanted.filter(pl.col("_wanted") & empty)
    says = "required, and empty"
    if column.codes:
        says += sheet.or_assumed(column.name, column.codes[0])
    return faults(sheet, rows, "FEED_VALUE_MISSING", column.name, says)


def _reversed(
    sheet: Sheet, text: pl.DataFrame, values: pl.DataFrame, column: FeedColumn
) -> pl.DataFrame:
    """Dates before the date they may not precede."""
    if column.not_before is None:
        return no_findings()
    targets = {each.name: each.target for each in sheet.feed.columns}
    early = values[column.target] < values[targets[column.not_before]]
    says = f"before {column.not_before}"
    return faults(sheet, text.filter(early), "FEED_VALUE_INVALID", column.name, says, column.name)


def _beyond(
    sheet: Sheet, text: pl.DataFrame, values: pl.DataFrame, column: FeedColumn
) -> pl.DataFrame:
    """Numbers greater than there can be: no session is longer than a day."""
    if column.most is None:
        return no_findings()
    rows = text.filter(values[column.target] > column.most)
    return faults(
        sheet,
        rows,
        "FEED_VALUE_INVALID",
        column.name,
        f"more than {column.most:,}, the most there can be",
        column.name,
    )


def _without_times(sheet: Sheet, text: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
    """Attended events that do not say how long; times that cannot be read are a fault of their own."""
    times = sheet.feed.times
    if times is None:
        return no_findings()
    groups = (pl.all_horizontal(pl.col(group).is_not_null()) for group in times.any_of)
    given = text.select(pl.any_horizontal(groups)).to_series()
    names = ", or ".join(" and ".join(group) for group in times.any_of)
    rows = values.filter(having(times.when) & ~given)
    says = f"{names} needed{sheet.or_assumed(times.any_of[-1][0], '60')}"
    return faults(sheet, rows, "FEED_TIMES_MISSING", times.any_of[0][0], says)


def _bounded(columns: Sequence[FeedColumn]) -> Iterator[FeedColumn]:
    return (one for one in columns if one.longest or one.shortest)


def _of_wrong_length(sheet: Sheet, text: pl.DataFrame, column: FeedColumn) -> pl.DataFrame:
    """Text that its element of the 837I cannot hold: one such row would have the whole file rejected."""
    length = pl.col(column.name).str.len_chars()
    parts = []
    for limit, beyond, word in (
        (column.longest, length > column.longest, "longer"),
        (column.shortest, length < column.shortest, "shorter"),
    ):
        if limit:
            parts.append((beyond, f"{word} than {limit} character{'' if limit == 1 else 's'}"))
    name, code = column.name, "FEED_VALUE_INVALID"
    found = [
        faults(sheet, text.filter(rows), code, name, f"{says}; a claim cannot hold it", name)
        for rows, says in parts
    ]
    return pl.concat([no_findings(), *found])


def _of_no_units(sheet: Sheet, text: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
    """Attended events that ask to bill a procedure no times."""
    times = sheet.feed.times
    if times is None:
        return no_findings()
    asked = having(times.when) & pl.col("procedure").is_not_null()
    rows = text.join(values.filter(asked & (pl.col("units") == 0)), on="row", how="semi")
    says = "0 units of a procedure; say how many, or name no procedure"
    return faults(sheet, rows, "FEED_VALUE_INVALID", "units", says, "units")


def having(codes: dict[str, tuple[str, ...]]) -> pl.Expr:
    """Rows that have one of the codes in every named column."""
    return pl.all_horizontal(pl.col(name).is_in(list(allowed)) for name, allowed in codes.items())


# ------------------------------------------------------------------ doubts


def _impossible(sheet: Sheet, rows: pl.DataFrame, column: FeedColumn) -> pl.DataFrame:
    """Numbers that are no NPI by their check digit; few distinct ones stand in many rows."""
    distinct = rows[column.target].drop_nulls().unique()
    wrong = [npi for npi in distinct if not is_npi(npi)]
    found = rows.filter(pl.col(column.target).is_in(wrong))
    says = "its check digit is wrong"
    return faults(sheet, found, "NPI_INVALID", column.name, says, column.target)


def _nowhere(sheet: Sheet, rows: pl.DataFrame, column: FeedColumn) -> pl.DataFrame:
    """States that the guides' list does not have."""
    found = rows.filter(~pl.col(column.target).is_in(list(guide_list("states"))))
    says = composed("{} is no state or province; the client's days are not billed", column.target)
    return faults(sheet, found, "STATE_UNKNOWN", column.name, says)


def _assumed_dates(sheet: Sheet, text: pl.DataFrame, column: FeedColumn) -> list[pl.DataFrame]:
    """Dates read by what is usual, or as a spreadsheet's numbers: one fault a column, at the first of them."""
    value = feed_dates.plain(pl.col(column.name))
    return [
        _once(sheet, text, column, "FEED_DATE_SERIAL", pl.col(column.name).str.contains(feed_dates.SERIAL),
              "as spreadsheet day numbers; read as days since 1899-12-30"),
        _once(sheet, text, column, "FEED_FORM_ASSUMED", feed_dates.order_assumed(pl.col(column.name)),
              "with slashes; read month first"),
        _once(sheet, text, column, "FEED_FORM_ASSUMED", value.str.contains(feed_dates.SHORT_YEAR),
              "with a year of two digits; read as 1969 to 2068"),
    ]  # fmt: skip


def _assumed_times(sheet: Sheet, text: pl.DataFrame, column: FeedColumn) -> pl.DataFrame:
    digits = pl.col(column.name).str.contains(feed_dates.BARE_CLOCK)
    says = "without a colon; read as hours and minutes"
    return _once(sheet, text, column, "FEED_FORM_ASSUMED", digits, says)


def _used(text: pl.DataFrame, rows: pl.DataFrame, column: FeedColumn) -> pl.DataFrame:
    """The text of the rows whose value of this column was read."""
    return text.join(
        rows.filter(pl.col(column.target).is_not_null()),
        on="row",
        how="semi",
        maintain_order="left",
    )


def _once(
    sheet: Sheet, text: pl.DataFrame, column: FeedColumn, code: str, such: pl.Expr, says: str
) -> pl.DataFrame:
    """One fault for all such values of a column, at the first of them, with how many they are."""
    found = text.filter(such)
    count = f"{found.height:,} {column.kind}{'' if found.height == 1 else 's'}"
    return faults(sheet, found.head(1), code, column.name, f"{count} {says}")


def _apart(sheet: Sheet, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Records of one id and version for several clients: each gets an id of its own."""
    record = ["source_record_id", "record_version"]
    clients = rows.group_by(record).agg(pl.col("client_id").n_unique().alias("clients"))
    shared = clients.filter(pl.col("clients") > 1)
    if shared.is_empty():
        return rows, no_findings()
    ids = shared["source_record_id"].unique().implode()
    of_several = pl.col("source_record_id").is_in(ids)
    first = rows.filter(of_several).join(shared, on=record, how="inner", maintain_order="left")
    says = composed("one record for {} clients; taken as a record of each", "clients")
    told = first.unique(record, keep="first", maintain_order=True)
    own = composed("{}/{}", "source_record_id", "client_id")
    apart = rows.with_columns(
        source_record_id=pl.when(of_several).then(own).otherwise("source_record_id")
    )
    return apart, faults(sheet, told, "FEED_RECORD_SHARED", "source_record_id", says)


def _past_midnight(sheet: Sheet, rows: pl.DataFrame) -> pl.DataFrame:
    """Sessions that end at an earlier time than they begin."""
    found = rows.filter(pl.col("end_time") < pl.col("start_time"))
    says = "ends before it begins; taken to run past midnight, and counted up to midnight"
    return faults(sheet, found, "FEED_PAST_MIDNIGHT", "end_time", says)


def _again(sheet: Sheet, rows: pl.DataFrame) -> list[pl.DataFrame]:
    """Records that come twice in the file, and sessions that stand under two records."""
    record = ["source_record_id", "record_version", "record_action"]
    first = pl.col("row").first()
    repeated = rows.with_columns(first=first.over(record[:2])).filter(
        pl.col("row") > pl.col("first")
    )
    same = repeated.join(
        rows.rename({"row": "first"}),
        on=["first", *(name for name in rows.columns if name != "row")],
        how="semi",
        nulls_equal=True,
    )["row"]
    alike = pl.col("row").is_in(same.implode())
    names = sheet.places.rename({"row": "first", "place": "earlier"})
    told = repeated.join(names, on="first", how="left", maintain_order="left")
    says = (
        pl.when(alike)
        .then(composed("the same record as {}; it counts once", "earlier"))
        .otherwise(composed("the record of {} with other content; the later row counts", "earlier"))
    )
    ids = [faults(sheet, told, "FEED_RECORD_REPEATED", "source_record_id", says)]
    # Two sessions of one length may both have been; two at one time were not.
    timed = pl.col("attendance").is_in(["attended", "partial"]) & pl.col("start_time").is_not_null()
    standing = rows.filter(timed).unique("source_record_id", keep="last", maintain_order=True)
    twice = (
        standing.filter(pl.col("record_action").ne_missing("cancel"))
        .with_columns(first=first.over(_SESSION))
        .filter(pl.col("row") > pl.col("first"))
        .join(names, on="first", how="left", maintain_order="left")
    )
    session = composed("the same session as {} under another record", "earlier")
    return [*ids, faults(sheet, twice, "FEED_SESSION_REPEATED", "source_record_id", session)]
