"""Reads of place ledgers."""
