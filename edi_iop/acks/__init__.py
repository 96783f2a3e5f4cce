"""Answers to what came in: findings of an 837 or 835 as TA1 and 999 (005010X231A1)."""

from __future__ import annotations

from edi_iop.acks.answers import Answer, Draft, Manner, Stamp, answers, drafts
from edi_iop.acks.decisions import Taken

__all__ = ["Answer", "Draft", "Manner", "Stamp", "Taken", "answers", "drafts"]
