"""Two designs to compare the orchestrator with: a plain point-to-point integration, and people who copy by hand.

Both speak to the vendors over HTTP through the run's wire and know nothing else of the product. The way in: `Naive` and
`Manual`, each with `.app` (takes the CRM's pushes), `serve()`, `idle()` and `close()`, as the orchestrator has.
"""

from scenarios.designs.manual import Manual
from scenarios.designs.naive import Naive

__all__ = ["Manual", "Naive"]
