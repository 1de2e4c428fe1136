"""What a repository of specs uses: the pre-commit hook and the GitHub action, run as those programs run them."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}
GUIDE = (ROOT / "docs/automation.md").read_text()
# GitHub runs `shell: bash` so; docs.github.com, "Workflow syntax", defaults.run.shell.
BASH = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"]

# Both schemas come with that package.
CHECK_SCHEMA = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]


def run(command: list[str], cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    everything = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull} | environment
    return subprocess.run(command, cwd=cwd, env=everything, capture_output=True, text=True, check=False)


def git(folder: Path, *arguments: str) -> str:
    who = {f"GIT_{role}_{part}": "test@example.org" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    done = run(["git", *arguments], folder, **who)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def repository(tmp_path: Path, cases: Path) -> Path:
    """A committed project with one spec, under the name that hooks and actions look for."""
    project = tmp_path / "project"
    shutil.copytree(cases / "ok/data", project / "data")
    shutil.copy(cases / "ok/pretrain.yaml", project / "experiment.yaml")
    git(project, "init", "-q", "-b", "main")
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "first")
    return project


@pytest.fixture
def runner(tmp_path: Path) -> dict[str, str]:
    """A runner's environment: `llmc` and a `gh` that writes down what it is given are on the path."""
    tools, temporary = tmp_path / "bin", tmp_path / "runner"
    temporary.mkdir()
    script(tools / "llmc", f'#!/bin/sh\nexec "{sys.executable}" -m llmc.compiler.cli "$@"\n')
    script(tools / "gh", f"#!{sys.executable}\n{_GH}")
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    return {
        "PATH": path, "RUNNER_TEMP": str(temporary), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "GITHUB_REPOSITORY": "acme/experiments", "GITHUB_ACTION_PATH": str(ROOT), "FAKE_GH": str(tmp_path / "gh.json"),
        "GITHUB_PATH": str(tmp_path / "path"),
    }  # fmt: skip


_GH = """
import json, os, pathlib, sys
log = pathlib.Path(os.environ["FAKE_GH"])
body = [pathlib.Path(word[6:]).read_text() for word in sys.argv if word.startswith("body=@")]
calls = json.loads(log.read_text()) if log.exists() else []
log.write_text(json.dumps([*calls, {"arguments": sys.argv[1:], "body": body, "token": os.environ["GH_TOKEN"]}]))
if "--jq" in sys.argv:
    print(os.environ.get("FAKE_COMMENTS", ""), end="")
sys.exit(int(os.environ.get("FAKE_STATUS", "0")) if body else 0)
"""


def step(name: str, folder: Path, runner: dict[str, str], **context: str) -> subprocess.CompletedProcess[str]:
    """Run one step of the action as a runner would, with `context` for what its environment asks for."""
    known = {f"inputs.{key}": str(about["default"]) for key, about in ACTION["inputs"].items()} | context
    environment = {key: _evaluated(value, known) for key, value in STEPS[name].get("env", {}).items()}
    return run([*BASH, STEPS[name]["run"]], folder, **runner, **environment)


def _evaluated(text: str, known: dict[str, str]) -> str:
    return re.sub(r"\$\{\{ *([^ }]+) *\}\}", lambda found: known[found[1]], text)


# -- the action ---------------------------------------------------------------------------------------------------


def test_the_action_is_one() -> None:
    checked = run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml"], ROOT
    )
    assert checked.returncode == 0, checked.stdout
    assert ACTION["runs"]["using"] == "composite"
    for about in STEPS.values():
        assert about["shell"] == "bash"
        assert "${{" not in about["run"], "what a pull request chooses must not become part of a script"


def test_the_example_workflow_is_one(tmp_path: Path) -> None:
    (example,) = [text for text in re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL) if "pull_request" in text]
    (tmp_path / "workflow.yml").write_text(example)
    checked = run([*CHECK_SCHEMA, "vendor.github-workflows", "workflow.yml"], tmp_path)
    assert checked.returncode == 0, checked.stdout
    uses = yaml.safe_load(example)["jobs"]["llmc"]["steps"][1]
    assert set(uses["with"]) <= set(ACTION["inputs"])
    assert re.findall(r"^\| `(\w+)` \|", GUIDE, re.MULTILINE) == list(ACTION["inputs"])


def test_specs_are_found_by_globs(repository: Path, runner: dict[str, str]) -> None:
    (repository / "deep/with space").mkdir(parents=True)
    for place in ("deep/experiment.yaml", "deep/with space/experiment.yaml", "deep/other.yaml"):
        (repository / place).write_text("")
    found = Path(runner["RUNNER_TEMP"]) / "llmc-specs"
    assert step("Find the specs", repository, runner).returncode == 0
    assert found.read_text().split("\0")[:-1] == [
        "deep/experiment.yaml", "deep/with space/experiment.yaml", "experiment.yaml",
    ]  # fmt: skip
    chosen = step("Find the specs", repository, runner, **{"inputs.specs": "deep/*.yaml\nexp*.yaml\n$(touch evil)\n"})
    assert chosen.returncode == 0
    assert "deep/other.yaml\0experiment.yaml\0" in found.read_text()
    assert not (repository / "evil").exists()
    nothing = step("Find the specs", repository, runner, **{"inputs.specs": "*.nothing"})
    assert nothing.returncode == 1
    assert "::error::no file matches" in nothing.stdout


