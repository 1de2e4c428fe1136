"""Engines that generate text, and how the rows are shared between ranks."""
