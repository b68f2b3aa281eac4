"""What a system client may know of the step that is calling it: two context variables, set by the engine.

Lives below both, because systems may not import the engine. Empty outside of a step.
"""

from __future__ import annotations

from contextvars import ContextVar

effect_key: ContextVar[str] = ContextVar("effect_key", default="")
"""Stable idempotency key of the current step: the same on every attempt, pass and process that runs it.
`<run id>/<step>`: for external ids of vendors that allow only letters, digits, - and _, use a business key."""

correlation: ContextVar[str] = ContextVar("correlation", default="")
"""The business root the step works for, e.g. S-00042: sent to vendors as x-correlation-id."""
