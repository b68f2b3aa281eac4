"""Clerks at the orchestrator's own API: the exceptions desk and the billing run, by HTTP like everybody else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import msgspec

from scenarios.firm.ports import ActRefused

# ask(method, path, query, token, body) -> (status, body)
Ask = Callable[[str, str, str, str, bytes], Awaitable[tuple[int, bytes]]]
GONE_S = {503, 502, 504, 429}


class ClerksDesk:
    """`tokens`: {"clerk": token, "director": token, "billing": token, "evidence": token}."""

    def __init__(self, ask: Ask, tokens: dict[str, str]) -> None:
        self._ask, self.tokens = ask, tokens
        self.is_away: Callable[[str], bool] = lambda _queue: False
        self.ordered: list[tuple[str, str, int]] = []  # billing runs that were accepted

    async def exceptions(self, queue: str) -> list[dict[str, Any]]:
        """Open items of a queue, oldest first; nobody looks while its clerk is away."""
        if self.is_away(queue):
            return []
        return await self.listed(queue)

    async def listed(self, queue: str) -> list[dict[str, Any]]:
        """Open items of a queue, oldest first, whoever asks."""
        found = await self._call("GET", "/exceptions", "clerk", query=f"queue={quote(queue)}&state=open")
        listed = found["exceptions"] if isinstance(found, dict) else found
        return list(listed)

    async def resubmit(self, id: str, note: str) -> Any:
        """Send an item on after its source was mended."""
        return await self._call("POST", f"/exceptions/{quote(id, safe='')}/resubmit", "clerk", {"note": note})

    async def waive(self, id: str, reason: str, role: str = "clerk") -> Any:
        """Write an item off, with the authority of a clerk or of the director."""
        return await self._call("POST", f"/exceptions/{quote(id, safe='')}/waive", role, {"reason": reason})

    async def start_billing(self, entity: str, period: str, cut_off: int) -> Any:
        """Start the billing run of an entity for all work approved up to `cut_off` (ms)."""
        told = {"entity": entity, "period": period, "cut_off": cut_off}
        answer = await self._call("POST", "/billing-runs", "billing", told)
        self.ordered.append((entity, period, cut_off))
        return answer

    async def evidence(self) -> dict[str, Any]:
        """What the orchestrator says of itself."""
        return dict(await self._call("GET", "/evidence", "evidence"))

    async def _call(self, method: str, path: str, role: str, body: Any = None, query: str = "") -> Any:
        content = msgspec.json.encode(body) if body is not None else b""
        try:
            status, answer = await self._ask(method, path, query, self.tokens[role], content)
        except (OSError, TimeoutError) as error:
            raise ActRefused("unavailable", str(error)) from error
        if status in GONE_S:
            raise ActRefused("unavailable", f"{status}")
        decoded = msgspec.json.decode(answer) if answer else None
        if status >= 400:
            code = decoded.get("code", str(status)) if isinstance(decoded, dict) else str(status)
            raise ActRefused(str(code), answer.decode("utf-8", "replace")[:300])
        return decoded


class OfficeHours:
    """A desk that people find only while the office is open; what they ask later is refused like in an outage."""

    def __init__(self, desk: ClerksDesk, is_open: Callable[[], bool]) -> None:
        self._desk, self._is_open = desk, is_open

    async def exceptions(self, queue: str) -> list[dict[str, Any]]:
        return await self._entered().exceptions(queue)

    async def resubmit(self, id: str, note: str) -> Any:
        return await self._entered().resubmit(id, note)

    async def waive(self, id: str, reason: str, role: str = "clerk") -> Any:
        return await self._entered().waive(id, reason, role)

    async def start_billing(self, entity: str, period: str, cut_off: int) -> Any:
        return await self._entered().start_billing(entity, period, cut_off)

    def _entered(self) -> ClerksDesk:
        if not self._is_open():
            raise ActRefused("unavailable", "the office is closed")
        return self._desk
