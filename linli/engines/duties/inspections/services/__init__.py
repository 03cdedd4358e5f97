"""Verbs of place ledgers: writing a leaf, taking what an inspection found, drawing places."""
