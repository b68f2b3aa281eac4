"""Simulated time: one asyncio loop coupled to a SimPy model, a calendar, keyed chance, guards, and in-process ASGI calls.

The way in is `loop.run_virtual`. This room knows neither simulators nor orchestrator: it only makes ordinary asyncio code run
in simulated time and proves that nothing else got in.
"""
