"""The rule book: maps/rules.toml decoded; what each rule says, needs, and how a denial betrays it."""

from __future__ import annotations

import tomllib
from functools import cache
from typing import Literal

import msgspec

from edi_iop import resources
from edi_iop.errors import BadMap
from edi_iop.settings import Strict

Severity = Literal["block", "hold", "warn", "info"]
STOPPING: tuple[Severity, ...] = ("block", "hold")
"""Severities that keep a line out of the 837I."""
Stage = Literal["pre", "post", "both"]
Need = Literal[
    "lines",
    "days",
    "clients",
    "authorizations",
    "providers",
    "consents",
    "enrollments",
    "plans",
    "answers",
]
Remedy = Literal[
    "corrected_7",
    "void_8",
    "new_claim_1",
    "reopening",
    "reconsideration",
    "clinical_appeal",
    "peer_to_peer",
    "external_review",
    "retro_auth",
    "send_records",
    "bill_other_payer",
    "patient_responsibility",
    "write_off_CO",
    "contract_dispute",
    "no_action_duplicate",
]
"""The remedy vocabulary."""


class Rule(Strict, frozen=True):
    """One rule of the catalogue."""

    id: str
    theme: Literal[
        "duplication",
        "physicians",
        "authorization",
        "duration",
        "coding",
        "documentation",
        "claim",
        "timeliness",
        "eligibility",
        "coordination",
        "credentialing",
        "benefit",
        "contract",
        "necessity",
        "privacy",
    ]
    family: str
    """Rules of one family are alternatives: of a line's faults in it the first in order is named."""
    order: int
    severity: Severity
    """Unless the policy says otherwise."""
    stage: Stage
    """pre: asked of lines not yet answered. post: of answered ones only."""
    scope: Literal["line", "claim", "member-day", "week", "episode", "history"]
    """What is looked at to judge one line."""
    says: str
    """The rule in one sentence."""
    needs: tuple[Need, ...]
    """The records without which it finds nothing."""
    params: tuple[str, ...]
    """Keys or sections of the policy that it goes by."""
    carcs: tuple[str, ...]
    """Claim adjustment reason codes that may mean it."""
    rarcs: tuple[str, ...]
    remedy: Remedy
    """What to do first about a denial that is right."""
    next_step: str
    """Of a claim that was sent; of a rule asked before billing alone, before it."""
    cites: str
    beforehand: str = ""
    """What to do of a line that is not billed yet, where that is another thing."""
    denial_only: str | None = None
    """Why no record of ours can decide it: it is known from a denial alone."""


class _Book(Strict, frozen=True):
    rule: tuple[Rule, ...]


@cache
def catalogue() -> dict[str, Rule]:
    """All rules by id, in the order of the book; BadMap where maps/rules.toml is wrong."""
    path = resources.maps() / "rules.toml"
    try:
        book = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _Book)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as problem:
        raise BadMap(f"{path.name}: {problem}; correct the rule book") from problem
    return {rule.id: rule for rule in book.rule}
