"""What can be sold: products (one per role, MILESTONE, EXPENSE) and their prices, one entry per product and currency."""

from __future__ import annotations

from typing import Any

from simulators.kernel.records import Field, Kind, Records, Refusal, Row

from .authorship import CREATED_BY, authored, following

BOOK_ENTRIES_MAX = 10_000

PRICE_BOOK = Kind(
    "price_book",
    (
        Field("name", required=True),
        Field("is_standard", "flag", indexed=True, default=0),
        Field("active", "flag", default=1),
        CREATED_BY,
    ),
    key="name",
    derive=authored,
)

PRODUCT = Kind(
    "product",
    (Field("name", required=True), Field("code"), Field("family"), Field("active", "flag", default=1), CREATED_BY),
    key="code",
    derive=authored,
)


def standard_book(records: Records, before: Row, values: dict[str, Any], _by: str) -> dict[str, Any]:
    """An entry that names no book stands in the standard one, when there is one."""
    if before is not None or values.get("book_id") is not None:
        return values
    books = records.find(PRICE_BOOK, "is_standard", 1, 1)
    return {**values, "book_id": books[0].id} if books else values


def one_price_a_currency(records: Records, _before: Row, after: Row) -> None:
    """A product has one price in a book and a currency."""
    if after.deleted:
        return
    for other in records.find(PRICE_ENTRY, "product_id", after.product_id, BOOK_ENTRIES_MAX):
        if other.id != after.id and (other.book_id, other.currency) == (after.book_id, after.currency):
            raise Refusal("duplicate", "this price is already defined in this price book", field="product_id", got=other.id)


PRICE_ENTRY = Kind(
    "price_entry",
    (
        Field("product_id", "ref", required=True, indexed=True, to="product"),
        Field("book_id", "ref", indexed=True, to="price_book"),
        Field("currency", default="USD"),
        Field("unit_price", "money", required=True),
        Field("active", "flag", default=1),
        CREATED_BY,
    ),
    rules=(one_price_a_currency,),
    derive=following(authored, standard_book),
)
