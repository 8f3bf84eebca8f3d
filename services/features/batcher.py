"""Batches that fit: a fixed number of items at once, fewer while memory is short."""

from __future__ import annotations


class OutOfMemory(Exception):
    """A batch did not fit into the memory of the device or server; a smaller one may."""
