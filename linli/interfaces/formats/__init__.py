"""How dates are written in each language, where Django's own way could be misread (which of 03/12 is the month)."""
