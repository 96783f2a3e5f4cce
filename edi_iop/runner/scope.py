"""What belongs together in the store: claims and answers that can bear on each other.

Two rows are tied where a number, id or line control number of both may be the same
(reconciler.ties), by the word of a person, or by the reference of a provider adjustment.
A scope is closed: nothing outside is tied to anything in it, so that what is computed
of it alone is what is computed of everything.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import polars as pl

from edi_iop.reconciler import ties
from edi_iop.reconciler.match_pairs import MOST_HOLDERS
from edi_iop.reconciler.references import PLB, References
from edi_iop.store import Store
from edi_iop.tables import TABLES

CLAIM = ("file_id", "claim_offset")
REMIT = ("file_id", "remit_claim_offset")
ACK = ("file_id", "byte_offset")
_KINDS = {"claims": CLAIM, "remits": REMIT, "acks": ACK, "adjustments": PLB}
_HOLDER = ("side", "file_id", "place")
_KEYS = {"claim": CLAIM, "remit": REMIT, "ack": ACK}
_MOST_LINES = 1_000 * (MOST_HOLDERS + 1)
"""Lines under one line control number, a claim having 999 at most: more, and too many hold it."""
_TABLES = {"claim": ("claims", "claim_lines"), "remit": ("remit_claims", "remit_lines"), "ack": ("acknowledgements",)}  # fmt: skip
_UNASKED = {
    "claims": frozenset(
        {
            "transaction_offset", "provider_signature", "assignment", "benefits_assigned", "release",
            "discharge_hour", "admission_hour", "admission_type", "admission_source",
            "patient_paid_cents", "referral_number", "billing_name", "billing_taxonomy",
            "billing_address1", "billing_address2", "billing_city", "billing_state", "billing_zip",
            "group_number", "group_name", "subscriber_middle_name", "subscriber_address1",
            "subscriber_address2", "subscriber_city", "subscriber_state", "subscriber_zip",
            "subscriber_sex", "patient_middle_name", "patient_address1", "patient_address2",
            "patient_city", "patient_state", "patient_zip", "patient_sex", "payer_name",
            "attending_last_name", "attending_first_name", "attending_taxonomy",
        }
    ),
    "claim_lines": frozenset(
        {"qualifier", "unit_basis", "non_covered_cents", "place", "diagnosis_pointers"}
    ),
}  # fmt: skip
"""What neither a match nor a rule looks at: addresses, and what is told for the payer's own use."""
_MOST_REPEATED = 1_000_000
"""Line control numbers of several lines: more are not held in memory."""
_HELD_IN = {"claim": "claim_lines", "remit": "remit_lines"}
"""Where each side's line control numbers stand."""
SIDES, LINES = tuple(_HELD_IN), tuple(_HELD_IN.values())

Repeated = Mapping[str, pl.DataFrame]
"""What `repeated` finds, by table of lines; of one that is not in it nothing is known."""


class Scope(msgspec.Struct):
    """Claims and answers that are closed, with the rows already read of them."""

    rows: dict[str, list[pl.DataFrame]] = msgspec.field(default_factory=dict)
    """Of the tables by which ties are found."""
    common: pl.DataFrame = msgspec.field(
        default_factory=lambda: pl.DataFrame(schema={"control": pl.String})
    )
    """Line control numbers that too many claims hold to name one: not all of these are in it."""
    adjustments: pl.DataFrame = msgspec.field(default_factory=pl.DataFrame)
    """PLB of provider adjustments whose reference may name one of them."""

    def table(self, name: str) -> pl.DataFrame:
        """All rows of a table that belong to the scope."""
        return pl.concat(self.rows[name])

    @property
    def held(self) -> Begin:
        """All that is in it."""
        return Begin(
            claims=self.table("claims").select(CLAIM),
            remits=self.table("remit_claims").select(REMIT),
            acks=self.table("acknowledgements").select(ACK),
            adjustments=self.adjustments,
        )


