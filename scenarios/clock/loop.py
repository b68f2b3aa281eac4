"""The way into simulated time: the two loops and the helpers that run a `main(loop)` on them.

`run_virtual(main, start_ms=...)` for everything deterministic; `run_paced(main, start_ms=..., scale=60)` for others' processes at a
pace or in real time; `run_patient(main, start_ms=..., scale=20_000)` for a whole story over sockets in one process. All loops have `env` (the SimPy model), `clock()` (epoch ms), `calendar`, `as_event(coroutine)` and `until(event)`.
"""

from scenarios.clock.paced import PacedLoop, check_scale
from scenarios.clock.patient import PatientLoop
from scenarios.clock.running import run_paced, run_patient, run_virtual
from scenarios.clock.virtual import VirtualLoop

__all__ = ["PacedLoop", "PatientLoop", "VirtualLoop", "check_scale", "run_paced", "run_patient", "run_virtual"]
