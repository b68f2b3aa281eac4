"""A small story that uses everything a run uses; prints its trace. Run by test_two_processes.py in processes of its own."""

import asyncio
import hashlib
import json
import sys

import anyio

from scenarios.clock.asgi import call
from scenarios.clock.draws import bernoulli, exponential, poisson
from scenarios.clock.loop import run_virtual

DAYS = 20
WORKERS = 12


async def vendor(_scope, receive, send):
    body = json.loads((await receive())["body"])
    await asyncio.sleep(exponential(0.2, 7, "service", body["key"], body["attempt"]))
    status = 503 if bernoulli(0.2, 7, "down", body["key"], body["attempt"]) else 200
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b""})


class Story:
    def __init__(self, loop, order):
        self.loop, self.trace, self.order = loop, [], order

    def log(self, *words):
        self.trace.append(f"{self.loop.time():.6f} {' '.join(map(str, words))}")

    def consultant(self, env, name):
        for day in range(DAYS):
            for entry in range(poisson(2.0, 7, name, day)):
                key = f"{name}-{day}-{entry}"
                yield env.timeout(exponential(9_000, 7, "book", key))
                self.log("filed", key, (yield self.loop.as_event(self.send(key), name=f"send {key}")))
            yield env.timeout(86_400)

    async def send(self, key):
        for attempt in range(9):
            try:
                async with asyncio.timeout(0.5):
                    status, _, _ = await call(vendor, "POST", "/e", "", (), json.dumps({"key": key, "attempt": attempt}).encode())
            except TimeoutError:
                status = 0
            self.log("call", asyncio.current_task().get_name(), attempt, status)
            if status == 200:
                return attempt
            await asyncio.sleep(2**attempt)
        return None

    async def meeting(self, day):
        async def talk(number):
            try:
                await asyncio.sleep(60 + number)
            finally:
                self.log("left", day, number)

        async with anyio.create_task_group() as group:
            for number in range(WORKERS):
                group.start_soon(talk, number)
            await asyncio.sleep(65)
            group.cancel_scope.cancel()
        done, _ = await asyncio.wait([asyncio.create_task(asyncio.sleep(3, number)) for number in range(WORKERS)])
        self.log("done", *(task.result() for task in done))


async def main(loop, order):
    story = Story(loop, order)
    for number in range(WORKERS):
        loop.env.process(story.consultant(loop.env, f"P-{number:04}"))
    for day in range(DAYS):
        await story.meeting(day)
        await asyncio.sleep(86_400)
    if order == "broken":  # what the rules forbid: the order of a set of texts is the process's
        story.log(*{f"P-{number:04}" for number in range(WORKERS)})
    return story.trace


if __name__ == "__main__":
    trace = run_virtual(lambda loop: main(loop, sys.argv[1]), start_ms=0)
    sys.stdout.write(json.dumps({"events": len(trace), "hash": hashlib.sha256("\n".join(trace).encode()).hexdigest()}))
