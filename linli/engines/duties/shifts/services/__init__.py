"""Verbs of shifts: rosters and who is in them, who was there, calendars by private address."""
