"""The one place that knows both halves: it builds mock systems, orchestrator and firm for one run, and lets them live.

`accounts.py` gives both sides the same credentials, `people.py` is the firm's hands, `desk.py` its way to the orchestrator's
API, `planting.py` hangs the fault plan on its hooks, `living.py` runs the story to its end, over the links of `links.py` (virtual
time) or `sockets.py` (a pace that `pace.py` has checked). The ways in are `live_through` and `check_speed`.
"""

from scenarios.world.living import live_through
from scenarios.world.pace import check_speed

__all__ = ["check_speed", "live_through"]
