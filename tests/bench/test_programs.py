"""Each program of the comparison reads the generated files whole; one not installed is skipped, saying so."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.benchmarks.generate import generate
from scripts.benchmarks.programs import PROGRAMS, Program, edi_iop, pyx12

CLAIMS = 15


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
@pytest.mark.filterwarnings("ignore")
def test_a_program_sees_every_claim_and_no_fault(tmp_path: Path, program: Program) -> None:
    if program.run is None:
        pytest.skip("StAEDI runs in Java, outside this process")
    pytest.importorskip(program.package.replace("-", "_"))
    for kind in program.kinds:
        generate(kind, CLAIMS, tmp_path / kind)
        answer = program.run(tmp_path / kind)
        assert answer.get("claims", CLAIMS) == CLAIMS
        assert answer.get("findings", 0) == 0


def test_faults_are_counted(tmp_path: Path) -> None:
    """SE01 says how many segments there are; one less is one fault to us and a refusal to pyx12."""
    generate("835", 3, tmp_path / "good")
    data = (tmp_path / "good").read_bytes()
    (tmp_path / "bad").write_bytes(data.replace(b"SE*", b"SE*1"))
    assert edi_iop(tmp_path / "bad") == {"claims": 3, "findings": 1}
    assert pyx12(tmp_path / "bad") == {"findings": 1}


def test_a_folder_is_all_its_files(tmp_path: Path) -> None:
    for control in range(1, 6):
        generate("837I", 4, tmp_path / f"{control}", seed=control, control=control)
    assert edi_iop(tmp_path) == {"claims": 20, "findings": 0}
