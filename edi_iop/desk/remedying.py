"""The verb remedy: the claim or letter that a denial asks for, written for a person to check and send."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, get_args

import msgspec
import polars as pl

from edi_iop import resources
from edi_iop.desk import paths
from edi_iop.desk.answer import Answer, status
from edi_iop.desk.numbers import as_known
from edi_iop.errors import Forbidden, NotKnown
from edi_iop.reconciler import appeal, filing
from edi_iop.reconciler.chances import TOLD
from edi_iop.reconciler.evidence import support
from edi_iop.reconciler.expected import RATED_BY, worth_of
from edi_iop.reconciler.preconditions import CLAIMS, NOTHING_TO_WRITE, forbidden
from edi_iop.reconciler.priority import Ranks
from edi_iop.reports.letter import to_docx
from edi_iop.reports.sheet import Field, Sheet
from edi_iop.rules.catalogue import Remedy
from edi_iop.rules.in_force import on_day
from edi_iop.rules.policy import Policy
from edi_iop.rules.rates import rates
from edi_iop.runner import lock, records
from edi_iop.runner.remake import Sides, remade, sides
from edi_iop.settings import Settings, Workspace
from edi_iop.store import Store
from edi_iop.tables import DECISIONS

_CLAIM = ("file_id", "claim_offset")
_TEMPLATE = "appeal.docx"


class _Desk(msgspec.Struct, frozen=True):
    """What the verb works with."""

    store: Store
    workspace: Workspace
    settings: Settings
    policies: Mapping[str, Policy]
    about: Sides
    remarks: frozenset[str]
    target: Path
    as_of: date

    @property
    def claim(self) -> dict[str, Any]:
        return self.about.header.row(0, named=True)

    @property
    def policy(self) -> Policy | None:
        return on_day(self.policies, self.claim["payer_id"], self.claim["statement_from"])

    @property
    def number(self) -> str | None:
        """The payer's number of the claim."""
        number = self.about.own["payer_claim_number"].drop_nulls().first()
        return None if number is None else str(number)


class _Done(msgspec.Struct, frozen=True):
    """What became of one remedy."""

    remedy: str
    lines: list[int]
    says: str
    file: Path | None = None
    warned: bool = False


def remedies() -> tuple[str, ...]:
    """The remedy vocabulary."""
    return get_args(Remedy)


def remedy(
    root: Path,
    claim: str,
    chosen: str | None = None,
    target: Path | None = None,
    as_of: date | None = None,
    by: str | None = None,
) -> Answer:
    """Files for the denied and reduced lines of a claim: one a remedy, or the one that is chosen.

    Nothing is sent; what is written is noted among the decisions. Forbidden where a precondition is not met and nothing could be written;
    NotKnown where there is no such claim, or nothing of it to remedy.
    """
    on = as_of or date.today()
    workspace = paths.workspace(root)
    settings = workspace.settings()
    policies = records.policies(workspace, settings, on)
    with Store.open(workspace.database) as store:
        claim = as_known(store, claim)
        header = _header(store, claim)
        about = sides(store, header, policies, on)
        folder = target or workspace.remedies
        desk = _Desk(
            store, workspace, settings, policies, about, _remarks(store, header), folder, on
        )
        tasks = _tasks(store, claim, chosen, on)
        with store.transaction():
            lock.refuse_second(store)
            done = [_try(desk, name, rows) for name, rows in tasks]
            for one, (_, rows) in zip(done, tasks, strict=True):
                _note(desk, one, rows, by or getpass.getuser())
    if chosen or not any(one.file for one in done):
        refused = next((one for one in done if one.warned and one.file is None), None)
        if refused is not None:
            raise Forbidden(f"claim {claim}, {refused.remedy}: {refused.says}")
    return _answer(claim, done)


def _header(store: Store, claim: str) -> pl.DataFrame:
    """The claim as sent last under this number."""
    found = store.load("claims", claim=claim)
    if found.is_empty():
        raise NotKnown(f"claim {claim}: none was sent under this number; see: report claims")
    return found.sort(_CLAIM).tail(1)


def _remarks(store: Store, header: pl.DataFrame) -> frozenset[str]:
    """Every remark of the payer's on the claim and its lines."""
    row = header.row(0, named=True)
    answers = store.answers_to(row["file_id"], row["claim_offset"]).to_dicts()
    return frozenset(
        remark
        for answer in answers
        for remark in store.load("remarks", **answer)["remark"].drop_nulls()
    )


