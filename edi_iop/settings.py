"""The workspace and its settings.toml, decoded strictly into typed structs."""

from __future__ import annotations

import tomllib
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec

from edi_iop import mistakes
from edi_iop.errors import BadSettings, MissingPath
from edi_iop.identifiers import is_npi
from edi_iop.money import to_cents

Npi = Annotated[str, msgspec.Meta(pattern=r"^\d{10}$")]
Digits9 = Annotated[str, msgspec.Meta(pattern=r"^\d{9}$")]
Zip = Annotated[str, msgspec.Meta(pattern=r"^\d{9}$")]
Taxonomy = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{2}[0-9A-Z]{7}[A-Z]$")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
"""NM103, PER02."""
Address = Annotated[str, msgspec.Meta(max_length=55)]
"""N301, N302."""
City = Annotated[str, msgspec.Meta(min_length=2, max_length=30)]
"""N401."""
TradingId = Annotated[str, msgspec.Meta(min_length=2, max_length=15)]
"""ISA06 and ISA08, GS02 and GS03."""
PartyId = Annotated[str, msgspec.Meta(min_length=2, max_length=80)]
"""NM109."""
Procedure = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Z]{5}$")]
Dollars = Annotated[str, msgspec.Meta(pattern=r"^\d+(\.\d{1,2})?$")]


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A struct that refuses keys it does not know: a misspelt setting is an error."""


class Facility(Strict, frozen=True):
    """The billing provider (005010X223A2 loop 2010AA)."""

    name: Name
    npi: Npi
    tin: Digits9
    taxonomy: Taxonomy
    address1: Address
    city: City
    state: str
    zip: Zip
    address2: Address = ""
    facility_type: Annotated[str, msgspec.Meta(pattern=r"^\d{2}$")] = "13"
    """First two digits of the type of bill (CLM05-1)."""
    timezone: str = ""
    """Where its clocks hang (IANA, America/Chicago); none: times are taken as they are written."""


class Submitter(Strict, frozen=True):
    """Who sends the file (loop 1000A) and how to reach them."""

    name: Name
    id: TradingId
    contact: Name
    phone: str


class Partner(Strict, frozen=True):
    """A clearinghouse or payer that takes our files (loop 1000B, ISA08)."""

    id: TradingId
    name: Name


class PayerSetting(Strict, frozen=True):
    """A payer we bill: its identifier on the claim, its policy, and by which partner."""

    id: PartyId
    name: Name
    policy: str
    partner: str
    filing_indicator: str = "CI"


class Rate(Strict, frozen=True):
    """What one unit costs in a period: the facility's charge, and what the contract pays for it."""

    procedure: Procedure
    from_: date = msgspec.field(name="from")
    charge: Dollars
    payer: str | None = None
    """None: every payer that has no rate of its own for the procedure."""
    revenue: Annotated[str, msgspec.Meta(pattern=r"^\d{4}$")] | None = None
    """None: any revenue code."""
    to: date | None = None
    """The last day; None while it runs."""
    contract: Dollars | None = None
    """What the payer owes for one unit; None where the contract is not known."""

    @property
    def of(self) -> tuple[str, str, str]:
        """Payer, procedure and revenue code, * for any: no two rates of these on one day."""
        return self.payer or "*", self.procedure, self.revenue or "*"


class Scrub(Strict, frozen=True):
    """block: a violating line stays out of the 837I. warn: it is sent, and listed."""

    mode: Literal["block", "warn"] = "block"


class Answering(Strict, frozen=True):
    """The answers (TA1, 999) to claims and remits that come in."""

    send: bool = True
    ta1: Literal["asked", "always"] = "asked"
    """asked: where ISA14 asks for one or the envelope is at fault. always: for each interchange."""
    not_to: tuple[str, ...] = ()
    """Senders (ISA06) that get none."""


class Settings(Strict, frozen=True):
    """All of settings.toml."""

    facility: Facility
    submitter: Submitter
    partners: tuple[Partner, ...]
    payers: tuple[PayerSetting, ...]
    charges: dict[Procedure, str] = {}
    """Charge of one unit by procedure, in dollars, where no rate is in force: H0015 = "350.00"."""
    rates: tuple[Rate, ...] = ()
    """Charges and contract rates by date."""
    facilities: tuple[Facility, ...] = ()
    """Further places that bill under their own NPI, told apart by facility_npi of the encounters."""
    scrub: Scrub = Scrub()
    answers: Answering = Answering()
    usage: Literal["T", "P"] = "T"
    """ISA15: test or production."""

    @property
    def billing(self) -> tuple[Facility, ...]:
        """Every facility that bills, the main one first."""
        return self.facility, *self.facilities

    def charge_cents(self, procedure: str) -> int | None:
        """What the facility charges for one unit, or None where no charge is set."""
        dollars = self.charges.get(procedure)
        return None if dollars is None else to_cents(dollars)


def decode(text: str, where: str = "settings.toml") -> Settings:
    """Settings out of TOML text; BadSettings names the key that is wrong."""
    try:
        settings = msgspec.convert(tomllib.loads(text), Settings)
        _check(settings)
    except msgspec.ValidationError as problem:
        key, reason = mistakes.told(problem)
        said = f"{key}: {reason}" if key else reason
        raise BadSettings(f"{where}: {said}; correct it and run again") from problem
    except ValueError as problem:  # of TOML too
        raise BadSettings(f"{where}: {problem}; correct it and run again") from problem
    return settings


