"""Replay: records of another system become matters, each at its own time, through the same services as a live report.

``mapping`` what a city's columns mean (a YAML file) · ``records`` rows read and translated · ``running`` the replay itself ·
``progress`` where it stands, so that it can be interrupted · ``summary`` what it prints at the end.
It invents nothing: how a record becomes steps is a named rule of the mapping (DECIDED 22).
"""
