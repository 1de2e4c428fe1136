"""The rules of the house that no type checker sees."""

from __future__ import annotations

import ast
import dataclasses
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
from oracle import validator

from llmc import schemas
from llmc.compiler import checks
from llmc.compiler.language.schema import Schema
from llmc.compiler.language.sections import data, execution, model, surroundings, targets, training

ROOT = Path(__file__).parents[2]
CODE = [path for folder in ("compiler", "runtime") for path in sorted((ROOT / folder).rglob("*.py"))]
SCHEMAS = sorted(path.relative_to(schemas.FOLDER).as_posix() for path in schemas.FOLDER.rglob("*.json"))
SPEC_SCHEMAS = [name for name in SCHEMAS if name.split("/")[0] not in ("codes", "catalog", "deepspeed")]
# What compiler/language/validate.py understands; the runtime's contract also uses anyOf, which only the tests read.
KEYWORDS = {
    "$schema", "$ref", "title", "description", "examples", "default", "type", "const", "enum", "minimum", "maximum",
    "exclusiveMinimum", "exclusiveMaximum", "pattern", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems",
    "items", "properties", "additionalProperties", "required", "propertyNames", "minProperties", "allOf", "if", "then",
    "format",
}  # fmt: skip
HEAVY = [
    "torch",
    "deepspeed",
    "transformers",
    "accelerate",
    "peft",
    "trl",
    "datasets",
    "sagemaker",
    "boto3",
    "huggingface_hub",
    "pyarrow",
    "tokenizers",
    "jsonschema",
]


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_are_small(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 300
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert (node.end_lineno or 0) - node.lineno < 60, node.name


def test_functions_are_short_at_the_median() -> None:
    lengths = sorted(
        (node.end_lineno or 0) - node.lineno + 1 - _docstring_lines(node)
        for path in CODE
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    )
    assert lengths[len(lengths) // 2] <= 8
    assert lengths[len(lengths) * 9 // 10] <= 33


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[0]
    return (first.end_lineno or 0) - first.lineno + 1 if ast.get_docstring(node) else 0


def test_nobody_imports_by_folder_name() -> None:
    # From the repository's root `import compiler.x` works as well, and gives a second module with other classes.
    everything = [*CODE, *(ROOT / "tests").rglob("*.py"), *(ROOT / "experiments").rglob("*.py")]
    pattern = re.compile(r"^\s*(from|import) (compiler|runtime|schemas|templates)\b", re.MULTILINE)
    assert [str(path) for path in everything if pattern.search(path.read_text())] == []


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["check", "{spec}"], ["compile", "{spec}", "--out", "{out}"], ["explain"], ["lock", "--help"]],
)
def test_compiling_imports_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    spec = ROOT / "tests/cases/ok/sft-lora.yaml"
    filled = [argument.format(spec=spec, out=tmp_path) for argument in arguments]
    script = f"""
import sys
sys.argv = ["llmc", *{filled!r}]
from llmc.compiler.cli.main import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "[]"


def test_help_imports_neither_yaml_nor_jinja() -> None:
    script = "import sys\nfrom llmc.compiler.cli import main\nprint('yaml' in sys.modules, 'jinja2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"


def _subschemas(data: Any) -> Iterator[dict[str, Any]]:
    if isinstance(data, dict):
        yield data
        for keyword, value in data.items():
            if keyword == "properties":
                for child in value.values():
                    yield from _subschemas(child)
            elif keyword in ("items", "additionalProperties", "propertyNames", "if", "then"):
                yield from _subschemas(value)
            elif keyword == "allOf":
                for child in value:
                    yield from _subschemas(child)


@pytest.mark.parametrize("name", [name for name in SPEC_SCHEMAS if not name.endswith(".schema.json")])
def test_schemas_use_known_keywords_and_are_closed(name: str) -> None:
    for part in _subschemas(schemas.load(name)):
        assert set(part) <= KEYWORDS
        if "properties" in part and "allOf" not in part and "title" in part:
            assert "additionalProperties" in part, "every kind is closed"


def _with_examples(data: Any, pointer: str) -> Iterator[tuple[str, Any]]:
    if isinstance(data, dict):
        if isinstance(data.get("examples"), list):
            yield from ((pointer, example) for example in data["examples"])
        for keyword, value in data.items():
            if keyword not in ("examples", "default", "enum", "const"):
                yield from _with_examples(value, f"{pointer}/{keyword}")


@pytest.mark.parametrize("name", [name for name in SPEC_SCHEMAS if not name.endswith(".schema.json")])
def test_every_example_is_right(name: str) -> None:
    for pointer, example in _with_examples(schemas.load(name), ""):
        errors = list(validator(f"{name}#{pointer}").iter_errors(example))
        assert not errors, (pointer, errors[0].message)


@pytest.mark.parametrize("name", [name for name in SPEC_SCHEMAS if not name.endswith(".schema.json")])
def test_every_key_has_a_description_and_an_example(name: str) -> None:
    for part in _subschemas(schemas.load(name)):
        for key, child in part.get("properties", {}).items():
            about = Schema(name, {}).at(child).data
            if set(about) == {"const"}:
                continue  # an `if` only names its discriminator; the variant describes it
            assert about.get("description"), key
            assert "examples" in about or "properties" in about, key


MIRRORS = {
    "section/model.json": model.Model, "section/model_inference.json": model.Model,
    "section/embeddings.json": model.Embeddings, "adapter/lora.json": model.Lora, "adapter/dora.json": model.Lora,
    "adapter/qlora.json": model.QLora, "adapter/trained.json": model.Trained, "architecture/llama.json": model.Llama,
    "quantization/bnb_4bit.json": model.FourBit, "quantization/bnb_8bit.json": model.EightBit,
    "data/text_part.json": data.Split, "data/examples_part.json": data.Split, "data/preferences_part.json": data.Split,
    "section/data_pretrain.json": data.TrainingData, "section/data_sft.json": data.TrainingData,
    "section/data_preference.json": data.TrainingData, "section/data_infer.json": data.PromptData,
    "section/processing.json": data.Processing, "section/training.json": training.Training,
    "section/generation.json": training.Generation, "section/trackers.json": training.Trackers,
    "section/preference_dpo.json": training.Preference, "section/preference_orpo.json": training.Preference,
    "optimizer/adamw.json": training.AdamW, "optimizer/adamw_8bit.json": training.AdamW,
    "optimizer/lion.json": training.Lion, "optimizer/muon.json": training.Muon,
    "scheduler/cosine.json": training.Scheduler, "scheduler/linear.json": training.Scheduler,
    "scheduler/constant.json": training.Scheduler, "scheduler/inverse_sqrt.json": training.Scheduler,
    "scheduler/cosine_with_min_lr.json": training.Scheduler,
    "scheduler/warmup_stable_decay.json": training.Scheduler,
    "section/deepspeed.json": execution.DeepSpeed, "section/parallelism.json": execution.Parallelism,
    "inference/transformers.json": execution.TransformersInference,
    "inference/deepspeed.json": execution.DeepSpeedInference, "inference/zero.json": execution.ZeroInference,
    "target/local.json": targets.Local, "target/cluster.json": targets.Cluster, "target/slurm.json": targets.Slurm,
    "target/sagemaker.json": targets.SageMaker, "target/kubernetes.json": targets.Kubernetes,
    "section/container.json": surroundings.Container, "section/budget.json": surroundings.Budget,
    "secret/environment.json": surroundings.EnvironmentSecret, "secret/aws.json": surroundings.AwsSecret,
    "secret/kubernetes.json": surroundings.KubernetesSecret,
}  # fmt: skip


@pytest.mark.parametrize(("name", "kind"), MIRRORS.items())
def test_classes_mirror_schemas(name: str, kind: type) -> None:
    fields = dataclasses.fields(kind)
    keys = set(schemas.load(name)["properties"])
    # A field with a default serves several schemas, of which some do not have it.
    assert keys <= {field.name for field in fields}
    assert {field.name for field in fields if field.default is field.default_factory is dataclasses.MISSING} <= keys


def test_every_closed_section_has_a_class() -> None:
    folders = ("section", "adapter", "quantization", "optimizer", "scheduler", "inference", "target", "secret")
    closed = {
        name
        for name in SPEC_SCHEMAS
        if name.split("/")[0] in folders and schemas.load(name).get("properties") and "allOf" not in schemas.load(name)
    }
    # These are a mapping of the user's names, a copy that may be null, or gone once the spec is expanded.
    assert closed - set(MIRRORS) == {"section/targets.json", "section/evaluation_generation.json", "section/sweep.json"}


def test_every_check_lies_with_its_subject() -> None:
    # Beside the folders nothing would be found.
    beside = {path.name for path in (ROOT / "compiler/checks").glob("*.py")}
    assert beside == {"__init__.py", "problem.py"}


def test_checks_are_documented() -> None:
    modules = checks.all_checks()
    assert len({module.CODE for module in modules}) == len(modules)
    for module in modules:
        assert re.fullmatch(r"LLM[234]\d\d", module.CODE)
        for name in ("Why", "Fix", "Source"):
            text = checks.section(module, name)
            assert text, (module.__name__, name)
            assert not re.search("Why: |Fix: |Source: ", text), "a section ends where the next begins"


def test_the_run_extra_installs_the_stack() -> None:
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    pinned = dict(line.split("==") for line in setup["options.extras_require"]["run"].split() if "==" in line)
    catalogue = schemas.load("catalog/stacks.json")
    assert pinned == catalogue["stacks"][catalogue["default"]]["versions"]


def test_json_files_are_readable_by_people() -> None:
    for name in SCHEMAS:
        text = (schemas.FOLDER / name).read_text()
        assert text.endswith("\n"), name
        json.loads(text)