def _tasks(
    store: Store, claim: str, chosen: str | None, as_of: date
) -> list[tuple[str | None, pl.DataFrame]]:
    """The verdicts of the claim by remedy, the most urgent first; all of them under a chosen one."""
    told = Ranks(store.load("refusals", TOLD), as_of).ranked(store.verdicts_under(claim))
    rows = told.sort("priority", descending=True, nulls_last=True, maintain_order=True)
    if chosen is not None:
        if rows.is_empty() and chosen not in CLAIMS:
            raise NotKnown(f"claim {claim}: no line of it is denied or paid short")
        return [(chosen, rows)]
    if rows.is_empty():
        raise NotKnown(
            f"claim {claim}: no line of it is denied or paid short; name what to write with --as"
        )
    names = rows["remedy"].unique(maintain_order=True).to_list()
    return [(name, rows.filter(pl.col("remedy").eq_missing(pl.lit(name)))) for name in names]


def _try(desk: _Desk, name: str | None, rows: pl.DataFrame) -> _Done:
    """One remedy, or why it may not be taken."""
    lines = rows["line"].drop_nulls().unique().sort().to_list()
    step = next(iter(rows["next_step"].drop_nulls().to_list()), "")
    if name is None:
        return _Done("undecided", lines, f"nothing to write: {step}")
    reasons = rows["reasons"].explode().drop_nulls().unique().to_list()
    advised = rows["remedy"].drop_nulls().unique(maintain_order=True).to_list()
    barred = _stale(desk) or forbidden(
        name, reasons, desk.remarks, desk.number, desk.policy, advised
    )
    if barred is not None:
        return _Done(name, lines, barred, warned=True)
    if name in NOTHING_TO_WRITE:
        return _Done(name, lines, f"nothing to write: {step or 'no paper of ours goes with it'}")
    try:
        return _claim_file(desk, name, rows, lines) if name in CLAIMS else _letter(desk, name, rows)
    except Forbidden as problem:
        return _Done(name, lines, str(problem), warned=True)


def _note(desk: _Desk, done: _Done, rows: pl.DataFrame, actor: str) -> None:
    """That something was written, a decision for each line it is about; no money goes by it."""
    if done.file is None:
        return
    place = ("file_id", "payment_offset", "remit_claim_offset", "remit_line_offset")
    about = rows.select(name for name in place if name in rows.columns).unique(maintain_order=True)
    if about.is_empty():
        about = pl.DataFrame({"file_id": [None]}, schema={"file_id": pl.Int64})
    first = desk.store.next_numbers("decision", about.height)
    told = about.with_columns(
        decision=pl.int_range(first, first + about.height),
        decided_at=pl.lit(lock.now()),
        actor=pl.lit(actor),
        verb=pl.lit("write"),
        remedy=pl.lit(done.remedy),
        dated=pl.lit(desk.as_of),
        note=pl.lit(paths.shown(Path(done.file.name))),
        claim_file_id=pl.lit(desk.claim["file_id"]),
        claim_offset=pl.lit(desk.claim["claim_offset"]),
    )
    desk.store.save({"decisions": DECISIONS.conform(told)})


def _stale(desk: _Desk) -> str | None:
    standing = desk.about.own["standing"].drop_nulls()
    if standing.len() and (standing == "void").all():
        return "it was replaced or voided since; work the claim that took its place"
    return None


def _claim_file(desk: _Desk, name: str, rows: pl.DataFrame, lines: list[int]) -> _Done:
    """The 837I of the claim, replaced, voided or anew."""
    if desk.claim["form"] != "I":
        raise Forbidden("a professional claim; correct it in the system that sent it")
    if name == "new_claim_1" and not _unprocessed(desk, rows):
        raise Forbidden(
            "the payer has processed it, so that a new claim would be a duplicate; take corrected_7"
        )
    made = remade(desk.store, desk.about, name, desk.policies, desk.settings)
    if made.remedy != name:
        barred = forbidden(made.remedy, (), desk.remarks, desk.number, desk.policy)
        if barred is not None:
            raise Forbidden(barred)
    kind = f"{made.remedy}-draft" if made.draft else made.remedy
    file = desk.target / _name(desk, kind, "edi")
    paths.write(file, made.content)
    if made.draft:
        return _Done(made.remedy, lines, _to_edit(rows, made.still), file, warned=True)
    if made.remedy == "void_8":
        lines = desk.about.own["line"].drop_nulls().sort().to_list()
    changed = "; ".join(made.changes) if made.changes else _taken_back(desk)
    breaks = "a void repeats what was sent, and the payer may turn it away"
    words = breaks if made.remedy == "void_8" else "it still breaks"
    still = f"; {words}: {'; '.join(made.still)}" if made.still else ""
    return _Done(made.remedy, lines, f"{changed}{still}", file, warned=bool(made.still))


