"""Run one orchestrator for real: settings from a YAML file, real sockets, the wall clock. Everything else is `wiring.build`.

python -m orchestrator.app settings.yaml --port 8080
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import httpx2
import uvicorn
from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from orchestrator.errors import OrchestratorError
from orchestrator.ports import Request, Send
from orchestrator.settings import Settings
from orchestrator.wiring import build

USAGE_EXIT = 2


class Answer(NamedTuple):
    """One complete answer from a socket."""

    status: int
    headers: dict[str, str]
    body: bytes


def sender(client: httpx2.AsyncClient) -> Send:
    """Carry requests over real sockets. Only a failed connect is surely not sent; every other failure is unknown."""

    async def send(request: Request) -> Answer:
        try:
            answer = await client.request(
                request.method, request.url, headers=list(request.headers), content=request.body, timeout=request.timeout_s
            )
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            raise ConnectionRefusedError(str(error)) from error
        except httpx2.TimeoutException as error:
            raise TimeoutError(str(error)) from error
        except httpx2.HTTPError as error:
            raise OSError(str(error)) from error
        return Answer(answer.status_code, dict(answer.headers), answer.content)

    return send


def settings_of(path: Path) -> Settings:
    """Read and check a settings file."""
    return Settings.model_validate(YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")))


async def run(settings: Settings, host: str, port: int) -> None:
    """Serve until the server is told to stop."""
    async with httpx2.AsyncClient(http2=False) as client:
        orchestrator = build(settings, send=sender(client), clock=wall_ms, sink=tell)
        server = uvicorn.Server(uvicorn.Config(orchestrator.app, host=host, port=port, log_level="warning"))
        moving = asyncio.create_task(orchestrator.serve(), name="orchestrator")
        serving = asyncio.create_task(server.serve(), name="server")
        try:
            await asyncio.wait((moving, serving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            server.should_exit = True
            moving.cancel()
            await serving
            with suppress(asyncio.CancelledError):
                await moving
            orchestrator.close()


def wall_ms() -> int:
    return int(time.time() * 1000)  # noqa: TID251  the one place that reads the wall clock


def tell(line: str) -> None:
    sys.stderr.write(line + "\n")


def main() -> int:
    """Run from the command line; 2 for settings that cannot be used."""
    parser = argparse.ArgumentParser(prog="orchestrator", description=__doc__)
    parser.add_argument("settings", type=Path)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    given = parser.parse_args()
    try:
        asyncio.run(run(settings_of(given.settings), given.host, given.port))
    except (OSError, YAMLError, ValidationError, OrchestratorError) as error:
        sys.stderr.write(f"{given.settings}: {error}\n")
        return USAGE_EXIT
    return 0


if __name__ == "__main__":
    sys.exit(main())
