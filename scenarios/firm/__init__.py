"""The simulated firm: people who sell, work, approve, bill and pay, as SimPy actors with a log of everything they do.

The way in is `load_firm` for the numbers and `Firm` for a run. The firm knows the clock and the record types; it reaches systems
only through the ports `People` and `Desk`, and knows neither vendor nor orchestrator.
"""

from scenarios.firm.firm import Firm
from scenarios.firm.ports import ActRefused, Desk, People
from scenarios.firm.spec import FirmMistakes, FirmSpec, load_firm

__all__ = ["ActRefused", "Desk", "Firm", "FirmMistakes", "FirmSpec", "People", "load_firm"]
