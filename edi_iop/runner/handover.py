"""Files handed over: what was built goes into outbox/ whole, and is then sent."""

from __future__ import annotations

from edi_iop.runner import archive
from edi_iop.settings import Workspace
from edi_iop.store import Store


def hand_over(store: Store, workspace: Workspace) -> None:
    """Puts built files into the outbox, those too that a crash kept back; then they are sent.

    Their bytes come from the archive and their names are used once, so that none is
    written twice.
    """
    for row in store.load("files", direction="out", status="built").iter_rows(named=True):
        target = workspace.outbox / row["name"]
        if not target.exists():
            content = archive.place(workspace, row["sha256"]).read_bytes()
            archive.write(target, content)
        store.mark_file(row["file_id"], "sent")
