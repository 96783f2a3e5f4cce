"""Claims of the made-up clinic as a payer answers them: loops 1000A to 2110 of 005010X221A1."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

from scripts.benchmarks.clinic import BILLING, LINES, PAYERS, Claim, dollars

_DENIALS = (
    ("CO", "97", "N20"), ("CO", "197", "M62"), ("OA", "18", "N522"), ("CO", "151", "N362"),
    ("CO", "50", "N115"), ("CO", "16", "M51"), ("CO", "29", None),
)  # fmt: skip
"""Why a line is not paid: group, CARC, RARC."""

_PER_HEADER = 1000
"""Claims under one LX."""


@dataclass
class Payment:
    """One 835 in the making: what it has paid so far, so that it balances (1.10.2)."""

    chance: Random
    number: int
    paid_cents: int = 0
    claims: int = 0
    taken_cents: int = field(init=False)

    def __post_init__(self) -> None:
        self.taken_cents = self.chance.randrange(1_000, 90_000)

    def head(self) -> list[str]:
        """BPR to loop 1000B; to be asked for when every claim is in."""
        name, code = PAYERS[0]
        payee, npi, tax = BILLING
        interest = self.taken_cents // 100
        total = self.paid_cents - self.taken_cents + interest
        return [
            f"BPR*I*{dollars(total)}*C*CHK************20260921",
            f"TRN*1*CHK{self.number:08d}*1990000001",
            f"REF*EV*{code}",
            "DTM*405*20260920",
            f"N1*PR*{name}",
            "N3*1 WHARF ST",
            "N4*PORTLAND*ME*04101",
            "PER*BL*EDI DESK*TE*2075550100",
            f"N1*PE*{payee}*XX*{npi}",
            f"REF*TJ*{tax}",
        ]

    def body(self, claims: Iterable[Claim]) -> Iterable[list[str]]:
        """Loops 2000 and 2100 of the claims, one list of segments a claim."""
        for claim in claims:
            segments = self._claim(claim)
            if self.claims % _PER_HEADER == 0:
                segments.insert(0, f"LX*{self.claims // _PER_HEADER + 1}")
            self.claims += 1
            yield segments

    def tail(self) -> list[str]:
        """PLB: an overpayment taken back, and interest paid (a negative amount adds)."""
        ref = f"E{self.number:07X}K"
        interest = self.taken_cents // 100
        return [
            f"PLB*{BILLING[1]}*20261231*WO:{ref}*{dollars(self.taken_cents)}*L6*{dollars(-interest)}"
        ]

    def _claim(self, claim: Claim) -> list[str]:
        refused = self.chance.random() < 0.03
        answers = [self._line(claim, line, refused) for line in range(LINES)]
        paid = sum(answer[1] for answer in answers)
        shared = sum(answer[2] for answer in answers)
        self.paid_cents += paid
        person = claim.patient
        segments = [
            f"CLP*{claim.id}*{4 if refused else 1}*{dollars(claim.charge_cents * LINES)}*{dollars(paid)}"
            f"*{dollars(shared) if shared else ''}*12*26{claim.id[1:9]}01*13*{claim.frequency}",
            f"NM1*QC*1*{person.last}*{person.first}****MI*{claim.member}",
        ]
        if refused:
            segments.append("MOA***MA130")
        segments += [f"DTM*232*{claim.days[0]}", f"DTM*233*{claim.days[-1]}"]
        for answer in answers:
            segments += answer[0]
        return segments

    def _line(self, claim: Claim, line: int, refused: bool) -> tuple[list[str], int, int]:
        """Loop 2110 of one line, what it pays and what the patient owes, in cents."""
        if refused or self.chance.random() < 0.1:
            return self._denied(claim, line), 0, 0
        charge = claim.charge_cents
        allowed = charge - charge * self.chance.randrange(10, 35) // 100
        copay = 2000 if self.chance.random() < 0.15 else 0
        segments = _service(claim, line, allowed - copay, 1)
        segments.append(f"CAS*CO*45*{dollars(charge - allowed)}")
        if copay:
            segments.append(f"CAS*PR*3*{dollars(copay)}")
        segments.append(f"REF*6R*{claim.line_ids[line]}")
        segments.append(f"AMT*B6*{dollars(allowed)}")
        return segments, allowed - copay, copay

    def _denied(self, claim: Claim, line: int) -> list[str]:
        group, reason, remark = self.chance.choice(_DENIALS)
        segments = _service(claim, line, 0, 0)
        segments.append(f"CAS*{group}*{reason}*{dollars(claim.charge_cents)}")
        segments.append(f"REF*6R*{claim.line_ids[line]}")
        if remark:
            segments.append(f"LQ*HE*{remark}")
        return segments


def _service(claim: Claim, line: int, paid_cents: int, units: int) -> list[str]:
    """SVC and its date; where fewer units are paid than billed, SVC07 says how many were billed."""
    billed = "" if units else "**1"
    return [
        f"SVC*HC:{claim.procedure}{claim.modifiers[line]}*{dollars(claim.charge_cents)}"
        f"*{dollars(paid_cents)}*{claim.revenue}*{units}{billed}",
        f"DTM*472*{claim.days[line]}",
    ]
