"""The letter to a payer: a template filled in, nothing of it left open, nothing in it that runs."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from docx import Document

from edi_iop import resources
from edi_iop.errors import BadMap
from edi_iop.reports.letter import to_docx

TEMPLATE = resources.maps() / "letters" / "appeal.docx"
MADE = datetime(2026, 3, 12, 12)


def fields(**others: Any) -> dict[str, Any]:
    told = {
        "facility": {"name": "Hope & Sons <IOP>", "address": "1 Way", "npi": "1", "tin": "2"},
        "contact": {"name": "Billing Office", "phone": "555"},
        "date": "2026-03-12",
        "payer": {"name": "Harbor", "address": ["1 Road", "Springfield IL"]},
        "subject": "Request for reconsideration: claim EAAA",
        "request": "We ask you to reconsider.",
        "patient": {"name": "Ann O'Hara", "birth_date": "1990-05-05", "member_id": "M1"},
        "claim": {
            "number": "EAAA",
            "payer_claim_number": "P77",
            "dates": "2026-02-02",
            "payment": "remittance T1",
        },
        "lines": [
            {
                "number": str(number),
                "date": "2026-02-02",
                "service": "H0015 / 0906",
                "units": "1",
                "charge": "$350.00",
                "reasons": "CO-197 M62",
                "expected": "$285.00",
            }
            for number in (1, 2)
        ],
        "codes": ["197: no authorization on file"],
        "grounds": ["2026-02-02: an approved authorization covers the date."],
        "evidence": [{"record": "Authorization", "shows": "A1 of 20 units"}],
        "proof": None,
        "enclosures": ["authorization letter"],
        "notice": "",
    }
    return told | others


def text(content: bytes) -> str:
    document = Document(io.BytesIO(content))
    return "\n".join(t.text or "" for t in document.element.body.iter() if t.tag.endswith("}t"))


def test_every_field_is_filled_in() -> None:
    said = text(to_docx(TEMPLATE, fields(), MADE))
    for word in (
        "Hope & Sons <IOP>", "Harbor", "Springfield IL", "Ann O'Hara", "M1", "P77", "EAAA",
        "We ask you to reconsider.", "CO-197 M62", "$285.00", "A1 of 20 units",
        "197: no authorization on file", "authorization letter", "Billing Office",
    ):  # fmt: skip
        assert word in said, word
    assert said.count("H0015 / 0906") == 2
    assert "{" not in said
    assert "Proof of timely filing" not in said


def test_the_proof_of_timely_filing_is_a_table_of_its_own() -> None:
    proof = {
        "statement": "The first claim was sent on 2026-02-06.",
        "events": [
            {
                "date": "2026-02-07",
                "what": "transaction set accepted (999)",
                "reference": "group 12",
            }
        ],
    }
    said = text(to_docx(TEMPLATE, fields(proof=proof), MADE))
    for word in ("Proof of timely filing", "sent on 2026-02-06", "accepted (999)", "group 12"):
        assert word in said


def test_it_holds_no_macro_no_link_and_names_nobody() -> None:
    content = to_docx(TEMPLATE, fields(), MADE)
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        names = parts.namelist()
        relations = b"".join(parts.read(name) for name in names if name.endswith(".rels"))
        properties = parts.read("docProps/core.xml").decode()
    assert not [name for name in names if "vba" in name.lower() or "embed" in name.lower()]
    assert b'TargetMode="External"' not in relations
    assert "python-docx" not in properties
    assert "Ann" not in properties


def template(path: Path, words: str) -> Path:
    document = Document()
    document.add_paragraph(words)
    document.save(str(path))
    return path


@pytest.mark.parametrize(
    "words",
    [
        "{{ patient.shoe_size }}",
        "{{ nothing_of_ours }}",
        "{% for line in lines %}",
        "{{ ''.__class__.__mro__ }}",
        "{{ lines.append(1) }}",
    ],
)
def test_a_template_that_asks_for_more_is_refused(tmp_path: Path, words: str) -> None:
    own = template(tmp_path / "own.docx", words)
    with pytest.raises(BadMap, match=r"own\.docx"):
        to_docx(own, fields(), MADE)


def test_a_facilitys_own_template_is_filled_in(tmp_path: Path) -> None:
    own = template(tmp_path / "own.docx", "Re {{ claim.number }} of {{ patient.name }}")
    assert text(to_docx(own, fields(), MADE)) == "Re EAAA of Ann O'Hara"


def test_what_is_no_document_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.docx"
    path.write_bytes(b"no document")
    with pytest.raises(BadMap, match="correct the template"):
        to_docx(path, fields(), MADE)
