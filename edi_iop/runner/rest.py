"""What is left to close scopes around, while some scopes hold more than they were begun with."""

from __future__ import annotations

from edi_iop.runner.scope import Begin

_SHARE = 4
"""Where more than one in so many of those left is held, all that are left are gone through."""


class Rest:
    """Rows that wait for a scope of their own.

    What a scope holds is taken out of the rows that come next, and out of all that are left only
    now and then: of very many, each step would go through all of them.
    """

    def __init__(self, rows: Begin) -> None:
        self._rows, self._held = rows, Begin.around()

    def __bool__(self) -> bool:
        return bool(self._rows)

    def hold(self, scope: Begin) -> None:
        """These have come into a scope."""
        self._held = self._held.with_those_of(scope)
        if self._held.height * _SHARE > self._rows.height:
            self._rows, self._held = self._rows.beyond(self._held), Begin.around()

    def next(self, most: int) -> Begin:
        """The next rows that no scope holds, so many at most."""
        first, self._rows = self._rows.divided(most)
        return first.beyond(self._held)
