#!/bin/sh
# Runs quickstart on the target local. Written by llmc: change the spec, not this file.
# The runtime checks every digest in ../manifest.json, then starts the ranks that run.json describes.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
exec "${PYTHON:-python3}" -m llmc.runtime run "$here" "$@"
