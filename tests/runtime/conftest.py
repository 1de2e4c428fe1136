"""A project on disk and the command of the runtime, shared by the tests."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import sample


@pytest.fixture(scope="session")
def tokenizer():
    """A byte-level BPE of about a thousand tokens."""
    return sample.tokenizer()


@pytest.fixture(scope="session")
def project(tmp_path_factory, tokenizer):
    """A project folder that runs share; see sample.py."""
    root = tmp_path_factory.mktemp("project")
    sample.make(root, tokenizer)
    return root


@pytest.fixture(scope="session")
def llmc(project):
    """Runs `python -m llmc.runtime …` in the project folder and returns the finished process."""

    def run(*arguments, **options):
        return subprocess.run(command(*arguments), cwd=project, capture_output=True, text=True, env=env(), **options)

    return run


@pytest.fixture(scope="session")
def start(project):
    """Like `llmc`, but returns at once."""

    def run(*arguments):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command(*arguments), cwd=project, text=True, env=env(), **pipes)

    return run


def command(*arguments):
    return [sys.executable, "-m", "llmc.runtime", *map(str, arguments)]


def env():
    # What a user's shell may carry: it must not reach the ranks.
    return os.environ | {"ACCELERATE_MIXED_PRECISION": "fp16", "OMP_NUM_THREADS": "7"}
