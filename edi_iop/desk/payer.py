"""The verbs of the simulator: a payer that answers claims, a clinic to try everything on."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, time
from difflib import get_close_matches
from pathlib import Path

import msgspec
import polars as pl

from edi_iop.desk import billing, material, paths
from edi_iop.desk.answer import Answer
from edi_iop.desk.files import error_lines, validate
from edi_iop.errors import AlreadyThere, NotKnown, Unreadable
from edi_iop.reports.formats import to_ndjson
from edi_iop.reports.sheet import Field, Sheet
from edi_iop.settings import Workspace
from edi_iop.simulator import adversary, payer_acks
from edi_iop.simulator import clinic as clinics
from edi_iop.simulator import payer as payers_side
from edi_iop.transcribe.write import write_835
from edi_iop.x12.writer import Envelope

ACKS_FOLDER = "acks"
_ACKS_APART = 500
"""A payer's 277CA and 835 have control numbers so far apart."""
TRUTH_FILE, TRUTH_CLAIMS_FILE = "truth.ndjson", "truth-claims.ndjson"
_WRITTEN = {
    "file": pl.String,
    "payer": pl.String,
    "claims": pl.Int64,
    "lines": pl.Int64,
    "denied_lines": pl.Int64,
    "paid_cents": pl.Int64,
}
_FIELDS = (
    Field("FILE", "file", widest=56),
    Field("PAYER", "payer"),
    Field("CLAIMS", "claims", "number"),
    Field("LINES", "lines", "number"),
    Field("DENIED", "denied_lines", "number"),
    Field("PAID", "paid_cents", "money"),
)


class Mailing(msgspec.Struct, frozen=True):
    """What the 835 envelopes say, and where the files go."""

    folder: Path
    receiver: str
    on: date
    seed: int

    def control(self, number: int) -> int:
        """Interchange control number of the number-th payer: the date, then the seed."""
        return int(f"{self.on:%y%m%d}") * 1000 + (self.seed * 10 + number) % 1000

    def envelope(self, payer: str, control: int) -> Envelope:
        """From the payer to whom it answers."""
        return Envelope(
            sender_id=payer,
            receiver_id=self.receiver,
            interchange_control=control,
            group_control=control,
            created=datetime.combine(self.on, time(12)),
        )


def simulate(
    claims: Sequence[Path],
    folder: Path,
    payers: Sequence[str] = (),
    settings: Path | None = None,
    feeds: Sequence[Path] = (),
    seed: int = 1,
    mistakes: int = 0,
    as_of: date | None = None,
    wrongly: Collection[tuple[str, int]] = (),
    corrupt: Collection[str] = (),
    errors: int = 0,
) -> Answer:
    """An 835 of each payer named, answering these claims, and truth.ndjson beside them.

    acks/ holds what comes before: the 999 of each file, and each payer's 277CA.

    feeds: what the payers have on file; a workspace stands for all of its records.
    mistakes: how many good lines are denied as unauthorized; wrongly: such lines by claim and
    number; errors: how many are denied for any of the payer's rules.
    corrupt: corruptions of the answers (simulator.adversary.kinds, or `all`); then there are
    several 835s a payer, and truth-claims.ndjson says what each remit claim truly answers.
    """
    _known_kinds(corrupt)
    on = as_of or date.today()
    sent = material.of_files(paths.delivered(claims))
    if sent.table("claims").is_empty():
        raise Unreadable(f"{claims[0]}: no claim in these files; name 837I files")
    _known_lines(sent, wrongly)
    folders = (Workspace(feeds[0]).payers,) if knows_payers(feeds) else ()
    if settings is None and not payers and folders:
        settings = Workspace(feeds[0]).settings_file
    chosen, _ = billing.choose(sent, payers, settings, on, folders)
    beside = material.of_paths(feeds)
    judged, unjudged = material.judgeable(chosen, beside)
    on_file = material.recorded(beside, judged, on)
    most = adversary.CLAIMS_A_PAYMENT if corrupt else None
    answer = payers_side.adjudicate(
        sent.tables, judged, on_file, seed, mistakes, wrongly, most, errors
    )
    mailing = Mailing(folder, str(sent.table("submissions")["sender_id"][0]), on, seed)
    rows = (
        _mail_corrupted(answer, sent.tables, corrupt, mailing)
        if corrupt and answer.payers
        else [_mail(answer, payer, number, mailing) for number, payer in enumerate(answer.payers)]
    )
    _acknowledge(claims, answer, sent.tables, mailing)
    _write_truth(answer.truth, folder)
    sheet = Sheet("", pl.DataFrame(rows, schema=_WRITTEN), _FIELDS, none="no claim of these payers")
    remarks = (
        *error_lines(sent.findings, sent.names),
        *unjudged,
        *_spared(answer.truth, wrongly),
        f"truth: {folder / TRUTH_FILE}",
        *((f"truth of the corrupted answers: {folder / TRUTH_CLAIMS_FILE}",) if corrupt else ()),
    )
    return Answer(sheet, remarks=remarks)


def corruptions() -> Answer:
    """Every corruption of answers that simulate knows, and what it is."""
    known = adversary.kinds()
    rows = pl.DataFrame({"corruption": list(known), "says": list(known.values())})
    return Answer(
        Sheet("", rows, (Field("CORRUPTION", "corruption"), Field("SAYS", "says", widest=90)))
    )


def _known_kinds(named: Collection[str]) -> None:
    """NotKnown where a corruption the user names is none."""
    unknown = sorted(set(named) - {adversary.ALL, *adversary.kinds()})
    if unknown:
        near = get_close_matches(unknown[0], adversary.kinds(), n=1)
        hint = f"did you mean {near[0]}?" if near else "--corrupt list shows them"
        raise NotKnown(f"corruption {unknown[0]!r}: there is none of that name; {hint}")


