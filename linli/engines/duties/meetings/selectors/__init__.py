"""Meetings as they are read: on the desk, in the calendar, by everyone."""