def _taken_back(desk: _Desk) -> str:
    """What a void takes back: also what was paid, for a person to see."""
    paid = desk.about.own.filter(pl.col("standing") == "paid").height
    return f"all of it taken back; paid lines among it: {paid}" if paid else "all of it taken back"


def _to_edit(rows: pl.DataFrame, still: tuple[str, ...]) -> str:
    """What a person is to change in a draft: what the payer's codes name, and what would not pass."""
    wrong = f"; as it stands: {'; '.join(still)}" if still else ""
    named = "; ".join(appeal.meanings(rows)) or "no reason given"
    return (
        "a draft, the claim as it was sent: our records cannot say what to change; change what the "
        f"payer names ({named}), then send it{wrong}"
    )


def _unprocessed(desk: _Desk, rows: pl.DataFrame) -> bool:
    """Whether the payer never took the claim for one, or another payer is to get it."""
    remarks = desk.policy.billing.new_claim_remarks if desk.policy else ()
    return bool(set(remarks) & desk.remarks) or "new_claim_1" in rows["remedy"].to_list()


def _letter(desk: _Desk, name: str, rows: pl.DataFrame) -> _Done:
    """The letter to the payer, with the evidence and, where the clock is at issue, its proof."""
    due = rows["recoverable_cents"]
    about, rows = _about(desk, rows), _by_line(desk, rows)
    found = support(about, desk.about.records, desk.policies).join(
        about.select("denial", "service_date"), on="denial"
    )
    late = "timely" in rows["category"].to_list() or "TF-01" in rows["rule"].to_list()
    shown = _proof(desk, about) if late else None
    paid = _payments(desk, rows)
    dated = paid.select("file_id", payment="trace_number", paid_on="payment_date")
    numbered = rows.with_columns(payer_number=pl.lit(desk.number, pl.String)).join(
        dated.unique(["file_id", "payment"], keep="first"), on=["file_id", "payment"], how="left"
    )
    told = appeal.fields(
        appeal.request(name),
        numbered,
        desk.claim,
        _payer(desk, paid),
        found,
        shown,
        _part_2(desk),
        None if due.null_count() else int(due.sum()),
    )
    file = desk.target / _name(desk, name, "docx")
    made = datetime.combine(desk.as_of, time(12))
    content = to_docx(_template(desk.workspace), {**told, **_sender(desk)}, made)
    paths.write(file, content)
    lines = rows["line"].drop_nulls().unique().sort().to_list()
    if late and (shown is None or not shown.acknowledged):
        says = "no 999 or 277CA of it is in the store: the letter shows that it was sent, not that it was taken in"
        return _Done(name, lines, says, file, warned=True)
    if shown is not None and shown.in_time is False:
        return _Done(name, lines, f"late by our own records: {shown.statement}", file, warned=True)
    return _Done(name, lines, "check it, fill in what stands in brackets, sign and send", file)


def _about(desk: _Desk, rows: pl.DataFrame) -> pl.DataFrame:
    """The lines sent that the letter is about, as evidence takes them."""
    numbers = rows["line"].drop_nulls()
    whole = numbers.is_empty() or rows["line"].null_count() > 0
    own = (
        desk.about.own if whole else desk.about.own.filter(pl.col("line").is_in(numbers.implode()))
    )
    return own.rename({"file_id": "claim_file_id"}).with_row_index("denial")


def _by_line(desk: _Desk, rows: pl.DataFrame) -> pl.DataFrame:
    """The verdicts, one on the claim as a whole as a row for each of its lines, with what it is worth."""
    of_claim = pl.col("line").is_null() & pl.col("remit_line_offset").is_null()
    whole = rows.filter(of_claim)
    if whole.is_empty() or desk.about.own.is_empty():
        return rows
    own = desk.about.own
    worth = worth_of(own, desk.policies, rates(desk.settings))
    lines = own.join(worth, on=RATED_BY, how="left", nulls_equal=True, maintain_order="left").select(
        "line", "service_date", "procedure", "revenue", "units", "charge_cents",
        expected_cents="worth_cents",
    )  # fmt: skip
    apart = whole.drop(lines.columns).join(lines, how="cross")
    return pl.concat([rows.filter(~of_claim), apart.select(rows.columns)])


