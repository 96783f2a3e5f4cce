"""Lines told again by their claims and how they stand are the lines the settlement judged."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from polars.testing import assert_frame_equal

from edi_iop import desk
from edi_iop.rules.lines import PRICED, kept_lines, priced_lines
from edi_iop.runner import records
from edi_iop.runner.settle import answers
from edi_iop.settings import Workspace
from edi_iop.store import Store

NIGHTS = date(2026, 3, 2), date(2026, 3, 11)


def test_of_a_clinic_with_corrections_and_denials(tmp_path: Path) -> None:
    """Clients known and unknown, claims of another system, replaced ones, paid and denied lines."""
    root = tmp_path / "clinic"
    desk.init(root, example=True, seed=1)
    workspace = Workspace(root)
    desk.run(root, NIGHTS[0])
    desk.simulate([workspace.outbox], workspace.inbox, feeds=[root], mistakes=2, seed=5)
    desk.run(root, NIGHTS[1])
    with Store.open(workspace.database, read_only=True) as store:
        known = records.known(
            store, records.policies(workspace, workspace.settings(), NIGHTS[1]), NIGHTS[1]
        )
        judged = known.lines(answers(store, known).standings)
        told = kept_lines(store.sent())
        few = judged.select("file_id", "claim_offset").unique().head(20)
        of_few = kept_lines(store.sent(few))
        priced = priced_lines({name: store.load(name, of) for name, of in PRICED.items()})
    key = ["file_id", "claim_offset", "line_offset"]
    assert {"sent", "paid", "denied"} <= set(judged["standing"])
    assert_frame_equal(told.sort(key), judged.sort(key))
    expected = judged.join(few, on=key[:2], how="semi")
    assert_frame_equal(of_few.sort(key), expected.sort(key))
    assert_frame_equal(priced.sort(key), told.sort(key).select(priced.columns))
