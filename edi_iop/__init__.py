"""IOP billing between encounter feeds, 837I claims and 835 remits.

    >>> import edi_iop
    >>> sorted(edi_iop.__all__)[:3]
    ['Answer', 'EdiIopError', 'Finding']

Every verb of the command line is a function here, with the same name; it gives
back an Answer: `rows` (a polars frame), `status` and `remarks`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edi_iop.desk import (
        Answer,
        build,
        build_workspace,
        check,
        clinic,
        db_migrate,
        db_status,
        explain,
        feed_check,
        feed_guess,
        identify,
        init,
        parse,
        reconcile,
        reconcile_workspace,
        remedy,
        report,
        rules_list,
        rules_show,
        rules_test,
        run,
        show,
        simulate,
        validate,
    )
    from edi_iop.errors import EdiIopError
    from edi_iop.findings import Finding
    from edi_iop.settings import Settings, Workspace

    __version__: str

__all__ = [
    "Answer",
    "EdiIopError",
    "Finding",
    "Settings",
    "Workspace",
    "__version__",
    "build",
    "build_workspace",
    "check",
    "clinic",
    "db_migrate",
    "db_status",
    "explain",
    "feed_check",
    "feed_guess",
    "identify",
    "init",
    "parse",
    "reconcile",
    "reconcile_workspace",
    "remedy",
    "report",
    "rules_list",
    "rules_show",
    "rules_test",
    "run",
    "show",
    "simulate",
    "validate",
]

_ELSEWHERE = {
    "EdiIopError": "edi_iop.errors",
    "Finding": "edi_iop.findings",
    "Settings": "edi_iop.settings",
    "Workspace": "edi_iop.settings",
}


def __getattr__(name: str) -> object:
    """Loads a public name when it is first asked for, so that importing one room stays cheap."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "__version__":
        return _version()
    return getattr(import_module(_ELSEWHERE.get(name, "edi_iop.desk")), name)


def _version() -> str:
    """Of the installed package; a bare checkout that was never installed has none."""
    from importlib import metadata  # a tenth of the time a small file takes

    try:
        return metadata.version("edi_iop")
    except metadata.PackageNotFoundError:
        return "0+unknown"
