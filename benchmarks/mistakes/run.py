"""The same mistakes, given to llmc and to other tools: who says something, with the line, with what to do about it?

Each peer's own released version is installed into an environment of its own, and its own parsing and validation run on
a valid config with one mistake in it. Writes results.json and the table of README.md.

    python benchmarks/mistakes/run.py [--peers llmc,trl] [--keep]

A peer is a folder of peers/: peer.json (version, what to install, the mistakes as replaced text), base/ (the valid
config and files beside it) and adapter.py (`parse(config)` gives what the peer understood, or raises).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
CACHE = HERE.parents[1] / ".cache" / "mistakes"
RESULTS, README, ROWS = HERE / "results.json", HERE / "README.md", HERE / "rows.json"
MARK = "<!-- table -->"
TORCH = "torch"  # the environment that others take it from
SECONDS = 180
# Nobody is told, nothing is fetched, nothing computes on a GPU.
ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": "", "DO_NOT_TRACK": "1", "AXOLOTL_DO_NOT_TRACK": "1",
    "OUMI_TELEMETRY_DISABLED": "1", "SKYPILOT_DISABLE_USAGE_COLLECTION": "1", "NO_COLOR": "1", "COLUMNS": "1000",
    "PYTHONNOUSERSITE": "1", "USER": "someone",
}  # fmt: skip
ADVICE = re.compile(
    r"did you mean|help:|(should|must|has to|needs? to|can only) be|expected|at least|greater than|minimum|choose from"
    r"|one of|choices|please|invalid \w+ value|not of type|converted to|not equal to|(valid|allowed) (values|keys)",
    re.IGNORECASE,
)
WARNING = re.compile(r"warn|unknown|unrecogni|unused|not used|ignor|invalid|deprecat|unexpected", re.IGNORECASE)


def main() -> None:
    """Run the chosen peers one after another; what is known of the others stays."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", help="names with commas between them; all without")
    parser.add_argument("--keep", action="store_true", help="keep the environments for the next time")
    options = parser.parse_args()
    chosen = options.peers.split(",") if options.peers else peers()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    try:
        for name in chosen:
            print(f"{name} …", flush=True)
            results[name] = measure(name)
            known = {peer: results[peer] for peer in peers() if peer in results}
            RESULTS.write_text(json.dumps(known, indent=2) + "\n")
            README.write_text(with_table(README.read_text(), known))
            if not options.keep:
                shutil.rmtree(CACHE / name, ignore_errors=True)
    finally:
        if not options.keep:
            shutil.rmtree(CACHE, ignore_errors=True)


def peers() -> list[str]:
    """Every peer there is, llmc first."""
    found = sorted(path.parent.name for path in HERE.glob("peers/*/peer.json"))
    return sorted(found, key=lambda name: name != "llmc")


def about(name: str) -> dict[str, Any]:
    """What a peer's folder says of it."""
    said: dict[str, Any] = json.loads((HERE / "peers" / name / "peer.json").read_text())
    return said


# -- running ----------------------------------------------------------------------------------------------------------


def measure(name: str) -> dict[str, Any]:
    """Give a peer's version and what it made of each mistake."""
    peer = about(name)
    python = environment(name, peer["install"]) if peer["install"] else Path(sys.executable)
    base = outcome(name, python, {})
    if "understood" not in base:
        sys.exit(f"{name} refuses its own valid config: {base}")
    rows = {}
    for row, mistake in peer["mistakes"].items():
        rows[row] = judge(mistake, outcome(name, python, mistake), base)
        print(f"  {row}: {rows[row]['outcome']}: {rows[row]['says'][:150]}", flush=True)
    return {"version": version(python, peer["distribution"]) if peer["install"] else None, "rows": rows}


def environment(name: str, install: list[str]) -> Path:
    """Make a peer's virtual environment, or take the one that was kept; returns its Python."""
    python = CACHE / name / "bin" / "python"
    stamp = CACHE / name / ".installed"
    if stamp.exists() and json.loads(stamp.read_text()) == install:
        return python
    shutil.rmtree(CACHE / name, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(CACHE / name)], check=True)
    if install[0].startswith("torch=="):
        # Once for all: it is most of every environment. First: asked for by another package, it comes with CUDA.
        shared = environment(TORCH, ["--no-deps " + install[0]])
        packages(python).joinpath("torch.pth").write_text(f"{packages(shared)}\n")
    for step in install:
        command = [str(python), "-m", "pip", "install", "-q", "--no-compile", "--prefer-binary", *step.split()]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{done.stderr}\ncould not install {step} for {name}")
    stamp.write_text(json.dumps(install))
    return python


def packages(python: Path) -> Path:
    """The folder that an environment's packages are in."""
    return next(python.parents[1].glob("lib/python*/site-packages"))


def version(python: Path, distribution: str) -> str:
    """Give the version that is really installed there."""
    script = f"from importlib.metadata import version; print(version({distribution!r}))"
    return subprocess.run([str(python), "-c", script], capture_output=True, text=True, check=True).stdout.strip()


