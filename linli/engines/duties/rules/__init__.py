"""Duties, pure: who or what they are about, when they recur, and what a check-in does to one."""
