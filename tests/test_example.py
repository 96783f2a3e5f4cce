"""The main job on the example clinic: block mode finds every planted fault, warn mode is explained.

The truth is what the clinic's maker wrote down when it planted the faults, and
what the simulated payer wrote down when it denied; neither is read by the run.
"""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from docx import Document

from edi_iop import desk, parsers
from edi_iop.errors import Forbidden, NotKnown
from edi_iop.rules.lines import kept_lines
from edi_iop.settings import Workspace
from edi_iop.simulator.clinic import clinic
from edi_iop.store import Store
from edi_iop.tables import LEDGER
from tests.referee import verdict

FIRST, ANSWERED, SECOND = date(2026, 3, 2), date(2026, 3, 10), date(2026, 3, 11)
SEED = 1


def table(workspace: Workspace, name: str) -> pl.DataFrame:
    with Store.open(workspace.database, read_only=True) as store:
        return kept_lines(store.sent()) if name == "service_lines" else store.load(name)


def sent_files(workspace: Workspace) -> list[Path]:
    return sorted(workspace.outbox.glob("837I-*"))


@pytest.fixture(scope="module")
def night_one(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The example workspace after its first night, faults kept back."""
    root = tmp_path_factory.mktemp("block") / "clinic"
    desk.init(root, example=True, seed=SEED)
    desk.run(root, FIRST)
    return Workspace(root)


@pytest.fixture(scope="module")
def warned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, pl.DataFrame]:
    """Both nights in warn mode, and the payers' truth: everything was sent, all faults denied."""
    root = tmp_path_factory.mktemp("warn") / "clinic"
    desk.init(root, example=True, seed=SEED)
    workspace = Workspace(root)
    text = workspace.settings_file.read_text()
    assert 'mode = "block"' in text
    workspace.settings_file.write_text(text.replace('mode = "block"', 'mode = "warn"'))
    former = root.parent / "former"
    former.mkdir()
    for path in workspace.inbox.glob("*.837"):
        shutil.copy(path, former)
    desk.run(root, FIRST)
    answers = root.parent / "answers"
    desk.simulate(
        [workspace.outbox, former], answers, feeds=[root], mistakes=2, seed=5, as_of=ANSWERED
    )
    for path in answers.glob("835-*"):
        shutil.copy(path, workspace.inbox)
    desk.run(root, SECOND)
    return workspace, pl.read_ndjson(answers / "truth.ndjson")


def planted() -> set[tuple[str, str, date]]:
    """Rule, client and day of every fault the clinic's maker planted."""
    truth = clinic(SEED).truth.filter(pl.col("kind") == "fault")
    return set(truth.select("rule", "client_id", "service_date").iter_rows())


def test_every_rule_of_the_catalogue_is_planted() -> None:
    rules = {rule for rule, _, _ in planted()}
    assert rules >= {
        "DUP-01", "DUP-02", "DUP-03", "BUN-01", "BUN-02", "BUN-04", "LOC-01", "AUTH-01", "AUTH-02",
        "AUTH-04", "DUR-01", "DUR-02", "DX-01", "DX-02", "REV-01", "TF-01",
    }  # fmt: skip


def test_block_mode_finds_all_faults_and_invents_none(night_one: Workspace) -> None:
    violations = table(night_one, "violations")
    # DUP-05 only says what the mapper has put right by itself.
    found = violations.filter(pl.col("severity") != "info")
    assert set(found.select("rule", "client_id", "service_date").iter_rows()) == planted()


def test_what_goes_out_is_clean_to_both_validators(night_one: Workspace) -> None:
    files = sent_files(night_one)
    assert files
    for path in files:
        data = path.read_bytes()
        assert verdict(data) == (True, [])
        assert parsers.parse([(1, data)])[1].findings.is_empty()


def test_the_store_holds_what_the_file_says(night_one: Workspace) -> None:
    out = table(night_one, "files").filter(direction="out", kind="837I")
    (path,) = sent_files(night_one)
    read = parsers.parse([(out["file_id"].item(), path.read_bytes())])
    for name in ("submissions", "claims", "claim_lines", "claim_diagnoses"):
        stored = table(night_one, name).filter(pl.col("file_id") == out["file_id"].item())
        mine = read[out["file_id"].item()].tables[name]
        assert stored.sort(stored.columns).equals(mine.sort(mine.columns)), name


def test_claims_add_up_and_no_day_is_billed_twice(night_one: Workspace) -> None:
    parsed = parsers.parse([(1, sent_files(night_one)[0].read_bytes())])[1].tables
    claims, lines = parsed["claims"], parsed["claim_lines"]
    sums = lines.group_by("claim_offset").agg(lines=pl.col("charge_cents").sum())
    both = claims.join(sums, on="claim_offset")
    assert len(both) == len(claims) > 50
    assert (both["charge_cents"] == both["lines"]).all()
    iop = lines.filter(pl.col("revenue").is_in(["0905", "0906"])).join(
        claims.select("claim_offset", "member_id", "payer_id"), on="claim_offset"
    )
    days = iop.select("payer_id", "member_id", "service_date")
    assert len(days) == days.n_unique() > 500
    months = lines.group_by("claim_offset").agg(pl.col("service_date").dt.month().n_unique())
    assert months["service_date"].max() == 1
    assert lines["line_control"].str.starts_with("L").all()


def test_nothing_of_what_was_blocked_went_out(night_one: Workspace) -> None:
    stopping = pl.col("severity").is_in(["block", "hold"]) & (pl.col("file_id") == 0)
    blocked = table(night_one, "violations").filter(stopping)
    parsed = parsers.parse([(1, sent_files(night_one)[0].read_bytes())])[1].tables
    clients = table(night_one, "clients").select("client_id", "member_id").unique()
    sent = (
        parsed["claim_lines"]
        .join(parsed["claims"].select("claim_offset", "member_id"), on="claim_offset")
        .join(clients, on="member_id")
    )
    per_diem = ("AUTH-01", "AUTH-02", "AUTH-04", "DUR-01", "DX-01", "DX-02", "LOC-01", "TF-01")
    kept = blocked.filter(pl.col("rule").is_in(per_diem)).select("client_id", "service_date")
    assert len(kept) >= 16
    assert kept.join(sent, on=["client_id", "service_date"], how="semi").is_empty()


def test_warn_mode_sends_everything_and_every_denial_is_explained(
    warned: tuple[Workspace, pl.DataFrame],
) -> None:
    workspace, truth = warned
    verdicts = table(workspace, "verdicts")
    keys = ("claim", "line", "rule", "verdict")
    assert set(verdicts.select(keys).iter_rows()) == set(truth.select(keys).iter_rows())
    assert verdicts["verdict"].value_counts().sort("verdict").rows() == [
        ("confirmed", len(truth) - 2),
        ("refuted", 2),
    ]


def test_in_warn_mode_each_stopping_fault_was_denied_under_its_rule(
    warned: tuple[Workspace, pl.DataFrame],
) -> None:
    workspace, _ = warned
    verdicts = table(workspace, "verdicts").filter(pl.col("verdict") == "confirmed")
    denied = verdicts.group_by("rule").len().sort("rule")
    faults = clinic(SEED).truth.filter(
        (pl.col("kind") == "fault") & pl.col("severity").is_in(["block", "hold"])
    )
    due = faults.group_by("rule").len().sort("rule")
    assert denied.rows() == due.rows()


def test_a_dual_diagnosis_day_on_two_former_claims_is_told_apart(
    warned: tuple[Workspace, pl.DataFrame],
) -> None:
    workspace, _ = warned
    double = table(workspace, "verdicts").filter(pl.col("rule") == "DUP-01").row(0, named=True)
    assert double["verdict"] == "confirmed"
    other = double["evidence"][0]
    assert other.startswith("claim:OB")
    assert double["claim"] not in other, "the evidence is the claim that was paid"


def test_refuted_denials_show_the_authorization(warned: tuple[Workspace, pl.DataFrame]) -> None:
    workspace, _ = warned
    refuted = table(workspace, "verdicts").filter(pl.col("verdict") == "refuted")
    assert refuted["rule"].to_list() == ["AUTH-01"] * 2
    assert refuted["carc"].to_list() == ["197"] * 2
    numbers = set(table(workspace, "authorizations")["auth_number"].drop_nulls())
    for evidence in refuted["evidence"]:
        assert any(one.removeprefix("authorization:") in numbers for one in evidence)
    assert refuted["deadline"].null_count() == 0


def remedied(workspace: Workspace, claim: str, **how: str) -> list[dict[str, object]]:
    return desk.remedy(workspace.root, claim, as_of=SECOND, **how).rows.to_dicts()


def claims_in(path: object) -> tuple[dict[str, object], pl.DataFrame]:
    """The only claim of a file and its lines, read back without error."""
    parsed = parsers.parse([(1, Path(str(path)).read_bytes())])[1]
    assert parsed.findings.filter(pl.col("severity") == "error").is_empty()
    return parsed.tables["claims"].row(0, named=True), parsed.tables["claim_lines"]


def test_a_claim_of_surplus_days_alone_is_voided_whole(
    warned: tuple[Workspace, pl.DataFrame],
) -> None:
    """Every day of the former system's second claim is one of two: frequency 8 and REF F8."""
    workspace, _ = warned
    outbox = sorted(workspace.outbox.iterdir())
    (row,) = remedied(workspace, "OB260031")
    head, lines = claims_in(row["file"])
    first = table(workspace, "claims").filter(pl.col("claim") == "OB260031").row(0, named=True)
    assert (row["remedy"], head["frequency"]) == ("void_8", "8")
    assert head["payer_claim_number"] == row_of(workspace, "OB260031")["payer_claim_number"]
    assert (head["charge_cents"], lines.height) == (first["charge_cents"], 4)
    assert head["claim"] != "OB260031", "a claim number is used once"
    assert sorted(workspace.outbox.iterdir()) == outbox, "nothing is sent"


def row_of(workspace: Workspace, claim: str) -> dict[str, object]:
    return table(workspace, "remit_claims").filter(pl.col("claim") == claim).row(0, named=True)


def test_a_second_unit_is_left_out_of_the_replacement(
    warned: tuple[Workspace, pl.DataFrame],
) -> None:
    """Line 2 of two units becomes one, at half the charge; the others stay as they were sent."""
    workspace, _ = warned
    double = table(workspace, "verdicts").filter(
        (pl.col("rule") == "DUP-02") & (pl.col("units") == 2)
    )
    claim = double["claim"][0]
    (row,) = remedied(workspace, claim)
    head, lines = claims_in(row["file"])
    sent = table(workspace, "service_lines").filter(pl.col("claim") == claim)
    assert (row["remedy"], head["frequency"]) == ("corrected_7", "7")
    assert head["payer_claim_number"] == row_of(workspace, claim)["payer_claim_number"]
    assert lines["units"].max() == 1
    assert lines.height == sent.height
    assert lines["charge_cents"].sum() == sent["charge_cents"].sum() - 35000


def test_a_claim_our_records_do_not_change_is_not_replaced(
    warned: tuple[Workspace, pl.DataFrame],
) -> None:
    workspace, _ = warned
    wrong = table(workspace, "verdicts").filter(pl.col("rule") == "DX-01")["claim"][0]
    with pytest.raises(Forbidden, match="our records show nothing to change"):
        remedied(workspace, wrong)


def test_a_processed_claim_is_not_sent_anew_and_the_patient_not_billed_on_co(
    warned: tuple[Workspace, pl.DataFrame],
) -> None:
    workspace, _ = warned
    with pytest.raises(Forbidden, match="duplicate; take corrected_7"):
        remedied(workspace, "OB260031", chosen="new_claim_1")
    with pytest.raises(Forbidden, match="CO-97 leaves nothing to the patient"):
        remedied(workspace, "OB260031", chosen="patient_responsibility")


def test_a_refuted_denial_becomes_a_letter_with_its_evidence(
    warned: tuple[Workspace, pl.DataFrame],
) -> None:
    workspace, _ = warned
    refuted = table(workspace, "verdicts").filter(pl.col("verdict") == "refuted").row(0, named=True)
    rows = {row["remedy"]: row for row in remedied(workspace, refuted["claim"])}
    letter = Document(str(rows["reconsideration"]["file"]))
    said = "\n".join(t.text or "" for t in letter.element.body.iter() if t.tag.endswith("}t"))
    head = table(workspace, "claims").filter(pl.col("claim") == refuted["claim"]).row(0, named=True)
    for word in (
        head["member_id"],
        head["subscriber_last_name"],
        refuted["evidence"][0].removeprefix("authorization:"),
        refuted["payment"],
        str(row_of(workspace, refuted["claim"])["payer_claim_number"]),
        "MA 02334-0001",
        "$285.00" if refuted["procedure"] == "H0015" else "$310.00",
    ):
        assert word in said, word
    told = " ".join(str(row) for row in rows.values())
    assert head["member_id"] not in told
    assert head["subscriber_last_name"] not in told


def test_what_was_written_is_known_afterwards(warned: tuple[Workspace, pl.DataFrame]) -> None:
    """An audit row a line, and the next step of that denial alone; nothing else is changed by it."""
    workspace, _ = warned
    ledger = [table(workspace, name) for name in (*LEDGER, "matches", "verdicts")]
    claim = table(workspace, "verdicts").filter(pl.col("verdict") == "refuted")["claim"][0]
    (row,) = remedied(workspace, claim, chosen="clinical_appeal", by="analyst")
    steps = desk.report("denials", workspace.root).rows
    told = pl.col("next_step").str.starts_with(
        f"letter (clinical_appeal) written on {SECOND}: check and send it"
    )
    own = pl.col("claim") == claim
    assert steps.filter(own).select(told.all()).item()
    assert not steps.filter(~own).select(told.any()).item()
    events = desk.report("claim", workspace.root, claim).rows.filter(event="written")
    name = Path(str(row["file"])).name
    says = f"letter (clinical_appeal) by analyst, to be checked and sent: {name}"
    assert events.filter(says=says).select("on").rows() == [(SECOND,)]
    decided = desk.report("decisions", workspace.root).rows.filter(actor="analyst")
    assert set(decided["verb"]) == {"write"}
    assert set(decided["note"]) == {name}
    desk.run(workspace.root, SECOND)
    after = [table(workspace, name) for name in (*LEDGER, "matches", "verdicts")]
    assert all(one.equals(other) for one, other in zip(ledger, after, strict=True))


def test_a_write_off_has_no_paper_and_an_unknown_claim_is_said_to_be(
    warned: tuple[Workspace, pl.DataFrame],
) -> None:
    workspace, _ = warned
    (row,) = remedied(workspace, "PG7001")
    assert (row["remedy"], row["file"]) == ("write_off_CO", None)
    assert str(row["says"]).startswith("nothing to write: Write the fee off")
    with pytest.raises(NotKnown, match="none was sent under this number"):
        remedied(workspace, "NOPE")


def test_a_third_night_changes_nothing(warned: tuple[Workspace, pl.DataFrame]) -> None:
    workspace, _ = warned
    before = table(workspace, "verdicts")
    files = len(table(workspace, "files"))
    desk.run(workspace.root, SECOND)
    assert table(workspace, "verdicts").equals(before)
    assert len(table(workspace, "files")) == files


def test_bad_drops_leave_the_rest_of_the_night_unharmed(
    night_one: Workspace, tmp_path: Path
) -> None:
    """The same clinic beside nine files that cannot be taken in: the same claims go out."""
    desk.init(tmp_path / "clinic", example=True, seed=SEED)
    workspace = Workspace(tmp_path / "clinic")
    good = (workspace.inbox / "former-system.837").read_bytes()
    bad = {
        "text.txt": b"these are no claims",
        "empty.837": b"",
        "cut.837": good[:2000],
        "se.837": good.replace(b"\nSE*", b"\nSE*9", 1),
        "ge.837": good.replace(b"GE*1*", b"GE*2*"),
        "iea.837": good.replace(b"IEA*1*", b"IEA*2*"),
        "guide.837": good.replace(b"005010X223A2", b"005010X999A9"),
        "columns.csv": b"client_id,payer_id,birth_date\nC1,HARBR,2000-01-01\n",
        "bomb.xml": b'<!DOCTYPE c [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>'
        b'<clients xmlns="urn:edi-iop:feed:1"><client>&b;</client></clients>',
    }
    for name, data in bad.items():
        (workspace.inbox / name).write_bytes(data)
    (workspace.inbox / "copy of former.837").write_bytes(good)
    answer = desk.run(workspace.root, FIRST)
    assert answer.status == "findings"
    files = table(workspace, "files")
    counts = dict(files.group_by("status").len().iter_rows())
    assert counts == {"applied": 8, "duplicate": 1, "quarantined": len(bad), "sent": 8}
    told = table(workspace, "replies").select("ta1", "note", "groups").rows()
    assert sorted(told, key=str) == sorted(
        [(None, None, ["A"])] * 2  # both claim files, the copy not again
        + [("R", "023", []), ("R", "021", [])]  # cut, iea
        + [(None, None, ["R"])] * 3,  # se, ge, guide
        key=str,
    )
    reasons = files.filter(pl.col("status") == "quarantined")["reason"]
    assert reasons.null_count() == 0
    assert len(list(workspace.quarantine.glob("*.json"))) == len(bad)
    alone, beside = table(night_one, "claim_lines"), table(workspace, "claim_lines")
    columns = ["revenue", "procedure", "charge_cents", "units", "service_date"]
    assert alone.select(columns).sort(columns).equals(beside.select(columns).sort(columns))
    assert list(workspace.inbox.iterdir()) == []
    assert list(workspace.work.iterdir()) == []
