"""Encounter days become per-diem lines, lines become claims, claims become an 837I."""

from __future__ import annotations

from edi_iop.mapper.build import Built, OutFile, build
from edi_iop.mapper.claims import Numbers, claims
from edi_iop.mapper.propose import already_billed, propose

__all__ = ["Built", "Numbers", "OutFile", "already_billed", "build", "claims", "propose"]
