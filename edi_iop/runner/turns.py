"""A large file read in turns: its rows go into the store as they come, and it is judged at its end.

All in the transaction that is open: where the file is not to be applied its rows are
taken back, and a run that dies leaves none. Held meanwhile are a chunk or two, the
findings, the headers, and of claims and payments the numbers that answers name.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

import polars as pl
from msgspec.structs import replace

from edi_iop import parsers
from edi_iop.errors import EdiIopError, Unreadable
from edi_iop.parsers import Batch, Parsed, Sent, interchanges
from edi_iop.parsers.identify import kind_of_all
from edi_iop.parsers.interchanges import Survey
from edi_iop.parsers.streams import said
from edi_iop.reconciler.balance import Running
from edi_iop.reconciler.duplicates import RunningContents
from edi_iop.runner.numbering import numbered_again
from edi_iop.runner.outcome import judge, weigh
from edi_iop.runner.reading import Reading, refused
from edi_iop.runner.reply import drafted
from edi_iop.settings import Answering
from edi_iop.store import Store
from edi_iop.tables import FINDINGS, INTERCHANGES
from edi_iop.x12.pieces import CHUNK

if TYPE_CHECKING:
    from edi_iop.parsers.feed_layout import Layout

TURN = 2 * CHUNK
"""Bytes of a turn. A run has room for more than a file that is only validated: what each chunk costs,
however small, comes half as often."""
_HELD: dict[str, tuple[str, ...]] = {
    "payments": (),
    "acknowledgements": (),
    "claims": ("file_id", "claim_offset", "transaction_offset", "claim"),
}
"""Tables that are held to the end, whole or these columns: what is asked of a file, or named in an answer."""


def read_in_turns(
    store: Store,
    number: int,
    file: BinaryIO,
    survey: Survey,
    answering: Answering,
    layouts: Sequence[Layout] = (),
    lists: Path | None = None,
) -> Reading:
    """The X12 file's reading; its tables but payments, headers and findings are saved ahead.

    An archive of which something cannot be had has a reading too. Unreadable where the program
    fails at it, or the rows contradict what is stored.
    """
    if survey.form == "archive":
        return _of_archive(store, number, file)
    held, sent = _Held(), Sent()
    with _Ahead(store) as ahead:
        for batch in _batches(number, file, layouts, lists):
            with _ours():
                held.add(batch)
            rows = {name: rows for name, rows in batch.tables.items() if name != "payments"}
            ahead.save(sent.only(rows))
    with _ours():
        parsed = held.parsed(file)
        outcome = judge(parsed)
    taken, imbalance = INTERCHANGES.empty(), FINDINGS.empty()
    if outcome.status == "applied":
        taken = interchanges.rows({number: parsed.envelopes}, {number: survey})
        parsed = replace(
            parsed, findings=pl.concat([parsed.findings, numbered_again(store, taken)])
        )
        imbalance = held.imbalance()
        outcome = weigh(outcome, imbalance)
    else:
        store.forget(number)
    with _ours():
        answers = drafted({number: parsed}, {number: outcome}, answering)
    found = pl.concat([imbalance, parsed.findings])
    last = {"interchanges": taken, "findings": found}
    if outcome.status != "quarantined" and "payments" in parsed.tables:
        last["payments"] = parsed.tables["payments"]
        with _ours():
            last["payment_contents"] = held.contents(last["payments"], imbalance)
    rows = store.prepare(last).get(number, {})
    return Reading(number, outcome, parsed.transactions, rows, found, answers.get(number, ()))


def _of_archive(store: Store, number: int, file: BinaryIO) -> Reading:
    parsed = refused(number, file)
    rows = store.prepare({"findings": parsed.findings}).get(number, {})
    return Reading(number, judge(parsed), 0, rows, parsed.findings)


def _batches(
    number: int, file: BinaryIO, layouts: Sequence[Layout], lists: Path | None
) -> Iterator[Batch]:
    """The file a chunk at a time."""
    given = [(number, file)]
    batches = parsers.stream(given, layouts=layouts, lists=lists, size=TURN)
    while True:
        with _ours():
            batch = next(batches, None)
        if batch is None:
            return
        yield batch


_PAYMENTS = 1000
"""Payments that wait to be balanced: of one it takes as long as of all of them."""
_WAITING = 2
"""Chunks: one of each process that reads."""


@contextmanager
def _ours() -> Iterator[None]:
    """A fault of ours on this file: the night goes on without it."""
    try:
        yield
    except (OSError, MemoryError, EdiIopError):
        raise
    except Exception as problem:
        raise Unreadable(f"reading it failed ({type(problem).__name__})") from problem


class _Ahead:
    """Rows on their way into the store while the next chunks are read: SQLite needs no interpreter.

    Nothing else may ask the store meanwhile.
    """

    def __init__(self, store: Store) -> None:
        self._store, self._thread = store, ThreadPoolExecutor(1)
        self._saving: deque[Future[None]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._thread.shutdown(cancel_futures=kind is not None)
        while self._saving and kind is None:
            self._saving.popleft().result()

    def save(self, tables: dict[str, pl.DataFrame]) -> None:
        """Once few wait; Unreadable where those before contradict what is stored."""
        while len(self._saving) >= _WAITING:
            self._saving.popleft().result()
        self._saving.append(self._thread.submit(self._store.save_ahead, tables))


class _Held:
    """What is held of a file to its end."""

    def __init__(self) -> None:
        self._balance = Running()
        self._unbalanced = [FINDINGS.empty()]
        self._contents = RunningContents()
        self._findings = [FINDINGS.empty()]
        self._envelopes: list[pl.DataFrame] = []
        self._transactions: list[pl.DataFrame] = []
        self._tables: dict[str, list[pl.DataFrame]] = {}

    def add(self, batch: Batch) -> None:
        """The next chunk."""
        self._findings.append(FINDINGS.conform(batch.findings))
        self._envelopes.append(batch.envelopes)
        self._transactions.append(batch.transactions)
        if "payments" in batch.tables:
            self._unbalanced.append(self._balance.claims(batch.tables))
            if self._balance.waiting > _PAYMENTS:
                self._unbalanced.append(self._balance.settled())
            self._contents.add(batch.tables)
        for name, rows in batch.tables.items():
            held = self._tables.setdefault(name, [])
            if name in _HELD:
                held.append(rows.select(_HELD[name] or pl.all()))
            elif len(rows) and not held:
                held.append(rows.clear(1))  # No more than that there are rows.

    def parsed(self, file: BinaryIO) -> Parsed:
        """The file as parsers.parse has it, but for the rows that are in the store by now.

        It is read again where no transaction tells its kind.
        """
        findings = pl.concat(self._findings)
        transactions = pl.concat(self._transactions, how="diagonal_relaxed")
        fatal = findings["code"].is_in(["NOT_X12", "EMPTY_FILE"]).any()
        ids: set[str] = set()
        if transactions.is_empty():
            file.seek(0)
            ids = {one.decode() for one in said(file, (b"ISA", b"TA1"))}
        return Parsed(
            "unknown" if fatal else kind_of_all(transactions, ids),
            {name: pl.concat(parts) for name, parts in self._tables.items() if parts},
            findings,
            len(transactions),
            envelopes=parsers.last_of_each(pl.concat(self._envelopes)).drop("file"),
        )

    def contents(self, payments: pl.DataFrame, unbalanced: pl.DataFrame) -> pl.DataFrame:
        """What each payment says (tables.PAYMENT_CONTENTS)."""
        return self._contents.contents(payments, unbalanced)

    def imbalance(self) -> pl.DataFrame:
        """Where the money of its payments does not add up."""
        found = pl.concat([*self._unbalanced, self._balance.payments()])
        return found.sort("file_id", "byte_offset", "code")
