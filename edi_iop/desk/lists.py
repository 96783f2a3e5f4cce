"""The verbs about code lists: load one into a workspace, list what there is and how far it reaches."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from edi_iop import codes
from edi_iop.codes import licensed
from edi_iop.codes.licensed import Held, Texts
from edi_iop.desk import paths
from edi_iop.desk.answer import Answer
from edi_iop.errors import Unreadable
from edi_iop.guides import external
from edi_iop.reports.sheet import Field, Sheet

_ROW: dict[str, pl.DataType | type[pl.DataType]] = {
    "list": pl.String,
    "codes": pl.Int64,
    "as_of": pl.Date,
    "since": pl.Date,
    "until": pl.Date,
    "source": pl.String,
    "loaded_on": pl.Date,
    "sha256": pl.String,
    "classes": pl.List(pl.String),
}
_FIELDS = (
    Field("LIST", "list"),
    Field("CODES", "codes", "number"),
    Field("AS OF", "as_of"),
    Field("SINCE", "since"),
    Field("UNTIL", "until"),
)
_NOTES = (
    Field("", "source"),
    Field("loaded", "loaded_on"),
    Field("sha256", "sha256"),
    Field("classes", "classes"),
)


def codes_load(kind: str, file: Path, root: Path, as_of: date | None = None) -> Answer:
    """A code list of the user's own, into the workspace; it replaces one of its kind."""
    workspace = paths.workspace(root, with_store=False)
    if file.is_dir():
        raise Unreadable(f"{file}: a folder; name the file of the list")
    content = paths.read(paths.file(file))
    found = licensed.load(kind, file.name, content, date.today(), as_of)
    for name, content in found.files.items():
        paths.write(workspace.codes / name, content)
    licensed.texts.cache_clear()
    external.forget()
    held = found.held
    remarks = (f"left out: {held.left_out} of its rows, which have no {kind} code",)
    sheet = _sheet([_loaded_row(held)], f"{kind}: {held.codes} codes, read as {held.form}")
    return Answer(sheet, remarks=remarks if held.left_out else ())


def codes_list(root: Path | None = None) -> Answer:
    """Every code list with its size, its source and the days it speaks of; those a user loaded first."""
    texts = loaded(root)
    own = [_loaded_row(one) for one in texts.held] if texts else []
    return Answer(_sheet([*own, *map(_shipped_row, codes.kinds())]))


def loaded(root: Path | None) -> Texts | None:
    """The lists loaded into the workspace, where one is named; MissingPath where it is none."""
    if root is None:
        return None
    return licensed.texts(paths.workspace(root, with_store=False).codes)


def _sheet(records: list[dict[str, object]], title: str = "") -> Sheet:
    return Sheet(title, pl.DataFrame(records, schema=_ROW), _FIELDS, _NOTES)


def _loaded_row(held: Held) -> dict[str, object]:
    return {
        "list": f"{held.kind} (loaded)",
        "codes": held.codes,
        "as_of": held.as_of,
        "source": held.file,
        "loaded_on": held.loaded_on,
        "sha256": held.sha256,
        "classes": list(held.classes),
    }


def _shipped_row(kind: str) -> dict[str, object]:
    reach = codes.reach(kind)
    return {
        "list": kind,
        "codes": codes.size(kind),
        "as_of": reach.as_of,
        "since": reach.since,
        "until": reach.until,
        "source": codes.kinds()[kind][1],
    }
