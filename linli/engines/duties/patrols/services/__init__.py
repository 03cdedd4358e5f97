"""Verbs of patrols: routes and their codes, rounds and check-ins, missed slots, lone volunteers."""
