"""Asks the world outside, for `llmc lock` alone: the hub, folders, S3 and image registries.

No other command comes here; what is found out goes into a file, and compiling reads that.
"""
