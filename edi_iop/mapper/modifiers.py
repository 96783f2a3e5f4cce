"""Modifiers that a policy asks for: of the program's track, and of telehealth (SV202-3 to SV202-6)."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from edi_iop.rules.policy import Policy

_MOST = 4


def modified(lines: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    """The lines with the policy's modifiers behind their own, each once, four at most.

    lines: payer_id, program_track and track (of the day's per diem), per_diem,
    telehealth, modifiers.
    """
    program = pl.when(pl.col("program_track") == "CO").then(pl.lit("CO")).otherwise("track")
    wanted = lines.with_columns(_program=pl.when("per_diem").then(program))
    own, tracks, remote = pl.col("modifiers"), pl.col("_by_track"), pl.col("_by_distance")
    every = pl.concat_str(own, tracks, remote, separator=" ", ignore_nulls=True)
    first = every.str.split(" ").list.eval(
        pl.element().filter(pl.element() != "").unique(maintain_order=True).head(_MOST)
    )
    whole = first.list.join(" ")
    return (
        wanted.join(
            _by_track(policies), on=["payer_id", "_program"], how="left", maintain_order="left"
        )
        .join(
            _by_distance(policies), on=["payer_id", "telehealth"], how="left", maintain_order="left"
        )
        .with_columns(
            modifiers=pl.when(tracks.is_null() & remote.is_null())
            .then(own)
            .otherwise(pl.when(whole != "").then(whole))
        )
        .drop("_program", "_by_track", "_by_distance")
    )


def _by_track(policies: Mapping[str, Policy]) -> pl.DataFrame:
    rows = [
        (payer, program, " ".join(modifiers))
        for payer, policy in policies.items()
        for program, modifiers in policy.billing.track_modifiers.items()
    ]
    schema = dict.fromkeys(("payer_id", "_program", "_by_track"), pl.String)
    return pl.DataFrame(rows, schema=schema, orient="row")


def _by_distance(policies: Mapping[str, Policy]) -> pl.DataFrame:
    """The first of the modifiers a payer takes for telehealth; none where it takes none."""
    rows = [
        (payer, True, policy.telehealth.modifiers[0])
        for payer, policy in policies.items()
        if policy.telehealth.modifiers and policy.telehealth.allowed is not False
    ]
    schema = {"payer_id": pl.String, "telehealth": pl.Boolean, "_by_distance": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")
