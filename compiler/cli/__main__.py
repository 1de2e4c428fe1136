"""`python -m llmc.compiler.cli`: the same as `llmc`, where scripts are not on the path."""

from llmc.compiler.cli.main import main

main()
