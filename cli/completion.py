"""Shell completion: prints the few lines that a shell needs."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

__all__ = ["completion"]


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print the completion script for SHELL: `tallystick completion bash >> ~/.bashrc`."""
    from cli.main import cli  # the group that loads this module

    found = get_completion_class(shell)
    assert found is not None, "click has the shells of the choice above"
    click.echo(found(cli, {}, "tallystick", "_TALLYSTICK_COMPLETE").source())
    return 0