def outcome(name: str, python: Path, mistake: dict[str, Any]) -> dict[str, Any]:
    """Write the config with the mistake into an empty folder and let the peer read it there."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder) / "work"
        shutil.copytree(HERE / "peers" / name / "base", work)
        config = next(work.glob("config.*"))
        line = spoil(work / mistake.get("file", config.name), mistake) if mistake else 0
        command = [str(python), str(HERE / "driver.py"), str(HERE / "peers" / name / "adapter.py"), config.name]
        # Its home is empty: no settings of whoever runs this, and nothing left behind.
        variables = {**os.environ, **ENVIRONMENT, "HOME": folder, "TMPDIR": folder}
        for ours in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE") if about(name)["install"] else ():
            variables.pop(ours, None)
        try:
            done = subprocess.run(command, cwd=work, env=variables, capture_output=True, text=True, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            return {"refused": f"no answer in {SECONDS} seconds", "output": "", "line": line}
        return {**read(done), "line": line}


def spoil(path: Path, mistake: dict[str, Any]) -> int:
    """Put the mistake into a file; returns the line it ends on."""
    text = path.read_text()
    assert text.count(mistake["old"]) == 1, f"{mistake['old']!r} stands {text.count(mistake['old'])} times in {path}"
    before = text[: text.index(mistake["old"])]
    path.write_text(text.replace(mistake["old"], mistake["new"]))
    return mistake.get("line") or (before + mistake["new"]).rstrip("\n").count("\n") + 1


def read(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Take from the driver's output what the peer understood, or its refusal."""
    lines = done.stdout.splitlines()
    last = lines[-1] if lines else ""
    output = "\n".join([*lines[:-1], done.stderr])
    if last.startswith("understood: "):
        return {"understood": json.loads(last.removeprefix("understood: ")), "output": output}
    if last.startswith("refused: "):
        return {"refused": json.loads(last.removeprefix("refused: ")), "output": output}
    # argparse wrote its usage, which names every option there is, and then what is wrong.
    said = re.split(r"\berror: ", done.stdout + done.stderr)[-1].strip()
    return {"refused": said or f"exit status {done.returncode}", "output": ""}


# -- judging ----------------------------------------------------------------------------------------------------------


def judge(mistake: dict[str, Any], found: dict[str, Any], base: dict[str, Any]) -> dict[str, str]:
    """Name what happened by rules that are the same for all."""
    if "refused" in found:
        parts = ["rejects"]
        if re.search(rf"\bline:? {found['line']}\b|:{found['line']}:", found["refused"]):
            parts.append("line")
        if suggests(found["refused"], mistake.get("meant")):
            parts.append("suggestion")
        return {"outcome": " + ".join(parts), "says": shown(found["refused"])}
    value = at(found["understood"], mistake["look"])
    became = shown(f"{mistake['look']} is {json.dumps(value)}")
    if "right" in mistake and value == mistake["right"] and type(value) is type(mistake["right"]):
        return {"outcome": "understood", "says": became}
    for line in set(found["output"].splitlines()) - set(base["output"].splitlines()):
        if WARNING.search(line) and mistake.get("names", "\n") in line:
            return {"outcome": "warns", "says": shown(line)}
    return {"outcome": "silent", "says": became}


def suggests(message: str, meant: str | None) -> bool:
    """Whether a refusal says what would be right: the key that was meant, or what a value has to be."""
    if meant:
        return re.search(rf"(?<!\w){re.escape(meant)}(?!\w)", message) is not None
    return ADVICE.search(message) is not None


def at(tree: Any, path: str) -> Any:
    """Give the value at a dotted path, None where there is none."""
    for name in path.split("."):
        if isinstance(tree, list):
            tree = {str(place): item for place, item in enumerate(tree)}
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree


def shown(message: str) -> str:
    """A message on one line, without the folders of this machine."""
    flat = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", message).split())
    return re.sub(r"(/[\w.-]+)+/(?=[\w.-]+)", "", flat)[:300]


# -- telling ----------------------------------------------------------------------------------------------------------


def with_table(text: str, results: dict[str, Any]) -> str:
    """Put the results into the README's text, between its marks."""
    before, _, after = text.split(MARK)
    return f"{before}{MARK}\n{table(results)}\n\n{counted(results)}\n\n{ran(results)}\n{MARK}{after}"


def table(results: dict[str, Any]) -> str:
    """The table: a row for each mistake, a column for each peer."""
    heads = [heading(name, result) for name, result in results.items()]
    lines = ["| mistake | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    for row, title in json.loads(ROWS.read_text()).items():
        cells = [cell(result["rows"].get(row)) for result in results.values()]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def counted(results: dict[str, Any]) -> str:
    """The table in one sentence."""
    others = [result["rows"] for name, result in results.items() if name != "llmc"]
    theirs = [found["outcome"] for rows in others for found in rows.values() if found["outcome"] != "understood"]
    silent = theirs.count("silent")
    lines = sum("line" in outcome.split(" + ") for outcome in theirs)
    return f"Of {len(theirs)} mistakes the others took {silent} in silence, and named the line of {lines}."


def ran(results: dict[str, Any]) -> str:
    """What of each peer was run, and what of it was installed."""
    lines = []
    for name, result in results.items():
        peer = about(name)
        line = f"- {heading(name, result)}: {peer['ran']}."
        lines.append(f"{line} Installed {peer['installed']}." if "installed" in peer else line)
    return "\n".join(lines)


def heading(name: str, result: dict[str, Any]) -> str:
    """A peer's name and version; llmc is what stands in this checkout."""
    return " ".join(filter(None, (about(name)["title"], result["version"])))


def cell(found: dict[str, str] | None) -> str:
    """A cell's text; what goes unsaid is what should be seen."""
    if not found:
        return "–"
    return f"**{found['outcome']}**" if found["outcome"] in ("silent", "warns") else found["outcome"]


if __name__ == "__main__":
    main()
