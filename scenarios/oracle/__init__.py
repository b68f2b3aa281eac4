"""The judge. It reads the history of a run and says, in hours and money, what was lost, doubled or left half done.

It shares no code with what it judges: its own tax table, its own arithmetic, its own state machines. It knows only the
record types of `scenarios/history.py`. The way in: `Trail.take` while the run goes, then `judge(trail, twin)`.
"""
