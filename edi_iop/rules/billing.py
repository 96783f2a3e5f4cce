"""How a payer wants its claims made: what a policy sets under [billing] (005010X223A2 loops 2300, 2400).

These say what a claim is; what a payer refuses is in rules.parameters. Their
defaults are the common ground: interim bills as days come, replacements taken.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from edi_iop.rules.parameters import Procedure, Revenue, ServiceType
from edi_iop.settings import Strict

Code = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Z]{2}$")]
Amount = Annotated[str, msgspec.Meta(pattern=r"^\d+(\.\d{2})?$")]
Moment = Literal["admission", "statement_from", "statement_to"]
"""A date of the claim that a code is dated by."""


class Occurrence(Strict, frozen=True):
    """An occurrence code and the day it is dated with (HI BH)."""

    code: Code
    on: Moment


class Span(Strict, frozen=True):
    """An occurrence span code and its first and last day (HI BI)."""

    code: Code
    first: Moment
    last: Moment


class Value(Strict, frozen=True):
    """A value code with a fixed amount, or the number of service days (HI BE)."""

    code: Code
    amount: Amount | None = None
    """Dollars; None: the days of service on the claim."""


class HeaderCodes(Strict, frozen=True):
    """Codes that every claim of this payer carries, in the order they are written."""

    condition: tuple[Code, ...] = ()
    occurrence: tuple[Occurrence, ...] = ()
    span: tuple[Span, ...] = ()
    value: tuple[Value, ...] = ()


class Component(Strict, frozen=True):
    """The line that one service of a day is billed as, where the payer takes no per diem."""

    procedure: Procedure
    revenue: Revenue
    minutes_per_unit: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """None: a session is one unit."""


class Billing(Strict, frozen=True):
    """What a claim holds, when it is made, and how one that was sent is put right."""

    cycle: Literal["open", "week", "month"] = "open"
    """open: what is ready is billed. week, month: once the period is over, or the episode is."""
    interim: bool = True
    """Frequencies 2, 3 and 4 by the statement's place in the episode; else each claim is a 1."""
    late: Literal["replacement", "late_charges"] = "replacement"
    """How days that come after their claim has left are billed: frequency 7, or 5 for them alone."""
    void: bool = True
    """Takes a void (8) of a claim of which nothing is left; else a person must cancel it."""
    new_claim_remarks: tuple[str, ...] = ("MA130", "N142")
    """Remarks after which a claim is sent anew, never replaced: to the payer it was no claim."""
    ancillary_apart: bool = False
    """Services beside the per diem go on a claim of their own."""
    lines_per_claim: Annotated[int, msgspec.Meta(ge=1, le=999)] = 999
    """LX01 counts to 999 in the guide; a payer may take fewer."""
    track_modifiers: dict[Literal["SUD", "MH", "CO"], tuple[str, ...]] = msgspec.field(
        default_factory=dict
    )
    """Modifiers of a per diem by the program of its day; CO where the day was for both."""
    codes: HeaderCodes = HeaderCodes()
    components: dict[ServiceType, Component] = msgspec.field(default_factory=dict)
    """By encounter service type. Where any is given no per diem is billed, but each service:

    of every day, or with duration.short_day = "components" of days below the minimum alone.
    """
