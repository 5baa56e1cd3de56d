"""The `tallystick` command: one group, to which each reader's module adds its verbs."""

from __future__ import annotations

import sys
from importlib.metadata import version

import click

from cli.common import run

__all__ = ["cli", "main"]

_VERBS = {
    "verify": "cli.customer:verify",
    "verify-page": "cli.customer:verify_page",
    "audit": "cli.auditor:audit",
    "receipt": "cli.receipts:receipt",
    "prove": "cli.operator:prove",
    "missed": "cli.operator:missed",
    "challenge": "cli.chains:challenge",
    "proof": "cli.operator:proof",
    "layout": "cli.chains:layout",
    "keys": "cli.keys:keys",
    "init": "cli.exchange.verbs:init",
    "run": "cli.exchange.verbs:run",
    "publish": "cli.exchange.publish:publish",
    "snapshot": "cli.exchange.snapshot:snapshot",
    "accounts": "cli.exchange.accounts:accounts",
    "market": "cli.exchange.market:market",
    "order": "cli.exchange.market:order",
    "wallet": "cli.exchange.wallet:wallet",
    "halt": "cli.exchange.halt:halt",
    "correct": "cli.exchange.halt:correct",
    "treasury": "cli.exchange.treasury_verbs:treasury",
    "withdraw": "cli.exchange.withdraw:withdraw",
    "statement": "cli.exchange.statement:statement",
    "statements": "cli.exchange.all_statements:statements",
    "transactions": "cli.transactions:transactions",
    "tax": "cli.tax:tax",
    "compliance": "cli.compliance:compliance",
    "facts": "cli.facts:facts",
    "report": "cli.report:report",
    "procedures": "cli.procedures:procedures",
    "screen": "cli.screening:screen",
    "surveil": "cli.surveillance:surveil",
    "archive": "cli.retention:archive",
    "travel-rule": "cli.travel_rule:travel_rule",
    "explain-liquidation": "cli.exchange.explain:explain_liquidation",
    "replay": "cli.exchange.replay:replay",
    "fsck": "cli.exchange.fsck:fsck",
    "backup": "cli.exchange.backup:backup",
    "restore": "cli.exchange.backup:restore",
    "demo": "cli.demo:demo",
    "completion": "cli.completion:completion",
}


class _Verbs(click.Group):
    """Loads a verb's module when the verb is used, so that `verify` does not wait for chain libraries."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = _VERBS.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.partition(":")
        command = getattr(__import__(module, fromlist=[name]), name)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("tallystick"), prog_name="tallystick")
def cli() -> None:
    """Proof of reserves and compliance: what an exchange owes, what it holds, and what anyone can check of both."""


def main() -> None:
    """Entry point of the installed command."""
    sys.exit(run(cli))
