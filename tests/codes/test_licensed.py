"""Code lists of the user's own: the forms they come in, what is kept, where they are used.

All texts here are made up: the real ones are licensed.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edi_iop.cli.front import cli
from edi_iop.codes import forms, licensed
from edi_iop.errors import BadList, BadPolicy
from edi_iop.rules import policy
from tests.conftest import FIXTURES

CPT = """Notice of a license, over several lines,
which a file may begin with
Concept Id\tCPT Code\tLong\tMedium\tShort\tCurrent Descriptor Effective Date\tClass
1\t0000Z\ttalking, half an hour\ttalk\tt\t20200101\ttalk
2\t9999z\ttalking, an hour\ttalk\tt\t1/1/2021\ttalk
3\tXX\tno code at all\t\t\t\t
"""


def layout(code: str, record: str, text: str, added: str = "", ended: str = "") -> str:
    """A line of CMS's record layout: code 1-5, sequence 6-10, record 11, text 12-91, dates 269-292."""
    head = f"{code:>5}00100{record}{text:<80}{'short':<28}"
    return f"{head:<268}{added:<8}{added:<8}{ended:<8}N"


HCPCS = "\r\n".join(
    [
        layout("G0137", "3", "a week of made up", "20240101"),
        layout("G0137", "4", "services"),
        layout("S9999", "3", "ended service", "20190101", "20231231"),
        layout("A1", "7", "a modifier", "19960101"),
    ]
)
Row = tuple[str, str | None, date | None, date | None, str | None]
FORMS: list[tuple[str, str, str, list[Row], int]] = [
    ("cpt", CPT, "table", [
        ("0000Z", "talking, half an hour", date(2020, 1, 1), None, "talk"),
        ("9999Z", "talking, an hour", date(2021, 1, 1), None, "talk"),
    ], 1),
    ("cpt", "0000Z   talking, half\n0000Z   an hour\nTHE END\n", "lines",
        [("0000Z", "talking, half an hour", None, None, None)], 0),
    ("hcpcs", HCPCS, "CMS record layout", [
        ("G0137", "a week of made up services", date(2024, 1, 1), None, None),
        ("S9999", "ended service", date(2019, 1, 1), date(2023, 12, 31), None),
    ], 0),
    ("hcpcs", "HCPC,SEQNUM,RECID,LONG DESCRIPTION,ADD DT,TERM DT\nG0137,100,3,first,20240101,\nG0137,200,4,and second,,\n",
        "table", [("G0137", "first and second", date(2024, 1, 1), None, None)], 0),
    ("carc", "\ufeffCode;Description;Start;Stop\n197;planted;10/31/2006;\nA1;other;;2016-05-01\n", "table", [
        ("197", "planted", date(2006, 10, 31), None, None),
        ("A1", "other", None, date(2016, 5, 1), None),
    ], 0),
    ("rarc", 'Remark Code|Text\nMA130|"a text, with a comma"\n', "table",
        [("MA130", "a text, with a comma", None, None, None)], 0),
    ("nubc", "Revenue Code,Title\n906,made up day\n", "table",
        [("0906", "made up day", None, None, None)], 0),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text", "form", "rows", "left_out"), FORMS)
def test_a_list_is_read_in_the_form_its_owner_gives_it(
    kind: str, text: str, form: str, rows: list[Row], left_out: int
) -> None:
    found = forms.read(forms.kinds()[kind], "file", text.encode())
    assert (found.form, found.rows.rows(), found.left_out) == (form, rows, left_out)


def test_windows_text_is_read_too() -> None:
    found = forms.read(forms.kinds()["carc"], "file", "code,text\n197,caf\xe9\n".encode("cp1252"))
    assert found.rows["label"].to_list() == ["caf\xe9"]


@pytest.mark.parametrize(
    "content", [b"", b"\x00\xff", b"code,text\n", b"a,b\n1,2\n", b"PK\x03\x04"]
)
def test_a_file_without_a_code_is_refused(content: bytes) -> None:
    with pytest.raises(BadList, match=r"^x\.csv: no CPT procedure code in it; give a table"):
        forms.read(forms.kinds()["cpt"], "x.csv", content)


def call(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


@pytest.fixture
def clinic(tmp_path: Path) -> Path:
    root = tmp_path / "clinic"
    assert call("init", root).exit_code == 0
    return root


def give(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_loaded_list_is_kept_with_its_checksum_and_day(clinic: Path, tmp_path: Path) -> None:
    given = give(tmp_path, "cpt2026.txt", CPT)
    said = call("codes", "load", "cpt", given, clinic, "--as-of", "2026-01-01")
    assert said.exit_code == 0
    assert "cpt: 2 codes, read as table" in said.output
    assert "left out: 1 of its rows" in said.output
    about = json.loads((clinic / "codes" / "cpt.json").read_text())
    assert about["sha256"] == hashlib.sha256(CPT.encode()).hexdigest()
    assert (about["file"], about["as_of"]) == ("cpt2026.txt", "2026-01-01")
    assert about["loaded_on"] == str(date.today())
    listed = json.loads(call("codes", "list", clinic, "--format", "json").output)
    assert [row["list"] for row in listed][:2] == ["cpt (loaded)", "carc"]
    assert listed[0]["classes"] == ["talk"]
    assert "cpt (loaded)" not in call("codes", "list").output


def test_a_list_loaded_again_replaces_the_one_before(clinic: Path, tmp_path: Path) -> None:
    for text in ("code,text\n0000Z,first\n", "code,text\n0001Z,second\n"):
        assert call("codes", "load", "cpt", give(tmp_path, "x.csv", text), clinic).exit_code == 0
    assert "second" in call("explain", "0001Z", "--workspace", clinic).output
    assert call("explain", "0000Z", "--workspace", clinic).exit_code == 3


def test_explain_and_show_say_it_in_the_words_of_the_workspace(
    clinic: Path, tmp_path: Path
) -> None:
    assert call(
        "codes", "load", "carc", give(tmp_path, "c.csv", "code,text\n197,planted\n"), clinic
    )
    explained = call("explain", "CO-197", "--workspace", clinic).output
    assert "planted" in explained
    assert "no authorization on file" in explained
    remit = FIXTURES / "x12" / "remit_iop.835"
    shown = " ".join(call("show", remit, "--workspace", clinic).output.split())
    assert "197 planted" in shown
    assert "253 federal budget cut" in shown
    assert "planted" not in call("show", remit).output
    assert "planted" not in call("explain", "CO-197").output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("snomed", "c.csv", "clinic"), "snomed: no list that can be loaded; one of cpt, hcpcs"),
        (("cpt", "c.csv", "clinic"), "c.csv: no CPT procedure code in it"),
        (("carc", "gone.csv", "clinic"), "gone.csv: no such file or folder"),
        (("carc", ".", "clinic"), ".: a folder; name the file of the list"),
        (("carc", "c.csv", "nowhere"), "nowhere: no such workspace"),
    ],
)
def test_what_cannot_be_loaded_is_refused_in_one_line(
    words: tuple[str, ...],
    says: str,
    clinic: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    give(tmp_path, "c.csv", "code,text\n197,planted\n")
    refused = call("codes", "load", *words)
    assert refused.exit_code == 3
    assert not (clinic / "codes").exists()
    assert says in str(refused.exception or "") + refused.output


def test_a_list_changed_by_hand_is_not_trusted(clinic: Path, tmp_path: Path) -> None:
    call("codes", "load", "carc", give(tmp_path, "c.csv", "code,text\n197,planted\n"), clinic)
    kept = clinic / "codes" / "carc.csv"
    kept.write_text(kept.read_text().replace("planted", "altered"))
    with pytest.raises(BadList, match="changed since it was loaded"):
        licensed.Texts(clinic / "codes").label("carc", "197")
    (clinic / "codes" / "carc.json").write_text("{}")
    with pytest.raises(BadList, match="not what we wrote"):
        licensed.Texts(clinic / "codes").held  # noqa: B018 (it is read when asked for)


def own_policy(clinic: Path, name: str) -> None:
    (clinic / "payers").mkdir(exist_ok=True)
    text = f"""
        extends = "harbor"
        id = "harbor"
        name = "Harbor, with a class of loaded codes"
        version = "2026.2"
        effective_from = 2026-01-01
        read_on = 2026-01-01
        sources = ["invented for this test"]
        [cites]
        "bundles.therapy.procedures" = "invented for this test"
        [bundles.therapy]
        procedures = ["H0004", "class:{name}"]
    """
    (clinic / "payers" / "harbor.toml").write_text(text)


def test_a_policy_names_a_class_of_loaded_codes(clinic: Path, tmp_path: Path) -> None:
    """CPT codes of a bundle come from the user's list, each from its first day on."""
    call("codes", "load", "cpt", give(tmp_path, "cpt.txt", CPT), clinic)
    own_policy(clinic, "talk")
    book = policy.load("harbor", date(2026, 3, 1), (clinic / "payers",))
    assert book.bundles["therapy"].procedures == ("H0004", "0000Z", "9999Z")
    assert licensed.classes(clinic / "codes", date(2020, 6, 1)) == {"talk": ("0000Z",)}


def test_a_class_stands_wherever_a_policy_lists_procedures(clinic: Path, tmp_path: Path) -> None:
    call("codes", "load", "cpt", give(tmp_path, "cpt.txt", CPT), clinic)
    own_policy(clinic, "talk")
    path = clinic / "payers" / "harbor.toml"
    more = """
        [duration.caps.talk]
        most = 2
        per = "week"
        of = "units"
        procedures = ["class:talk"]
        [codes]
        refused = ["H0004", "class:talk"]
        [medication]
        procedures = ["class:talk"]
        [modifiers.by_procedure]
        "class:talk" = ["HF"]
        [cites]
        "duration.caps" = "invented"
        "codes.refused" = "invented"
        medication = "invented"
        modifiers = "invented"
    """
    text = (
        path.read_text()
        .replace("        [cites]\n", "")
        .replace('        "bundles.therapy.procedures" = "invented for this test"\n', "")
    )
    path.write_text(text + more + '        "bundles.therapy.procedures" = "invented"\n')
    book = policy.load("harbor", date(2026, 3, 1), (clinic / "payers",))
    both = ("0000Z", "9999Z")
    assert book.duration.caps["talk"].procedures == both
    assert book.codes.refused == ("H0004", *both)
    assert book.medication.procedures == both
    assert book.modifiers.by_procedure == dict.fromkeys(both, ("HF",))
    assert book.origins["codes.refused"].source == "invented"


def test_a_class_that_no_loaded_list_has_is_refused(clinic: Path) -> None:
    own_policy(clinic, "talk")
    with pytest.raises(BadPolicy, match=r"no loaded code list has the class talk; load one"):
        policy.load("harbor", date(2026, 3, 1), (clinic / "payers",))
