"""Durable execution: a process is an async function whose waits, effects and answers survive a crash.

`port` says what a process may ask and what an engine must supply, `conduct` gives a run its meaning once for
every engine, `embedded` is the engine on one SQLite file. Knows no vendor and no business rule.
"""
