"""Reads of the duties engine."""
