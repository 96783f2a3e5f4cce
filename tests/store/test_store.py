"""The store keeps what it is given: typed values, whole transactions, every version of a feed row."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import date, time
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sqlite_utils import Database

from edi_iop.errors import NotWritten, StoreVersion, Unreadable
from edi_iop.store import Lock, Store
from edi_iop.store.layout import DERIVED
from edi_iop.tables import CLAIM_LINES, KEPT, TABLES, TIES, Table


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.create(tmp_path / "iop.db") as made:
        yield made


SAMPLES = {
    pl.String(): ["F1020", 'it\'s ~ "x" ü', None],
    pl.Int64(): [1, -12345, 2**40],
    pl.Float64(): [1.0, -0.25, None],
    pl.Date(): [date(2026, 1, 5), date(1899, 12, 31), None],
    pl.Time(): [time(9, 0), time(23, 59, 59), None],
    pl.Boolean(): [True, False, None],
    pl.List(pl.String()): [["encounter:1", 'say "x"'], [], None],
}


def sample(table: Table) -> pl.DataFrame:
    """Three rows that hold every kind of value, keys told apart, all of file 1."""
    frame = pl.DataFrame(
        {name: SAMPLES[dtype] for name, dtype in table.schema.items()}, table.schema
    )
    keys = [name for name in (*table.key, "row") if table.schema.get(name) == pl.Int64()]
    frame = frame.with_columns(pl.Series(name, [1, 2, 3]) for name in keys)
    texts = [name for name in table.key if table.schema[name] == pl.String()]
    frame = frame.with_columns(pl.col(texts).fill_null("x"))
    if "file_id" in table.schema:
        frame = frame.with_columns(file_id=pl.lit(1, pl.Int64))
    return frame


@pytest.mark.parametrize("name", sorted(KEPT.keys() - {"files"}))
def test_every_table_comes_back_as_it_was_saved(store: Store, name: str) -> None:
    store.add_file(file_id=1, sha256="a", status="applied")
    frame = sample(TABLES[name])
    if name in DERIVED:
        store.replace(name, frame)
    else:
        store.save({name: frame})
    assert_frame_equal(store.history(name), frame)


def test_a_file_row_comes_back_typed(store: Store) -> None:
    file_id = store.add_file(
        sha256="ab", direction="in", status="applied", received_on=date(2026, 3, 2), archived=True
    )
    row = store.file(file_id)
    assert row is not None
    assert (row["received_on"], row["archived"], row["reason"]) == (date(2026, 3, 2), True, None)
    assert store.file(file_id + 1) is None


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "iop.db"
    with Store.create(path) as first:
        assert first.migrate() == []
        status = first.status()
    assert status.version == status.newest > 0
    assert status.pending == ()
    assert set(KEPT) <= set(status.rows)
    with Store.create(path) as again:
        assert again.status() == status


def test_a_database_from_a_newer_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "iop.db"
    Store.create(path).close()
    with sqlite3.connect(path) as plain:
        plain.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('edi_iop', '9999_later', '')"
        )
    plain.close()
    with pytest.raises(StoreVersion, match="9999_later"):
        Store.open(path)
    with pytest.raises(StoreVersion, match="newer"), Store.attach(path) as attached:
        attached.migrate()


def test_an_older_database_is_refused_until_migrated(tmp_path: Path) -> None:
    path = tmp_path / "iop.db"
    Store.create(path).close()
    with sqlite3.connect(path) as plain:
        plain.execute("ALTER TABLE verdicts DROP COLUMN says")
        plain.execute("DROP TABLE claim_codes")
    plain.close()
    with pytest.raises(StoreVersion, match="db migrate"):
        Store.open(path)
    with Store.attach(path) as old:
        assert old.migrate() == ["added claim_codes: the table", "added verdicts: says"]
    with Store.open(path) as mended:
        assert mended.load("verdicts").schema["says"] == pl.String()
        assert mended.load("claim_codes").is_empty()


def test_keys_begin_with_the_claim_after_a_migration_and_rows_stay(tmp_path: Path) -> None:
    path = tmp_path / "iop.db"
    lines = pl.DataFrame(
        {
            "file_id": [1] * 3,
            "claim_offset": [9, 9, 5],
            "line_offset": [30, 20, 10],
            "line": [3, 2, 1],
        }
    )
    with Store.create(path) as store:
        store.add_file(direction="in", status="applied")
        store.save({"claim_lines": CLAIM_LINES.conform(lines)})
    with closing(sqlite3.connect(path)) as plain:
        db = Database(plain)
        numbered(db, "claim_lines", ["file_id", "line_offset"])  # as it was until 0005
        db["claim_lines"].create_index(["file_id", "claim_offset"])
        db.execute("DROP INDEX idx_matches_whole")
        db.execute("DELETE FROM _sqlite_migrations WHERE name IN ('0006_keys', '0009_by_key')")
        plain.commit()
    with Store.attach(path) as old:
        assert old.migrate() == ["0006_keys", "0009_by_key"]
    with closing(sqlite3.connect(path)) as plain:
        made = Database(plain)["claim_lines"]
        assert set(made.pks) == {"file_id", "claim_offset", "line_offset"}
        assert [one.columns for one in made.indexes if one.origin == "c"] == [["line_control"]]
    with Store.open(path) as store:
        assert store.load("claim_lines")["line"].to_list() == [1, 2, 3]


def numbered(db: Database, name: str, pk: list[str] | None = None) -> None:
    """Makes a table one whose rows have numbers of their own, as all were until 0008."""
    db.execute(f"CREATE TABLE held AS SELECT * FROM {name}")
    columns = db[name].columns_dict
    db[name].drop()
    db[name].create(columns, pk=pk, strict=True)
    db.execute(f"INSERT INTO {name} SELECT * FROM held")
    db["held"].drop()


def test_rows_of_claims_stand_by_their_key_after_a_migration(tmp_path: Path) -> None:
    path = tmp_path / "iop.db"
    line = {"file_id": 1, "remit_claim_offset": 9}
    rows = {
        "adjustments": [
            line | {"byte_offset": 30, "position": 1, "carc": "45"},
            line | {"byte_offset": 20, "position": 2, "carc": "29"},
            line | {"byte_offset": 20, "position": 1, "carc": "45"},
        ],
        "ties": [
            {"kind": "number", "value": text, "side": "claim", "file_id": 1, "place": 9}
            for text in ("B", "A")
        ],
    }
    with Store.create(path) as store:
        store.add_file(direction="in", status="applied")
        store.save({name: TABLES[name].conform(pl.DataFrame(of)) for name, of in rows.items()})
    with closing(sqlite3.connect(path)) as plain:
        db = Database(plain)
        numbered(db, "adjustments", ["file_id", "remit_claim_offset", "byte_offset", "position"])
        numbered(db, "ties")
        db.execute("INSERT INTO ties SELECT * FROM ties")  # nothing kept a night from that
        db.execute("DROP INDEX idx_matches_whole")
        db.execute("CREATE INDEX idx_verdicts_claim ON verdicts (claim)")
        db.execute("DELETE FROM _sqlite_migrations WHERE name = '0009_by_key'")
        plain.commit()
    with Store.attach(path) as old:
        assert old.migrate() == ["0009_by_key"]
    with closing(sqlite3.connect(path)) as plain:
        sql = dict(plain.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
        assert all("WITHOUT ROWID" in sql[name] for name in rows)
        assert "REFERENCES" in sql["adjustments"]
        assert "idx_verdicts_claim" not in sql
    with Store.open(path) as store:
        assert store.load("adjustments")["carc"].to_list() == ["45", "29", "45"]
        assert store.load("adjustments")["byte_offset"].to_list() == [20, 20, 30]
        # and how long the values of each kind and side are
        assert store.load("ties").select("kind", "value", "file_id", "place").rows() == [
            ("length", "number", 0, 1),
            ("number", "A", 1, 9),
            ("number", "B", 1, 9),
        ]


def test_verdicts_stand_under_the_number_sent_or_of_what_is_unmatched_the_one_returned(
    store: Store,
) -> None:
    for kind in ("837I", "835"):
        store.add_file(direction="in", status="applied", kind=kind)
    sent = {"file_id": 1, "claim_offset": 10, "claim": "EAAA"}
    short, open_ = (
        {"file_id": 2, "remit_claim_offset": place, "claim": claim}
        for place, claim in ((100, "EAA"), (200, "EBBB"))
    )
    store.save({"claims": pl.DataFrame([sent]), "remit_claims": pl.DataFrame([short, open_])})
    tied = {"file_id": 2, "remit_claim_offset": 100, "claim_file_id": 1, "claim_offset": 10}
    matches = [tied, tied | {"remit_line_offset": 110}, {"file_id": 2, "remit_claim_offset": 200}]
    store.replace("matches", pl.DataFrame(matches))
    told = [short | {"claim": "EAAA", "line": 1}, open_ | {"line": 2}]
    store.replace("verdicts", pl.DataFrame(told))
    assert store.answers_to(1, 10).rows() == [(2, 100)]
    lines = {claim: store.verdicts_under(claim)["line"] for claim in ("EAAA", "EAA", "EBBB")}
    assert {claim: line.to_list() for claim, line in lines.items()} == {
        "EAAA": [1],
        "EAA": [],
        "EBBB": [2],
    }


def test_a_tie_kept_twice_is_one_and_one_without_its_key_is_none(store: Store) -> None:
    tie = {"kind": "number", "value": "A", "side": "claim", "file_id": 1, "place": 9}
    store.save({"ties": pl.DataFrame([tie])})
    store.save({"ties": pl.DataFrame([tie, tie | {"value": "B"}])})
    assert store.load("ties")["value"].to_list() == ["A", "B"]
    with pytest.raises(Unreadable):
        store.save({"ties": pl.DataFrame([tie | {"value": None}], TIES.schema)})


def test_claims_are_found_by_the_payers_number_after_a_migration(tmp_path: Path) -> None:
    path = tmp_path / "iop.db"
    Store.create(path).close()

    def indices() -> list[list[str]]:
        with closing(sqlite3.connect(path)) as plain:
            return [one.columns for one in Database(plain)["claims"].indexes if one.origin == "c"]

    with closing(sqlite3.connect(path)) as plain:
        plain.execute("DROP INDEX idx_claims_payer_claim_number")
        plain.execute("DROP INDEX idx_matches_open")
        plain.execute("DELETE FROM _sqlite_migrations WHERE name = '0008_open_lines'")
        plain.commit()
    assert ["payer_claim_number"] not in indices()
    with Store.attach(path) as old:
        assert old.migrate() == ["0008_open_lines"]
    assert ["payer_claim_number"] in indices()


def test_no_database_and_no_sqlite_file_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(StoreVersion, match="edi-iop init"):
        Store.open(tmp_path / "iop.db")
    junk = tmp_path / "junk.db"
    junk.write_bytes(b"ISA*00*" * 500)
    with pytest.raises(StoreVersion, match="cannot be opened"):
        Store.open(junk)


def test_a_failed_transaction_leaves_nothing(store: Store) -> None:
    def fail_late() -> None:
        with store.transaction():
            file_id = store.add_file(sha256="a", status="applied")
            store.save({"claims": pl.DataFrame({"file_id": [file_id], "claim_offset": [0]})})
            raise KeyError("power cut")

    with pytest.raises(KeyError):
        fail_late()
    assert store.load("files").is_empty()
    assert store.load("claims").is_empty()
    assert store.next_numbers("file") == 1


def test_rows_need_their_file_and_keys_are_unique(store: Store) -> None:
    row = pl.DataFrame({"file_id": [7], "claim_offset": [100]})
    with pytest.raises(Unreadable, match="claims"):
        store.save({"claims": row})
    store.add_file(file_id=7, sha256="a")
    store.save({"claims": row})
    with pytest.raises(Unreadable, match="claims"):
        store.save({"claims": row})
    assert store.load("claims").height == 1


def test_counters_never_give_a_number_twice(store: Store) -> None:
    assert [store.next_numbers("isa"), store.next_numbers("isa", 5), store.next_numbers("isa")] == [
        1,
        2,
        7,
    ]
    assert store.next_numbers("serial", 40) == 1


def test_seen_tells_taken_from_quarantined(store: Store) -> None:
    store.add_file(file_id=1, sha256="aa", status="quarantined")
    assert store.seen("aa") is None
    store.add_file(file_id=2, sha256="aa", status="held")
    store.add_file(file_id=3, sha256="aa", status="duplicate")
    found = store.seen("aa")
    assert found is not None
    assert found["file_id"] == 2
    assert store.seen("bb") is None


def encounters(*rows: tuple[int, int, str, int | None, str, str]) -> pl.DataFrame:
    names = ("file_id", "row", "source_record_id", "record_version", "record_action", "client_id")
    return pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None)


def test_the_highest_version_of_an_encounter_is_current(store: Store) -> None:
    for file_id in (1, 2):
        store.add_file(file_id=file_id, sha256=str(file_id))
    delivered = encounters(
        (1, 2, "E1", 1, "add", "first"),
        (1, 3, "E2", 2, "change", "kept: version 2"),
        (2, 2, "E1", 2, "change", "kept: version 2"),
        (2, 3, "E2", 1, "add", "late, but older"),
        (1, 4, "E3", None, "add", "no version"),
        (2, 4, "E3", None, "change", "kept: delivered later"),
        (1, 5, "E4", 1, "add", "cancelled since"),
        (2, 5, "E4", 2, "cancel", ""),
    )
    store.save({"encounters": delivered})
    current = store.load("encounters")
    assert dict(
        current.select("source_record_id", "client_id").sort("source_record_id").rows()
    ) == {
        "E1": "kept: version 2",
        "E2": "kept: version 2",
        "E3": "kept: delivered later",
    }
    assert store.history("encounters").height == 8


def test_the_later_row_of_a_coverage_and_of_a_provider_is_current(store: Store) -> None:
    for file_id in (1, 2):
        store.add_file(file_id=file_id, sha256=str(file_id))
    coverage = pl.DataFrame(
        {
            "file_id": [1, 2, 2],
            "row": [2, 2, 3],
            "client_id": ["C1"] * 3,
            "payer_id": ["HARBR"] * 3,
            "coverage_priority": ["P"] * 3,
            "coverage_from": [date(2026, 1, 1), date(2026, 1, 1), date(2026, 2, 1)],
            "member_id": ["old", "new", "february"],
        }
    )
    provider = pl.DataFrame(
        {"file_id": [1, 2], "row": [2, 2], "npi": ["1"] * 2, "taxonomy": ["old", "new"]}
    )
    store.save({"clients": coverage, "providers": provider})
    assert store.load("clients")["member_id"].to_list() == ["new", "february"]
    assert store.load("providers")["taxonomy"].to_list() == ["new"]
    assert store.load("clients", coverage_from=date(2026, 2, 1))["member_id"].to_list() == [
        "february"
    ]


def test_authorizations_without_number_are_told_apart_by_client(store: Store) -> None:
    store.add_file(file_id=1, sha256="1")
    day = date(2026, 1, 5)
    rows = pl.DataFrame(
        {
            "file_id": [1] * 5,
            "row": [2, 3, 4, 5, 6],
            "auth_number": [None, None, None, "A1", "A1"],
            "client_id": ["C1", "C1", "C2", "C3", "C3"],
            "from_date": [day] * 5,
            "status": ["pending", "denied", "pending", "approved", "approved"],
            "units": [None, None, None, 10.0, 20.0],
        }
    )
    store.save({"authorizations": rows})
    current = store.load("authorizations").select("client_id", "status", "units").rows()
    assert current == [("C1", "denied", None), ("C2", "pending", None), ("C3", "approved", 20.0)]


def test_loads_filter_by_value_and_null(store: Store) -> None:
    store.add_file(file_id=1, sha256="1")
    rows = pl.DataFrame(
        {
            "file_id": [1, 1],
            "remit_claim_offset": [3, 3],
            "byte_offset": [5, 9],
            "position": [1, 1],
            "remit_line_offset": [None, 4],
            "carc": ["45", "97"],
        }
    )
    store.save({"adjustments": rows})
    assert store.load("adjustments", file_id=1, remit_line_offset=None)["carc"].to_list() == ["45"]
    assert store.load("adjustments", carc="97")["byte_offset"].to_list() == [9]
    with pytest.raises(ValueError, match="no column"):
        store.load("adjustments", **{'carc" OR 1=1 --': "97"})


def test_what_is_asked_again_after_a_transaction_that_failed_is_found(store: Store) -> None:
    """What rows are asked by is kept between two questions; with a transaction it is gone."""
    store.add_file(file_id=1, sha256="1")
    store.save(
        {"claims": pl.DataFrame({"file_id": 1, "claim_offset": [1, 2], "claim": ["A", "B"]})}
    )
    before, keys = pl.DataFrame({"claim": ["A"]}), pl.DataFrame({"claim": ["B", "C"]})
    assert store.among("claims", before)["claim_offset"].to_list() == [1]
    with suppress(ZeroDivisionError), store.transaction():
        assert store.among("claims", keys)["claim_offset"].to_list() == [2]
        raise ZeroDivisionError
    assert store.among("claims", keys)["claim_offset"].to_list() == [2]
    assert store.among("claims", before)["claim_offset"].to_list() == [1]


def test_texts_of_several_rows_are_found_up_to_a_number(store: Store) -> None:
    store.add_file(file_id=1, sha256="1")
    controls = ["A", "B", "A", None, None, "C", "C", "C"]
    rows = {"file_id": 1, "claim_offset": 1, "line_offset": range(8), "line_control": controls}
    store.save({"claim_lines": pl.DataFrame(rows)})
    found = store.repeated("claim_lines", "line_control", 2)
    assert found is not None
    assert sorted(found["line_control"]) == ["A", "C"]
    assert store.repeated("claim_lines", "line_control", 1) is None


def test_derived_tables_are_replaced_and_history_is_not(store: Store) -> None:
    store.replace("violations", pl.DataFrame({"rule": ["DUP-01", "DX-02"]}))
    store.replace("violations", pl.DataFrame({"rule": ["REV-01"]}))
    assert store.load("violations")["rule"].to_list() == ["REV-01"]
    with pytest.raises(ValueError, match="history"):
        store.replace("claims", TABLES["claims"].empty())
    store.add_file(file_id=1, sha256="1")
    store.save({"findings": pl.DataFrame({"file_id": [1, None], "code": ["GARBAGE", "OLD"]})})
    store.replace("findings", pl.DataFrame({"code": ["CLIENT_UNKNOWN"]}), file_id=None)
    assert store.load("findings")["code"].to_list() == ["GARBAGE", "CLIENT_UNKNOWN"]


def test_a_run_is_unfinished_until_it_has_its_receipt(store: Store) -> None:
    assert store.unfinished_run() is None
    store.start_run("20260105-0001", date(2026, 1, 5), "2026-01-05T02:00:00")
    assert store.unfinished_run() == "20260105-0001"
    store.finish_run("20260105-0001", "2026-01-05T02:01:00", "{}")
    assert store.unfinished_run() is None
    assert store.receipts() == {"20260105-0001": "{}"}


def test_the_lock_has_one_holder(store: Store) -> None:
    assert store.lock() is None
    store.hold(Lock("R1", 42, "here", 1.5))
    store.hold(Lock("R1", 42, "here", 2.5))
    assert store.lock() == Lock("R1", 42, "here", 2.5)
    store.release()
    assert store.lock() is None


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    path = tmp_path / "iop.db"
    with Store.create(path) as writer:
        writer.add_file(file_id=1, sha256="1", status="applied")
        said = "iop.db: attempt to write a readonly database; check"
        with pytest.raises(NotWritten, match=re.escape(said)):
            release(path)


def release(path: Path) -> None:
    with Store.open(path, read_only=True) as reader:
        assert reader.load("files").height == 1
        reader.release()


def test_rows_prepared_together_are_saved_file_by_file(store: Store) -> None:
    for file_id in (1, 2):
        store.add_file(file_id=file_id, sha256=str(file_id))
    lines = pl.DataFrame(
        {
            "file_id": [1, 2, 1],
            "claim_offset": [20, 20, 20],
            "line_offset": [30, 30, 60],
            "service_date": [date(2026, 1, 5), date(2026, 1, 6), None],
        }
    )
    prepared = store.prepare({"claim_lines": lines, "claims": TABLES["claims"].empty()})
    store.save_prepared(prepared[1])
    kept = store.load("claim_lines").select("file_id", "line_offset", "service_date")
    assert kept.rows() == [(1, 30, date(2026, 1, 5)), (1, 60, None)]
    with pytest.raises(Unreadable):
        store.save_prepared(prepared[1])
    store.save_prepared(prepared[2])
    assert store.load("claim_lines").height == 3


def test_what_the_system_refuses_is_an_error_of_one_line(tmp_path: Path) -> None:
    """A store that may only be read, written to all the same."""
    path = tmp_path / "iop.db"
    Store.create(path).close()
    with pytest.raises(NotWritten, match="readonly"), Store.open(path, read_only=True) as store:
        store.next_numbers("file")


def lines_at(*places: tuple[int, int, int]) -> pl.DataFrame:
    """Lines (file, claim, line) of which no more is known."""
    keys = ("file_id", "claim_offset", "line_offset")
    return TABLES["claim_lines"].conform(pl.DataFrame(places, keys, orient="row"))


def test_a_stretch_goes_from_one_claim_to_another_over_files(store: Store) -> None:
    """Both ends are in it; an offset alone says nothing: that of the second file is smaller."""
    for file_id in (1, 2, 3):
        store.add_file(file_id=file_id, sha256=str(file_id))
    places = [(1, 20, 21), (1, 20, 22), (1, 70, 71), (2, 10, 11), (2, 30, 31), (3, 5, 6)]
    store.save({"claim_lines": lines_at(*places)})
    columns = ("file_id", "line_offset")
    found = store.stretch("claim_lines", ((1, 70), (2, 10)), columns)
    assert sorted(found.rows()) == [(1, 71), (2, 11)]
    assert store.stretch("claim_lines", ((1, 20), (1, 20)), columns, line_offset=22).rows() == [
        (1, 22)
    ]
    assert store.stretch("claim_lines", ((0, 0), (0, 0)), columns).is_empty()


def test_a_stretch_may_be_of_other_columns_than_the_key(store: Store) -> None:
    match = {"remit_claim_offset": 1, "claim_file_id": 1}
    rows = [match | {"file_id": 9, "claim_offset": at} for at in (5, 6, 7)]
    store.replace("matches", pl.DataFrame(rows))
    by = ("claim_file_id", "claim_offset")
    found = store.stretch("matches", ((1, 6), (1, 7)), ("claim_offset",), by)
    assert sorted(found["claim_offset"].to_list()) == [6, 7]


def test_stretches_hold_every_claim_once(store: Store) -> None:
    assert list(store.stretches("claims", 2)) == [((0, 0), (0, 0))], "one, of nothing"
    for file_id in (1, 2):
        store.add_file(file_id=file_id, sha256=str(file_id))
    keys = ("file_id", "claim_offset")
    claims = pl.DataFrame([(2, 5), (1, 40), (1, 30), (2, 50), (1, 90)], keys, orient="row")
    store.save({"claims": claims})
    ends = [((1, 30), (1, 40)), ((1, 90), (2, 5)), ((2, 50), (2, 50))]
    assert list(store.stretches("claims", 2)) == ends
    found = [row for one in ends for row in store.stretch("claims", one, keys).rows()]
    assert sorted(found) == sorted(claims.rows())


def test_parts_are_all_rows_and_a_row_is_found_by_its_number(store: Store) -> None:
    (nothing,) = store.parts("verdicts", ("claim",), 2)
    assert nothing.is_empty()
    assert nothing.columns == ["claim", "row"]
    store.replace("verdicts", pl.DataFrame({"claim": list("ABCDE"), "line": range(5)}))
    parts = list(store.parts("verdicts", ("claim",), 2))
    assert [part["claim"].to_list() for part in parts] == [["A", "B"], ["C", "D"], ["E"]]
    numbers = pl.concat(parts)["row"].reverse()
    assert store.at("verdicts", numbers, ("claim", "line")).rows()[:2] == [("E", 4), ("D", 3)]
    assert store.at("verdicts", numbers.clear()).is_empty()


def test_what_is_read_of_one_moment_does_not_change(store: Store) -> None:
    """A run replaces the rows meanwhile: their numbers are those of other rows then."""
    store.replace("verdicts", pl.DataFrame({"claim": ["A", "B"]}))
    with Store.open(store.path, read_only=True) as reader:
        with reader.unchanged():
            (part,) = reader.parts("verdicts", ("claim",), 9)
            store.replace("verdicts", pl.DataFrame({"claim": ["X", "Y", "Z"]}))
            assert reader.at("verdicts", part["row"], ("claim",)).rows() == [("A",), ("B",)]
        assert reader.load("verdicts")["claim"].to_list() == ["X", "Y", "Z"]