class Begin(msgspec.Struct, frozen=True):
    """What a scope is closed around, or one scope after another: keys by kind."""

    claims: pl.DataFrame
    remits: pl.DataFrame
    acks: pl.DataFrame
    adjustments: pl.DataFrame

    @classmethod
    def around(cls, **rows: pl.DataFrame) -> Begin:
        """Around these rows; of the others none."""
        nothing = {
            name: pl.DataFrame(schema=dict.fromkeys(key, pl.Int64)) for name, key in _KINDS.items()
        }
        return cls(**nothing | rows)

    def divided(self, most: int) -> tuple[Begin, Begin]:
        """The first rows, so many at most, and the others: remits before claims."""
        first, rest = {}, {}
        for name in ("remits", "claims", "acks", "adjustments"):
            rows: pl.DataFrame = getattr(self, name)
            first[name], rest[name] = rows.head(most), rows.slice(most)
            most -= first[name].height
        return Begin(**first), Begin(**rest)

    @property
    def answers(self) -> Begin:
        """Its remit claims, and the provider adjustments, which are few beside them."""
        return Begin.around(remits=self.remits, adjustments=self.adjustments)

    @property
    def others(self) -> Begin:
        """Its claims, and the acknowledgements of them."""
        return Begin.around(claims=self.claims, acks=self.acks)

    def beyond(self, other: Begin) -> Begin:
        """The rows that are not among the other's."""
        rest = {
            name: getattr(self, name).join(
                getattr(other, name), on=key, how="anti", maintain_order="left"
            )
            for name, key in _KINDS.items()
        }
        return Begin(**rest)

    def with_those_of(self, other: Begin) -> Begin:
        """The rows of both."""
        return Begin(
            **{name: pl.concat([getattr(self, name), getattr(other, name)]) for name in _KINDS}
        )

    @property
    def height(self) -> int:
        """How many rows."""
        return sum(getattr(self, name).height for name in _KINDS)

    def __bool__(self) -> bool:
        return self.height > 0


def closed(
    store: Store,
    begin: Begin,
    references: References,
    decisions: pl.DataFrame,
    settled: int | None = None,
    repeated: Repeated | None = None,
) -> Scope:
    """The closed scope around these rows.

    references: of every provider adjustment. decisions: tables.DECISIONS. settled: the last
    file of the settlement before; None where none counts. repeated: as `repeated` found them. A
    line control number that too many claims hold ties none, except where it tied some until then.
    """
    return _Closing(store, references, decisions, settled, repeated or {}).around(begin)


def repeated(store: Store, name: str) -> pl.DataFrame | None:
    """line_control of numbers that stand in several lines of one of LINES; None of too many."""
    return store.repeated(name, "line_control", _MOST_REPEATED)


def irregular(store: Store, side: str, after: int) -> pl.DataFrame:
    """tables.TIES of a side's line control numbers, of files after this one, that are not written
    as they are compared."""
    name, place = _HELD_IN[side], _KEYS[side][1]
    odd = store.irregular(name, "line_control", "0-9A-Z", ("file_id", place), after)
    return ties.controls(side, odd, place)