def test_mistakes_become_annotations(repository: Path, runner: dict[str, str]) -> None:
    step("Find the specs", repository, runner)
    assert step("Check", repository, runner).returncode == 0
    spec = repository / "experiment.yaml"
    spec.write_text(spec.read_text().replace("max_length", "max_lenght"))
    wrong = step("Check", repository, runner)
    assert wrong.returncode != 0
    assert wrong.stdout.startswith("::error file=experiment.yaml,line=18,col=3,endColumn=13,title=LLM101::")


def test_bundles_must_be_current_and_print_no_commands(repository: Path, runner: dict[str, str]) -> None:
    step("Find the specs", repository, runner)
    assert step("Compare the bundles", repository, runner).returncode == 1
    assert run(["llmc", "compile", "experiment.yaml"], repository, **runner).returncode == 0
    assert step("Compare the bundles", repository, runner).returncode == 0
    plan = repository / "build/pretrain/PLAN.md"
    plan.write_text(plan.read_text() + "::add-mask::x\n")
    stale = step("Compare the bundles", repository, runner)
    assert stale.returncode == 1
    assert "::add-mask::x" in stale.stdout
    assert not [line for line in stale.stdout.splitlines() if line.lstrip().startswith("::")]


def _show(repository: Path, runner: dict[str, str], base: str, **more: str) -> subprocess.CompletedProcess[str]:
    event = "github.event.pull_request"
    context = {f"{event}.base.sha": base, f"{event}.number": "7", "inputs.token": "the-token", "inputs.comment": "true"}
    step("Find the specs", repository, runner)
    return step("Show what changes", repository, runner | more, **context | {k: v for k, v in more.items() if "." in k})


def _changed(repository: Path, old: str, new: str) -> str:
    base = git(repository, "rev-parse", "HEAD")
    spec = repository / "experiment.yaml"
    assert old in spec.read_text()
    spec.write_text(spec.read_text().replace(old, new))
    git(repository, "commit", "-q", "-a", "-m", "second")
    return base


