"""Turns an experiment's spec into the files that a cluster needs to run it."""

__version__ = "0.1.0"
