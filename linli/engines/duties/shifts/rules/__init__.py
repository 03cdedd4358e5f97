"""Shifts: who may sign up, what a roster must keep to, where nobody stands, and a roster that a solver proposes. Pure."""
