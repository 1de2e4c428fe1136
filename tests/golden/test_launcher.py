"""What DeepSpeed's launcher makes of environment variables, against what the check of them lets through."""

from __future__ import annotations

import io
import subprocess
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmc.compiler.checks.cluster.pdsh_environment import LOST

pytestmark = pytest.mark.slow

PDSH = {"%h": "w0", "%u": "somebody", "%n": "0", "%%": "%"}


def arrived(value: str) -> str | None:
    """What a rank on another machine would see: .deepspeed_env, DeepSpeed's runner, pdsh, a shell. None is nothing."""
    from deepspeed.launcher.multinode_runner import MultiNodeRunner

    class Runner(MultiNodeRunner):  # type: ignore[misc]
        def get_cmd(self, environment: object, active_resources: object) -> None: ...

        def backend_exists(self) -> bool:
            return True

    runner = Runner(SimpleNamespace(user_args=[], user_script="worker.py"), "")
    for line in io.StringIO(f"VALUE={value}\n", newline=None):
        try:
            name, text = line.split("=", maxsplit=1)
        except ValueError:
            return None
        runner.add_export(name, text)
    command = "".join(f"export {name}={text}; " for name, text in runner.exports.items())
    for mark, replaced in PDSH.items():
        command = command.replace(mark, replaced)
    done = subprocess.run(["sh", "-c", f'{command}printf %s "$VALUE"'], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else None


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20))
def test_what_the_check_lets_through_arrives(value: str) -> None:
    if not LOST.search(value):
        assert arrived(value) == value


@pytest.mark.parametrize(
    "value", ['a"b', "say $HOME", "`echo x`", "a\\\\b", "ends in \\", " blank", "blank ", "two\nlines", "%h", "100%%"]
)
def test_what_it_refuses_is_lost(value: str) -> None:
    assert LOST.search(value)
    assert arrived(value) != value
