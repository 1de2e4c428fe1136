"""The sections of a spec as classes. They mirror `schemas/`, file by file; a test holds them to it."""
