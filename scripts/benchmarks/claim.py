"""Claims of the made-up clinic as it sends them: loops 1000A to 2430 of 005010X223A2."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random

from scripts.benchmarks.clinic import BILLING, LINES, Claim, Person, dollars

_PRIMARY = ("COASTAL EMPLOYERS TRUST", "COAST")
"""The payer that paid first, where ours is the second."""


@dataclass
class Batch:
    """One 837I in the making; the hierarchy's numbers run through it (HL01)."""

    chance: Random
    number: int
    levels: int = 1

    def head(self) -> list[str]:
        """BHT to loop 2010AA."""
        name, npi, tax = BILLING
        return [
            f"BHT*0019*00*BATCH{self.number:06d}*20260921*0700*CH",
            f"NM1*41*2*{name}*****46*SUNRIDGE",
            "PER*IC*BILLING OFFICE*TE*2075550199",
            "NM1*40*2*CLEARHOUSE*****46*CLEARHOUSE",
            "HL*1**20*1",
            "PRV*BI*PXC*261QR0405X",
            f"NM1*85*2*{name}*****XX*{npi}",
            "N3*20 HILL RD",
            "N4*PORTLAND*ME*041010020",
            f"REF*EI*{tax}",
        ]

    def body(self, claims: Iterable[Claim]) -> Iterator[list[str]]:
        """Loops 2000B, 2000C and 2300 of the claims, one list of segments a claim."""
        return map(self._claim, claims)

    def tail(self) -> list[str]:
        return []

    def _claim(self, claim: Claim) -> list[str]:
        second = self.chance.random() < 0.06
        segments = self._subscriber(claim, "S" if second else "P")
        segments += _billed(claim, noted=self.chance.random() < 0.05)
        paid = [self._paid_before(claim) if second else 0 for _ in range(LINES)]
        if second:
            segments += _other_payer(claim, sum(paid))
        for line in range(LINES):
            segments += _line(claim, line)
            if second:
                segments += _adjudicated(claim, line, paid[line])
        return segments

    def _paid_before(self, claim: Claim) -> int:
        """What the first payer paid of a line, in cents: more than nothing, less than the charge."""
        return claim.charge_cents * self.chance.randrange(30, 70) // 100

    def _subscriber(self, claim: Claim, order: str) -> list[str]:
        """Loop 2000B, and 2000C where the patient is a dependent (one in ten)."""
        dependent = self.chance.random() < 0.1
        payer, payer_id = claim.payer
        self.levels += 1
        parent = self.levels
        segments = [
            f"HL*{parent}*1*22*{int(dependent)}",
            f"SBR*{order}*{'' if dependent else 18}*GRP{claim.member[2:5]}******CI",
            f"NM1*IL*1*{claim.patient.last}*{claim.patient.first}****MI*{claim.member}",
            *_about(claim.patient),
            f"NM1*PR*2*{payer}*****PI*{payer_id}",
        ]
        if dependent:
            self.levels += 1
            segments += [
                f"HL*{self.levels}*{parent}*23*0",
                "PAT*19",
                f"NM1*QC*1*{claim.patient.last}*JUNIOR",
                *_about(claim.patient),
            ]
        return segments


def _about(person: Person) -> list[str]:
    """Address, birth date and sex of a subscriber or patient."""
    city, state, postal = person.city
    return [
        f"N3*{person.street}",
        f"N4*{city}*{state}*{postal}",
        f"DMG*D8*{person.birth}*{person.sex}",
    ]


def _billed(claim: Claim, noted: bool) -> list[str]:
    """Loop 2300 to 2310A: the claim without its lines."""
    last, first, npi = claim.attending
    status = "30" if claim.frequency == "2" else "01"
    others = "*".join(f"ABF:{code}" for code in claim.diagnoses[1:])
    return [
        f"CLM*{claim.id}*{dollars(claim.charge_cents * LINES)}***13:A:{claim.frequency}**A*Y*Y",
        f"DTP*434*RD8*{claim.days[0]}-{claim.days[-1]}",
        f"DTP*435*DT*{claim.days[0]}0900",
        f"CL1*3*1*{status}",
        f"REF*G1*{claim.authorization}",
        *(["NTE*DCP*STEP DOWN TO OUTPATIENT PLANNED"] if noted else []),
        f"HI*ABK:{claim.diagnoses[0]}",
        *([f"HI*{others}"] if others else []),
        f"NM1*71*1*{last}*{first}****XX*{npi}",
        "PRV*AT*PXC*2084P0800X",
    ]


def _other_payer(claim: Claim, paid_cents: int) -> list[str]:
    """Loop 2320 with 2330A and 2330B: the payer that paid first."""
    name, code = _PRIMARY
    return [
        "SBR*P*18*******CI",
        f"AMT*D*{dollars(paid_cents)}",
        "OI***Y***Y",
        f"NM1*IL*1*{claim.patient.last}*{claim.patient.first}****MI*CE{claim.member[2:]}",
        f"NM1*PR*2*{name}*****PI*{code}",
    ]


def _line(claim: Claim, line: int) -> list[str]:
    """Loop 2400 of one day."""
    return [
        f"LX*{line + 1}",
        f"SV2*{claim.revenue}*HC:{claim.procedure}{claim.modifiers[line]}*{dollars(claim.charge_cents)}*UN*1",
        f"DTP*472*D8*{claim.days[line]}",
        f"REF*6R*{claim.line_ids[line]}",
    ]


def _adjudicated(claim: Claim, line: int, paid_cents: int) -> list[str]:
    """Loop 2430: what the first payer made of the line; charge less CAS is what it paid."""
    left = claim.charge_cents - paid_cents
    return [
        f"SVD*{_PRIMARY[1]}*{dollars(paid_cents)}*HC:{claim.procedure}{claim.modifiers[line]}*{claim.revenue}*1",
        f"CAS*CO*45*{dollars(left - 1000)}",
        "CAS*PR*3*10",
        "DTP*573*D8*20260910",
    ]
