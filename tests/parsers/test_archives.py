"""Archives: every member or a reason, nothing beyond the bounds, never an exception."""

from __future__ import annotations

import gzip
import io
import random
import zipfile

import pytest

from edi_iop.findings import CATALOGUE
from edi_iop.parsers.archives import Limits, is_archive, unpack

REMIT, CLAIM = b"ISA*first~", b"ISA*second~"


def zipped(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return content.getvalue()


def codes(name: str, data: bytes, limits: Limits | None = None) -> list[tuple[str, str]]:
    found = unpack(name, data, *(() if limits is None else (limits,)))
    return [(own, finding.code) for own, finding in found.faults]


def test_members_in_order_under_the_name_of_their_archive() -> None:
    found = unpack("drop.zip", zipped(("b/remit.835", REMIT), ("claim.837", CLAIM)))
    assert [(one.name, one.content) for one in found.members] == [
        ("drop.zip/b/remit.835", REMIT),
        ("drop.zip/claim.837", CLAIM),
    ]
    assert found.faults == ()


def test_a_gzip_is_its_one_file_even_in_several_streams() -> None:
    found = unpack("r.835.gz", gzip.compress(REMIT) + gzip.compress(CLAIM) + b"\0" * 9)
    assert [(one.name, one.content) for one in found.members] == [("r.835.gz", REMIT + CLAIM)]
    assert found.faults == ()


@pytest.mark.parametrize("data", [REMIT, b"", b"PK", b"\x1f", b"client_id,last_name\n"])
def test_other_files_are_no_archives(data: bytes) -> None:
    assert not is_archive(data)


def test_a_member_s_path_leads_nowhere() -> None:
    """Shown without steps upward, roots and control characters."""
    data = zipped(("../../etc/passwd", b"x"), ("/root\x1b[2J.835", b"y"))
    names = [one.name for one in unpack("d.zip", data).members]
    assert names == ["d.zip/etc/passwd", "d.zip/root·[2J.835"]


def test_what_systems_leave_behind_is_no_delivery() -> None:
    data = zipped(("a.835", REMIT), ("__MACOSX/._a.835", b"x"), (".DS_Store", b"x"), ("d/", b""))
    assert [one.name for one in unpack("d.zip", data).members] == ["d.zip/a.835"]


def test_an_archive_in_an_archive_and_no_deeper() -> None:
    inner = zipped(("r.835", REMIT))
    middle = zipped(("inner.zip", inner), ("c.837.gz", gzip.compress(CLAIM)))
    found = unpack("o.zip", zipped(("inner.zip", inner), ("c.837.gz", gzip.compress(CLAIM))))
    assert [one.name for one in found.members] == ["o.zip/inner.zip/r.835", "o.zip/c.837.gz"]
    deep = zipped(("middle.zip", middle), ("beside.835", REMIT))
    assert [one.name for one in unpack("o.zip", deep).members] == ["o.zip/beside.835"]
    assert codes("o.zip", deep) == [
        ("o.zip/middle.zip/inner.zip", "ARCHIVE_NESTED"),
        ("o.zip/middle.zip/c.837.gz", "ARCHIVE_NESTED"),
    ]


def test_empty_and_office_documents() -> None:
    assert codes("e.zip", zipped()) == [("e.zip", "ARCHIVE_EMPTY")]
    sheet = zipped(("[Content_Types].xml", b"<x/>"), ("xl/workbook.xml", b"<x/>"))
    assert codes("feed.xlsx", sheet) == [("feed.xlsx", "ARCHIVE_METHOD")]
    assert unpack("feed.xlsx", sheet).members == ()


def test_a_damaged_or_encrypted_member_stops_no_other() -> None:
    data = bytearray(zipped(("bad.835", REMIT), ("good.837", CLAIM), method=zipfile.ZIP_STORED))
    data[data.index(REMIT) + 4] ^= 0xFF  # the checksum tells
    found = unpack("d.zip", bytes(data))
    assert [one.name for one in found.members] == ["d.zip/good.837"]
    assert codes("d.zip", bytes(data)) == [("d.zip/bad.835", "ARCHIVE_DAMAGED")]
    locked = bytearray(zipped(("secret.835", REMIT), ("good.837", CLAIM)))
    locked[6] |= 1  # local header
    locked[locked.index(b"PK\x01\x02") + 8] |= 1  # central directory
    assert codes("d.zip", bytes(locked)) == [("d.zip/secret.835", "ARCHIVE_ENCRYPTED")]
    assert len(unpack("d.zip", bytes(locked)).members) == 1
    packed = zipped(("a.835", REMIT), method=zipfile.ZIP_LZMA)
    assert codes("d.zip", packed) == [("d.zip/a.835", "ARCHIVE_METHOD")]


def test_a_message_names_the_place_and_no_name() -> None:
    data = zipped(("DOE_JANE.835", REMIT), method=zipfile.ZIP_LZMA)
    ((_, finding),) = unpack("d.zip", data).faults
    assert finding.message.startswith("file 1 of the archive: ")
    assert "DOE" not in finding.message


def test_cut_off_anywhere() -> None:
    whole = gzip.compress(REMIT * 50)
    for at in range(2, len(whole) - 1, 7):
        assert codes("r.gz", whole[:at]) == [("r.gz", "ARCHIVE_DAMAGED")]
    archive = zipped(("r.835", REMIT * 50))
    assert codes("d.zip", archive[: len(archive) // 2]) == [("d.zip", "ARCHIVE_DAMAGED")]
    assert codes("r.gz", gzip.compress(REMIT) + b"more") == [("r.gz", "ARCHIVE_DAMAGED")]


ZEROS = b"\0" * 3_000_000
BOMBS = {
    "total": (zipped(("a", ZEROS)), Limits(total=2_000_000)),
    "sum": (zipped(*((f"{n}", ZEROS[:900_000]) for n in range(3))), Limits(total=2_000_000)),
    "ratio": (zipped(("a", ZEROS)), Limits(ratio=100, slack=1000)),
    "gzip": (gzip.compress(ZEROS), Limits(total=2_000_000)),
    "gzip ratio": (gzip.compress(ZEROS), Limits(ratio=100, slack=1000)),
    "gzip in zip": (zipped(("a.gz", gzip.compress(ZEROS))), Limits(total=2_000_000)),
    "many": (zipped(*((f"{n}", b"x") for n in range(12))), Limits(members=11)),
    "many inside": (zipped(("in.zip", zipped(*((f"{n}", b"x") for n in range(11))))), Limits(members=11)),
}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS)
def test_beyond_a_bound_nothing_is_read(bomb: str) -> None:
    data, limits = BOMBS[bomb]
    assert unpack("b.zip", data, limits).members == ()
    assert codes("b.zip", data, limits) == [("b.zip", "ARCHIVE_TOO_LARGE")]


def test_a_lie_about_the_size_is_found_out() -> None:
    """The directory says 10 bytes, the stream holds 3 MB."""
    data = bytearray(zipped(("a", ZEROS)))
    at = data.index(b"PK\x01\x02")
    for place in (22, at + 24):
        data[place : place + 4] = (10).to_bytes(4, "little")
    assert unpack("b.zip", bytes(data), Limits(total=2_000_000)).members == ()
    assert codes("b.zip", bytes(data), Limits(total=2_000_000)) == [("b.zip/a", "ARCHIVE_DAMAGED")]


def test_no_bytes_raise() -> None:
    """Seeded damage to both kinds: members and faults of the catalogue, never an exception."""
    chance = random.Random(11)
    seeds = [zipped(("a.835", REMIT * 9), ("b/c.gz", gzip.compress(CLAIM))), gzip.compress(REMIT)]
    for round_ in range(1500):
        data = bytearray(seeds[round_ % 2])
        for _ in range(chance.randint(1, 6)):
            data[chance.randrange(2, len(data))] = chance.randrange(256)
        found = unpack("x", bytes(data[: chance.randint(3, len(data))]))
        assert {finding.code for _, finding in found.faults} <= set(CATALOGUE)
        assert found.members or found.faults
