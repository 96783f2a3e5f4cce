"""What a policy must hold together besides its types: known rules, conditions, spans, amounts, sources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from edi_iop import codes
from edi_iop.codes.licensed import CLASS
from edi_iop.money import to_cents
from edi_iop.rules.catalogue import catalogue
from edi_iop.rules.policy_classes import LISTS, misplaced
from edi_iop.rules.policy_files import UNSOURCED, Whole, cited, leaves
from edi_iop.tables import SERVICE_LINES

if TYPE_CHECKING:
    from edi_iop.rules.policy import Policy


def check(policy: Policy, whole: Whole) -> None:
    """BadPolicy with file, key and reason at the first thing that is wrong."""
    for key, reason in _troubles(policy, whole):
        raise whole.file.wrong(key, reason)


def _troubles(policy: Policy, whole: Whole) -> Iterator[tuple[str, str]]:
    yield from _unknown_rules(policy)
    yield from _conditions(policy)
    yield from _amounts(policy)
    yield from _columns(policy)
    yield from _components(policy)
    yield from _reasons(policy)
    yield from _spans(whole)
    yield from misplaced(whole.values)
    yield from _negative(whole)
    yield from _unsourced(whole)
    yield from _loose_sources(policy, whole)


def _unknown_rules(policy: Policy) -> Iterator[tuple[str, str]]:
    for key, rules in (
        ("rules_off", policy.rules_off),
        ("severities", policy.severities),
        ("denials", policy.denials),
    ):
        for rule in rules:
            if rule not in catalogue():
                yield f"{key}.{rule}", "there is no such rule; edi-iop rules list shows them"


def _conditions(policy: Policy) -> Iterator[tuple[str, str]]:
    """A service that is separate under conditions names them, and no other does."""
    answers = [
        (f"bundles.{name}", one.answer, one.conditions) for name, one in policy.bundles.items()
    ]
    answers.append(("professional", policy.professional.fees, policy.professional.conditions))
    for key, answer, conditions in answers:
        if (answer == "separate_if") != bool(conditions):
            yield (
                f"{key}.conditions",
                "missing beside separate_if"
                if not conditions
                else f"have no meaning beside {answer}",
            )


def _amounts(policy: Policy) -> Iterator[tuple[str, str]]:
    for pair in policy.iop.pairs:
        try:
            negative = pair.rate is not None and to_cents(pair.rate) < 0
        except ValueError:
            yield "iop.pairs", f"rate {pair.rate!r} is not an amount of money"
        else:
            if negative:
                yield "iop.pairs", f"rate {pair.rate!r} is negative"


def _columns(policy: Policy) -> Iterator[tuple[str, str]]:
    for column in policy.claim.required:
        if column not in SERVICE_LINES.schema:
            yield "claim.required", f"{column} is no column of service_lines"


def _components(policy: Policy) -> Iterator[tuple[str, str]]:
    """Short days are billed as their services only where these have codes."""
    if policy.duration.short_day == "components" and not policy.billing.components:
        yield "duration.short_day", "components needs the codes of [billing.components]"


def _reasons(policy: Policy) -> Iterator[tuple[str, str]]:
    """How a payer denies is said in reasons and remarks that there are."""
    for rule, denial in policy.denials.items():
        for kind, code in (("carc", denial.carc), *(("rarc", one) for one in denial.rarcs)):
            if not codes.known(kind, code):
                yield f"denials.{rule}", f"{code} is no {kind.upper()}"


def _spans(whole: Whole) -> Iterator[tuple[str, str]]:
    """A4000-A9999: two codes of one length, the lower first."""
    for key, value in leaves(whole.values):
        name = key.rpartition(".")[2]
        if name in (*LISTS, "revenues") and isinstance(value, list):
            for code in value:
                low, dash, high = str(code).partition("-")
                if (
                    dash
                    and not low.startswith(CLASS)
                    and not (len(low) == len(high) and low < high)
                ):
                    yield key, f"{code} is no span of codes"


def _negative(whole: Whole) -> Iterator[tuple[str, str]]:
    for key, value in leaves(whole.values):
        if isinstance(value, (int, float)) and value < 0:
            yield key, f"{value} is negative"


def _unsourced(whole: Whole) -> Iterator[tuple[str, str]]:
    """A value of the file's own without a source of the file's own."""
    for key, _ in leaves(whole.file.values):
        if not (cited(whole.file.cites, key) or "").strip():
            yield key, f'no source; say under [cites] where it comes from, if only "{UNSOURCED}"'


def _loose_sources(policy: Policy, whole: Whole) -> Iterator[tuple[str, str]]:
    """A source for a key that is none: misspelt, or left over."""
    known = {
        ".".join(key.split(".")[:depth])
        for key in (*dict(leaves(msgspec.to_builtins(policy))), *dict(leaves(whole.values)))
        for depth in range(1, key.count(".") + 2)
    } | set(policy.__struct_fields__)
    for key in whole.file.cites:
        if key not in known:
            yield f"cites.{key}", "names no key or section of a policy"
