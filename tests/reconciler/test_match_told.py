"""What is said of a match."""

from __future__ import annotations

import polars as pl

from edi_iop.reconciler.match_told import with_runner_up


def test_of_candidates_behind_alike_the_same_one_is_named_in_any_order():
    key = {"file_id": 1, "remit_claim_offset": 10}
    pool = pl.DataFrame(
        [
            {**key, "claim_file_id": 2, "claim_offset": 30, "sent_number": "C", "tier": "T5", "score": 0.4},
            {**key, "claim_file_id": 2, "claim_offset": 20, "sent_number": "B", "tier": "T5", "score": 0.4},
            {**key, "claim_file_id": 2, "claim_offset": 40, "sent_number": "D", "tier": "T4", "score": 0.4},
            {**key, "claim_file_id": 2, "claim_offset": 10, "sent_number": "A", "tier": "T1", "score": 0.3},
        ]
    )  # fmt: skip
    matched = pl.DataFrame([{**key, "score": 0.9}])
    for one in (pool, pool.reverse()):
        told = with_runner_up(matched, one)
        assert told.select("runner_up", "margin").row(0) == ("D", 0.5)
    told = with_runner_up(matched, pool.filter(pl.col("tier") == "T5"))
    assert told["runner_up"].to_list() == ["B"]
