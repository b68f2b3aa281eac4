"""May this deal become a contract? Every rule of set-up, in one place, before anything is created anywhere.

`validate` is pure: a deal and the reference data in, a contract out, or the first rule that refuses.
"""

from __future__ import annotations

from orchestrator.canonical import refs
from orchestrator.canonical.contract import Contract, ContractLine
from orchestrator.canonical.deal import Deal, DealLine
from orchestrator.canonical.money import net
from orchestrator.canonical.party import Customer
from orchestrator.errors import BusinessException
from orchestrator.policies.reference import Entity, Reference

SIGNED, WON = "signed", "closed_won"
TYPES = ("tm", "milestone")


def validate(deal: Deal, reference: Reference) -> Contract:
    """Return the contract these terms make. Raises BusinessException with the code of the first rule that refuses."""
    if deal.status != SIGNED or not deal.signed_at:
        raise BusinessException("NOT_SIGNED", f"{deal.sow} is {deal.status}, not signed", field="sow.status")
    entity = reference.entities.get(deal.entity)
    if entity is None:
        raise BusinessException("ENTITY_UNKNOWN", f"{deal.sow} is sold by {deal.entity!r}", field="sow.selling_entity")
    _check_lines(deal, reference)
    _check_currency(deal, entity)
    _check_commercials(deal, reference)
    tax = reference.tax.decide(
        deal.entity, deal.party.address.country, deal.party.address.region, deal.party.tax_id, deal.tax_profile
    )
    return Contract(
        sow=deal.sow,
        opportunity=deal.opportunity,
        name=deal.name,
        type=deal.type,
        entity=deal.entity,
        currency=deal.currency,
        value=_value(deal),
        cap=deal.cap if deal.type == "tm" else None,
        terms=deal.terms,
        tax_profile=deal.tax_profile,
        tax_code=tax.code,
        start_on=deal.start_on,
        end_on=deal.end_on,
        template=reference.offerings[deal.offering],
        segment=deal.party.segment,
        signed_at=deal.signed_at,
        customer=_customer(deal),
        lines=tuple(_line(line) for line in sorted(deal.lines, key=_line_order)),
        terms_version=deal.terms_version or 1,
    )


def _check_lines(deal: Deal, reference: Reference) -> None:
    if deal.type not in TYPES:
        raise BusinessException("LINES_MISSING", f"{deal.sow} has type {deal.type!r}; wanted tm or milestone", field="sow.type")
    wanted = reference.roles if deal.type == "tm" else frozenset((reference.milestone_item,))
    foreign = sorted(line.item for line in deal.lines if line.item not in wanted)
    if not deal.lines or foreign:
        why = f"{deal.sow} ({deal.type}) has " + (f"lines of {', '.join(foreign)}" if foreign else "no lines")
        raise BusinessException("LINES_MISSING", why, field="opportunity_line.line_key")
    unkeyed = [line.key for line in deal.lines if refs.sow_of_line(line.key) != deal.sow]
    if unkeyed or len({line.key for line in deal.lines}) != len(deal.lines):
        raise BusinessException(
            "LINES_MISSING", f"{deal.sow} has lines without a key of its own", field="opportunity_line.line_key"
        )
    free = [line.key for line in deal.lines if deal.type == "tm" and line.rate <= 0]
    if free:
        raise BusinessException("RATE_MISSING", f"{', '.join(free)} has no rate", field="opportunity_line.unit_price")
    signed = deal.amount if deal.value is None else deal.value
    total = sum(line.amount for line in deal.lines)
    if deal.type == "milestone" and total != signed:
        raise BusinessException(
            "SCHEDULE_MISMATCH",
            f"milestones of {deal.sow} add up to {total}, the client signed for {signed}",
            field="opportunity_line.total_price",
        )


def _check_currency(deal: Deal, entity: Entity) -> None:
    if deal.currency != entity.currency or deal.sow_currency not in ("", deal.currency):
        why = f"deal in {deal.currency}, SOW in {deal.sow_currency or '-'}, {entity.code} books {entity.currency}"
        raise BusinessException("CURRENCY_MISMATCH", why, field="sow.currency")


def _check_commercials(deal: Deal, reference: Reference) -> None:
    if deal.terms not in reference.terms:
        raise BusinessException("TERMS_MISSING", f"{deal.sow} has terms {deal.terms!r}", field="sow.terms")
    if not deal.billing_email:
        raise BusinessException(
            "BILLING_CONTACT_MISSING", f"{deal.sow} has no billing contact with an email", field="sow.billing_contact_id"
        )
    if deal.offering not in reference.offerings:
        raise BusinessException("OFFERING_UNMAPPED", f"{deal.sow} sells {deal.offering!r}", field="sow.service_offering")


def _value(deal: Deal) -> int:
    if deal.type == "milestone":
        return sum(line.amount for line in deal.lines)
    return sum(net(line.quantity, line.rate, deal.currency) for line in deal.lines)


def _customer(deal: Deal) -> Customer:
    party = deal.party
    return Customer(
        refs.customer(party.number, deal.entity), party.number, deal.entity, party.name,
        deal.currency, deal.terms, deal.billing_email, party.address, party.tax_id,
    )  # fmt: skip


def _line(line: DealLine) -> ContractLine:
    name = line.description or line.item.removeprefix("ROLE-").capitalize()
    return ContractLine(line.key, line.item, name, line.quantity, line.rate, line.amount, line.service_on)


def _line_order(line: DealLine) -> tuple[int, str]:
    return len(line.key), line.key
