"""The generated 835 and 837I: valid to us and to pyx12, balanced, alike, and made in little memory."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from edi_iop import parsers
from edi_iop.desk.files import findings_of
from scripts.benchmarks.clinic import LINES, dollars, npi
from scripts.benchmarks.generate import KINDS, generate
from tests.referee import verdict

Made = Callable[..., bytes]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    def make(kind: str, claims: int, **given: int) -> bytes:
        generate(kind, claims, tmp_path / "made", **given)
        return (tmp_path / "made").read_bytes()

    return make


def segments(data: bytes, name: str) -> list[list[str]]:
    found = [segment.split("*") for segment in data.decode().split("~\n")]
    return [elements for elements in found if elements[0] == name]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("per", [0, 10])
def test_neither_we_nor_pyx12_find_anything(made: Made, kind: str, per: int) -> None:
    data = made(kind, 60, seed=3, per=per)
    read = parsers.parse([(1, data)])[1]
    assert (read.kind, read.transactions) == (kind, 6 if per else 1)
    found = findings_of(parsers.stream([(1, io.BytesIO(data))]))
    assert pl.concat(found).to_dicts() == []
    assert verdict(data) == (True, [])


@pytest.mark.parametrize("kind", KINDS)
def test_every_claim_has_twelve_lines(made: Made, kind: str) -> None:
    tables = parsers.parse([(1, made(kind, 30))])[1].tables
    lines = tables["remit_lines" if kind == "835" else "claim_lines"]
    assert len(lines) == 30 * LINES == 360


def test_an_835_from_a_later_claim_on_answers_the_837i(made: Made) -> None:
    sent = [clm[1:3] for clm in segments(made("837I", 40, per=10), "CLM")]
    answered = [[clp[1], clp[3]] for clp in segments(made("835", 20, per=10, first=20), "CLP")]
    assert answered == sent[20:]


def test_the_payment_is_what_the_claims_add_up_to(made: Made) -> None:
    """BPR02 is the sum of CLP04 less the provider adjustments (005010X221A1 1.10.2.1.3)."""
    data = made("835", 40)
    paid = sum(Decimal(clp[4]) for clp in segments(data, "CLP"))
    (plb,) = segments(data, "PLB")
    assert Decimal(segments(data, "BPR")[0][2]) == paid - Decimal(plb[4]) - Decimal(plb[6])


def test_the_835_has_what_iop_remits_have(made: Made) -> None:
    data = made("835", 200)
    reasons = {tuple(cas[1:3]) for cas in segments(data, "CAS")}
    assert {("CO", "45"), ("CO", "97"), ("CO", "197"), ("OA", "18"), ("PR", "3")} <= reasons
    assert len(segments(data, "REF")) - 2 == 200 * LINES, "a REF*6R for each line"
    assert segments(data, "LQ")
    assert {clp[2] for clp in segments(data, "CLP")} == {"1", "4"}


def test_the_837i_has_dependents_and_second_payers(made: Made) -> None:
    data = made("837I", 200)
    assert {hl[3] for hl in segments(data, "HL")} == {"20", "22", "23"}
    assert {sbr[1] for sbr in segments(data, "SBR")} == {"P", "S"}
    assert segments(data, "SVD")


def test_both_kinds_of_one_seed_speak_of_the_same_claims(made: Made) -> None:
    sent = [(clm[1], clm[2]) for clm in segments(made("837I", 25, seed=8), "CLM")]
    answered = [(clp[1], clp[3]) for clp in segments(made("835", 25, seed=8), "CLP")]
    assert sent == answered
    assert len({claim for claim, _ in sent}) == 25


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_makes_the_same_bytes_and_another_others(made: Made, kind: str) -> None:
    assert made(kind, 5, seed=1) == made(kind, 5, seed=1) != made(kind, 5, seed=2)


def test_memory_does_not_grow_with_the_claims(tmp_path: Path) -> None:
    generate("835", 1, tmp_path / "warm")
    tracemalloc.start()
    generate("835", 1_500, tmp_path / "made")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (tmp_path / "made").stat().st_size > 2_000_000
    # The copy buffer is 1 MB and is there twice while it is written.
    assert peak < 2_500_000


def test_the_check_digit_of_an_npi() -> None:
    """Doubled, 9 7 5 3 1 give 9+5+1+6+2; the others 8+6+4+2; with 24 that is 67: 3 makes 70."""
    assert npi(123456789) == "1234567893"


@pytest.mark.parametrize(
    ("cents", "text"), [(35000, "350"), (5625, "56.25"), (1250, "12.5"), (-5, "-0.05"), (0, "0")]
)
def test_amounts_are_written_as_type_r(cents: int, text: str) -> None:
    assert dollars(cents) == text