def _calls(runner: dict[str, str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(Path(runner["FAKE_GH"]).read_text())
    return found


def test_a_pull_request_gets_one_comment(repository: Path, runner: dict[str, str]) -> None:
    base = _changed(repository, "learning_rate: 3e-3", "learning_rate: 1e-3")
    assert _show(repository, runner, base).returncode == 0
    asked, posted = _calls(runner)
    assert asked["arguments"][:3] == ["api", "--paginate", "repos/acme/experiments/issues/7/comments"]
    assert posted["arguments"][:5] == [
        "api",
        "--silent",
        "--method",
        "POST",
        "repos/acme/experiments/issues/7/comments",
    ]
    assert posted["token"] == "the-token"
    (body,) = posted["body"]
    assert body.startswith("<!-- llmc -->\n### pretrain: 1 change, of numerics\n")
    assert "| `training.optimizer.learning_rate` | `0.003` | `0.001` |" in body
    assert "<summary>The plan of <code>experiment.yaml</code></summary>\n\n# pretrain\n" in body
    assert Path(runner["GITHUB_STEP_SUMMARY"]).read_text() == body

    assert _show(repository, runner, base, FAKE_COMMENTS="123\n456\n").returncode == 0
    assert _calls(runner)[-1]["arguments"][2:5] == ["--method", "PATCH", "repos/acme/experiments/issues/comments/123"]


def test_a_fork_gets_the_summary(repository: Path, runner: dict[str, str]) -> None:
    base = _changed(repository, "learning_rate: 3e-3", "learning_rate: 1e-3")
    denied = _show(repository, runner, base, FAKE_STATUS="1")
    assert denied.returncode == 0
    assert "::notice::the comment could not be written" in denied.stdout
    assert "training.optimizer.learning_rate" in Path(runner["GITHUB_STEP_SUMMARY"]).read_text()


def test_what_a_pull_request_says_stays_text(repository: Path, runner: dict[str, str]) -> None:
    evil = "</details> $(touch evil) `touch evil` ::error::x"
    base = _changed(repository, "name: pretrain", f"name: pretrain\nnotes: |\n  {evil}")
    (repository / "$(touch evil)<b>").mkdir()
    (repository / "$(touch evil)<b>/experiment.yaml").write_text("::error::\n")
    done = _show(repository, runner, base)
    assert done.returncode == 0
    assert not list(repository.rglob("evil"))
    assert not [line for line in done.stdout.splitlines() if line.lstrip().startswith("::")]
    (body,) = _calls(runner)[-1]["body"]
    assert "touchevilb/experiment.yaml" in body


def test_a_page_too_long_for_a_comment_is_cut(repository: Path, runner: dict[str, str]) -> None:
    script(Path(runner["PATH"].split(os.pathsep)[0]) / "llmc", "#!/bin/sh\nprintf '%070000d' 0\n")
    assert _show(repository, runner, git(repository, "rev-parse", "HEAD")).returncode == 0
    (body,) = _calls(runner)[-1]["body"]
    assert 60000 < len(body) < 65536
    assert body.endswith("(cut: a comment holds no more)\n")


def test_a_shallow_checkout_is_enough(repository: Path, runner: dict[str, str], tmp_path: Path) -> None:
    base = _changed(repository, "learning_rate: 3e-3", "learning_rate: 1e-3")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{repository}", "shallow")
    git(repository, "config", "uploadpack.allowAnySHA1InWant", "true")
    assert _show(tmp_path / "shallow", runner, base).returncode == 0
    assert "| `0.003` | `0.001` |" in Path(runner["GITHUB_STEP_SUMMARY"]).read_text()


@pytest.mark.slow
def test_the_action_installs_from_its_own_folder(repository: Path, runner: dict[str, str], tmp_path: Path) -> None:
    installed = step("Install llmc", repository, runner | {"GITHUB_ACTION_PATH": str(_published(tmp_path))})
    assert installed.returncode == 0, installed.stderr
    folder = Path(runner["GITHUB_PATH"]).read_text().strip()
    done = run([f"{folder}/llmc", "check", "experiment.yaml"], repository, PYTHONPATH="")
    assert (done.returncode, done.stderr) == (0, "no problems\n")


# -- the hook -----------------------------------------------------------------------------------------------------


def _published(folder: Path) -> Path:
    """This repository as somebody would clone it: the files that git knows, committed."""
    copy = folder / "llmc"
    for name in git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard").splitlines():
        if not name.startswith(("tests/", "experiments/")) and (ROOT / name).is_file() and name != ".venv":
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    git(copy, "init", "-q", "-b", "main")
    git(copy, "add", "-A")
    git(copy, "commit", "-q", "-m", "release")
    git(copy, "tag", "v1")
    return copy


def _commit_with_hook(repository: Path, config: dict[str, Any], **environment: str) -> subprocess.CompletedProcess[str]:
    (repository / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    (repository / "other.yaml").write_text("llmc: 1\n")
    git(repository, "add", "-A")
    command = [sys.executable, "-m", "pre_commit", "run", "--all-files", "--color=never", "--verbose"]
    return run(command, repository, PRE_COMMIT_HOME=str(repository.parent / "cache"), **environment)


def test_the_example_config_is_one(tmp_path: Path) -> None:
    (example,) = [text for text in re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL) if text.startswith("repos:")]
    (tmp_path / "config.yaml").write_text(example)
    for what, file in (
        ("validate-config", str(tmp_path / "config.yaml")),
        ("validate-manifest", ".pre-commit-hooks.yaml"),
    ):
        checked = run([sys.executable, "-m", "pre_commit", what, file], ROOT, PRE_COMMIT_HOME=str(tmp_path / "cache"))
        assert checked.returncode == 0, checked.stdout
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert hook["id"] == yaml.safe_load(example)["repos"][0]["hooks"][0]["id"]


def test_the_hook_checks_specs_and_corrects_them(repository: Path, runner: dict[str, str]) -> None:
    # The hook as it is published, but run by the llmc of this test: pre-commit's own environment needs the network.
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    hook |= {"language": "system"}
    config = {"repos": [{"repo": "local", "hooks": [hook]}]}
    right = _commit_with_hook(repository, config, **runner)
    assert right.returncode == 0, right.stdout
    spec = repository / "experiment.yaml"
    text = spec.read_text()
    spec.write_text(text.replace("max_length", "max_lenght"))
    wrong = _commit_with_hook(repository, config, **runner)
    assert wrong.returncode == 1
    assert "experiment.yaml:18:3: error[LLM101]" in wrong.stdout
    assert "other.yaml" not in wrong.stdout
    hook["args"] = ["--fix"]
    corrected = _commit_with_hook(repository, config, **runner)
    assert corrected.returncode == 1, "pre-commit stops a commit whose files a hook changed"
    assert "files were modified by this hook" in corrected.stdout
    assert spec.read_text() == text


@pytest.mark.slow
def test_the_hook_installs_from_its_repository(repository: Path, tmp_path: Path) -> None:
    source = {"repo": str(_published(tmp_path)), "rev": "v1", "hooks": [{"id": "llmc-check"}]}
    done = _commit_with_hook(repository, {"repos": [source]}, PYTHONPATH="")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"llmc check\.+Passed", done.stdout)
    spec = repository / "experiment.yaml"
    spec.write_text(spec.read_text().replace("max_length", "max_lenght"))
    wrong = _commit_with_hook(repository, {"repos": [source]}, PYTHONPATH="")
    assert wrong.returncode == 1
    assert "experiment.yaml:18:3: error[LLM101]" in wrong.stdout
