"""Arguments and options that several verbs share."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

PATH = click.Path(path_type=Path, readable=False)
"""That a path is there and open to us is the desk's question: exit code 3 where it is not."""


def paths_argument(name: str = "paths", metavar: str = "FILE...") -> Callable[[Any], Any]:
    """One or more files; folders too where the verb takes them."""
    return click.argument(name, nargs=-1, required=True, type=PATH, metavar=metavar)


def workspace_argument() -> Callable[[Any], Any]:
    return click.argument("workspace", type=PATH, metavar="WORKSPACE")


def texts_option() -> Callable[[Any], Any]:
    """--workspace, of a verb that needs none."""
    return click.option(
        "--workspace",
        type=PATH,
        metavar="WORKSPACE",
        help="Say what codes mean in the words of the code lists loaded there.",
    )


def date_option(flag: str, help_text: str) -> Callable[[Any], Any]:
    """A day as YYYY-MM-DD."""
    return click.option(
        flag,
        type=click.DateTime(["%Y-%m-%d"]),
        metavar="DATE",
        callback=_to_date,
        help=help_text,
    )


def _to_date(ctx: click.Context, parameter: click.Parameter, value: datetime | None) -> date | None:  # noqa: ARG001 (click's signature)
    return None if value is None else value.date()


def policies_option() -> Callable[[Any], Any]:
    """--payer, once or several times."""
    return click.option(
        "--payer",
        "payers",
        multiple=True,
        metavar="P",
        help="Payer policy (harbor), or PAYER_ID=POLICY for one payer's lines only; repeatable.",
    )


def layouts_option() -> Callable[[Any], Any]:
    """--layout, once or several times."""
    return click.option(
        "--layout",
        "layouts",
        multiple=True,
        type=PATH,
        metavar="FILE",
        help="Layout of a partner's own feed, or a folder of them; repeatable.",
    )


def settings_option() -> Callable[[Any], Any]:
    return click.option(
        "--settings",
        type=PATH,
        metavar="FILE",
        help="settings.toml of the facility, where no workspace is named.",
    )


def seed_option() -> Callable[[Any], Any]:
    return click.option(
        "--seed",
        type=click.IntRange(0),
        default=1,
        show_default=True,
        help="Same seed, same files.",
    )


def claim_lines(
    ctx: click.Context, parameter: click.Parameter, texts: Sequence[str]
) -> tuple[tuple[str, int], ...]:
    """`CLAIM/LINE`, once or several times; a claim number may itself hold a slash."""
    lines = []
    for text in texts:
        named = re.fullmatch(r"(.+)/([0-9]{1,6})", text)
        if named is None:
            raise click.BadParameter(
                f"{text!r} is not a claim and line, as in OB260001/2", ctx, parameter
            )
        lines.append((named[1], int(named[2])))
    return tuple(lines)


def names_listed(
    ctx: click.Context,  # noqa: ARG001 (click's signature)
    parameter: click.Parameter,  # noqa: ARG001
    text: str | None,
) -> tuple[str, ...]:
    """`swap,cut-17` as its names."""
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


def snip_levels(
    ctx: click.Context, parameter: click.Parameter, text: str | None
) -> set[int] | None:
    """`1-3,5` as the set {1, 2, 3, 5}; SNIP has seven levels."""
    if text is None:
        return None
    levels: set[int] = set()
    for part in text.split(","):
        span = re.fullmatch(r"\s*([1-7])(?:\s*-\s*([1-7]))?\s*", part)
        named = range(int(span[1]), int(span[2] or span[1]) + 1) if span else range(0)
        if not named:
            raise click.BadParameter(
                f"{part!r} is not a SNIP level or span, as in 1-3,5", ctx, parameter
            )
        levels.update(named)
    return levels


class Many(click.Command):
    """A command whose options named in `many` take several values: --remits A B C."""

    many: tuple[str, ...] = ()

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, spread(args, self.many))


def spread(args: Sequence[str], many: Sequence[str]) -> list[str]:
    """`--remits A B` as `--remits A --remits B`."""
    result: list[str] = []
    current: str | None = None
    for arg in args:
        if arg in many:
            current = arg
        elif re.match(r"-.", arg):
            current = None
            result.append(arg)
        elif current is not None:
            result.extend((current, arg))
        else:
            result.append(arg)
    return result
