"""The verbs about a workspace: make one, run its night, look after its store."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from edi_iop import resources
from edi_iop.desk import paths
from edi_iop.desk.answer import Answer, status
from edi_iop.errors import AlreadyThere
from edi_iop.reports import receipt as receipts
from edi_iop.reports.sheet import Field, Sheet
from edi_iop.runner import night
from edi_iop.runner.receipt import Receipt
from edi_iop.settings import Workspace
from edi_iop.simulator import clinic as clinics
from edi_iop.store import Store

EXAMPLE_SEED = 1


def init(root: Path, example: bool = False, seed: int = EXAMPLE_SEED) -> Answer:
    """A new workspace: its folders, settings.toml and store; or one with a synthetic clinic."""
    workspace = Workspace(root)
    if workspace.settings_file.exists():
        raise AlreadyThere(
            f"{root}: a workspace is already here and was left as it is; name another folder"
        )
    paths.make_folders(workspace.folders)
    if example:
        made = clinics.clinic(seed)
        clinics.write_clinic(made, workspace)
        remark = f"next: edi-iop run {root} --as-of {made.as_of}"
    else:
        template = (resources.maps() / "settings.toml").read_bytes()
        paths.write(workspace.settings_file, template)
        remark = f"next: fill in {workspace.settings_file}, put files into {workspace.inbox}, then: edi-iop run {root}"
    Store.create(workspace.database).close()
    return Answer(paths.contents(root, f"{root}: a new workspace"), remarks=(remark,))


def run(root: Path, as_of: date | None = None, whole: bool = False) -> Answer:
    """The nightly job; its receipt in words, and in JSON as it stands in reports/.

    whole: everything is judged again, not only what is new.
    """
    return _answer(root, night.run(paths.workspace(root), as_of or date.today(), whole=whole))


def build_workspace(root: Path, as_of: date | None = None) -> Answer:
    """The 837I of what was taken in and is ready, into outbox/; the inbox is left for `run`."""
    return _answer(root, night.run(paths.workspace(root), as_of or date.today(), intake=False))


def _answer(root: Path, receipt: Receipt) -> Answer:
    """The receipt, and where to look at what it counts."""
    reports = {
        "files": receipt["files"]["held"] + receipt["files"]["quarantined"],
        "findings": receipt["findings"]["error"],
        "acks": receipt["acks"]["rejected"],
        "corrections": receipt["corrections"]["held"],
        "blocked": receipt["blocked"]["lines"],
        "denials": receipt["denials"]["lines"],
    }
    remarks = tuple(
        f"see: edi-iop report {name} {root}" for name, count in reports.items() if count
    )
    return Answer(receipts.sheet(receipt), status(not receipt["clean"]), remarks)


def db_status(root: Path) -> Answer:
    """The schema the store has, the one this program needs, and the rows of each table."""
    with Store.attach(paths.workspace(root).database, read_only=True) as store:
        found = store.status()
    rows = pl.DataFrame(
        {"table": list(found.rows), "rows": list(found.rows.values())},
        schema={"table": pl.String, "rows": pl.Int64},
    )
    fields = (Field("TABLE", "table"), Field("ROWS", "rows", "number"))
    behind = bool(found.pending)
    title = f"schema {found.version} of {found.newest}"
    remarks = (f"next: edi-iop db migrate {root}",) if behind else ()
    return Answer(Sheet(title, rows, fields), status(behind), remarks)


def db_migrate(root: Path) -> Answer:
    """Brings the store to this program's schema; makes it where it is absent."""
    database = paths.workspace(root, with_store=False).database
    fresh = not database.is_file()
    with Store.create(database) if fresh else Store.attach(database) as store:
        done = store.status().pending if fresh else tuple(store.migrate())
    rows = pl.DataFrame({"migration": list(done)}, schema={"migration": pl.String})
    none = "a new database was made" if fresh else "the database was up to date"
    return Answer(Sheet("", rows, (Field("MIGRATION", "migration"),), none=none))
