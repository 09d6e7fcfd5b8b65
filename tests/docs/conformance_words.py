"""Words of the conformance pages: a row that begins with one of these may have no test."""
LATER = "*a later step*"
NOT = "*not:* "  # and why
UNDONE = ("*a later step", NOT)
