"""The verb reconcile: remits tied to claims, and every denied line explained."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import polars as pl
from msgspec.structs import replace

from edi_iop.desk import billing, material, paths
from edi_iop.desk.answer import Answer, has_errors, status
from edi_iop.desk.files import error_lines
from edi_iop.desk.material import Tables
from edi_iop.money import to_dollars
from edi_iop.reconciler import reconcile as remittance
from edi_iop.reconciler.answers import said
from edi_iop.reconciler.balance import balance
from edi_iop.reconciler.contents import CLAIM, LINE
from edi_iop.reconciler.explain import verdicts
from edi_iop.reconciler.ledger import Ledger
from edi_iop.reconciler.standings import standing
from edi_iop.reports import shapes
from edi_iop.rules import engine
from edi_iop.rules.rates import rates
from edi_iop.runner import records as workspace_records
from edi_iop.runner.settle import answers
from edi_iop.store import Store
from edi_iop.tables import FINDINGS, REMITS, TABLES
from edi_iop.texts import composed


def reconcile_workspace(root: Path, as_of: date | None = None) -> Answer:
    """Every open denial of a workspace under its policies as they are now; writes nothing."""
    on = as_of or date.today()
    workspace = paths.workspace(root)
    facility = workspace.settings()
    policies = workspace_records.policies(workspace, facility, on)
    with Store.open(workspace.database, read_only=True) as store:
        known = workspace_records.known(store, policies, on)
        answered = answers(store, known)
    lines = known.lines(answered.standings)
    records = replace(known.records(lines), rates=rates(facility))
    violations = engine.check(records, policies)
    found = verdicts(
        answered.remits, answered.matches, records, violations, policies, answered.said
    )
    remarks = (*_tied(answered.matches, answered.remits), *kept_back(answered.ledger))
    return Answer(shapes.denials(found), remarks=remarks)


def reconcile(
    claims: Sequence[Path],
    remits: Sequence[Path],
    feeds: Sequence[Path] = (),
    payers: Sequence[str] = (),
    settings: Path | None = None,
    as_of: date | None = None,
    layouts: Sequence[Path] = (),
) -> Answer:
    """Every open denial of the remits with its rule, judged by the claims and the feeds given."""
    on = as_of or date.today()
    own = paths.layouts(layouts, settings)
    held = material.of_files(paths.delivered([*claims, *remits, *feeds]), own)
    policies, facility = billing.choose(held, payers, settings, on)
    answered: Tables = {name: held.table(name) for name in REMITS}
    sent: Tables = {name: held.table(name) for name in TABLES if name not in REMITS}
    made = remittance.reconcile(answered, sent, policies=policies)
    matches, counted = made.matches, made.remits
    told = said(counted, matches, sent["claim_lines"], sent["other_payer_lines"])
    stands = replace(held, standing=standing(counted, told.last))
    records = replace(material.recorded(stands, policies, on), rates=rates(facility))
    violations = engine.check(records, policies)
    found = verdicts(counted, matches, records, violations, policies, told)
    troubles = pl.concat([held.findings, FINDINGS.conform(balance(answered))])
    remarks = (
        *error_lines(troubles, held.names),
        *_tied(matches, answered),
        *kept_back(made.ledger),
    )
    return Answer(shapes.denials(found, held.names), status(has_errors(troubles)), remarks)


def _tied(matches: pl.DataFrame, remits: Tables) -> tuple[str, ...]:
    """`matched: 80 of 82 remit claims, 512 of 515 lines`, then what each other one lacks.

    A merge, or a line that answers several, is one of them however many it is tied to.
    """
    at_claim = pl.col("remit_line_offset").is_null()
    counts = ", ".join(
        f"{rows.drop_nulls('claim_file_id').n_unique(key):,} of {rows.n_unique(key):,} {noun}"
        for noun, key, rows in (
            ("remit claims", CLAIM, matches.filter(at_claim)),
            ("lines", LINE, matches.filter(~at_claim)),
        )
    )
    loose = (
        matches.filter(at_claim & pl.col("claim_file_id").is_null())
        .join(remits["remit_claims"], on=["file_id", "remit_claim_offset"])
        .select(composed("unmatched: claim {}: {}", "claim", pl.col("says").fill_null("")))
    )
    return (f"matched: {counts}", *loose.to_series().to_list())


def kept_back(ledger: Ledger) -> tuple[str, ...]:
    """`money: $1,200.00 = posted $1,100.00 - provider adjustments $0.00 + held $100.00`, and what is held."""
    counts = ledger.payments.filter(pl.col("standing").is_in(["posted", "held"]))
    sums = {
        name: to_dollars(int(counts[f"{name}_cents"].sum()))
        for name in ("amount", "posted", "provider_adjustment", "held")
    }
    payments = ledger.payments.filter(pl.col("says").is_not_null()).select(
        composed("{}: payment {}: {}", "standing", "trace_number", "says")
    )
    claims = ledger.postings.filter(
        pl.col("standing") == "held", pl.col("says") != "its payment is held"
    ).select(composed("held: claim {} of payment {}: {}", "account", "trace_number", "says"))
    return (
        "money: {amount} = posted {posted} - provider adjustments {provider_adjustment} "
        "+ held {held}".format(**sums),
        *payments.to_series().drop_nulls(),
        *claims.to_series().drop_nulls(),
    )
