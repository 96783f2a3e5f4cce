"""Claims sent whose records changed since: what their days would be billed as today against what was sent.

Only a record whose content changed after the claim had left counts. What a payer does not see
(who gave a session, its times, its note) is no difference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from edi_iop.mapper import track
from edi_iop.rules.in_force import each_row
from edi_iop.rules.policy import Policy
from edi_iop.tables import ENCOUNTERS
from edi_iop.tables.nothing import once_of_nothing

_CLAIM = ["file_id", "claim_offset"]
_LINE = [*_CLAIM, "line_offset"]
_DAY = ["client_id", "service_date"]
_SERVICE = [*_DAY, "payer_id", "service"]
_SAID = ("procedure", "revenue", "modifiers", "units", "charge_cents", "auth_number", "principal")
"""What a line and its claim say of a service, the claim's other diagnoses apart."""
_ABOUT_DELIVERY = ("file_id", "row", "record_action", "record_version")

Billed = Callable[[pl.DataFrame], pl.DataFrame]
"""Of the days (client_id, service_date) of these lines, what they would be billed as (tables.SERVICE_LINES)."""


@once_of_nothing
def since(sent: pl.DataFrame, versions: pl.DataFrame) -> pl.DataFrame:
    """_LINE of lines whose client's records changed after they were sent; `day`: one of their own day did.

    versions: every version of every encounter, as delivered.
    """
    first = sent.group_by("client_id").agg(first=pl.col("file_id").min())
    later = versions.join(first, on="client_id").filter(pl.col("file_id") > pl.col("first"))
    recent = versions.join(later.select("source_record_id").unique(), on="source_record_id", how="semi")  # fmt: skip
    content = pl.struct(name for name in ENCOUNTERS.schema if name not in _ABOUT_DELIVERY).hash()
    ordered = recent.sort("file_id", "row").with_columns(_content=content)
    before = pl.col("_content").shift(1).over("source_record_id")
    last = ordered.filter(pl.col("_content").ne_missing(before))
    by_day = last.group_by(_DAY).agg(day_changed=pl.col("file_id").max())
    by_client = last.group_by("client_id").agg(changed=pl.col("file_id").max())
    return (
        sent.join(by_client, on="client_id")
        .filter(pl.col("changed") > pl.col("file_id"))
        .join(by_day, on=_DAY, how="left")
        .select(*_LINE, day=(pl.col("day_changed") > pl.col("file_id")).fill_null(False))
    )


@once_of_nothing
def restated(
    sent: pl.DataFrame, changed: pl.DataFrame, policies: Mapping[str, Policy], billed: Billed
) -> pl.DataFrame:
    """_LINE of the lines that would be sent in other words today; one of no service any more is not.

    changed: as `since` has them. A claim whose list of diagnoses changes is said anew as a whole.
    """
    days = changed.filter("day").select(_LINE)
    claims = sent.join(days, on=_CLAIM, how="semi")
    if claims.is_empty():
        return claims.select(_LINE)
    today = _marked(billed(claims), policies)
    then = _marked(claims, policies)
    both = then.join(_worded(then, "then"), on=_SERVICE, nulls_equal=True).join(
        _worded(today, "now"), on=_SERVICE, nulls_equal=True
    )
    own = both.join(days, on=_LINE, how="semi").filter(pl.col("then") != pl.col("now"))
    listed = both.join(_otherwise_diagnosed(then, today), on=_CLAIM, how="semi")
    return pl.concat([own.select(_LINE), listed.select(_LINE)]).unique()


def _marked(lines: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    """The lines with `principal` and `service`: the day's per diem, whatever its code, or a service by its code."""
    known = each_row(lines, policies, _with_service)
    return known.with_columns(principal=track.PRINCIPAL)


def _with_service(lines: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    pairs = track.by_procedure(policies).select("payer_id", "procedure", _diem=pl.lit("per diem"))
    diem = lines.join(pairs, on=["payer_id", "procedure"], how="left", maintain_order="left")
    return diem.with_columns(service=pl.coalesce("_diem", "procedure", "revenue")).drop("_diem")


def _worded(lines: pl.DataFrame, name: str) -> pl.DataFrame:
    """Of each service of a day all that its lines say, in one text."""
    said = pl.concat_str(
        (pl.col(column).cast(pl.String).fill_null("") for column in _SAID), separator="|"
    )
    return lines.group_by(_SERVICE).agg(said.sort().str.join("\n").alias(name))


def _otherwise_diagnosed(then: pl.DataFrame, today: pl.DataFrame) -> pl.DataFrame:
    """_CLAIM of claims whose days have other diagnoses today, all of them taken together.

    A day of another principal diagnosis leaves the claim, and is not among them.
    """
    served = [*_DAY, "payer_id"]
    now = today.group_by(served).agg(
        _now=pl.col("diagnoses").str.join(" "), _principal=pl.col("principal").first()
    )
    stays = pl.col("_principal") == pl.col("principal")
    lists = (
        then.join(now, on=served, how="left")
        .group_by(_CLAIM)
        .agg(
            _known=pl.col("_now").is_not_null().all() & stays.any(),
            _then=_codes(pl.col("diagnoses")),
            _now=_codes(pl.col("_now").filter(stays)),
        )
    )
    return lists.filter("_known", pl.col("_then") != pl.col("_now")).select(_CLAIM)


def _codes(texts: pl.Expr) -> pl.Expr:
    codes = texts.str.split(" ").explode()
    return codes.filter(codes != "").unique().sort().str.join(" ")