class _Closing:
    """A scope in the making."""

    def __init__(
        self,
        store: Store,
        references: References,
        decisions: pl.DataFrame,
        settled: int | None,
        repeated: Repeated,
    ) -> None:
        self._store, self._references, self._settled = store, references, settled
        self._repeated = repeated
        kind = pl.DataFrame({"kind": [ties.LENGTH]})
        self._long = store.among("ties", kind, ("value", "place")).rename({"value": "kind"})
        self._by_hand = decisions.select(*REMIT, "claim_file_id", "claim_offset").drop_nulls()
        self._known = {
            side: pl.DataFrame(schema=dict.fromkeys(key, pl.Int64)) for side, key in _KEYS.items()
        }
        self._values = pl.DataFrame(schema=dict.fromkeys(ties.VALUE, pl.String))
        self._controls = self._values.select(control="value")
        self._unasked: dict[str, list[pl.DataFrame]] = {name: [] for name in _HELD_IN.values()}
        self._scope = Scope(adjustments=references.none())

    def around(self, begin: Begin) -> Scope:
        """Rounds of questions until nothing new is found; chains of ties are short.

        Line control numbers come last: most stand in lines that are known by then.
        """
        new = {"claim": begin.claims, "remit": begin.remits, "ack": begin.acks}
        found = [self._inside(begin.adjustments)]
        while True:
            rows = self._read(new)
            found += [self._alike(rows), self._referred(rows), *self._decided(new)]
            new, found = self._unknown(found), []
            if not _any(new):
                new = self._unknown([self._holders()])
            if not _any(new):
                return self._scope

    def _read(self, new: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
        """The rows of what is new, which is known from here on."""
        rows = {
            name: self._store.among(name, keys, _asked(name))
            for side, keys in new.items()
            for name in _TABLES[side]
        }
        for side, keys in new.items():
            self._known[side] = pl.concat([self._known[side], keys.select(_KEYS[side])])
        for name, frame in rows.items():
            self._scope.rows.setdefault(name, []).append(frame)
        for name, unasked in self._unasked.items():
            unasked.append(rows[name].select("line_control"))
        return rows

    def _alike(self, rows: dict[str, pl.DataFrame]) -> pl.DataFrame:
        """Who has a number or id that may be one of these rows' (_HOLDER)."""
        told = [ties.ties(name, rows[name]).select(ties.VALUE) for name in ties.COLUMNS]
        return self._having(pl.concat(told).filter(pl.col("kind") != ties.NAME))

    def _having(self, values: pl.DataFrame) -> pl.DataFrame:
        """Who has what may be one of the values, each asked for once."""
        new = values.unique().join(self._values, on=ties.VALUE, how="anti")
        self._values = pl.concat([self._values, new])
        equal, longer = ties.alike(new)
        some = ties.standing(equal, self._long)
        return pl.concat([self._store.among("ties", some, _HOLDER), self._going_on(longer)])

    def _going_on(self, texts: pl.DataFrame) -> pl.DataFrame:
        some = ties.going_on(texts, self._long)
        return self._store.beginning("ties", "value", some, _HOLDER)

    def _holders(self) -> pl.DataFrame:
        """Who holds or asks for the line control numbers, but for those that name no claim."""
        lines = {name: pl.concat(unasked) for name, unasked in self._unasked.items()}
        for unasked in self._unasked.values():
            unasked.clear()
        own = [ties.asked_controls(side, lines[name]) for side, name in _HELD_IN.items()]
        asked = pl.concat([one.alias("control") for one in own]).unique().to_frame()
        every = asked.join(self._controls, on="control", how="anti")
        self._controls = pl.concat([self._controls, every])
        new = self._elsewhere(every, lines)
        holding = self._holding("claim", new)
        before = pl.lit(True) if self._settled is None else pl.col("file_id") <= self._settled
        counted = holding.group_by("control").agg(holders=pl.len(), held=before.sum())
        common = counted.filter(pl.col("holders") > MOST_HOLDERS).select("control")
        self._scope.common = pl.concat([self._scope.common, common])
        barred = counted.filter(pl.col("held") > MOST_HOLDERS)
        naming = new.join(barred, on="control", how="anti")
        found = [holding.join(naming, on="control", how="semi"), self._holding("remit", naming)]
        return pl.concat(found).select(_HOLDER)

    def _elsewhere(self, controls: pl.DataFrame, lines: dict[str, pl.DataFrame]) -> pl.DataFrame:
        """Those of the numbers that stand in other lines than these too."""
        beyond = []
        for side, name in _HELD_IN.items():
            own = ties.asked_as(side, controls["control"]).alias("line_control").to_frame()
            held = lines[name].select("line_control")
            if name in self._repeated:
                # what stands in one line, and in one of these, stands in no other
                often = pl.col("line_control").is_in(self._repeated[name]["line_control"].implode())
                own = own.join(held.filter(~often), on="line_control", how="anti")
                held = held.filter(often)
            counted = held.group_by("line_control").agg(rows=pl.len())
            keys = own.join(counted, on="line_control", how="left").with_columns(
                pl.col("rows").fill_null(0)
            )
            beyond.append(self._store.beyond(name, keys, "rows"))
        oddly = [self._oddly(side, controls).select(line_control="value") for side in _HELD_IN]
        return pl.concat([*beyond, *oddly]).unique().select(control="line_control")

    def _oddly(self, side: str, controls: pl.DataFrame) -> pl.DataFrame:
        """_HOLDER and value: who holds the numbers written otherwise than they are compared."""
        columns = (*_HOLDER, "value")
        kind = pl.DataFrame({"kind": [ties.CONTROL]})
        few = self._store.first_among("ties", kind, columns, controls.height + 1)
        if few.height <= controls.height:  # mostly none at all
            own = few.filter(pl.col("side") == side)
            asked = controls.select(value="control")
            return own if own.is_empty() else own.join(asked, on="value", how="semi")
        kept = controls.select(kind=pl.lit(ties.CONTROL), value="control", side=pl.lit(side))
        return self._store.among("ties", kept, columns)

    def _holding(self, side: str, controls: pl.DataFrame) -> pl.DataFrame:
        """_HOLDER and control: the claims, or answers, that hold line control numbers."""
        name, offset = _HELD_IN[side], _KEYS[side][1]
        keys = ties.asked_as(side, controls["control"]).alias("line_control").to_frame()
        columns = ("file_id", offset, "line_control")
        # that very many claims hold a number is known from the first: it names none of them
        plainly = (
            self._store.first_among(name, keys, columns, _MOST_LINES)
            if side == "claim"
            else self._store.among(name, keys, columns)
        )
        parts = [
            plainly.select("file_id", side=pl.lit(side), place=offset, control="line_control"),
            self._oddly(side, controls).select("file_id", "side", "place", control="value"),
        ]
        return pl.concat(parts).unique()

    def _decided(self, new: dict[str, pl.DataFrame]) -> list[pl.DataFrame]:
        """The other side of pairs that a person tied or took apart."""
        sent = new["claim"].rename({"file_id": "claim_file_id"})
        pairs = [
            self._by_hand.join(new["remit"], on=REMIT, how="semi"),
            self._by_hand.join(sent, on=("claim_file_id", "claim_offset"), how="semi"),
        ]
        every = pl.concat(pairs)
        return [
            every.select(pl.lit("remit").alias("side"), "file_id", place="remit_claim_offset"),
            every.select(
                pl.lit("claim").alias("side"), file_id="claim_file_id", place="claim_offset"
            ),
        ]

    def _referred(self, rows: dict[str, pl.DataFrame]) -> pl.DataFrame:
        """Who has what may be a number in a reference that holds one of these rows' numbers."""
        texts = [rows["claims"]["claim"], rows["remit_claims"]["claim"],
                 rows["remit_claims"]["payer_claim_number"]]  # fmt: skip
        return self._inside(self._references.holding(pl.concat([one.alias("n") for one in texts])))

    def _inside(self, adjustments: pl.DataFrame) -> pl.DataFrame:
        """The same of provider adjustments, which are in the scope from here on."""
        before = self._scope.adjustments
        new = adjustments.join(before, on=PLB, how="anti").select(PLB)
        self._scope.adjustments = pl.concat([before, new])
        cut = ties.whole_numbers(self._references.beginnings(new))
        inside = ties.numbers(self._references.pieces(new))
        return pl.concat([self._having(inside), self._going_on(cut)])

    def _unknown(self, found: list[pl.DataFrame]) -> dict[str, pl.DataFrame]:
        """Of what was found the rows that are not in the scope yet."""
        every = pl.concat([one.select(_HOLDER) for one in found]).unique()
        return {
            side: every.filter(pl.col("side") == side)
            .select("file_id", pl.col("place").alias(key[1]))
            .join(self._known[side], on=key, how="anti")
            for side, key in _KEYS.items()
        }


def _asked(name: str) -> list[str]:
    """The columns of a table that are read."""
    unasked = _UNASKED.get(name, frozenset())
    return [column for column in TABLES[name].schema if column not in unasked]


def _any(new: dict[str, pl.DataFrame]) -> bool:
    return any(keys.height for keys in new.values())
