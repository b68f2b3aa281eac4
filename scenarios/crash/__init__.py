"""Dying and living on: the machine an orchestrator runs on, and the enumeration of every point at which it can be killed.

`machine.py` holds one store through many lives of the orchestrator and kills a life at a named point; `points.py` names points by
what they mean; `forks.py` lives a crash in a child process, so that no prefix is run twice; `campaign.py` is `rehearse crash`.
"""
