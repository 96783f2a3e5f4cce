"""Verbs about the rule book: explain, rules."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from edi_iop import desk
from edi_iop.cli.options import PATH, date_option, texts_option, workspace_argument
from edi_iop.cli.output import Output, deliver, output_options, working

ON = "The rules as of this day; default: today."
_workspace_option = click.option(
    "--workspace", type=PATH, metavar="WORKSPACE", help="Its own policies too (WORKSPACE/payers)."
)


@click.command()
@click.argument("code", metavar="CODE")
@texts_option()
@output_options()
def explain(code: str, workspace: Path | None, output: Output) -> None:
    """Explain a code in plain words, with its source.

    CODE is a rule (DUP-01), a finding (COUNT_WRONG), a payer's reason or remark (97, CO-97, N20),
    a segment, element or loop (CLP, SV202-2, 2010AA; 2110.SVC01-2 in one loop, "837I CLM05-3" in one
    guide), or a table (remit_lines).

    \b
    Example:
      edi-iop explain CO-97
    """
    deliver(desk.explain(code, workspace), output)


@click.group()
def rules() -> None:
    """Read the rule book.

    \b
    Example:
      edi-iop rules show DUP-01
    """


@rules.command("list")
@click.option("--payer", metavar="P", help="This payer's rules, with every value they go by.")
@date_option("--on", ON)
@_workspace_option
@output_options()
def rules_list(payer: str | None, on: date | None, workspace: Path | None, output: Output) -> None:
    """List every rule, and which payers set it otherwise; or one payer's, with values and sources.

    P is a policy (bcbs), or one version of it by a day of its time (bcbs@2022-01-01).

    \b
    Examples:
      edi-iop rules list --on 2026-03-01
      edi-iop rules list --payer newyork --on 2026-03-01
    """
    if payer is None:
        deliver(desk.rules_list(on, workspace), output)
    else:
        deliver(desk.rules_of_payer(payer, on, workspace), output)


@rules.command("diff")
@click.argument("first", metavar="P1")
@click.argument("second", metavar="P2")
@date_option("--on", ON)
@_workspace_option
@output_options()
def rules_diff(
    first: str, second: str, on: date | None, workspace: Path | None, output: Output
) -> None:
    """Show where two payers' policies differ: each value of both, with its source.

    \b
    Examples:
      edi-iop rules diff bcbs medicare --on 2026-03-01
      edi-iop rules diff tricare@2021-06-01 tricare
    """
    deliver(desk.rules_diff(first, second, on, workspace), output)


@rules.command("show")
@click.argument("rule", metavar="ID")
@date_option("--on", ON)
@_workspace_option
@output_options()
def rules_show(rule: str, on: date | None, workspace: Path | None, output: Output) -> None:
    """Show one rule: what it says, its source, and how each payer answers it.

    \b
    Example:
      edi-iop rules show AUTH-04
    """
    deliver(desk.rules_show(rule, on, workspace), output)


@rules.command("test")
@click.argument("folder", type=PATH, required=False, metavar="[FOLDER]")
@output_options()
def rules_test(folder: Path | None, output: Output) -> None:
    """Run the situations written for the rules; exit code 1 where one comes out otherwise.

    FOLDER holds the situations; default: fixtures/rules of the checkout.

    \b
    Example:
      edi-iop rules test fixtures/rules
    """
    with working("running the situations", output):
        answer = desk.rules_test(folder)
    deliver(answer, output)


@rules.command("backtest")
@workspace_argument()
@date_option("--since", "Claims sent on or after this day; default: all.")
@date_option(
    "--on", "As if this day's policies had always been in force; default: each date's own."
)
@click.option("--rule", "only", multiple=True, metavar="ID", help="This rule only; repeatable.")
@click.option("--lines", is_flag=True, help="A row a stopped line, not a row a rule.")
@output_options()
def rules_backtest(
    workspace: Path,
    since: date | None,
    on: date | None,
    only: tuple[str, ...],
    lines: bool,
    output: Output,
) -> None:
    """Try today's rules on the claims sent, beside what the payers answered; writes nothing.

    A line that was denied would have been stopped in time; one that was paid would have been held
    wrongly. A line that breaks two rules is counted at both; the totals count it once. Each day's
    claims are judged by what was sent and answered before them, and by the records as they are now.

    \b
    Examples:
      edi-iop rules backtest clinic --since 2026-01-01
      edi-iop rules backtest clinic --rule DUR-01 --lines --format csv
    """
    with working("trying the rules on the claims sent", output):
        answer = desk.rules_backtest(workspace, since or date.min, on, only, lines)
    deliver(answer, output)
