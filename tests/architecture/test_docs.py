"""What the documentation shows is true: its examples are run."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from llmc.compiler import checks
from llmc.compiler.facts.known import gather
from llmc.compiler.language.diagnostics import Report
from llmc.compiler.pipeline import compile_spec, understand

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    """Give the code blocks of a page in one language, without their indentation."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", page.read_text(), re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", text, flags=re.MULTILINE) for indent, text in found]


def test_the_check_of_contributing_works(tmp_path: Path, cases: Path) -> None:
    module = ModuleType("adapter_rank")
    source = blocks(ROOT / "CONTRIBUTING.md", "python")[0]
    exec(compile(source, "CONTRIBUTING.md", "exec"), module.__dict__)  # noqa: S102 - our own page
    wrong = cases / "err/LLM210-adapter-on-noise.yaml"
    spec = tmp_path / "exp.yaml"
    # That case has both an adapter and an architecture; only its other mistake keeps it from being understood.
    spec.write_text(wrong.read_text().replace("r: 8", "r: 64"))
    (tmp_path / "data").symlink_to(cases / "ok/data")
    report = Report()
    from llmc.compiler.language.experiment import lower
    from llmc.compiler.language.source import parse
    from llmc.compiler.language.validate import complete

    tree = parse(spec.read_text(), "exp.yaml", report)
    assert tree is not None
    experiment = lower(complete(tree, report), tmp_path)
    problems = list(module.check(experiment, gather(tmp_path)))
    assert [problem.message for problem in problems] == ["rank 64 in a model of width 64"]
    assert checks.section(module, "Why")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_specs_in_the_docs_compile(page: Path, tmp_path: Path, cases: Path) -> None:
    (tmp_path / "data").mkdir()
    for name in ("train.jsonl", "heldout.jsonl"):
        (tmp_path / "data" / name).write_text((cases / "ok/data/pairs.jsonl").read_text())
    for number, text in enumerate(blocks(page, "yaml")):
        if not text.lstrip().startswith(("#", "llmc:")):
            continue
        spec = tmp_path / f"exp{number}.yaml"
        spec.write_text(text)
        report = Report()
        assert compile_spec(spec, page.name, report), [d.message for d in report]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        assert target.startswith("http") or (page.parent / target).exists(), target


def test_understand_is_what_check_does(cases: Path) -> None:
    report = Report()
    assert list(understand(cases / "ok/infer.yaml", "infer.yaml", report))
    assert [diagnostic.code for diagnostic in report] == ["LLM230"]


def test_the_reference_is_current() -> None:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    assert spec
    assert spec.loader
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    for name, text in generate.reference().items():
        assert (ROOT / "docs" / name).read_text() == text, f"run python docs/generate.py: {name} is not current"


def test_the_tour_names_every_module_of_the_compiler() -> None:
    house = (ROOT / "docs/architecture.md").read_text().split("```")[1::2][0]
    named = set(re.findall(r"[a-z0-9_]+", house))
    listed = ("language", "language/sections", "facts", "analysis", "engines", "targets", "bundle", "report", "locking")
    modules = (path for folder in listed for path in (ROOT / "compiler" / folder).glob("*.py"))
    absent = sorted(str(path.relative_to(ROOT)) for path in modules if path.stem not in {*named, "__init__"})
    assert absent == [], "name them in docs/architecture.md"
    families = {path.name for path in (ROOT / "compiler/checks").iterdir() if (path / "__init__.py").is_file()}
    assert families <= named


WITH_EXAMPLES = [path for path in sorted((ROOT / "compiler").rglob("*.py")) if "    >>> " in path.read_text()]


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=lambda path: str(path.relative_to(ROOT)))
def test_examples_in_docstrings_are_right(path: Path) -> None:
    name = ".".join(["llmc", *path.relative_to(ROOT).with_suffix("").parts]).removesuffix(".__init__")
    done = doctest.testmod(importlib.import_module(name))
    assert done.attempted
    assert not done.failed
