"""`python -m llmc.runtime`."""

import sys

from llmc.runtime.cli import main

if __name__ == "__main__":
    sys.exit(main())
