"""llmc completion: what a shell needs to complete our commands, options, keys and codes."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

EXAMPLES = {
    "llmc completion bash": "the script for bash",
}


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script for SHELL.

    \b
    bash: llmc completion bash >~/.local/share/bash-completion/completions/llmc
    zsh:  llmc completion zsh >"${fpath[1]}/_llmc"
    fish: llmc completion fish >~/.config/fish/completions/llmc.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None, "click knows the three of them"
    click.echo(kind(ctx.find_root().command, {}, "llmc", "_LLMC_COMPLETE").source())
