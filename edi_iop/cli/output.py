"""How an answer leaves the program: format, file, personal data, remarks, exit code."""

from __future__ import annotations

import functools
import io
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import click

from edi_iop import desk
from edi_iop.cli.front import FOUND_SOMETHING, quiet_stdout
from edi_iop.cli.options import PATH

if TYPE_CHECKING:
    from edi_iop.desk import Answer, Flow
    from edi_iop.desk.showing import Decoded
    from edi_iop.reports import Sheet

FORMATS = ("table", "csv", "json", "ndjson", "parquet")
TO_KEEP = (*FORMATS, "xlsx", "html")
"""Of verbs that answer a question once: the workbook and the page a person keeps too."""
BYTES = ("parquet", "xlsx")
"""Forms that are nothing for a terminal."""
SLOW_SECONDS = 1.0
"""Work that takes longer shows a sign of life on a terminal."""
_BY_SUFFIX = {
    ".csv": "csv",
    ".json": "json",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
    ".html": "html",
    ".htm": "html",
}
_NOT_WRITTEN = (".xls", ".ods", ".pdf")
"""Endings that promise a form we do not write: a table in words under that name could not be opened."""


class Output(NamedTuple):
    """The options every verb has."""

    format: str = "table"
    target: Path | None = None
    quiet: bool = False
    verbose: bool = False
    show_phi: bool = False


def output_options(
    to_file: bool = True, forms: Sequence[str] = FORMATS
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Adds --format, -o, -q, -v and --show-phi; the verb takes them as one `output`.

    to_file: False where -o means something else for the verb. forms: those the verb has.
    """

    def add(verb: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(verb)
        def with_output(**options: Any) -> None:
            target = options.pop("to_file", None)
            output = Output(
                format=options.pop("format") or _form(target, forms),
                target=target,
                quiet=options.pop("quiet"),
                verbose=options.pop("verbose"),
                show_phi=options.pop("show_phi"),
            )
            _refuse_terminal(output)
            verb(**options, output=output)

        decorated: Callable[..., None] = with_output
        for option in reversed(_options(to_file, forms)):
            decorated = option(decorated)
        return decorated

    return add


def _refuse_terminal(output: Output) -> None:
    """Before any work is done: bytes are nothing for a terminal."""
    form = output.format
    if form in BYTES and output.target is None and sys.stdout.isatty():
        raise click.UsageError(f"{form} is bytes and not for a terminal; add -o FILE.{form}")


def _options(to_file: bool, forms: Sequence[str]) -> list[Callable[[Any], Any]]:
    target = click.option("-o", "--output", "to_file", type=PATH, help="Write to this file.")
    return [
        click.option(
            "--format",
            type=click.Choice(forms),
            help="Form of the answer; default: table, or what the -o file's name says.",
        ),
        *([target] if to_file else []),
        click.option("--show-phi", is_flag=True, help="Show names, member ids and birth dates."),
        click.option("-q", "--quiet", is_flag=True, help="No remarks, only errors."),
        click.option("-v", "--verbose", is_flag=True, help="Show all remarks."),
    ]


def _form(target: Path | None, forms: Sequence[str]) -> str:
    """What the file's name says."""
    suffix = "" if target is None else target.suffix.lower()
    form = _BY_SUFFIX.get(suffix, "table")
    if suffix in _NOT_WRITTEN or form not in forms:
        known = ", ".join(name for name, form in _BY_SUFFIX.items() if form in forms)
        raise click.UsageError(f"{suffix} is not written; -o takes {known} or .txt")
    return form


def deliver(answer: Answer, output: Output) -> None:
    """Writes the answer, then its remarks, and leaves with its exit code."""
    deliver_sheet(answer.sheet, output)
    leave(answer, output)


def deliver_sheet(sheet: Sheet, output: Output) -> None:
    """Writes a sheet in the form asked for."""
    shown = sheet if output.show_phi else sheet.masked()
    if output.format == "parquet":
        with _target(output) as target:
            desk.to_parquet(iter([shown]), target)
    elif output.format == "xlsx":
        with _target(output) as target:
            desk.to_xlsx(shown, target)
    elif output.target is None:
        say(desk.render(shown, output.format, sys.stdout))
    else:
        text = desk.render(shown, output.format)
        desk.write(output.target, text.encode("utf-8"))


def flow(answer: Flow, output: Output, what: str) -> None:
    """The same for an answer that comes in parts, which are written as they come."""
    if output.format in ("table", "html"):
        shown = _shown(answer.read(), output)
        console = None if output.target else sys.stdout
        stream(desk.render_read(answer.name, shown, output.format, console), output, what)
    elif output.format == "xlsx":
        with working(what, output):
            sheet = answer.kept()
        deliver_sheet(sheet, output)
    elif output.format == "parquet":
        with working(what, output), _target(output) as target:
            desk.to_parquet(_shown(answer.parts(), output), target)
    else:
        stream(desk.render_parts(_shown(answer.parts(), output), output.format), output, what)
    leave(answer, output)


def _shown(sheets: Iterator[Sheet], output: Output) -> Iterator[Sheet]:
    return (sheet if output.show_phi else sheet.masked() for sheet in sheets)


@contextmanager
def _target(output: Output) -> Iterator[BinaryIO]:
    """The file, or what standard output is piped into."""
    if output.target is not None:
        with desk.writing(output.target) as target:
            yield target
        return
    with suppress(BrokenPipeError):
        yield sys.stdout.buffer


def leave(answer: Answer | Flow | Decoded, output: Output) -> None:
    """The answer's remarks, and its exit code."""
    remark(answer.remarks, output)
    if answer.status == "findings":
        raise click.exceptions.Exit(FOUND_SOMETHING)


def stream(pieces: Iterator[str], output: Output, what: str) -> None:
    """Text that comes in pieces, to the file or to standard output, as long as somebody reads."""
    if output.target is not None:
        with working(what, output):
            desk.write(output.target, (piece.encode("utf-8") for piece in pieces))
        return
    with working(what, output):
        first = next(pieces, None)  # nothing turns beside what is printed
    for piece in chain([first or ""], pieces):
        if piece and not say(piece):
            raise click.exceptions.Exit(0)


def say(text: str) -> bool:
    """Text to standard output; whether somebody reads it.

    A reader that left early is no trouble, nor a poor character set.
    """
    if not sys.stdout:  # closed by whoever started us: nobody listens
        return False
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        quiet_stdout()
        return False
    return True


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
    return output._replace(show_phi=True) if output.target is not None else output
