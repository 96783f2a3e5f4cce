"""The nightly run: files in exactly once, claims out, answers tied to them, a receipt of it all."""

from __future__ import annotations

from edi_iop.runner.night import run
from edi_iop.runner.receipt import Receipt

__all__ = ["Receipt", "run"]