def _known_lines(sent: material.Material, wanted: Collection[tuple[str, int]]) -> None:
    """NotKnown where a line the user names is on none of the claims."""
    claims = sent.table("claims").select("file_id", "claim_offset", "claim")
    lines = sent.table("claim_lines").join(claims, on=["file_id", "claim_offset"])
    missing = sorted(set(wanted) - set(lines.select("claim", "line").iter_rows()))
    if missing:
        listed = ", ".join(f"{claim}/{line}" for claim, line in missing)
        raise NotKnown(f"{listed}: no such line in these claims; edi-iop parse lists them")


def _spared(truth: pl.DataFrame, wanted: Collection[tuple[str, int]]) -> Iterator[str]:
    """Lines that were to be denied wrongly and were not."""
    wrong = truth.filter(pl.col("verdict") == "refuted").select("claim", "line")
    for claim, line in sorted(set(wanted) - set(wrong.iter_rows())):
        yield (
            f"not denied wrongly: {claim}/{line}; it breaks a rule, is void, "
            "or its payer has no policy here"
        )


def knows_payers(feeds: Sequence[Path]) -> bool:
    """Whether the feeds are a workspace, whose settings name the payers."""
    return len(feeds) == 1 and paths.is_workspace(feeds[0])


def _mail(
    answer: payers_side.Answer, payer: str, number: int, mailing: Mailing
) -> dict[str, object]:
    """One payer's 835, and what it comes to."""
    tables = answer.of(payer)
    control = mailing.control(number)
    envelope = mailing.envelope(payer, control)
    target = mailing.folder / f"835-{payer}-{mailing.on:%Y%m%d}-{control:09d}.edi"
    paths.write(target, write_835(tables, envelope))
    return {
        "file": str(target),
        "payer": payer,
        "claims": tables["remit_claims"].height,
        "lines": tables["remit_lines"].height,
        "denied_lines": answer.truth.filter(pl.col("payer_id") == payer).height,
        "paid_cents": int(tables["payments"]["amount_cents"].sum()),
    }


def _acknowledge(
    claims: Sequence[Path], answer: payers_side.Answer, sent: material.Tables, mailing: Mailing
) -> None:
    """What comes before an 835: a 999 of each file, and each payer's 277CA."""
    folder = mailing.folder / ACKS_FOLDER
    if paths.STANDARD_INPUT not in claims:  # what is piped in can be read once only
        files = [file for named in claims for file in paths.files(named)]
        list(validate(files, ack=folder, at=datetime.combine(mailing.on, time(12))).parts())
    for number, payer in enumerate(answer.payers):
        envelope = mailing.envelope(payer, mailing.control(number + _ACKS_APART))
        target = folder / f"277CA-{payer}-{mailing.on:%Y%m%d}.edi"
        paths.write(target, payer_acks.acknowledged(answer, sent, payer, envelope))


def _mail_corrupted(
    answer: payers_side.Answer, sent: material.Tables, kinds: Collection[str], mailing: Mailing
) -> list[dict[str, object]]:
    """All payers' 835s as they arrive, corrupted, and the truth about each remit claim."""
    made = adversary.corrupted(answer, sent, mailing.seed, kinds, mailing.receiver)
    lines = made.draft.lines.join(
        made.draft.claims.select("remit_claim_offset", "payment_offset"), on="remit_claim_offset"
    )
    rows: list[dict[str, object]] = []
    for one in made.files:
        paths.write(mailing.folder / one.name, one.content)
        here = pl.col("payment_offset").is_in(one.payments)
        payments = made.draft.payments.filter(here)
        rows.append(
            {
                "file": str(mailing.folder / one.name),
                "payer": payments["payer_id"][0],
                "claims": made.draft.claims.filter(here).height,
                "lines": lines.filter(here).height,
                "denied_lines": lines.filter(here, pl.col("paid_cents") == 0).height,
                "paid_cents": int(payments["amount_cents"].sum()),
            }
        )
    told = to_ndjson(Sheet("", adversary.truth(made))).encode("utf-8")
    paths.write(mailing.folder / TRUTH_CLAIMS_FILE, told)
    return rows


def clinic(folder: Path, seed: int = 1, clients: int = 40, weeks: int = clinics.WEEKS) -> Answer:
    """The files of a synthetic clinic: settings, feeds, claims others sent, and the truth."""
    if (folder / "settings.toml").exists():
        raise AlreadyThere(
            f"{folder}: a clinic is already here and was left as it is; name another folder"
        )
    made = clinics.clinic(seed, clients, weeks=weeks)
    paths.write(folder / "settings.toml", made.settings.encode("utf-8"))
    for name, content in made.feeds.items():
        paths.write(folder / "feeds" / name, content)
    for name, content in clinics.claim_files(made).items():
        paths.write(folder / "claims" / name, content)
    for name, content in made.remits.items():
        paths.write(folder / "remits" / name, content)
    _write_truth(made.truth, folder)
    answers = f" {folder}/remits" if made.remits else ""
    next_step = (
        f"next: edi-iop check {folder}/feeds {folder}/claims{answers} "
        f"--settings {folder}/settings.toml --as-of {made.as_of}"
    )
    sheet = paths.contents(folder, f"{folder}: a synthetic clinic")
    return Answer(sheet, remarks=(next_step,))


def _write_truth(truth: pl.DataFrame, folder: Path) -> None:
    paths.write(folder / TRUTH_FILE, to_ndjson(Sheet("", truth)).encode("utf-8"))
