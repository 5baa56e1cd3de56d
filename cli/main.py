"""The `tallystick` command: one group, to which each reader's module adds its verbs."""

from __future__ import annotations

from importlib.metadata import version

import click

__all__ = ["main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("tallystick"), prog_name="tallystick")
def main() -> None:
    """Proof of reserves and compliance: what an exchange owes, what it holds, and what anyone can check of both."""
