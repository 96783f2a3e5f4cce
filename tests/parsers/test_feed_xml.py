"""Canonical feeds as XML: the same rows as CSV, and documents that may not come in."""

from __future__ import annotations

import time
from pathlib import Path

import polars as pl
import pytest
from lxml import etree

from edi_iop import resources
from edi_iop.errors import FeedRejected
from edi_iop.parsers.feed_spec import NAMESPACE, feed
from edi_iop.parsers.feeds import KINDS
from tests.parsers.reading import read_feed
from tests.parsers.reading import sniffed as sniff

FIXTURES = Path(__file__).parents[2] / "fixtures" / "feeds"

PROVIDER = "<provider><npi>1234567893</npi><last_name>Sample</last_name></provider>"


def providers(*rows: str, head: str = "") -> bytes:
    body = "\n".join(rows)
    return f'{head}<providers xmlns="{NAMESPACE}">\n{body}\n</providers>'.encode()


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_rows_as_csv_give_the_same_table(kind: str) -> None:
    from_csv = read_feed(4, (FIXTURES / f"{kind}.csv").read_bytes())
    from_xml = read_feed(4, (FIXTURES / f"{kind}.xml").read_bytes())
    assert from_xml[0] == kind
    assert from_xml[1].drop("row").equals(from_csv[1].drop("row"))
    assert from_xml[1]["row"].to_list() == list(range(1, from_csv[1].height + 1))
    assert set(from_xml[2]["code"]) <= {"FEED_FORM_ASSUMED"}


@pytest.mark.parametrize("kind", KINDS)
def test_schema_has_the_columns_of_the_feed(kind: str) -> None:
    schema = etree.parse(resources.maps() / "feeds" / f"{kind}.xsd")
    space = {"xs": "http://www.w3.org/2001/XMLSchema"}
    names = schema.xpath("//xs:all/xs:element/@name", namespaces=space)
    assert names == list(feed(kind).names)
    assert schema.xpath("//xs:choice/xs:element/@name", namespaces=space) == [
        feed(kind).row,
        "row",
    ]


def test_value_faults_are_findings_of_their_row() -> None:
    """One bad row is left out and named by its number; the XSD does not hold back the others."""
    bad = PROVIDER.replace("1234567893", "12345")
    empty = PROVIDER.replace("Sample", " ")
    _, table, findings = read_feed(1, providers(PROVIDER, bad, empty))
    assert table["row"].to_list() == [1]
    assert findings.select("code", "message", "value").rows() == [
        ("FEED_VALUE_INVALID", "element 2, npi: not an NPI (ten digits)", "12345"),
        ("FEED_VALUE_MISSING", "element 3, last_name: required, and empty", None),
    ]


def test_column_absent_from_one_row_is_that_rows_fault() -> None:
    _, table, findings = read_feed(
        1, providers(PROVIDER, "<provider><npi>1234567893</npi></provider>")
    )
    assert table.height == 1
    assert findings["code"].to_list() == ["FEED_VALUE_MISSING"]


def test_column_absent_from_every_row_rejects_the_file() -> None:
    with pytest.raises(FeedRejected, match="providers feed: required column last_name"):
        read_feed(1, providers("<provider><npi>1234567893</npi></provider>"))


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (
            "<person><npi>1</npi></person>",
            "element 2: element person is no row of the providers feed",
        ),
        ("<provider><npi>1</npi><npi>2</npi></provider>", "element 2: npi stands there twice"),
        ("<provider><npi><b>1</b></npi></provider>", "element 2: npi holds further elements"),
    ],
)
def test_what_is_no_row_is_left_out_alone(row: str, says: str) -> None:
    _, table, findings = read_feed(1, providers(PROVIDER, row, PROVIDER))
    assert table["row"].to_list() == [1, 3]
    found = findings.filter(code="FEED_MESSAGE_INVALID").select("message", "severity").rows()
    assert found == [(says, "error")]


def test_an_element_that_is_no_column_is_a_warning() -> None:
    """As an unknown column of a CSV is: told once, with the line where it stands first."""
    strange = PROVIDER.replace("</provider>", "<shoe>9</shoe></provider>")
    other = PROVIDER.replace("<npi>", '<npi xmlns="urn:else">0</npi><npi>')
    _, table, findings = read_feed(1, providers(PROVIDER, strange, strange, other))
    assert table.height == 4
    assert findings.filter(code="FEED_COLUMN_UNKNOWN").select("message", "severity").rows() == [
        ("line 3: element shoe: not a column of the providers feed (2 times)", "warning"),
        ("line 5: element npi: not a column of the providers feed", "warning"),
    ]


def test_root_without_rows_is_an_empty_feed() -> None:
    kind, table, findings = read_feed(1, providers())
    assert (kind, table.height, findings.height) == ("providers", 0, 0)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (providers(PROVIDER).replace(b"feed:1", b"feed:9"), "line 1: the root is not in namespace"),
        (providers("loose text", PROVIDER), r"providers.*line 1"),
        (providers(PROVIDER)[:-5], "line 3: not well-formed XML"),
        (providers(PROVIDER.replace("Sample", "&who;")), "line 2: not well-formed XML"),
    ],
)
def test_wrong_structure_rejects_with_line_and_reason(data: bytes, says: str) -> None:
    assert sniff(data) == ("providers", "xml")
    with pytest.raises(FeedRejected, match=says):
        read_feed(1, data)


BOMB = "<!DOCTYPE providers [<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY {chr(98 + at)} '{f'&{chr(97 + at)};' * 10}'>" for at in range(20)
)


@pytest.mark.parametrize(
    "head",
    [
        BOMB + "]>",
        "<?xml version='1.0'?><!-- hello -->" + BOMB + "]>",
        "<!DOCTYPE providers SYSTEM 'http://127.0.0.1:9/never.dtd'>",
        "<!DOCTYPE providers [<!ENTITY who SYSTEM 'file:///etc/passwd'>]>",
        "<!DOCTYPE providers [<!ENTITY % out SYSTEM 'file:///etc/passwd'> %out;]>",
        "<!DOCTYPE providers>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_document_types_and_entities_do_not_come_in(head: str, encoding: str) -> None:
    """An entity bomb is refused at its head: at once, and with a reason a person understands."""
    text = providers(PROVIDER.replace("Sample", "&u;&who;"), head=head).decode()
    began = time.perf_counter()
    assert sniff(text.encode(encoding)) == ("providers", "xml")
    with pytest.raises(FeedRejected, match="declares a document type"):
        read_feed(1, text.encode(encoding))
    assert time.perf_counter() - began < 1


def test_text_that_only_looks_like_markup_is_text() -> None:
    row = PROVIDER.replace("Sample", "<![CDATA[<!DOCTYPE x>]]>")
    assert read_feed(1, providers(row))[1]["last_name"].to_list() == ["<!DOCTYPE x>"]


def test_encoding_of_the_declaration_holds() -> None:
    text = providers(PROVIDER.replace("Sample", "Zoé"), head="<?xml version='1.0' encoding='%s'?>")
    for encoding in ("iso-8859-1", "utf-8", "utf-16"):
        data = (text.decode() % encoding).encode(encoding)
        table = read_feed(1, data)[1]
        assert isinstance(table, pl.DataFrame)
        assert table["last_name"].to_list() == ["Zoé"]
