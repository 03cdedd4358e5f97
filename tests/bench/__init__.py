"""Benchmarks: each measures its floor in the same run and prints one JSON object. Run by ``linli bench NAME``."""
