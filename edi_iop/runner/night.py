"""The nightly run: every drop in, every answer tied, every ready day billed, every denial explained.

Each step leaves the database whole. A run that dies is taken up again under its
own id and ends as if it had not died.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import msgspec

from edi_iop.errors import Busy
from edi_iop.runner import archive, lock, portions, records, since
from edi_iop.runner.bill import Biller
from edi_iop.runner.handover import hand_over
from edi_iop.runner.intake import Intake
from edi_iop.runner.receipt import Receipt, receipt
from edi_iop.runner.settle import answers, settle
from edi_iop.settings import Workspace
from edi_iop.store import Store


class Clock(msgspec.Struct):
    """Seconds by stage."""

    seconds: dict[str, float] = msgspec.field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - began, 3)


def run(workspace: Workspace, as_of: date, *, intake: bool = True, whole: bool = False) -> Receipt:
    """Does the night of a workspace and returns its receipt, also written to reports/RUN.json.

    as_of: the date the run is done for. intake: False leaves the inbox for later,
    to bill what was taken in before. whole: everything is judged again, not only what is new
    (portions.settle). MissingPath, BadSettings, BadPolicy, BadMap, StoreVersion or Busy before
    anything is touched.
    """
    settings = workspace.settings()
    policies = records.policies(workspace, settings, as_of)
    layouts = records.layouts(workspace)
    for folder in workspace.folders:
        folder.mkdir(exist_ok=True)
    with Store.open(workspace.database) as store:
        if not intake:
            _refuse_unfinished(store)
        with lock.held(store, as_of) as run_id:
            if whole:
                store.settle()
            biller = Biller(store, workspace, settings, policies, run_id)
            taking = Intake(store, workspace, run_id, as_of, settings.answers, layouts)
            made = _night(biller, taking if intake else None, as_of)
            _file(biller, made)
            return made


def _night(biller: Biller, intake: Intake | None, as_of: date) -> Receipt:
    """The stages, in the order in which each needs the one before."""
    store, policies, run_id = biller.store, biller.policies, biller.run
    clock = Clock()
    with clock.stage("intake"):
        delivered = 0 if intake is None else intake.take_in()
        hand_over(store, biller.workspace)
    if since.in_portions(store):
        with clock.stage("settle"):
            portions.settle(store, policies, biller.settings, as_of)
        return receipt(store, run_id, as_of.isoformat(), delivered, clock.seconds)
    with clock.stage("match"):
        known = records.known(store, policies, as_of)
        answered = answers(store, known)
    lock.beat(store, run_id)
    with clock.stage("bill"):
        biller.bill(known, answered)
    lock.beat(store, run_id)
    with clock.stage("explain"):
        after = records.after_billing(store, known)
        settle(store, after, answered, policies, biller.settings)
    return receipt(store, run_id, as_of.isoformat(), delivered, clock.seconds)


def _refuse_unfinished(store: Store) -> None:
    """A run that died has files of its own to finish: billing alone must not take its id."""
    died = store.unfinished_run()
    if died is not None:
        raise Busy(
            f"{store.path.parent}: run {died} did not end; finish it first with: "
            f"edi-iop run {store.path.parent}"
        )


def _file(biller: Biller, made: Receipt) -> None:
    """The receipt into reports/ and into the database; with that the run is done."""
    text = json.dumps(made, indent=2) + "\n"
    archive.write(biller.workspace.reports / f"{biller.run}.json", text.encode())
    biller.store.finish_run(biller.run, lock.now(), text)
