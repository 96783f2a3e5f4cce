"""One fault, one finding: what follows where a loop begins twice, or a segment stands there twice."""

from __future__ import annotations

import numpy as np
import polars as pl

from edi_iop.guides.loops import Loops
from edi_iop.guides.predicates import (
    BEGUN_WRONG,
    DUPLICATE,
    LACKING,
    LOOP_SURPLUS,
    NEAR,
    SITUATED,
    of_pairs,
)
from edi_iop.guides.repairs import Transition
from edi_iop.guides.structure import conformed
from edi_iop.texts import composed


def begun_twice(loops: Loops, faults: pl.DataFrame) -> pl.DataFrame:
    """What follows where a loop's first segment stands behind the second.

    The loop is said to begin without it; that it begins again, one too many, and that
    both halves lack what the other holds, is the same fault.
    """
    begun = faults.filter(BEGUN_WRONG)["place"].unique().to_numpy()
    found = []
    for behind in range(1, NEAR + 1):
        near = begun[begun + behind < len(loops.taken)]
        again = near[of_pairs(loops, near, near + behind, _begins_again)]
        ids = [loops.elements(again + step).list.first() for step in range(behind)]
        found.append(pl.DataFrame({"at": again + behind}).with_columns(
            held=pl.concat_list(pl.lit(one) for one in ids)))  # fmt: skip
    twice = pl.concat(found)
    here = faults.filter(LACKING | LOOP_SURPLUS).join(twice, left_on="place", right_on="at")
    halves = [
        faults.filter(LACKING)
        .with_columns(at=pl.col("place") - behind)
        .join(twice, on="at")
        .filter(pl.col("segment").is_in(pl.col("held")))
        for behind in range(1, NEAR + 1)
    ]
    # The second half begins without what stands before it.
    begun_behind = faults.filter(BEGUN_WRONG).with_columns(at=pl.col("place") - 1)
    halves.append(begun_behind.join(twice, on="at").filter(pl.col("segment").is_in(pl.col("held"))))
    return pl.concat([one.select("fault") for one in (here, *halves)])


def sent_twice(loops: Loops, faults: pl.DataFrame) -> pl.DataFrame:
    """A loop's first segment that stands there twice, word for word: one segment too many.

    That the first of the two loops lacks what it must hold, and that the second is numbered wrong, follows.
    """
    places = faults.filter(LACKING & (pl.col("place") > 0))["place"].unique().to_numpy()
    inside = places[places < len(loops.taken)]
    alike = inside[loops.pair[inside] == loops.pair[inside - 1]]
    twice = alike[of_pairs(loops, alike - 1, alike, _both_begin)]
    nodes = [loops.guide.nodes[number] for number in loops.node[twice].tolist()]
    again = pl.DataFrame(
        {
            "place": twice,
            "own": [node.id for node in nodes],
            "of": [node.loop.id for node in nodes],
        },
        schema={"place": pl.Int64(), "own": pl.String(), "of": pl.String()},
    )
    follows = faults.filter(LACKING | LOOP_SURPLUS | DUPLICATE | SITUATED)
    surplus = conformed(
        again.with_columns(
            code=pl.lit("SEGMENT_REPEATS"),
            message=composed("this {} stands right before already, word for word", "own"),
            loop="of",
            segment="own",
        )
    ).with_columns(fault=pl.lit(None, pl.UInt32))
    before = faults.filter(pl.col("code") == "HL_CHILD_WRONG").join(
        again.select(pl.col("place") - 1), on="place", how="semi"
    )
    gone = pl.concat([follows.join(again, on="place", how="semi"), before])
    left = faults.join(gone, on="fault", how="anti", maintain_order="left")
    return pl.concat([left, surplus.select(left.columns)])


def _both_begin(first: Transition, second: Transition) -> bool:
    """Whether both begin a loop, not the transaction's, of one kind."""
    node = second.node
    return (
        node is not None
        and node is first.node
        and node.starts_loop
        and node.loop.parent is not None
    )


def _begins_again(first: Transition, second: Transition) -> bool:
    node = second.node
    return node is not None and node.starts_loop and node.loop in first.missing


def of_wrong_segments(_: Loops, faults: pl.DataFrame) -> pl.DataFrame:
    """That a segment stands there twice, where it is wrong by itself or one too many; what only repeats with it."""
    twice, others = faults.filter(DUPLICATE), faults.filter(~DUPLICATE & ~_REPEATED)
    over = faults.filter(pl.col("code") == "SEGMENT_REPEATS").select(
        "loop", "segment", "place", over="place"
    )
    close = twice.sort("place").join_asof(
        over.sort("place"),
        on="place",
        by=["loop", "segment"],
        strategy="forward",
        tolerance=_RUN,
        check_sortedness=False,
    )
    found = [
        twice.join(others, on="place", how="semi"),
        close.drop_nulls("over"),
        faults.filter(_REPEATED).join(twice, on="place", how="semi"),
    ]
    return pl.concat([one.select("fault") for one in found]).unique()


def behind_moved(loops: Loops, faults: pl.DataFrame) -> pl.DataFrame:
    """Segments that come again in a loop which holds one of the next already, right before what is out of order.

    REF*6R behind the next line's LX: the line's own one is then the second.
    """
    moved = faults.filter((pl.col("code") == "SEGMENT_ORDER") & (pl.col("place") > 0))[
        "place"
    ].to_numpy()
    surplus = faults.filter(DUPLICATE | (pl.col("code") == "SEGMENT_REPEATS"))
    surplus = surplus.filter(pl.col("place") < len(loops.node))
    found = [surplus.head(0).select("fault")]
    for number in np.unique(loops.node[moved - 1]).tolist():
        if number < 0:
            continue
        instance = loops.instance(loops.guide.nodes[number].loop)
        held = instance[moved[loops.node[moved - 1] == number] - 1]
        places = surplus["place"].to_numpy()
        follows = (loops.node[places] == number) & np.isin(instance[places], held)
        found.append(surplus.filter(pl.Series(follows)).select("fault"))
    return pl.concat(found).unique()


_REPEATED = (
    pl.col("code").is_in(["SITUATION_DOUBTFUL", "SITUATION_VALUE_WRONG"])
    & pl.col("element").is_not_null()
)
_RUN = 10
"""Of segments of one kind, how many may stand before the one too many."""