def _proof(desk: _Desk, about: pl.DataFrame) -> filing.Proof | None:
    names = ("submissions", "acknowledgements", "acknowledgement_errors")
    tables = {name: desk.store.load(name) for name in names}
    tables["claims"] = desk.store.load("claims", (*_CLAIM, "transaction_offset", "claim"))
    files = desk.store.load("files")
    return filing.proof(about, desk.about.records.lines, tables, files, desk.policy)


def _payments(desk: _Desk, rows: pl.DataFrame) -> pl.DataFrame:
    """The payments (tables.PAYMENTS) of these lines."""
    keys = rows.select("file_id", trace_number="payment").drop_nulls().unique(maintain_order=True)
    return desk.store.among("payments", keys)


def _payer(desk: _Desk, paid: pl.DataFrame) -> dict[str, Any]:
    """Name and address as the payer's last remit of the lines has them."""
    row = paid.sort("payment_date", "file_id").tail(1).to_dicts()[0] if paid.height else {}
    named = {**row, "payer_zip": _zip(row.get("payer_zip"))}
    place = " ".join(
        named[name] for name in ("payer_city", "payer_state", "payer_zip") if named.get(name)
    )
    address = [line for line in (row.get("payer_address1"), place) if line]
    name = row.get("payer_name") or desk.claim["payer_name"] or desk.claim["payer_id"]
    return {"name": name, "address": address or ["(address of the appeals department)"]}


def _zip(code: str | None) -> str | None:
    """A ZIP code as it stands on a letter: the four digits behind the five apart (N403)."""
    return f"{code[:5]}-{code[5:]}" if code and len(code) == 9 and code.isdigit() else code


def _sender(desk: _Desk) -> dict[str, Any]:
    npi = desk.claim["billing_npi"]
    facility = next(
        (one for one in desk.settings.billing if one.npi == npi), desk.settings.facility
    )
    street = " ".join(filter(None, (facility.address1, facility.address2)))
    return {
        "date": desk.as_of.isoformat(),
        "facility": {
            "name": facility.name,
            "address": f"{street}, {facility.city}, {facility.state} {_zip(facility.zip)}",
            "npi": facility.npi,
            "tin": facility.tin,
        },
        "contact": {
            "name": desk.settings.submitter.contact,
            "phone": desk.settings.submitter.phone,
        },
    }


def _part_2(desk: _Desk) -> bool:
    """Whether the claim tells of substance use treatment, by its procedures' track; doubt counts as yes."""
    policy = desk.policy
    if policy is None or not policy.privacy.part2:
        return policy is None
    tracks = {pair.procedure: pair.track for pair in policy.iop.pairs}
    told = {tracks.get(code) for code in desk.about.own["procedure"].drop_nulls()}
    return told != {"MH"}


def _template(workspace: Workspace) -> Path:
    """The facility's own, else the one that ships."""
    own = workspace.letters / _TEMPLATE
    return own if own.is_file() else resources.maps() / "letters" / _TEMPLATE


def _name(desk: _Desk, name: str, ending: str) -> str:
    safe = "".join(sign for sign in str(desk.claim["claim"]) if sign.isalnum())
    return f"{safe}-{name}-{desk.as_of:%Y%m%d}.{ending}"


def _answer(claim: str, done: list[_Done]) -> Answer:
    """A row a remedy, and in one line what was written."""
    rows = pl.DataFrame(
        [(claim, one.remedy, one.lines, paths.shown(one.file) if one.file else None, one.says)
         for one in done],
        schema={
            "claim": pl.String, "remedy": pl.String, "lines": pl.List(pl.Int64),
            "file": pl.String, "says": pl.String,
        },
        orient="row",
    )  # fmt: skip
    count = sum(one.file is not None for one in done)
    remarks = (
        (
            "nothing was sent; once a claim is, put a copy of it into inbox/ so that it counts as sent",
        )
        if any(one.file and one.remedy in CLAIMS for one in done)
        else ()
    )
    fields = (
        Field("REMEDY", "remedy"),
        Field("LINES", "lines"),
        Field("FILE", "file", widest=80),
    )
    closing = f"{count} written" if count else "nothing written"
    sheet = Sheet("", rows, fields, (Field("", "says"),), closing=closing)
    return Answer(sheet, status(any(one.warned for one in done)), remarks)
