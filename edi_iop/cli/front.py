"""The front of the command line: exit codes, and trouble as one line instead of a traceback.

0 clean; 1 done, with error findings, blocked claims or quarantined files;
2 usage; 3 could not do the job.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import IO, Any

import click

import edi_iop
from edi_iop.errors import EdiIopError

FOUND_SOMETHING = 1
COULD_NOT = 3


class CouldNot(click.ClickException):
    """The job could not be done; says what, where and what to do."""

    exit_code = COULD_NOT

    def show(self, file: IO[Any] | None = None) -> None:
        line = " ".join(self.message.split())
        click.echo(f"edi-iop: {line}", file=file or sys.stderr)


_VERBS = {
    "workspaces": ("init", "run", "report", "db"),
    "files": ("show", "identify", "validate", "parse"),
    "feeds": ("feed",),
    "billing": ("check", "build", "reconcile", "simulate", "clinic"),
    "deciding": ("match", "release", "ledger", "remedy"),
    "book": ("explain", "rules"),
    "lists": ("codes",),
}
_MODULES = {verb: f"edi_iop.cli.{module}" for module, verbs in _VERBS.items() for verb in verbs}


class Verbs(Mapping[str, click.Command]):
    """The verbs in the order of a biller's day; only the module of the one asked for is loaded."""

    def __getitem__(self, verb: str) -> click.Command:
        found: click.Command = getattr(import_module(_MODULES[verb]), verb)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)


class Front(click.Group):
    """All verbs; whatever goes wrong becomes one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return list(self.commands)

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        with one_line():  # --help and --version are answered here
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        with one_line():
            return super().invoke(ctx)


@contextmanager
def one_line() -> Iterator[None]:
    """Whatever goes wrong inside becomes one line and its exit code; a reader that left is no trouble."""
    try:
        try:
            yield
        finally:
            _flush()  # a full disk or a reader that left is met here, not at exit
    except EdiIopError as problem:
        raise CouldNot(str(problem)) from problem
    except (KeyboardInterrupt, click.Abort) as problem:
        raise CouldNot("interrupted; what was not finished can be run again") from problem
    except (click.ClickException, click.exceptions.Exit):
        raise
    except BrokenPipeError:
        quiet_stdout()
        raise click.exceptions.Exit(0) from None
    except OSError as problem:
        quiet_stdout()
        raise CouldNot(_system(problem)) from problem
    except Exception as problem:
        raise CouldNot(_unexpected(problem)) from problem


def _flush() -> None:
    output: IO[str] | None = sys.stdout  # None where it was closed before we began
    if output is not None:
        output.flush()


def quiet_stdout() -> None:
    """Our output has nowhere to go: what is still buffered is dropped, without a word."""
    with suppress(OSError, ValueError, AttributeError), open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def _system(problem: OSError) -> str:
    what = (problem.strerror or type(problem).__name__).lower()
    return f"{problem.filename or 'the system'}: {what}; check the path and its permissions"


def _unexpected(problem: Exception) -> str:
    """A fault of ours: its kind and place only, since its text may hold personal data."""
    if os.environ.get("EDI_IOP_DEBUG"):
        traceback.print_exception(problem)
    frame = traceback.extract_tb(problem.__traceback__)[-1]
    place = f"{os.path.basename(frame.filename)} line {frame.lineno}"
    return (
        f"a fault of this program ({type(problem).__name__}), {place}; "
        "please report it; EDI_IOP_DEBUG=1 shows where it came from"
    )


def _say_version(ctx: click.Context, parameter: click.Parameter, asked: bool) -> None:  # noqa: ARG001 (click's signature)
    if asked and not ctx.resilient_parsing:
        click.echo(f"edi-iop, version {edi_iop.__version__}")
        ctx.exit()


@click.group(
    cls=Front,
    commands=Verbs(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 clean; 1 done, with findings; 2 usage; 3 could not do the job.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_say_version,
    help="Show the version and exit.",
)
def cli() -> None:
    """IOP billing between encounter feeds, 837I claims and 835 remits.

    Begin with a synthetic clinic:

    \b
      edi-iop init clinic --example
      edi-iop run clinic --as-of 2026-03-02
      edi-iop report blocked clinic
    """
