"""`validate --ack DIR`: answers written beside those of earlier calls."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_inputs import CLAIM, REMIT, run


def numbers(folder: Path) -> dict[str, list[tuple[str, str]]]:
    """ISA13 and GS06 of the answers in a folder, by the names of their files."""
    found = {path.name: path.read_text() for path in folder.iterdir()}
    return {
        name: [
            (isa.split("*")[13], group.split("*")[6])
            for isa, group in re.findall(r"(ISA\*[^~]*)~.*?(GS\*[^~]*)~", text, re.DOTALL)
        ]
        for name, text in found.items()
    }


def test_control_numbers_go_on_from_the_answers_in_the_folder(call: Any, tmp_path: Path) -> None:
    """Two interchanges in the first call, one in the second; other files there count for nothing."""
    answers, both = tmp_path / "answers", tmp_path / "both.837"
    both.write_bytes(CLAIM.read_bytes() + CLAIM.read_bytes().replace(b"000000201", b"000000202"))
    assert call("validate", both, "--ack", answers).exit_code == 0
    (answers / "notes.txt").write_bytes(
        (answers / "both.837.999").read_bytes().replace(b"0002*0", b"0009*0")
    )
    assert call("validate", REMIT, "--ack", answers).exit_code == 0
    (answers / "notes.txt").unlink()
    assert numbers(answers) == {
        "both.837.999": [("000000001", "1"), ("000000002", "2")],
        "remit_iop.835.999": [("000000003", "3")],
    }


@pytest.mark.parametrize("shown", ["1-7", "3"])
def test_what_is_rejected_is_no_clean_end(call: Any, tmp_path: Path, shown: str) -> None:
    """A version without a guide here is a warning, and yet rejected; whatever --snip shows."""
    other = tmp_path / "other.837"
    other.write_bytes(CLAIM.read_bytes().replace(b"005010X223A2", b"006020X314"))
    assert call("validate", other, "--snip", shown).exit_code == 0
    result = call("validate", other, "--snip", shown, "--ack", tmp_path / "answers")
    assert result.exit_code == 1
    assert f"{other}: rejected; the answer is " in result.stderr


def test_what_is_piped_in_is_answered_under_a_name(tmp_path: Path) -> None:
    done = run("validate", "-", "--ack", tmp_path / "answers", stdin=CLAIM.read_bytes())
    assert (done.returncode, done.stdout) == (0, b"no findings\n")
    assert [path.name for path in (tmp_path / "answers").iterdir()] == ["standard-input.999"]
