"""Our engine beside pyx12 and oxedi: every way in which they disagree is one that was judged.

Fixtures, public samples and some hundreds of seeded single faults; scripts/differential
runs thousands.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from edi_iop.findings import CATALOGUE
from tests.conftest import FIXTURES, SAMPLES
from tests.differential import judges, kinds
from tests.differential.compare import disagreements, verdict
from tests.differential.judges import Fault, Imbalance, Opinion
from tests.differential.mutants import BASES, REMITS, Mutant, mutants
from tests.differential.survey import Survey, named

SEED = 20261125
FOLDERS = ("x12", "mutants", "acks", "crashers", "valid")
CODES = {*map(str, range(1, 11)), "001", "021", "023", "HL1", "HL2", "LX", "SEG1", ""}
"""What pyx12 says, where the table needs it."""


def test_the_table_names_codes_that_exist() -> None:
    for kind in kinds.kinds():
        assert set(kind.ours) <= {*CATALOGUE, ""}, kind
        assert set(kind.theirs) <= CODES, kind
        assert kind.ours != ("",) or kind.theirs != ("",), kind
    assert all(one.beside <= set(CATALOGUE) for one in kinds.money())


def test_every_kind_says_why() -> None:
    every = (*kinds.kinds(), *kinds.money())
    assert all(len(one.reason) > 20 for one in every)
    assert len({one.reason for one in every}) == len(every)


@pytest.mark.parametrize("name", BASES)
def test_no_valid_file_is_called_wrong(name: str) -> None:
    (ours,) = judges.ours([BASES[name]])
    assert ours == Opinion(True, ())
    assert judges.pyx12(BASES[name]) == Opinion(True, ())


def test_fixtures() -> None:
    files = [path for name in FOLDERS for path in (FIXTURES / name).iterdir()]
    survey = Survey()
    survey.structure(named(files))
    survey.money(named(path for path in files if path.suffix == ".835"))
    assert survey.unexplained == []
    assert sum(survey.verdicts.values()) == len(files) > 20


def test_samples(samples: Path) -> None:
    survey = Survey()
    survey.structure(named([*samples.glob("835/*"), *samples.glob("837?/*")]))
    survey.money(named(samples.glob("835/*")))
    assert survey.unexplained == []
    assert sum(survey.verdicts.values()) >= 100


def test_single_faults_beside_pyx12() -> None:
    survey = Survey()
    survey.structure(one.named for one in mutants(SEED, 300))
    assert survey.unexplained == []
    found = [count for (_, which), count in survey.verdicts.items() if which in ("both", "ours")]
    assert sum(found) > 190, "most single faults are found"


def test_single_faults_beside_oxedi() -> None:
    survey = Survey()
    survey.money(one.named for one in mutants(SEED, 250, REMITS))
    assert survey.unexplained == []
    assert survey.met, "some are told otherwise"


REMIT = BASES["remit_iop.835"]


def test_pyx12_is_heard_in_the_words_of_a_999() -> None:
    """What it tells of a segment as code 8 has its own code and element in its text."""
    heard = judges.pyx12(REMIT.replace(b"PER*BL*EDI DESK*TE*2075550100", b"PER*BL*EDI DESK*TE"))
    assert heard.faults == (Fault("2", "0001", 8, "PER", 3),)
    heard = judges.pyx12(REMIT.replace(b"*CO*45*65~", b"*CO*45*65x~"))
    assert heard.faults == (Fault("6", "0001", 18, "CAS", 3),)
    heard = judges.pyx12(REMIT.replace(b"GE*1*101", b"GE*2*101"))
    assert heard.faults == (Fault("5", None, None, "GS"),)


def test_oxedi_is_heard_with_its_places() -> None:
    data = REMIT.replace(b"*CO*45*65~", b"*CO*45*66~")
    line, claim = data.index(b"SVC*"), data.index(b"CLP*")
    heard = judges.oxedi_money(data)
    assert heard == {Imbalance("LINE_UNBALANCED", line), Imbalance("CLAIM_UNBALANCED", claim)}
    assert judges.our_money([data]) == [
        (frozenset([Imbalance("LINE_UNBALANCED", line)]), frozenset(["LINE_UNBALANCED"]))
    ]
    assert judges.oxedi_money(b"nothing of X12") is None


def test_what_one_alone_finds_is_a_disagreement() -> None:
    """A fault that neither the table nor the other program knows is told, on either side."""
    ours = Opinion(False, (Fault("7", "0001", 4, "DTM", 1, name="CODE_INVALID"),))
    (one,) = disagreements(ours, Opinion(True, ()))
    assert (one.ours, one.theirs, one.place, one.verdict) == ("CODE_INVALID", "", "alone", "ours")
    assert kinds.kind_of(one) is None
    (other,) = disagreements(Opinion(True, ()), Opinion(False, (Fault("7", "0001", 4, "DTM", 1),)))
    assert (other.ours, other.theirs, other.verdict) == ("", "7", "theirs")
    assert kinds.kind_of(other) is None


def test_the_same_fault_in_the_same_words_is_none() -> None:
    told = Fault("7", "0001", 4, "DTM", 1, name="CODE_INVALID")
    assert disagreements(Opinion(False, (told,)), Opinion(False, (told,))) == []
    assert verdict(Opinion(True, ()), Opinion(None, ())) == "cannot tell"


def test_mutants_are_the_same_for_the_same_seed() -> None:
    first, again = (list(mutants(7, 40)) for _ in range(2))
    assert first == again
    assert all(isinstance(one, Mutant) and one.data != BASES[one.base] for one in first)
    assert SAMPLES.name == "samples"
