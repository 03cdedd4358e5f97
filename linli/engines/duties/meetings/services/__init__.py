"""Verbs of meetings: ``convene`` meetings and their agendas · ``minutes`` kept and published · ``actions`` and what they became."""
