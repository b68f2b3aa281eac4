"""Opportunities, their lines and quotes: what is sold, for how much, and how far the sale has come.

Once a deal has lines its amount is their sum: nobody writes it. `line_total` is that sum, None while there is no line.
"""

from __future__ import annotations

from typing import Any

from simulators.kernel.records import Field, Kind, Machine, Records, Refusal, Row, watching

from .authorship import CREATED_BY, OWNER, authored, following, owned
from .parties import is_merging

LINES_MAX = 2_000
RATE_IN_MINOR = 10_000  # quantity (hundredths) x rate (ten-thousandths) over this is minor units, for currencies of two digits
PROBABILITY = {"qualifying": 10, "proposal": 40, "negotiation": 70, "closed_won": 100, "closed_lost": 0, "reopened": 50}
OPEN_STAGES = ("qualifying", "proposal", "negotiation", "reopened")


def is_won(stage: str) -> bool:
    return stage == "closed_won"


def is_closed(stage: str) -> bool:
    return stage in ("closed_won", "closed_lost")


# -- opportunity ------------------------------------------------------------------------------------
def staged(records: Records, before: Row, values: dict[str, Any], _by: str) -> dict[str, Any]:
    """What follows from a new stage: its usual probability, the instant of the win, and when the stage moved."""
    stage = values.get("stage")
    if stage is None or (before is not None and before.stage == stage):
        return values
    made = {"probability": PROBABILITY.get(stage), **values, "stage_changed_at": records.clock()}
    if made["probability"] is None:
        made["probability"] = PROBABILITY.get(stage)
    if is_won(stage):
        made["won_at"] = made.get("won_at") or records.clock()
    elif before is not None:
        made["won_at"] = None
    return made


def summed_amount(_records: Records, before: Row, values: dict[str, Any], _by: str) -> dict[str, Any]:
    """Ignore an amount written by hand once lines make it."""
    if before is None or before.line_total is None or "amount" not in values or "line_total" in values:
        return values
    return {k: v for k, v in values.items() if k != "amount"}


def moved(before: Row, after: Row, *names: str) -> list[str]:
    return [n for n in names if before is not None and getattr(before, n) != getattr(after, n)]


def active_work(records: Records, opportunity_id: Any) -> Row:
    """The statement of work under delivery that stands on a deal, or None."""
    for sow in records.find(records.kinds["sow"], "opportunity_id", opportunity_id, LINES_MAX):
        if sow.delivery_status == "Active":
            return sow
    return None


@watching("amount", "currency", "account_id", "deleted")
def terms_are_fixed_under_delivery(records: Records, before: Row, after: Row) -> None:
    """Amount, currency and account of a deal do not move while its work is active; that takes a change order."""
    changed = moved(before, after, "amount", "currency", "account_id")
    if changed == ["account_id"] and is_merging(records, before, after):
        return
    if changed and not after.deleted and active_work(records, after.id) is not None:
        raise Refusal("frozen", f"{changed[0]} is fixed while work is active; raise a change order", field=changed[0])


@watching("currency")
def lines_hold_the_currency(_records: Records, before: Row, after: Row) -> None:
    if moved(before, after, "currency") and after.line_total is not None:
        raise Refusal(
            "currency_held", "the currency of a deal with lines cannot be changed", field="currency", got=after.currency
        )


@watching("won_at")
def a_win_is_stamped_once(_records: Records, before: Row, after: Row) -> None:
    if before is not None and is_won(before.stage) and is_won(after.stage) and before.won_at != after.won_at:
        raise Refusal("frozen", "a won deal keeps the instant of its win; reopen it first", field="won_at", got=after.won_at)


@watching("stage")
def invoiced_deals_stay_won(records: Records, before: Row, after: Row) -> None:
    """A deal is not reopened once one of its statements of work was invoiced."""
    if before is None or not (is_won(before.stage) and after.stage == "reopened"):
        return
    for sow in records.find(records.kinds["sow"], "opportunity_id", after.id, LINES_MAX):
        if records.find(records.kinds["invoice_mirror"], "sow_id", sow.id, 1):
            raise Refusal(
                "illegal_transition", f"{sow.number} is invoiced; the deal cannot be reopened", field="stage", got=after.stage
            )


