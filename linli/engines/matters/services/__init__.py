"""The verbs of the engine: all of them batch-first, inside an open write, keyword-only."""
