"""How fast it is: every figure a ratio against a limit that is measured beside it, in the same run, in CPU time.

Way in: `measure(rounds)` returns the object that `rehearse bench --json` prints; `show` prints it for a person. A room that may
look at anything and that nothing else may import.
"""

from scenarios.bench.measuring import measure
from scenarios.bench.table import show

__all__ = ["measure", "show"]