@watching("deleted")
def deleting_a_deal(records: Records, before: Row, after: Row) -> None:
    """A deal whose work is active stays; else its lines and quotes go with it, and its statements of work stand without a deal."""
    if before is None or not after.deleted:
        return
    if active_work(records, after.id) is not None:
        raise Refusal("in_use", "the deal has work under delivery", field="id", got=[after.id])
    for sow in records.find(records.kinds["sow"], "opportunity_id", after.id, LINES_MAX):
        records.change(records.kinds["sow"], sow, {"opportunity_id": None}, after.changed_by)
    for name in ("opportunity_line", "quote"):
        for child in records.find(records.kinds[name], "opportunity_id", after.id, LINES_MAX):
            records.remove(records.kinds[name], child, after.changed_by)


OPPORTUNITY = Kind(
    "opportunity",
    (
        Field("name", required=True),
        Field("number", unique=True),
        Field("account_id", "ref", indexed=True, to="account"),
        Field("stage", "state", indexed=True),
        Field("amount", "money"),
        Field("line_total", "money"),
        Field("currency", default="USD"),
        Field("close_on", "date", required=True, indexed=True),
        Field("probability", "int"),
        OWNER,
        Field("type"),
        Field("won_at", "instant"),
        Field("stage_changed_at", "instant"),
        Field("book_id", "ref", to="price_book"),
        CREATED_BY,
    ),
    machine=Machine(
        "stage",
        "qualifying",
        {
            "qualifying": ("proposal", "closed_lost"),
            "proposal": ("negotiation", "closed_lost"),
            "negotiation": ("closed_won", "closed_lost"),
            "closed_won": ("reopened",),
            "closed_lost": ("reopened",),
            "reopened": ("proposal", "negotiation", "closed_won", "closed_lost"),
        },
    ),
    rules=(
        terms_are_fixed_under_delivery, lines_hold_the_currency, a_win_is_stamped_once, invoiced_deals_stay_won, deleting_a_deal,
    ),
    key="number",
    derive=following(authored, owned, staged, summed_amount),
)  # fmt: skip


# -- lines ------------------------------------------------------------------------------------------
def product_of_the_price(records: Records, before: Row, values: dict[str, Any], _by: str) -> dict[str, Any]:
    """A price names its product; a product alone finds its active price in the deal's currency."""
    if before is not None:
        return values
    if values.get("price_entry_id") is not None:
        entry = records.get(records.kinds["price_entry"], values["price_entry_id"])
        return {**values, "product_id": entry.product_id} if entry is not None else values
    deal = records.get(OPPORTUNITY, values.get("opportunity_id") or "")
    if deal is None or values.get("product_id") is None:
        return values
    entries = records.find(records.kinds["price_entry"], "product_id", values["product_id"], LINES_MAX)
    fitting = [e.id for e in entries if e.currency == deal.currency and e.active]
    return {**values, "price_entry_id": fitting[0]} if fitting else values


def two_of_three(_records: Records, before: Row, values: dict[str, Any], _by: str) -> dict[str, Any]:
    """Quantity and unit price make the total; quantity and total make the unit price. An emptied price stays as it was."""
    if before is not None:
        values = {k: v for k, v in values.items() if v is not None or k not in ("unit_price", "total_price")}
    given = {n for n in ("quantity", "unit_price", "total_price") if values.get(n) is not None}
    if not given:
        return values
    quantity, unit, total = (
        values[n] if n in values else getattr(before, n, None) for n in ("quantity", "unit_price", "total_price")
    )
    if not quantity:
        return values
    if total is not None and "total_price" in given and "unit_price" not in given:
        return {**values, "unit_price": divided(total * RATE_IN_MINOR, quantity)}
    if unit is None:
        return values
    made = divided(quantity * unit, RATE_IN_MINOR)
    if {"unit_price", "total_price"} <= given and made != total:
        raise Refusal("contradiction", f"{quantity} x {unit} is {made}, not {total}", field="total_price", got=total)
    return {**values, "total_price": made}


