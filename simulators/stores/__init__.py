"""Where a system keeps its rows and its change log."""
