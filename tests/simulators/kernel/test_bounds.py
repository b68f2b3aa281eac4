from __future__ import annotations

from urllib.parse import parse_qsl

import pytest

from simulators.behaviours.cursors import Cursors
from simulators.behaviours.limits import Slots, Window
from simulators.behaviours.paging import by_number, by_offset
from simulators.kernel.calls import query_of
from simulators.kernel.records import Refusal

DAY = 86_400_000


def test_a_window_counts_to_its_limit_and_rolls() -> None:
    """At the limit a call is refused and not counted; as the oldest step leaves, as many are welcome as were in it."""
    window = Window(3, DAY, parts=24)
    hour = DAY // 24
    assert [window.take(n * hour) for n in (0, 0, 5)] == [True, True, True]
    assert (window.take(6 * hour), window.used, window.left(6 * hour)) == (False, 3, 0)
    assert window.wait_ms(6 * hour) == 18 * hour
    assert (window.take(24 * hour - 1), window.take(24 * hour), window.left(24 * hour)) == (False, True, 1)
    assert (window.take(500 * DAY, 3), window.take(500 * DAY), window.take(499 * DAY)) == (True, False, False)


def test_a_window_forgets_all_after_a_silence_as_long_as_itself() -> None:
    """However long nobody called, what is counted afterwards rolls as before."""
    window = Window(2, DAY, parts=24)
    assert [window.take(0, 2), window.take(DAY), window.take(3 * DAY)] == [True, True, True]
    assert (window.used, window.left(3 * DAY), window.left(4 * DAY)) == (1, 1, 2)


@pytest.mark.parametrize("raw", ["", "a=1&b=2", "a=1&a=2&&c", "a&=b&c==d", "q=x%20y+z&e=", "only=1,2&t=2026-01-01T00:00:00Z;x"])
def test_a_query_is_read_as_the_standard_library_reads_it(raw: str) -> None:
    """With and without percent signs, the shortcut and the long way agree."""
    assert query_of(raw.encode()) == dict(parse_qsl(raw, keep_blank_values=True))


def test_slots_are_given_back_once() -> None:
    """A slot given back twice would let one caller too many in: it is our bug."""
    slots = Slots(2)
    assert [slots.take(), slots.take(), slots.take()] == [True, True, False]
    slots.leave(None, None, None)
    assert (slots.take(), slots.peak) == (True, 2)
    slots.leave(None, None, None)
    slots.leave(None, None, None)
    with pytest.raises(AssertionError):
        slots.leave(None, None, None)


def test_a_cursor_is_kept_for_its_life_and_while_there_is_room() -> None:
    """The oldest goes when there are too many; a late caller finds nothing."""
    held = Cursors[str](lambda n: f"c{n}", life_ms=100, most=2)
    names = [held.keep(0, what) for what in "abc"]
    assert names == ["c1", "c2", "c3"]
    assert [held.find(99, n) for n in (*names, "c9")] == [None, "b", "c", None]
    assert (held.find(100, "c2"), len(held.held)) == (None, 1)


def test_pages_are_bounded() -> None:
    """Numbers that are none, or out of bounds, are refused by the parameter's name."""
    assert by_offset({"limit": "10", "offset": "30"}, default=5, most=10) == (10, 30)
    assert by_offset({}, default=5, most=10).of(range(9)) == range(5)
    assert by_number({"per_page": "20", "page": "3"}, default=5, most=200) == (20, 40)
    assert (by_offset({}, default=5, most=10).has_more(5), by_offset({}, default=5, most=10).has_more(6)) == (False, True)
    for name, text in [
        ("limit", "0"),
        ("limit", "11"),
        ("limit", ""),
        ("limit", "ten"),
        ("limit", "1.5"),
        ("offset", "-1"),
        ("offset", "9" * 40),
        ("offset", "²"),
    ]:
        with pytest.raises(Refusal) as caught:
            by_offset({name: text}, default=5, most=10)
        assert (caught.value.code, caught.value.field) == ("page", name)
