"""The field app: a phone in a stairwell, with signal and without."""
