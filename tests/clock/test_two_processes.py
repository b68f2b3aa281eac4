"""The promise itself: the same story in two processes under different hash seeds leaves the same trace, to the byte."""

import json
import os
import subprocess
import sys
from pathlib import Path

STORY = Path(__file__).with_name("story.py")
ROOT = STORY.parents[2]


def tell(hash_seed, order="kept", *options):
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, *options, str(STORY), order]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True)
    return json.loads(done.stdout)


def test_two_processes_tell_the_same_story():
    """Hash seeds, memory layout and asyncio's debug mode leave no mark on the trace."""
    first, second, debug = tell("1"), tell("random"), tell("2", "kept", "-X", "dev", "-W", "ignore")
    assert first == second == debug
    assert first["events"] > 1_000


def test_the_comparison_can_fail():
    """One set of texts in the trace, and two processes disagree."""
    assert tell("1", "broken") != tell("2", "broken")
