"""llmc run: hands a bundle to the runtime, once it is certain that it is the one that was reviewed."""

from __future__ import annotations

import json
import os
import shlex
import sys
from importlib.util import find_spec
from pathlib import Path

import click

from llmc.compiler.bundle import manifest
from llmc.compiler.cli.common import answering, end, format_option, out_option, refuse, set_option, tell, tell_json
from llmc.compiler.cli.compile import compare_or_refuse, write_or_refuse
from llmc.compiler.cli.main import shown_path
from llmc.compiler.language.diagnostics import Report
from llmc.compiler.pipeline import compile_spec

EXAMPLES = {
    "llmc run experiment.yaml --target local --dry-run": "what would be started",
    "llmc run build/from-scratch --dry-run": "the same for a bundle",
}


@click.command("run")
@click.argument("what", required=False, type=click.Path(path_type=Path))
@click.option("--target", help="Where to run; may be left out where there is one target.")
@click.option(
    "--resume", is_flag=True, help="Continue the newest unfinished run of this bundle from its last checkpoint."
)
@click.option("--dry-run", is_flag=True, help="Say what would be started, and start nothing.")
@set_option
@out_option
@format_option
def command(
    what: Path | None,
    target: str | None,
    resume: bool,
    dry_run: bool,
    overrides: tuple[str, ...],
    out: Path | None,
    form: str,
) -> None:
    """Run WHAT, a spec or a bundle; without it, the one that is here.

    A spec that was never compiled is compiled first. One whose bundle no longer matches is refused: review comes first.
    --format json is for --dry-run: a job writes its own events and metrics.
    """
    if form == "json" and not dry_run:
        raise click.UsageError("--format json is for --dry-run; a run's own output is in its folder")
    report = Report()
    with answering(form, report, bundle=None, target=None, command=None):
        bundle = _bundle(what or _the_one_here(report), out, overrides, report, quiet=form == "json")
        folder = bundle / _target(bundle, target, report)
    arguments = [sys.executable, "-m", "llmc.runtime", "run", shown_path(folder), *(["--resume"] if resume else [])]
    if form == "json":
        tell_json(report, bundle=shown_path(bundle), target=folder.name, command=arguments)
        return
    if dry_run:
        click.echo(shlex.join(arguments))
        return
    if find_spec("torch") is None or find_spec("deepspeed") is None:
        refuse(
            report,
            "LLM405",
            "torch and deepspeed are not installed in this environment",
            shown_path(folder),
            help="pip install 'llmc-experiment-compiler[run]'",
        )
    # The runtime takes this process over, so that signals and the exit status are the job's own.
    sys.stdout.flush()
    os.execv(sys.executable, arguments)


def _the_one_here(report: Report) -> Path:
    """Find the only experiment or, where there is no spec at all, the only bundle of the current folder."""
    specs = [path for path in sorted(Path().glob("*.yaml")) if "llmc:" in path.read_text(errors="replace")]
    found = specs or sorted(path.parent for path in Path("build").glob(f"*/{manifest.FILE}"))
    if Path("experiment.yaml") in found:
        return Path("experiment.yaml")
    if len(found) == 1:
        return found[0]
    names = ", ".join(str(path) for path in found)
    refuse(
        report,
        "LLM404",
        f"{'several experiments' if found else 'no experiment'} here" + (f": {names}" if found else ""),
        ".",
        help=f"name one, as in `llmc run {found[0] if found else 'exp.yaml'}`",
    )


def _bundle(what: Path, out: Path | None, overrides: tuple[str, ...], report: Report, *, quiet: bool) -> Path:
    if what.is_dir():
        if (what / manifest.FILE).is_file():
            return what
        refuse(
            report,
            "LLM404",
            f"{what} holds no {manifest.FILE}, so it is no bundle",
            str(what),
            help="name a spec or build/<name>",
        )
    bundles = compile_spec(what, str(what), report, out, overrides)
    if not bundles:
        end(report, err=True)
    tell(report, "text", err=True)
    if len(bundles) > 1:
        one = shlex.quote(shown_path(bundles[0].folder))
        several = f"{what} is a sweep of {len(bundles)} experiments"
        refuse(report, "LLM404", several, str(what), help=f"compile it, then run them one by one: `llmc run {one}`")
    (bundle,) = bundles
    changes = compare_or_refuse(bundle, report)
    folder = shown_path(bundle.folder)
    if not (bundle.folder / manifest.FILE).exists():
        write_or_refuse(bundle, changes, report)
        click.echo(f"{folder}: compiled, {len(changes.written)} files", err=quiet)
    elif changes:
        quoted = shlex.quote(str(what))
        different = ", ".join((changes.written + changes.removed)[:4])
        refuse(
            report,
            "LLM402",
            f"the bundle is not what {what} compiles to; different: {different}",
            folder,
            why="what was reviewed would not be what runs",
            help=f"see `llmc compile --check {quoted}`, then `llmc compile {quoted}` and review",
        )
    return bundle.folder


def _target(bundle: Path, wanted: str | None, report: Report) -> str:
    """Choose the target's folder: the one asked for, or the only one."""
    try:
        outputs = json.loads((bundle / manifest.FILE).read_bytes())["outputs"]
        names: list[str] = sorted({path.split("/")[0] for path in outputs if path.endswith("/run.json")})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        refuse(
            report,
            "LLM403",
            f"cannot read the manifest: {type(error).__name__}",
            shown_path(bundle / manifest.FILE),
            help="compile the spec again",
        )
    if wanted in names:
        return str(wanted)
    if wanted is None and len(names) == 1:
        return names[0]
    asked = f"no target '{wanted}'" if wanted else "several targets"
    refuse(
        report,
        "LLM404",
        f"{asked} in {shown_path(bundle)}: there is {', '.join(names)}",
        shown_path(bundle),
        help=f"add --target {names[0] if names else 'NAME'}",
    )
