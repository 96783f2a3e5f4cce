"""What is named on the command line: files, archives, standard input, and what is none of them."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from edi_iop.desk import paths
from edi_iop.errors import Unreadable
from tests.conftest import FIXTURES

REMIT = FIXTURES / "x12" / "remit_iop.835"
CLAIM = FIXTURES / "x12" / "claim_iop.837"
VERBS = {
    "identify": (), "validate": (), "show": (), "parse": ("--table", "segments"),
}  # fmt: skip


def run(*words: object, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """The program as a process of its own."""
    command = [sys.executable, "-m", "edi_iop", *(str(word) for word in words)]
    given: dict[str, Any] = {"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}
    return subprocess.run(command, capture_output=True, timeout=60, check=False, **given)


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    target = tmp_path / "drop.zip"
    with zipfile.ZipFile(target, "w") as archive:
        archive.write(REMIT, "remit.835")
        archive.write(CLAIM, "deep/claim.837")
    return target


@pytest.mark.parametrize("verb", VERBS)
def test_no_such_thing(verb: str, call: Any, tmp_path: Path) -> None:
    link, pipe = tmp_path / "link.835", tmp_path / "pipe"
    link.symlink_to(tmp_path / "gone.835")
    os.mkfifo(pipe)
    for path in (tmp_path / "absent.835", link, pipe):
        result = call(verb, path, *VERBS[verb])
        assert (result.exit_code, result.stdout) == (3, ""), path
        assert result.stderr.startswith(f"edi-iop: {path}: ")
        assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("verb", VERBS)
def test_a_folder_is_no_file(verb: str, call: Any, tmp_path: Path) -> None:
    """Also beside a file that is there, and where it holds files."""
    (tmp_path / "a.835").write_bytes(REMIT.read_bytes())
    result = call(verb, REMIT, tmp_path, *VERBS[verb])
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == (
        f"edi-iop: {tmp_path}: a folder, not a file; name the files in it, as in {tmp_path}/*\n"
    )


def test_a_process_says_one_line_and_no_traceback(tmp_path: Path) -> None:
    done = run("validate", tmp_path / "absent.835")
    assert (done.returncode, done.stdout) == (3, b"")
    assert done.stderr.count(b"\n") == 1
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("verb", VERBS)
def test_no_permission(
    verb: str, call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the tests run as a user who may read everything: what the system answers others."""

    def refuse(*_given: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied", str(tmp_path))

    closed = tmp_path / "closed.835"
    closed.write_bytes(REMIT.read_bytes())
    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(os, "access", lambda *_given, **_options: False)
    result = call(verb, closed, *VERBS[verb])
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == f"edi-iop: {closed}: permission denied; check its permissions\n"


@pytest.mark.parametrize("verb", VERBS)
def test_a_file_that_vanishes_meanwhile(
    verb: str, call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program takes it away after it was seen."""
    first, second = tmp_path / "a.835", tmp_path / "b.835"
    for path in (first, second):
        path.write_bytes(REMIT.read_bytes())
    real = paths.file

    def seen(path: Path) -> Path:
        found = real(path)
        if path == second:
            path.unlink()
        return found

    monkeypatch.setattr(paths, "file", seen)
    result = call(verb, first, second, *VERBS[verb])
    assert (result.exit_code, result.stderr.count("\n")) == (3, 1)
    assert result.stderr.startswith(f"edi-iop: {second}: there a moment ago")
    assert "permission" not in result.stderr


@pytest.mark.parametrize("verb", VERBS)
def test_standard_input(verb: str) -> None:
    done = run(verb, "-", *VERBS[verb], "--format", "ndjson", stdin=REMIT.read_bytes())
    assert done.returncode == 0, done.stderr
    assert done.stderr in (b"", b"1 file read\n")
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert {record["file"] for record in records} == (set() if verb == "validate" else {"-"})


def test_standard_input_beside_files_and_with_nothing_in_it() -> None:
    done = run("identify", REMIT, "-", "--format", "ndjson", stdin=CLAIM.read_bytes())
    kinds = [json.loads(line)["kind"] for line in done.stdout.splitlines()]
    assert kinds == ["835", "837I"]
    empty = run("validate", "-", "--format", "ndjson", stdin=b"")
    assert empty.returncode == 1
    assert json.loads(empty.stdout)["code"] == "EMPTY_FILE"


def test_nobody_types_an_835_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    class Keyboard:
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Keyboard())
    with pytest.raises(Unreadable, match="nothing is piped in"):
        paths.read(paths.STANDARD_INPUT)


def test_a_shell_s_own_pipe_is_read() -> None:
    """As `edi-iop identify <(zcat remit.gz)` hands it over."""
    if not Path("/dev/fd").is_dir():
        pytest.skip("this system does not name open files")
    there, back = os.pipe()
    os.write(back, REMIT.read_bytes())
    os.close(back)
    command = [sys.executable, "-m", "edi_iop", "identify", f"/dev/fd/{there}", "--format", "json"]
    done = subprocess.run(command, capture_output=True, pass_fds=(there,), timeout=60, check=False)
    os.close(there)
    assert json.loads(done.stdout)[0]["kind"] == "835"


def test_a_reader_that_leaves_is_no_trouble() -> None:
    command = f'"{sys.executable}" -m edi_iop show "{REMIT}" "{CLAIM}" | head -1'
    done = subprocess.run(command, shell=True, capture_output=True, timeout=60, check=False)
    assert (done.stdout.count(b"\n"), done.stderr) == (1, b"")


def test_an_archive_stands_for_its_files(call: Any, packed: Path) -> None:
    records = json.loads(call("identify", packed, "--format", "json").stdout)
    assert [(one["file"], one["kind"]) for one in records] == [
        (f"{packed}/remit.835", "835"), (f"{packed}/deep/claim.837", "837I"),
    ]  # fmt: skip
    assert call("validate", packed).stderr == "2 files read\n"
    lines = call("parse", packed, "--table", "remit_lines", "--format", "ndjson").stdout
    assert {json.loads(line)["file"] for line in lines.splitlines()} == {f"{packed}/remit.835"}
    assert f"{packed}/deep/claim.837" in call("show", packed).stdout


def test_a_gz_by_any_name(call: Any, tmp_path: Path) -> None:
    odd = tmp_path / "remit.835"
    odd.write_bytes(gzip.compress(REMIT.read_bytes()))
    (record,) = json.loads(call("identify", odd, "--format", "json").stdout)
    assert (record["file"], record["kind"]) == (str(odd), "835")


@pytest.mark.parametrize("verb", VERBS)
def test_a_broken_archive_is_a_finding_and_stops_no_other(
    verb: str, call: Any, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK\x03\x04 and no more")
    result = call(verb, broken, REMIT, *VERBS[verb], "--format", "ndjson")
    assert result.exit_code == 1
    told = [json.loads(line) for line in result.stdout.splitlines()]
    if verb == "validate":
        assert [(one["code"], one["severity"], one["file"]) for one in told] == [
            ("ARCHIVE_DAMAGED", "error", str(broken))
        ]
    else:
        assert str(REMIT) in {one["file"] for one in told}
        assert "unpacked" in result.output


def test_check_reads_feeds_out_of_an_archive(call: Any, clinic: Path, tmp_path: Path) -> None:
    """The same violations as from the folder itself."""
    target = tmp_path / "feeds.zip"
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted((clinic / "feeds").iterdir()):
            archive.write(path, path.name)
    options = ("--payer", "harbor", "--format", "ndjson")
    plain = call("check", clinic / "feeds", *options)
    assert plain.stdout
    assert call("check", target, *options).stdout == plain.stdout


def test_parquet_keeps_the_types(call: Any, tmp_path: Path) -> None:
    target = tmp_path / "lines.parquet"
    assert call("parse", REMIT, "--table", "remit_lines", "-o", target).exit_code == 0
    rows = pl.read_parquet(target)
    assert rows["charge_cents"].to_list() == [35000, 35000, 35000, 31000]
    assert rows.schema["service_date"] == pl.Date()


def test_parquet_is_for_pipes_and_files_not_for_terminals() -> None:
    done = run("parse", REMIT, "--table", "remit_lines", "--format", "parquet")
    assert (done.returncode, done.stdout[:4]) == (0, b"PAR1")
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "edi_iop", "parse", str(REMIT), "--table", "remit_lines"]
    refused = subprocess.run(
        [*command, "--format", "parquet"], stdout=theirs, stderr=subprocess.PIPE, timeout=60, check=False
    )  # fmt: skip
    os.close(ours)
    os.close(theirs)
    assert refused.returncode == 2
    assert b"add -o FILE.parquet" in refused.stderr


def test_segments_written_back_are_the_file(call: Any, tmp_path: Path) -> None:
    target = tmp_path / "segments.parquet"
    odd = tmp_path / "odd.835"
    odd.write_bytes(b"\xef\xbb\xbf" + REMIT.read_bytes().replace(b"\n", b"\r\n") + b"junk")
    call("parse", odd, "--table", "segments", "-o", target)
    rows = pl.read_parquet(target)
    text = "".join(rows.select(pl.concat_str("before", "raw", "after")).to_series())
    assert text.encode(rows["encoding"][0]) == odd.read_bytes()
    shown = call("parse", odd, "--table", "segments", "--format", "ndjson").stdout
    assert "RIVERA" not in shown


def test_every_table_of_a_file_says_where_each_row_stood(call: Any) -> None:
    """The offset of a row is that of a segment, in the file it names."""
    content = {str(path): path.read_bytes() for path in (REMIT, CLAIM)}
    tables = {
        "payments": "ST", "remit_claims": "CLP", "remit_lines": "SVC", "adjustments": "CAS",
        "remarks": "LQ", "submissions": "ST", "claims": "CLM", "claim_lines": "LX",
        "claim_diagnoses": "HI",
    }  # fmt: skip
    for table, segment in tables.items():
        records = call("parse", REMIT, CLAIM, "--table", table, "--format", "ndjson").stdout
        for record in map(json.loads, records.splitlines()):
            stood = [
                content[record["file"]][at:].startswith(f"{segment}*".encode())
                for name, at in record.items()
                if name.endswith("offset") and at is not None
            ]
            assert any(stood), (table, record)
