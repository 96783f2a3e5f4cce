"""How an answer leaves the program: format, file, personal data, remarks, exit code."""

from __future__ import annotations

import functools
import io
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edi_iop import desk
from edi_iop.cli.front import FOUND_SOMETHING, quiet_stdout

if TYPE_CHECKING:
    from edi_iop.desk import Answer

FORMATS = ("table", "csv", "json", "ndjson")
SLOW_SECONDS = 1.0
"""Work that takes longer shows a sign of life on a terminal."""
_BY_SUFFIX = {".csv": "csv", ".json": "json", ".ndjson": "ndjson", ".jsonl": "ndjson"}
_NOT_WRITTEN = (".xlsx", ".xls", ".ods", ".html", ".parquet")
"""Endings that promise a form we do not write: a table in words under that name could not be opened."""


@dataclass(frozen=True)
class Output:
    """The options every verb has."""

    format: str = "table"
    target: Path | None = None
    quiet: bool = False
    verbose: bool = False
    show_phi: bool = False


def output_options(to_file: bool = True) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Adds --format, -o, -q, -v and --show-phi; the verb takes them as one `output`.

    to_file: False where -o means something else for the verb.
    """

    def add(verb: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(verb)
        def with_output(**options: Any) -> None:
            target = options.pop("to_file", None)
            output = Output(
                format=options.pop("format") or _form(target),
                target=target,
                quiet=options.pop("quiet"),
                verbose=options.pop("verbose"),
                show_phi=options.pop("show_phi"),
            )
            verb(**options, output=output)

        decorated: Callable[..., None] = with_output
        for option in reversed(_options(to_file)):
            decorated = option(decorated)
        return decorated

    return add


def _options(to_file: bool) -> list[Callable[[Any], Any]]:
    target = click.option(
        "-o", "--output", "to_file", type=click.Path(path_type=Path), help="Write to this file."
    )
    return [
        click.option(
            "--format",
            type=click.Choice(FORMATS),
            help="Form of the answer; default: table, or what the -o file's name says.",
        ),
        *([target] if to_file else []),
        click.option("--show-phi", is_flag=True, help="Show names, member ids and birth dates."),
        click.option("-q", "--quiet", is_flag=True, help="No remarks, only errors."),
        click.option("-v", "--verbose", is_flag=True, help="Show all remarks."),
    ]


def _form(target: Path | None) -> str:
    """What the file's name says."""
    suffix = "" if target is None else target.suffix.lower()
    if suffix in _NOT_WRITTEN:
        raise click.UsageError(f"{suffix} is not written; -o takes .csv, .json, .ndjson or .txt")
    return _BY_SUFFIX.get(suffix, "table")


def deliver(answer: Answer, output: Output) -> None:
    """Writes the answer, then its remarks, and leaves with its exit code."""
    sheet = answer.sheet if output.show_phi else answer.sheet.masked()
    if output.target is None:
        say(desk.render(sheet, output.format, sys.stdout))
    else:
        text = desk.render(sheet, output.format)
        desk.write(output.target, text.encode("utf-8"))
    remark(answer.remarks, output)
    if answer.status == "findings":
        raise click.exceptions.Exit(FOUND_SOMETHING)


def say(text: str) -> None:
    """Text to standard output; a reader that left early is no trouble, nor a poor character set."""
    if not sys.stdout:  # closed by whoever started us: nobody listens
        return
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        quiet_stdout()


def remark(lines: Sequence[str], output: Output) -> None:
    """Remarks to standard error, the first few of many."""
    if output.quiet:
        return
    few = len(lines) if output.verbose else 8
    for line in lines[:few]:
        click.echo(line, err=True)
    if len(lines) > few:
        click.echo(f"and {len(lines) - few} more; -v shows them all", err=True)


@contextmanager
def working(what: str, output: Output) -> Iterator[None]:
    """A spinner on a terminal when work takes more than a second; silent when piped."""
    if output.quiet or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console  # no --help waits for it

    status = Console(stderr=True).status(what)
    timer = threading.Timer(SLOW_SECONDS, status.start)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        status.stop()


def whole(output: Output) -> Output:
    """The same, with personal data where the answer goes to a file of the user's."""
    return replace(output, show_phi=True) if output.target is not None else output
