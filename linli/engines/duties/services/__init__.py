"""Verbs of the duties engine; each takes a batch."""
