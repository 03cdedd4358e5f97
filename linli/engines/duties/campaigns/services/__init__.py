"""Verbs of campaigns: ``running`` starting, laying out, noting, ending · ``sharing`` who goes to the doors."""
