"""Process APIs: the firm's durable business flow, one process a file, written against ports; no vendor is named here.

Everything of one SOW runs under one key, one run after another; different SOWs run side by side. Hints (pushes, feeds, polls) only
start runs: a run reads what it acts on. `pollers.py` and `intake.py` are not durable and hold nothing that a sweep would not find.
"""
