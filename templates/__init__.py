"""The text artefacts as Jinja templates; structured files are never templates. `init/` holds specs to start from."""

from pathlib import Path

FOLDER = Path(__file__).parent
