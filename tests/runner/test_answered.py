"""What only an answer can show, judged by the nightly run: pay below the contract, a window that closes."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from runner_drops import WEEK, drop, drop_week
from runner_nights import begun
from runner_remits import policy, remit

from edi_iop.runner import run
from edi_iop.settings import Workspace
from edi_iop.store import Store

NIGHT, LATER = date(2026, 1, 12), date(2026, 1, 19)
CONTRACT = (
    '[iop]\npairs = [{ track = "SUD", procedure = "H0015", revenue = "0906", rate = "300.00" }]\n'
)


def answered(workspace: Workspace, denied: str = "") -> None:
    drop_week(workspace)
    begun(workspace, NIGHT)
    with Store.open(workspace.database, read_only=True) as store:
        (claim,) = store.load("claims")["claim"]
    drop(workspace, era_835=remit(claim, *WEEK, denied=denied))


def violations(workspace: Workspace, rule: str) -> list[str]:
    with Store.open(workspace.database, read_only=True) as store:
        return store.load("violations").filter(pl.col("rule") == rule)["says"].to_list()


def test_pay_below_the_contract(workspace: Workspace) -> None:
    """285 allowed of 300 agreed (CON-01)."""
    policy(workspace, CONTRACT)
    text = (workspace.payers / "local.toml").read_text()
    (workspace.payers / "local.toml").write_text(text + 'iop = "the contract"\n')
    answered(workspace)
    run(workspace, LATER)
    says = violations(workspace, "CON-01")
    assert len(says) == 3
    assert "285.00 allowed, the contract says 300.00" in says[0]


@pytest.mark.parametrize(("contract", "days"), [("285.00", 0), ("290.00", 3)])
def test_pay_below_a_contract_of_the_settings(
    workspace: Workspace, contract: str, days: int
) -> None:
    """285 allowed; what the facility agreed on goes before the policy's 300 (CON-01)."""
    policy(workspace, CONTRACT)
    text = (workspace.payers / "local.toml").read_text()
    (workspace.payers / "local.toml").write_text(text + 'iop = "the contract"\n')
    rate = f'procedure = "H0015"\nfrom = 2026-01-01\ncharge = "350.00"\ncontract = "{contract}"\n'
    with workspace.settings_file.open("a") as file:
        file.write(f"\n[[rates]]\n{rate}")
    answered(workspace)
    run(workspace, LATER)
    says = violations(workspace, "CON-01")
    assert len(says) == days
    assert all(f"285.00 allowed, the contract says {contract}" in one for one in says)


def test_a_denial_whose_window_closes(workspace: Workspace) -> None:
    """Denied on 2026-01-19; 180 days end on 2026-07-18: warned of in the last fourteen (TF-02)."""
    answered(workspace, denied="N54")
    run(workspace, LATER)
    assert violations(workspace, "TF-02") == []
    run(workspace, date(2026, 7, 10))
    says = violations(workspace, "TF-02")
    assert len(says) == 3
    assert "ends on 2026-07-18" in says[0]
