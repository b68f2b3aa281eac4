"""Whom the firm sells to: accounts with countries, states and exemptions, so that every tax case of the fixture occurs.

The first deals of an entity's opening wave are given one tax case each, by lot; the rest follow the shares.
"""

from __future__ import annotations

from scenarios.clock.draws import choice, u
from scenarios.firm import names
from scenarios.firm.model import EXEMPT, EXPORT, REVERSE_CHARGE, STANDARD, Account, Project
from scenarios.firm.spec import FirmSpec

TAXED = "TAXED"
CASES = {
    "US": (TAXED, EXEMPT, EXPORT),
    "UK": (EXPORT,),
    "DE": (REVERSE_CHARGE, EXPORT),
    "NL": (REVERSE_CHARGE, EXPORT),
    "AU": (EXPORT,),
    "SG": (EXPORT,),
}
ABROAD = {
    "US": ("GB", "DE", "AU", "NL"),
    "UK": ("US", "DE", "NL", "AU"),
    "DE": ("US", "GB", "AU"),
    "NL": ("US", "GB"),
    "AU": ("US", "GB", "SG"),
    "SG": ("US", "AU", "GB"),
}
UNION = {"DE": ("NL", "AT", "BE"), "NL": ("DE", "AT", "BE")}
HOME = {"US": "US", "UK": "GB", "DE": "DE", "NL": "NL", "AU": "AU", "SG": "SG"}


def cases(seed: int, projects: list[Project], spec: FirmSpec) -> dict[str, str]:
    """Return `{sow: tax case}`: STANDARD, TAXED (a taxing US state), EXEMPT, EXPORT or REVERSE_CHARGE."""
    given: dict[str, str] = {}
    for entity in spec.entities:
        mine = [project for project in projects if project.entity == entity]
        opening = sorted((each for each in mine if each.opening), key=lambda each: u(seed, "tax case", each.sow))
        sure = CASES[entity][: max(0, len(opening) - 1)]
        given |= {project.sow: case for project, case in zip(opening, sure, strict=False)}
        given |= {project.sow: drawn_case(spec, seed, entity, project.sow) for project in mine if project.sow not in given}
    return given


def drawn_case(spec: FirmSpec, seed: int, entity: str, key: str) -> str:
    """Draw the tax case of a deal."""
    at, shares = u(seed, "tax", key), spec.customers
    if at < shares.abroad_share:
        return choice([case for case in CASES[entity] if case in (EXPORT, REVERSE_CHARGE)], seed, "abroad", key)
    if entity == "US" and at < shares.abroad_share + shares.exempt_share:
        return EXEMPT
    if entity == "US" and at < shares.abroad_share + shares.exempt_share + shares.taxed_state_share:
        return TAXED
    return STANDARD


def profile_of(case: str) -> str:
    """Return the tax profile that stands on the SOW."""
    return STANDARD if case == TAXED else case


class Market:
    """Accounts by what decides their tax; made as deals need them, or sold to again."""

    def __init__(self, spec: FirmSpec, seed: int) -> None:
        self.spec, self.seed = spec, seed
        self.accounts: list[Account] = []
        self.by_market: dict[tuple[str, str], list[Account]] = {}

    def account(self, project: Project, case: str) -> Account:
        """Return the account a deal is sold to: a known one for some, else a new one."""
        country = self._country(project, case)
        market = (country, case if case in (TAXED, EXEMPT) else "")
        known = self.by_market.setdefault(market, [])
        abroad = case == EXPORT and bool(known)
        again = u(self.seed, "existing", project.sow) < self.spec.customers.existing_share
        if known and again and (abroad or not project.opening):
            return choice(known, self.seed, "account", project.sow)
        made = self._new(project, country, case)
        known.append(made)
        return made

    def _country(self, project: Project, case: str) -> str:
        if case == EXPORT:
            return choice(ABROAD[project.entity], self.seed, "country", project.sow)
        if case == REVERSE_CHARGE:
            return choice(UNION[project.entity], self.seed, "country", project.sow)
        return HOME[project.entity]

    def _new(self, project: Project, country: str, case: str) -> Account:
        key, seed = f"A-{len(self.accounts) + 1:05}", self.seed
        name = names.company_name(country, seed, key)
        street, city, region, postal_code = names.address(country, seed, key, taxed_state=case == TAXED)
        given, _, family = names.person_name(names.COUNTRIES[country].locale, seed, f"contact {key}").partition(" ")
        domain = names.domain_of(name)
        made = Account(
            key=key, name=name, country=country, region=region, street=street, city=city, postal_code=postal_code,
            tax_id=names.tax_id(country, seed, key), exempt=case == EXEMPT, segment="standard",
            industry=choice(names.INDUSTRIES, seed, "industry", key), home=project.entity,
            currency=self.spec.entities[project.entity].currency, phone=names.phone(country, seed, key),
            website=f"https://www.{domain}", contact_email=f"accounts.{key.lower()}@{domain}",
            contact_given=given, contact_family=family, contact_phone=names.phone(country, seed, f"contact {key}"),
        )  # fmt: skip
        self.accounts.append(made)
        return made