def _check(settings: Settings) -> None:
    """ValueError with the key where the values do not hold together, or cannot be right."""
    for place, facility in enumerate(settings.billing):
        key = f"facilities[{place - 1}]" if place else "facility"
        if not is_npi(facility.npi):
            raise ValueError(f"{key}.npi: the check digit of {facility.npi} is wrong")
        _check_zone(facility, key)
    for procedure, dollars in settings.charges.items():
        _check_charge(procedure, dollars)
    partners = [partner.id for partner in settings.partners]
    payers = [payer.id for payer in settings.payers]
    facilities = [facility.npi for facility in settings.billing]
    for key, kind, ids in (
        ("partners", "partner", partners),
        ("payers", "payer", payers),
        ("facilities", "facility", facilities),
    ):
        twice = next((name for name in ids if ids.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"{key}: {kind} {twice} is listed twice")
    for place, payer in enumerate(settings.payers):
        if payer.partner not in partners:
            raise ValueError(
                f"payers[{place}].partner: payer {payer.id} names partner {payer.partner}, "
                "which is not listed in [[partners]]"
            )
    _check_rates(settings.rates, payers)


def _check_charge(procedure: str, dollars: str) -> None:
    """ValueError where a charge is no amount that a line could have."""
    try:
        cents = to_cents(dollars)
    except ValueError as problem:
        raise ValueError(f"charges.{procedure}: {problem}") from problem
    if cents < 0:
        raise ValueError(f"charges.{procedure}: {dollars} is negative")


def _check_zone(facility: Facility, key: str) -> None:
    """ValueError where its time zone is none."""
    try:
        if facility.timezone:
            ZoneInfo(facility.timezone)
    except (KeyError, ValueError, OSError) as problem:
        raise ValueError(
            f"{key}.timezone: no such zone {facility.timezone}; write one as America/Chicago"
        ) from problem


def _check_rates(rates: tuple[Rate, ...], payers: list[str]) -> None:
    """ValueError where a rate ends before it begins, names no payer of ours, or overlaps another."""
    for place, rate in enumerate(rates):
        where = f"rates[{place}]: the rate of {rate.procedure} from {rate.from_}"
        if rate.to is not None and rate.to < rate.from_:
            raise ValueError(f"{where} ends before it begins")
        if rate.payer is not None and rate.payer not in payers:
            raise ValueError(f"{where} names payer {rate.payer}, which is not listed in [[payers]]")
    for earlier, later in pairwise(sorted(rates, key=lambda rate: (rate.of, rate.from_))):
        if earlier.of == later.of and later.from_ <= (earlier.to or date.max):
            raise ValueError(
                f"rates: those of {' '.join(earlier.of)} overlap: one from {earlier.from_} "
                f"to {earlier.to or 'now'}, one from {later.from_}"
            )


class Workspace(msgspec.Struct, frozen=True):
    """The folder of one facility: drops in, claims out, database, receipts."""

    root: Path

    @property
    def settings_file(self) -> Path:
        return self.root / "settings.toml"

    @property
    def payers(self) -> Path:
        return self.root / "payers"

    @property
    def codes(self) -> Path:
        """Code lists the user loaded; made when the first one is."""
        return self.root / "codes"

    @property
    def letters(self) -> Path:
        """The facility's own templates of letters, where it has any."""
        return self.root / "letters"

    @property
    def remedies(self) -> Path:
        """Claims and letters for a person to check and send; made when the first one is."""
        return self.root / "remedies"

    @property
    def feeds(self) -> Path:
        """Layouts of partners' own feeds."""
        return self.root / "feeds"

    @property
    def inbox(self) -> Path:
        return self.root / "inbox"

    @property
    def outbox(self) -> Path:
        return self.root / "outbox"

    @property
    def archive(self) -> Path:
        return self.root / "archive"

    @property
    def quarantine(self) -> Path:
        return self.root / "quarantine"

    @property
    def reports(self) -> Path:
        return self.root / "reports"

    @property
    def work(self) -> Path:
        """Files claimed by a run and not yet done; empty between runs."""
        return self.root / "work"

    @property
    def database(self) -> Path:
        return self.root / "iop.db"

    @property
    def folders(self) -> tuple[Path, ...]:
        return (
            self.inbox,
            self.outbox,
            self.archive,
            self.quarantine,
            self.reports,
            self.payers,
            self.feeds,
            self.work,
        )

    def settings(self) -> Settings:
        """The decoded settings.toml; MissingPath where this is no workspace."""
        if not self.settings_file.is_file():
            raise MissingPath(
                f"{self.root}: no settings.toml here; make a workspace with: edi-iop init {self.root}"
            )
        try:
            text = self.settings_file.read_text(encoding="utf-8")
        except UnicodeDecodeError as problem:
            raise BadSettings(
                f"{self.settings_file}: not UTF-8 text; save it as UTF-8"
            ) from problem
        return decode(text, str(self.settings_file))
