"""The hot lanes: plain async handlers before Django, for what comes in masses (reports), stays long (live) or must always answer (health)."""
