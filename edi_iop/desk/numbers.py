"""Claim numbers as a person types them: ours are upper case, and a shell forgives the rest."""

from __future__ import annotations

from edi_iop.store import Store


def as_known(store: Store, number: str) -> str:
    """The number, or its upper case where only that was sent or answered."""
    raised = number.upper()
    if raised == number or _known(store, number) or not _known(store, raised):
        return number
    return raised


def _known(store: Store, number: str) -> bool:
    return any(store.load(name, claim=number).height for name in ("claims", "remit_claims"))
