"""Verbs of care. Reading is a verb, too: it is always written down."""
