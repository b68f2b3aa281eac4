"""Which tax code a contract is sold under: a decision table, read top down. The ERP computes the tax; this only decides the code."""

from __future__ import annotations

import msgspec

from orchestrator.errors import BusinessException
from orchestrator.policies.tax_ids import is_possible


class Rule(msgspec.Struct, frozen=True):
    """One row of the table; `rate` is percent x 1000."""

    country: str
    profile: str
    code: str
    rate: int
    region: str = ""
    tax_id: bool = False


class TaxTable(msgspec.Struct, frozen=True):
    """The decision table: each entity's rows, its home country, and the member states of the EU."""

    homes: dict[str, str]
    eu: frozenset[str]
    rules: dict[str, tuple[Rule, ...]]

    def decide(self, entity: str, country: str, region: str, tax_id: str, profile: str) -> Rule:
        """Return the row that fits.

        Raises BusinessException: ENTITY_UNKNOWN, TAX_PROFILE_MISSING, TAX_ID_MISSING or TAX_ID_INVALID (the fitting row needs one), or
        TAX_PROFILE_MISMATCH (no row fits, or the customer's country is unknown).
        """
        if entity not in self.rules:
            raise BusinessException("ENTITY_UNKNOWN", f"no tax rules for entity {entity!r}", field="sow.selling_entity")
        if not profile:
            raise BusinessException("TAX_PROFILE_MISSING", f"no tax profile for {entity}", field="sow.tax_profile")
        for rule in self.rules[entity]:
            if rule.profile == profile and rule.region in ("", region) and self._fits(rule.country, entity, country):
                if rule.tax_id and not tax_id:
                    raise BusinessException("TAX_ID_MISSING", f"{rule.code} needs the customer's tax id", field="account.tax_id")
                if rule.tax_id and not is_possible(tax_id, country):
                    raise BusinessException("TAX_ID_INVALID", f"{tax_id} is no tax id of {country}", field="account.tax_id")
                return rule
        raise BusinessException(
            "TAX_PROFILE_MISMATCH", f"{profile} does not fit {entity} selling to {country or 'nowhere'}", field="sow.tax_profile"
        )

    def _fits(self, wanted: str, entity: str, country: str) -> bool:
        home = self.homes[entity]
        if not country or wanted == "home":
            return bool(country) and country == home
        if country == home:
            return False
        return wanted in ("abroad", "eu" if country in self.eu else "world")
