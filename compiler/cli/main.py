"""The `llmc` command. Each subcommand is a file of this folder, imported only when it is called."""

from __future__ import annotations

import difflib
import os
import sys
import traceback
from importlib import import_module
from pathlib import Path

import click

from llmc.compiler import __version__

_SHARED = ("__init__", "__main__", "common", "main")
# A command is there because its file is.
_COMMANDS = tuple(sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in _SHARED))


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"llmc.compiler.cli.{cmd_name}")
        command = module.command
        assert isinstance(command, click.Command), "every file of cli/ has one"
        # The mark keeps click from filling the lines up.
        command.epilog = "\b\nExamples:\n" + "\n".join(f"  {line}" for line in module.EXAMPLES)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        close = difflib.get_close_matches(args[0], _COMMANDS, n=1)
        if args[0] not in _COMMANDS and close:
            ctx.fail(f"no command '{args[0]}'; did you mean '{close[0]}'?")
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="llmc")
def group() -> None:
    """Compile one experiment spec into the files that run it, and run them.

    Exit status: 0 clean, 1 problems in the spec or a difference, 2 wrong usage, 3 a bug of llmc. `run` gives the job's.
    """


def main() -> None:
    """Run the command line; what is no diagnostic of ours is a bug of ours, and says so."""
    try:
        group(prog_name="llmc")
    except OSError as error:
        # The machine's doing, not the spec's and not ours: a full disk behind a pipe, a permission taken away.
        print(f"llmc: {error.filename or 'output'}: {error.strerror or error}", file=sys.stderr)
        os._exit(1)  # what is still buffered cannot be written either, and would say so with a traceback
    except Exception:
        print(f"llmc {__version__} has a bug. Please report this, with the spec if you can:\n", file=sys.stderr)
        traceback.print_exc()
        sys.exit(3)


def shown_path(path: Path) -> str:
    """Give a path as people here would type it: relative to where they stand, if that is shorter."""
    relative = os.path.relpath(path)
    return relative if len(relative) < len(str(path)) else str(path)
