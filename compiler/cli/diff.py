"""llmc diff: what changes between two specs, two bundles or two revisions."""

from __future__ import annotations

import posixpath
import tempfile
from pathlib import Path

import click

from llmc.compiler.cli.common import tell, tell_json
from llmc.compiler.diff.changes import Comparison, compare
from llmc.compiler.diff.meaning import Meaning, of_spec, read_bundle
from llmc.compiler.diff.revisions import GitError, ends, from_root, revision
from llmc.compiler.diff.tell import document, markdown, text
from llmc.compiler.language.diagnostics import Diagnostic, Report, Span

EXAMPLES = {
    "llmc diff old.yaml experiment.yaml": "what one spec changes over another",
    "llmc diff build/from-scratch experiment.yaml": "what changed since the bundle was compiled",
    "llmc diff main...HEAD experiment.yaml": "what a branch changes",
    "llmc diff HEAD:./experiment.yaml experiment.yaml --format markdown": "what is not committed yet, for a comment",
}


@click.command("diff")
@click.argument("sides", nargs=-1, required=True, metavar="OLD NEW | RANGE SPEC...")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    help="For people, for programs, or for a comment on a pull request.",
)
def command(sides: tuple[str, ...], form: str) -> None:
    """Say what differs in meaning between OLD and NEW, and whether it changes the result.

    Each is a spec, a bundle's folder, or REVISION:PATH as git writes it. Or give a RANGE of revisions, such as
    main..HEAD or main...HEAD, and the specs to compare. Exit status: 0 no difference, 1 a difference or an error.
    """
    report = Report()
    with tempfile.TemporaryDirectory(prefix="llmc-diff-") as folder:
        reader = _Reader(Path(folder), report)
        compared = reader.range(*sides) or reader.two(*sides)
    comparisons = [one for pair in compared for one in pair]
    if form == "json":
        tell_json(report, comparisons=document(comparisons))
    else:
        click.echo(text(comparisons) if form == "text" else markdown(comparisons), nl=False)
        tell(report, "text", err=True)
    raise SystemExit(1 if report.failed or any(one.differs for one in comparisons) else 0)


class _Reader:
    """Reads sides; what cannot be read goes into the report, and is compared with nothing."""

    def __init__(self, folder: Path, report: Report) -> None:
        self.folder = folder
        self.report = report

    def range(self, first: str, *specs: str) -> list[list[Comparison]] | None:
        """Compare specs at both ends of a range of revisions; None where `first` names no range."""
        names = None if Path(first).exists() or not specs else ends(first)
        return [self._at_both(names, spec) for spec in specs] if names else None

    def two(self, *sides: str) -> list[list[Comparison]]:
        """Compare two sides."""
        if len(sides) != 2:
            raise click.UsageError("give two sides, or a range of revisions and a spec; see `llmc diff --help`")
        found = [self._read(side) for side in sides]
        return [compare(found[0], found[1])] if not self.report.failed else []

    def _at_both(self, names: tuple[str, str], spec: str) -> list[Comparison]:
        try:
            inside = from_root(spec)
            here = [revision(name).holds(inside) for name in names]
        except GitError as error:
            self._refuse(spec, str(error))
            return []
        if not any(here):
            self._refuse(spec, f"there is no {inside} in {names[0]} nor in {names[1]}")
            return []
        failed = self.report.failed
        sides = [self._read(f"{name}:{inside}") if there else [] for name, there in zip(names, here, strict=True)]
        return compare(sides[0], sides[1]) if failed or not self.report.failed else []

    def _read(self, name: str) -> list[Meaning]:
        path = Path(name)
        if not path.exists() and ":" in name:
            try:
                path = self._of_revision(name)
            except GitError as error:
                self._refuse(name, str(error))
                return []
        return self._bundle(path, name) if path.is_dir() else self._spec(path, name)

    def _of_revision(self, name: str) -> Path:
        at, _, inside = name.partition(":")
        inside = from_root(inside) if inside.startswith((".", "..")) else posixpath.normpath(inside)
        commit = revision(at)
        if not commit.holds(inside):
            raise GitError(f"there is no {inside} in {at}")
        return commit.copy(inside, Path(tempfile.mkdtemp(dir=self.folder)))

    def _spec(self, path: Path, name: str) -> list[Meaning]:
        own = Report(sources=self.report.sources)
        found = of_spec(path, name, own)
        for diagnostic in own:
            # What a check found keeps artefacts from being compared, and the comparison says so.
            if diagnostic.severity == "error" and not found:
                self.report.add(diagnostic)
        return found

    def _bundle(self, path: Path, name: str) -> list[Meaning]:
        try:
            return [read_bundle(path)]
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            self._refuse(name, f"{name} is no whole bundle: {type(error).__name__}")
            return []

    def _refuse(self, name: str, message: str) -> None:
        help = "give a spec, a bundle's folder, or REVISION:PATH"
        self.report.add(Diagnostic("LLM422", message or f"{name} cannot be read", Span(name), help=help))
