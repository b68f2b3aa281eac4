from __future__ import annotations

import pytest

from simulators.kernel.records import Refusal
from simulators.kernel.wire import Codec, Column, scaled, unscaled
from tests.simulators.kernel.conftest import World
from tests.simulators.kernel.mini import NOTES, TEXT


@pytest.mark.parametrize(
    ("value", "places", "whole"),
    [
        (1.005, 2, 101),
        (0.285, 2, 29),
        (1234.56, 2, 123456),
        (-1.005, 2, -101),
        (3, 4, 30_000),
        ("7.25", 2, 725),
        (0.1, 2, 10),
        (185.0, 4, 1_850_000),
    ],
)
def test_decimals_are_read_from_their_shortest_text(value: float | str, places: int, whole: int) -> None:
    """1.005 is 1.005, not the binary number below it; halves go up."""
    assert scaled(value, places) == whole


def test_a_scaled_number_shows_as_it_came() -> None:
    """Writing and reading back an amount loses nothing."""
    assert [scaled(unscaled(n, 2), 2) for n in range(-2000, 2000)] == list(range(-2000, 2000))


@pytest.mark.parametrize("value", [float("inf"), "x", "", None, [], "1e999999999"])
def test_what_is_no_number_is_refused_by_the_column(value: object) -> None:
    """A codec that cannot read a value refuses it under the vendor's name of the field."""
    column = Column("Price", "price", Codec("number", None, lambda v: scaled(v, 2)))
    if value is None:
        return
    with pytest.raises(Refusal) as caught:
        NOTES.retype("Price", column.codec).decode({"Title": "t", "Price": value}, "c")
    assert (caught.value.code, caught.value.field) == ("wrong_type", "Price")


def test_drift_is_an_edit_of_the_declaration(world: World) -> None:
    """Renamed, removed, demanded and retyped fields change what callers may say, and live rows stay."""
    system = world.system
    ask = lambda body, key="N-1": world.run(world.ask("PUT", f"/v1/note/{key}", body))[1]
    ask({"Title": "t", "Price": 10.5})
    system.adopt(NOTES.rename("Price", "Price_Net"))
    assert ask({"Price": 1})["error"] == "unknown_field"
    assert ask({"Price_Net": 2.5})["Price_Net"] == 2.5
    system.adopt(NOTES.remove("Price"))
    assert "Price" not in ask({"Title": "u"})
    system.adopt(NOTES.demand(Column("Region", "extra.region", TEXT)))
    assert ask({"Title": "t"}, "N-2") == {"error": "required", "message": "missing: Region", "field": "Region"}
    assert (ask({"Title": "v"})["Region"], ask({"Region": "EMEA"})["Region"]) == (None, "EMEA")
    system.adopt(NOTES.retype("Price", Codec("string", lambda v: f"{v / 100:.2f}", lambda t: scaled(t, 2), accepts=(str,))))
    assert (ask({"Price": 1})["error"], ask({"Price": "1.5"})["Price"]) == ("wrong_type", "1.50")


def test_a_column_over_no_field_cannot_be_declared() -> None:
    """Nor can a field that is not there be edited."""
    with pytest.raises(AssertionError, match="Ghost"):
        NOTES.demand(Column("Ghost", "ghost", TEXT))
    with pytest.raises(AssertionError, match="Ghost"):
        NOTES.remove("Ghost")
