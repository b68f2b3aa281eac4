"""What the loops take from asyncio's and SimPy's inside, pinned: a new Python or SimPy that moved it fails here first."""

import asyncio
import inspect
from asyncio import base_events

import simpy
from simpy.core import BoundClass

PARTS = ("_ready", "_scheduled", "_stopping", "_closed", "_task_factory", "_clock_resolution")


def test_the_base_loop_still_has_the_parts_we_stand_on():
    """The queue of ready callbacks, the heap of timers and the stop flag are where we read them."""
    loop = base_events.BaseEventLoop()
    missing = [name for name in (*PARTS, "_run_once", "_timer_handle_cancelled", "_check_closed") if not hasattr(loop, name)]
    assert missing == []
    assert "_run_once()" in inspect.getsource(base_events.BaseEventLoop.run_forever)
    assert type(loop._ready).__name__ == "deque"
    assert loop._scheduled == []
    loop.close()


def test_handles_still_have_the_slots_we_fill():
    """Every slot of a handle is filled by `schedule.py`; a new one would be missing."""
    ours = {"_callback", "_args", "_cancelled", "_loop", "_source_traceback", "_repr", "_context", "__weakref__"}
    assert set(asyncio.Handle.__slots__) == ours
    assert set(asyncio.TimerHandle.__slots__) == {"_scheduled", "_when"}


def test_current_task_can_still_be_handed_over():
    """`start_now` runs a task inside another one by the documented hooks for loops."""
    assert callable(asyncio.tasks._enter_task)
    assert callable(asyncio.tasks._leave_task)


def test_simpy_still_keeps_its_queue_as_tuples_with_the_event_last():
    """Both loops pop events themselves: (when, priority, number, event)."""
    env = simpy.Environment()
    event = env.timeout(5)
    assert env._queue[0][0] == 5
    assert env._queue[0][3] is event
    assert len(env._queue[0]) == 4
    assert event.callbacks == []
    assert event._ok
    assert not hasattr(event, "_defused")
    assert [name for name, value in vars(simpy.Environment).items() if isinstance(value, BoundClass)]
