"""`python -m llmc.runtime run TARGET_DIR [--resume]` and `python -m llmc.runtime verify TARGET_DIR`."""

import argparse
import os
import sys
from pathlib import Path

from llmc.runtime import bundle
from llmc.runtime.contract import Contract
from llmc.runtime.refusal import Refusal


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status: the job's own for `run`, 1 for a Refusal, 2 for wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        contract = bundle.load(options.target)
        if options.command == "verify":
            print(f"{options.target}: {contract.digest}, {len(contract.files)} files as compiled")
            return 0
        return _run(contract, options.target, options.resume)
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 1


def _run(contract: Contract, target: Path, resume: bool) -> int:
    # Imported late: they bring torch, and what a look at the bundle shows should show at once.
    from llmc.runtime import preflight, progress, record
    from llmc.runtime.launchers import local

    printer = progress.terminal()
    printer.line(f"checking {target} …")
    versions = preflight.check(contract)
    run = record.reopen(contract) if resume else record.create(contract)
    shown = os.path.relpath(run.folder)
    processes = contract.run.launch.processes_per_node
    printer.line(f"run {run.folder.name}: {contract.run.task} on {processes} processes, in {shown}")
    ended = local.launch(contract, run, versions, printer)
    printer.line(progress.ending(ended, run, str(target), shown))
    return ended.exit_status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m llmc.runtime", description="Runs a compiled bundle.")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="verify a target's folder of a bundle and run it")
    run.add_argument("--resume", action="store_true", help="continue the newest run that did not complete")
    verify = commands.add_parser("verify", help="only verify that the bundle is the one that was compiled")
    for command in (run, verify):
        command.add_argument("target", type=Path, metavar="TARGET_DIR", help="for example build/quickstart/local")
    return parser
