"""What all tests share: the checkout's folders, the public samples, and what is made only once."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Iterator
from functools import cache, wraps
from pathlib import Path

import pytest
from hypothesis import settings

from edi_iop.store import schema

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "fixtures"
SAMPLES = ROOT.parent / "shared" / "samples"

_OF_THE_SUITE = 100
settings.register_profile("suite", max_examples=_OF_THE_SUITE, deadline=None)
settings.register_profile("long", max_examples=5000, deadline=None)
settings.load_profile("suite")
"""`scripts/test --hypothesis-profile long` takes its time; what is slow takes a share of the examples."""


def one_in(number: int) -> slice:
    """One in so many of a list of inputs of one kind; in the long profile every one."""
    return slice(None, None, 1 if settings().max_examples > _OF_THE_SUITE else number)


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of public sample files; its tests skip where it is absent."""
    if not SAMPLES.is_dir():
        pytest.skip("the public samples are not beside the checkout (shared/samples)")
    return SAMPLES


@pytest.fixture(scope="session", autouse=True)
def new_databases_are_copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Forty tables with their indices are made once and copied; tests/store makes each anew."""
    made = schema.migrate

    @cache
    def empty() -> tuple[Path, list[str]]:
        path = tmp_path_factory.mktemp("database") / "empty.db"
        return path, made(path)

    @wraps(made)
    def copied(path: Path) -> list[str]:
        if path.exists():
            return made(path)
        template, done = empty()
        shutil.copyfile(template, path)
        return list(done)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "migrate", copied)
        yield


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was left out is said at the end."""
    if settings().max_examples <= _OF_THE_SUITE:
        terminalreporter.write_line(
            "of many inputs a few were tried: all by scripts/test --hypothesis-profile long, new ones by "
            "scripts/chunks, scripts/nights, scripts/accuracy, scripts/differential and scripts/fuzz"
        )


def pytest_collection_finish() -> None:
    """Thousands of collected tests live until the end: they are not looked through again and again."""
    gc.collect()
    gc.freeze()
