"""Kantata OX as a mock vendor: `ROOM`, its `Settings`, and `FeedFault` for the world to put on `system.state.feed_faults`."""

from __future__ import annotations

from .room import ROOM
from .state import Desk, FeedFault, Settings

__all__ = ["ROOM", "Desk", "FeedFault", "Settings"]
