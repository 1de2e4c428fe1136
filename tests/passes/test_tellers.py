"""The formats that other programs read, each against what that program's own rules say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from llmc.compiler.cli.check import command as check
from llmc.compiler.cli.schema import one_file
from llmc.compiler.cli.why import command as why
from llmc.compiler.language.diagnostics import Diagnostic, Report, Span
from llmc.compiler.language.experiment import plain
from llmc.compiler.language.source import parse
from llmc.compiler.report import github, sarif


def test_github_annotations_escape_what_would_end_them() -> None:
    span = Span("a,b:c.yaml", 3, 5, 9)
    told = github.tell(Report([Diagnostic("LLM101", "100% wrong\nhere", span, help="a, b")]))
    assert told == (
        "::error file=a%2Cb%3Ac.yaml,line=3,col=5,endColumn=9,title=LLM101::100%25 wrong%0Ahere%0Ahelp: a, b\n"
    )


def test_github_annotations_are_one_line_each(cases: Path, diagnose: Callable[[Path], Report]) -> None:
    for spec in sorted((cases / "err").glob("*.yaml")):
        report = diagnose(spec)
        lines = github.tell(report).splitlines()
        assert len(lines) == len(list(report))
        assert all(re.match(r"::(error|warning|notice) file=[^,]+,line=\d+,col=\d+,", line) for line in lines)


def test_sarif_regions_hold_what_sarif_demands(cases: Path, diagnose: Callable[[Path], Report]) -> None:
    report = diagnose(cases / "err/LLM101-typo-third.yaml")
    run = json.loads(sarif.tell(report))["runs"][0]
    (result,) = run["results"]
    assert result["ruleId"] in {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    region = result["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 21, "startColumn": 28, "endColumn": 40}
    (replacement,) = result["fixes"][0]["artifactChanges"][0]["replacements"]
    assert replacement == {"deletedRegion": region, "insertedContent": {"text": "learning_rate"}}


def test_the_schema_in_one_piece_says_the_same(cases: Path) -> None:
    schema = one_file()
    jsonschema.Draft7Validator.check_schema(schema)
    # Editors read one draft or the other; the files keep to what both mean alike.
    editors = [jsonschema.Draft7Validator(schema), jsonschema.Draft202012Validator(schema)]
    for spec in [*sorted((cases / "ok").glob("*.yaml")), *sorted((cases / "later").glob("*.yaml"))]:
        tree = parse(spec.read_text(), spec.name, Report())
        assert tree is not None
        values = plain(tree)
        assert all(editor.is_valid(values) for editor in editors), spec.name
        assert not any(editor.is_valid(values | {"trainig": {}}) for editor in editors), spec.name
    assert '"$ref": "#/definitions/' in json.dumps(schema)
    assert set(re.findall(r'"\$ref": "([^#"]+)', json.dumps(schema))) == set()


@pytest.mark.parametrize("form", ["text", "json", "github", "sarif"])
@pytest.mark.parametrize(
    "edit", [("notes: |", "notes: {}\nnothing: |"), ("format: messages", "format: {}"), ("format: messages", "{}: x")]
)
def test_no_teller_repeats_a_secret(form: str, edit: tuple[str, str], cases: Path, tmp_path: Path) -> None:
    token = "hf_" + "abcDEF0123" * 3
    text = (cases / "ok/sft-lora.yaml").read_text()
    (tmp_path / "exp.yaml").write_text(text.replace(edit[0], edit[1].format(token), 1))
    for arguments in ([], ["--set", f"training.seed={token}"], ["--set", token]):
        done = CliRunner().invoke(check, [str(tmp_path / "exp.yaml"), "--format", form, *arguments])
        assert done.exit_code == 1
        assert "LLM" in done.output
        assert token not in done.output


def test_why_follows_an_artefact_to_its_line(cases: Path) -> None:
    spec = str(cases / "ok/sft-lora.yaml")
    ask = CliRunner().invoke
    assert ask(why, [spec, "local/deepspeed.json:optimizer.params.lr"]).output == (
        f"local/deepspeed.json:optimizer.params.lr = 1e-05\n  spec: training.optimizer.learning_rate ({spec}:21:43)\n"
    )
    accumulation = ask(why, [spec, "local/deepspeed.json:gradient_accumulation_steps"]).output
    assert "derived: training.global_batch_size, 16 = 2 x 2 x 4" in accumulation
    assert ask(why, [spec, "training.seed"]).output == "training.seed = 42\n  default: not in the spec\n"
    through = ask(why, [str(cases / "ok/variables.yaml"), "training.optimizer.learning_rate"]).output
    assert through.splitlines()[0] == "training.optimizer.learning_rate = 2e-05"
    assert through.splitlines()[-1] == f"  variable rate: {cases / 'ok/variables.yaml'}:9:9"
    wrong = ask(why, [spec, "training.sed"])
    assert wrong.exit_code == 2
    assert "did you mean 'training.seed'?" in wrong.output