def divided(value: int, by: int) -> int:
    """Integer division, half away from zero."""
    whole, rest = divmod(abs(value), abs(by))
    whole += 2 * rest >= abs(by)
    return whole if (value < 0) == (by < 0) else -whole


def lines_are_priced(records: Records, _before: Row, after: Row) -> None:
    if after.deleted:
        return
    if after.quantity == 0:
        raise Refusal("out_of_range", "a line sells something: quantity is not zero", field="quantity", got=0)
    if after.unit_price is None:
        raise Refusal("required", "unit_price is missing", field="unit_price")
    if after.price_entry_id is None:
        raise Refusal("required", "price_entry_id is missing", field="price_entry_id")
    deal, entry = records.live(OPPORTUNITY, after.opportunity_id), records.get(records.kinds["price_entry"], after.price_entry_id)
    if entry is not None and entry.currency != deal.currency:
        raise Refusal(
            "currency_mismatch",
            f"a price in {entry.currency} for a deal in {deal.currency}",
            field="price_entry_id",
            got=entry.currency,
        )


def lines_stay_with_their_deal(_records: Records, before: Row, after: Row) -> None:
    changed = moved(before, after, "opportunity_id", "price_entry_id", "product_id")
    if changed:
        raise Refusal("frozen", f"{changed[0]} of a line is fixed", field=changed[0])


def lines_are_fixed_under_delivery(records: Records, _before: Row, after: Row) -> None:
    """Nothing is added to, taken from or changed in what is under delivery."""
    if active_work(records, after.opportunity_id) is not None:
        raise Refusal("frozen", "lines are fixed while work is active; raise a change order", field="opportunity_id")


def lines_make_the_amount(records: Records, before: Row, after: Row) -> None:
    """Write the sum of all lines, as it will be, to the deal."""
    if before is not None and not after.deleted and before.total_price == after.total_price:
        return
    deal = records.get(OPPORTUNITY, after.opportunity_id)
    if deal is None or deal.deleted:
        return
    others = [x for x in records.find(OPPORTUNITY_LINE, "opportunity_id", after.opportunity_id, LINES_MAX) if x.id != after.id]
    if after.deleted and not others:
        records.change(OPPORTUNITY, deal, {"line_total": None}, after.changed_by)  # the last sum stays as a plain amount
        return
    total = sum(x.total_price for x in others) + (0 if after.deleted else after.total_price)
    records.change(OPPORTUNITY, deal, {"amount": total, "line_total": total}, after.changed_by)


OPPORTUNITY_LINE = Kind(
    "opportunity_line",
    (
        Field("opportunity_id", "ref", required=True, indexed=True, to="opportunity"),
        Field("product_id", "ref", to="product"),
        Field("price_entry_id", "ref", to="price_entry"),
        Field("line_key", unique=True),
        Field("quantity", "quantity", required=True),
        Field("unit_price", "rate"),
        Field("total_price", "money"),
        Field("service_on", "date"),
        Field("description"),
        CREATED_BY,
    ),
    rules=(lines_are_priced, lines_stay_with_their_deal, lines_are_fixed_under_delivery, lines_make_the_amount),
    key="line_key",
    derive=following(authored, product_of_the_price, two_of_three),
)


# -- quotes -----------------------------------------------------------------------------------------
def quoted_amount(records: Records, before: Row, values: dict[str, Any], _by: str) -> dict[str, Any]:
    """A quote begins with the amount of its deal."""
    if before is not None or values.get("grand_total") is not None:
        return values
    deal = records.get(OPPORTUNITY, values.get("opportunity_id") or "")
    return {**values, "grand_total": deal.amount} if deal is not None else values


QUOTE = Kind(
    "quote",
    (
        Field("opportunity_id", "ref", required=True, indexed=True, to="opportunity"),
        Field("name", required=True),
        Field("status", default="Draft"),
        Field("grand_total", "money"),
        CREATED_BY,
    ),
    derive=following(authored, quoted_amount),
)
