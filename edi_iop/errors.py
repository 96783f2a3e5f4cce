"""Exceptions: the program cannot go on with this input.

Wrong data is never an exception; it is a Finding (see findings.py). Each
message is one line a user can act on: what is wrong, where, what to do.
"""

from __future__ import annotations


class EdiIopError(Exception):
    """Base of every exception this package raises on purpose (exit code 3)."""


class Unreadable(EdiIopError):
    """The bytes are none of the file kinds we take in (empty, not X12, not a feed)."""


class MissingPath(EdiIopError):
    """A file or folder the user named is not there."""


class BadSettings(EdiIopError):
    """settings.toml does not decode into the settings structs."""


class BadPolicy(EdiIopError):
    """A payer policy does not decode, extends nothing known, or none is in force on the date."""


class BadMap(EdiIopError):
    """A table map or guide overlay names a node, column or table that does not exist."""


class BadList(EdiIopError):
    """A code list of the user's holds no code, or is not as it was loaded."""


class FeedRejected(EdiIopError):
    """A feed cannot be taken in as a whole (missing required column, unsafe or invalid XML)."""


class StoreVersion(EdiIopError):
    """The database is missing, or was written by a newer version of this program."""


class Busy(EdiIopError):
    """Another run holds this workspace."""


class NotKnown(EdiIopError):
    """The user named a code, rule or table that there is none of."""


class AlreadyThere(EdiIopError):
    """What the user asked to make is there already; it was left as it is."""


class ControlTotals(EdiIopError):
    """A run cannot account for everything it took in."""


class NotWritten(EdiIopError):
    """A file or folder of ours could not be made where the user wants it."""


class Ended(EdiIopError):
    """A process of ours was ended from outside."""


class Forbidden(EdiIopError):
    """A precondition of what the user asks for is not met; says which, and what to do instead."""
