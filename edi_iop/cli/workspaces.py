"""Verbs about a workspace: init, run, report, db."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from edi_iop import desk
from edi_iop.cli.options import PATH, date_option, workspace_argument
from edi_iop.cli.output import TO_KEEP, Output, deliver, flow, output_options, working


@click.command()
@workspace_argument()
@click.option("--example", is_flag=True, help="Fill it with a synthetic clinic.")
@output_options()
def init(workspace: Path, example: bool, output: Output) -> None:
    """Make a workspace: folders, settings.toml and database.

    \b
    Example:
      edi-iop init clinic --example
    """
    with working("making the workspace", output):
        answer = desk.init(workspace, example)
    deliver(answer, output)


@click.command()
@workspace_argument()
@date_option("--as-of", "The day the run is for; default: today.")
@click.option("--whole", is_flag=True, help="Judge everything again, not only what is new.")
@output_options()
def run(workspace: Path, as_of: date | None, whole: bool, output: Output) -> None:
    """Do the night: take in, scrub, build, reconcile, receipt.

    Takes in every drop of inbox/, answers claims and remits (999, TA1), keeps back what breaks a
    rule, writes the 837I of the rest into outbox/, ties remits to claims and explains every denial.

    --format json prints the receipt as it stands in reports/. Exit code 1 where a file is in
    quarantine, a finding is an error, a line is blocked, or what was sent is rejected.

    \b
    Example:
      edi-iop run clinic --as-of 2026-03-05
    """
    with working("running the night", output):
        answer = desk.run(workspace, as_of, whole)
    deliver(answer, output)


def _report_name(ctx: click.Context, parameter: click.Parameter, name: str) -> str:
    if name not in desk.report_names():
        listed = ", ".join(desk.report_names())
        raise click.BadParameter(f"{name!r} is none; one of {listed}", ctx, parameter)
    return name


@click.command()
@click.argument("name", metavar="NAME", callback=_report_name)
@workspace_argument()
@click.argument("about", required=False, metavar="[NUMBER]")
@date_option("--as-of", "The day the answer is for; default: that of the last run.")
@click.option(
    "--deposits",
    multiple=True,
    type=PATH,
    metavar="FILE",
    help="A bank's deposit list (CSV), beside those taken in; repeatable.",
)
@output_options(forms=TO_KEEP)
def report(
    name: str,
    workspace: Path,
    about: str | None,
    as_of: date | None,
    deposits: tuple[Path, ...],
    output: Output,
) -> None:
    """Answer a question about a workspace.

    \b
    NAME is one of
      denials     denied lines, the rule each comes from, what to do, by when
      worklist    what to work first: claim by claim, what is to be had, its chance, by when
      blocked     lines not billed because a rule is broken
      claims      claims sent, and what the payer answered
      corrections claims sent that the records changed since, and what became of it
      payments    payments: amount = posted - provider adjustments + held
      held        money that waits for a person, and why
      unmatched   remit claims without a claim, lines without a line, and what each may answer
      matches     what each answer was tied to, and what agreed
      ledger      where each claim stands with its payer
      recoveries  provider adjustments (PLB) across payments
      decisions   what people decided of matches and money
      files       files taken in and sent
      findings    trouble with the data of the files
      violations  all broken rules, of claims already sent too
      acks        what was sent, what answered it (TA1, 999, 277CA), where it stands
      answers     what we answered to claims and remits that came in
      bank        payments against the bank's deposits
      underpaid   answered lines against the contract's per diem, to the cent
      metrics     denial rates, clean claims, days in A/R, each with its definition
      claim       all that happened to the claim NUMBER, in order
      remit       a page a payment, or that of the trace number NUMBER: claims, lines, reasons, sum

    \b
    Example:
      edi-iop report denials clinic -o denials.xlsx
      edi-iop report bank clinic --deposits bank.csv
    """
    with working("asking the store", output):
        answer = desk.report(name, workspace, about, as_of, deposits)
    if isinstance(answer, desk.Flow):
        flow(answer, output, "asking the store")
    else:
        deliver(answer, output)


@click.group()
def db() -> None:
    """Look after a workspace's database.

    \b
    Example:
      edi-iop db status clinic
    """


@db.command()
@workspace_argument()
@output_options()
def status(workspace: Path, output: Output) -> None:
    """Show the schema's version and the rows of each table.

    \b
    Example:
      edi-iop db status clinic
    """
    deliver(desk.db_status(workspace), output)


@db.command()
@workspace_argument()
@output_options()
def migrate(workspace: Path, output: Output) -> None:
    """Bring the database to this program's schema.

    \b
    Example:
      edi-iop db migrate clinic
    """
    deliver(desk.db_migrate(workspace), output)
