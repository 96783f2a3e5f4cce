"""One row a claim: CLM, its dates, frequency and status, and the parties (loops 2010AA to 2310A)."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import polars as pl

from edi_iop.mapper import parties
from edi_iop.rules.in_force import each_row
from edi_iop.rules.policy import Policy
from edi_iop.settings import Settings
from edi_iop.tables import CLAIMS

_STAYS, _HOME = "30", "01"
_NOT_AVAILABLE = "9"
"""Priority and point of origin where the feed says nothing: information not available."""
_OWN = (
    "file_id",
    "transaction_offset",
    "claim_offset",
    "claim",
    "charge_cents",
    "statement_from",
    "statement_to",
)
"""What every claim has of its own, whatever header it goes under."""


class People(msgspec.Struct, frozen=True):
    """Whom claims name: coverage rows (parties.coverages) and attending providers (parties.roster)."""

    coverages: pl.DataFrame
    roster: pl.DataFrame


def claims(
    lines: pl.DataFrame,
    given: pl.DataFrame,
    people: People,
    settings: Settings,
    policies: Mapping[str, Policy],
) -> pl.DataFrame:
    """tables.CLAIMS of numbered lines: originals worked out, the others under the header given."""
    last = lines.sort("claim_offset", "service_date").group_by("claim_offset", maintain_order=True)
    whole = last.agg(
        pl.exclude("charge_cents", "service_date", "statement_to", "claim").last(),
        claim=pl.col("claim_number").last(),
        charge_cents=pl.col("charge_cents").sum(),
        statement_from=pl.col("service_date").min(),
        statement_to=pl.col("service_date").max(),
    )
    under = whole.filter(pl.col("given").is_not_null())
    headed = under.select(*_OWN, "given").join(given.drop(*_OWN), on="given")
    first = _originals(whole.filter(pl.col("given").is_null()), people, settings, policies)
    return pl.concat([first, CLAIMS.conform(headed)]).sort("claim_offset")


def _originals(
    whole: pl.DataFrame, people: People, settings: Settings, policies: Mapping[str, Policy]
) -> pl.DataFrame:
    new = ["coverage", *(name for name in people.coverages.columns if name not in whole.columns)]
    return CLAIMS.conform(
        each_row(whole, policies, _marked, on="statement_from")
        .with_columns(_ended=ended())
        .with_columns(frequency=_frequency(), patient_status=patient_status())
        .join(parties.facilities(settings), on="billing_npi", how="left", maintain_order="left")
        .join(people.coverages.select(new), on="coverage", how="left", maintain_order="left")
        .join(people.roster, on="attending_npi", how="left", maintain_order="left")
        .with_columns(
            form=pl.lit("I"),
            assignment=pl.lit("A"),
            benefits_assigned=pl.lit("Y"),
            release=pl.lit("Y"),
            admission_date=pl.coalesce("admit_date", "episode_start", "statement_from"),
            admission_type=pl.col("admission_type").fill_null(_NOT_AVAILABLE),
            admission_source=pl.col("admission_source").fill_null(_NOT_AVAILABLE),
            medical_record=pl.col("client_id"),
            payer_responsibility=pl.col("coverage_priority"),
            payer_claim_number=pl.lit(None, pl.String),
            rendering_npi=pl.lit(None),
            **parties.people(),
        )
    )


def _marked(whole: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    """The claims with whether their payer takes no interim bills."""
    once = [payer for payer, policy in policies.items() if not policy.billing.interim]
    return whole.with_columns(_once=pl.col("payer_id").is_in(once))


def ended() -> pl.Expr:
    """Whether the episode ends with the statement."""
    return (pl.col("ends") <= pl.col("statement_to")).fill_null(False)


def _frequency() -> pl.Expr:
    """CLM05-3 by the statement's place in the episode: whole 1, first 2, continuing 3, last 4."""
    first = pl.col("statement_from") <= pl.col("begins").fill_null(pl.col("statement_from"))
    return (
        pl.when((first & pl.col("_ended")) | pl.col("_once"))
        .then(pl.lit("1"))
        .when(first)
        .then(pl.lit("2"))
        .when(pl.col("_ended"))
        .then(pl.lit("4"))
        .otherwise(pl.lit("3"))
    )


def patient_status() -> pl.Expr:
    """CL103: still a patient unless the episode ended; it so always agrees with the frequency."""
    left = pl.col("discharge_status").fill_null(_HOME)
    known = pl.when(left == _STAYS).then(pl.lit(_HOME)).otherwise(left)
    return pl.when("_ended").then(known).otherwise(pl.lit(_STAYS))
