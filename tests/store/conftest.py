"""Here the database is the subject: none is a copy."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edi_iop.store import schema


@pytest.fixture(scope="module", autouse=True)
def databases_are_made(new_databases_are_copies: None) -> Iterator[None]:  # noqa: ARG001
    """By the migrations, as in a new workspace."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "migrate", schema.migrate.__wrapped__)  # type: ignore[attr-defined]
        yield
