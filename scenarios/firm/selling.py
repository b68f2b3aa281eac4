"""The sales side of the plan: deals with their accounts, terms, slips and the instants of every stage, won and lost."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from scenarios.clock.calendar import Place, next_working_day
from scenarios.clock.draws import bernoulli, choice, lognormal, u, weighted
from scenarios.firm.market import Market, cases, profile_of
from scenarios.firm.model import MILESTONE, REVERSE_CHARGE, TM, Account, Deal, Project, Sheet, Stages
from scenarios.firm.projects import closing_day
from scenarios.firm.quarter import Quarter, hour_of, working_days
from scenarios.firm.roster import MAIL, parts
from scenarios.firm.spec import FirmSpec
from scenarios.firm.terms import Pricing

OFFERINGS = ("advisory", "implementation", "managed-change", "data-platform", "cloud-migration", "assessment")
FRACTIONS = (0.0, 0.35, 0.65, 0.8, 0.9, 1.0, 1.0)
FIRST_HOUR, SLOT_HOURS = 9.0, 1.2
LOST_AMOUNT_MEDIAN, LOST_AMOUNT_SIGMA = 95_000_00, 1.1


def sellers(spec: FirmSpec, heads: int) -> int:
    """How many sellers an entity of that size has; at least two, so that a colleague exists."""
    return max(2, round(heads / spec.sales.heads_per_seller))


@dataclass(frozen=True)
class Book:
    """Sells the projects. `heads` counts people by entity; `sheets` is the planned work by SOW."""

    spec: FirmSpec
    seed: int
    quarter: Quarter
    heads: dict[str, int]
    sheets: dict[str, list[Sheet]]
    expenses: dict[str, int]

    def deals(self, projects: list[Project], prices: dict[str, Pricing]) -> list[Deal]:
        """Return won deals by number, then lost ones."""
        market, tax = Market(self.spec, self.seed), cases(self.seed, projects, self.spec)
        sold = [(project, market.account(project, tax[project.sow])) for project in projects]
        strategic = self._strategic(market.accounts)
        slips = self._slips(projects, tax)
        won = [
            self._won(project, strategic.get(account.key, account), tax[project.sow], prices[project.sow], slips[project.sow])
            for project, account in sold
        ]
        return won + self._lost(len(projects), market, strategic)

    def _won(self, project: Project, account: Account, case: str, pricing: Pricing, slips: frozenset[str]) -> Deal:
        sow, seed, sales = project.sow, self.seed, self.spec.sales
        lines = pricing.lines()
        amount = sum(line.total for line in lines)
        mine, colleague = self._sellers(project.entity, sow)
        again = bernoulli(sales.double_close_share, seed, "double close", sow)
        return Deal(
            number=project.number, entity=project.entity, kind=project.kind, account=account,
            name=f"{account.name} {project.start_on.year}", offering=choice(OFFERINGS, seed, "offering", sow),
            tax_profile=profile_of(case), cap=pricing.cap(amount, self.expenses.get(sow, 0)),
            currency=self.spec.entities[project.entity].currency,
            terms=weighted(list(self.spec.contracts.terms.items()), seed, "terms", sow), amount=amount,
            start_on=project.start_on, end_on=project.end_on, lines=lines, seller=mine, colleague=colleague,
            stages=self._stages(project.entity, sow, project.won_on, opening=project.opening), won=True, opening=project.opening,
            slips=slips, saves=2 if again or bernoulli(sales.saved_again_share, seed, "saved again", sow) else 1, closes_again=again,
        )  # fmt: skip

    def _sellers(self, entity: str, key: str) -> tuple[str, str]:
        """The seller of a deal and a colleague who is somebody else."""
        count = sellers(self.spec, self.heads[entity])
        mine = int(u(self.seed, "seller", key) * count)
        other = (mine + 1 + int(u(self.seed, "colleague", key) * (count - 1))) % count
        return (f"seller-{mine + 1}@{entity.lower()}.{MAIL}", f"seller-{other + 1}@{entity.lower()}.{MAIL}")

    def _stages(self, entity: str, key: str, decided_on: dt.date, *, opening: bool) -> Stages:
        """Spread the stages over the working days of the sale; each has its own slot of the day, so that they ascend."""
        place = self.spec.entities[entity].place
        days = self._sale_days(place, key, decided_on, opening=opening)
        at = [hour_of(day, self._slot(n, key), place) for n, day in enumerate(days)]
        if u(self.seed, "signed after", key) >= self.spec.sales.signed_after_won_share:
            return Stages(at[0], at[1], at[2], at[3], at[4], decided=hour_of(days[5], self._slot(6, key), place), signed=at[5])
        return Stages(*at)

    def _slot(self, number: int, key: str) -> float:
        return FIRST_HOUR + SLOT_HOURS * (number + u(self.seed, "slot", key, number))

    def _sale_days(self, place: Place, key: str, decided_on: dt.date, *, opening: bool) -> list[dt.date]:
        cycle = lognormal(self.spec.sales.cycle_days_median, self.spec.sales.cycle_sigma, self.seed, "cycle", key)
        since = max(self.quarter.start, decided_on - dt.timedelta(days=round(cycle)))
        if opening:
            since = self.quarter.start
        days = working_days(since, decided_on, place) or (decided_on,)
        at = [days[round(fraction * (len(days) - 1))] for fraction in FRACTIONS]
        at[6] = decided_on if opening else self._signing_day(place, key, decided_on)
        return at

    def _signing_day(self, place: Place, key: str, decided_on: dt.date) -> dt.date:
        return next_working_day(decided_on + dt.timedelta(days=int(3 * u(self.seed, "signing", key))), place)

    def _strategic(self, accounts: list[Account]) -> dict[str, Account]:
        """Return the strategic accounts by key: a share, and never fewer than guaranteed."""
        order = sorted(accounts, key=lambda account: u(self.seed, "strategic", account.key))
        sure = order[: self.spec.guarantees.strategic_account]
        drawn = [each for each in order if u(self.seed, "strategic", each.key) < self.spec.customers.strategic_share]
        return {account.key: replace(account, segment="strategic") for account in {a.key: a for a in (*sure, *drawn)}.values()}

    def _slips(self, projects: list[Project], tax: dict[str, str]) -> dict[str, frozenset[str]]:
        """Return each deal's slips: a share of all, and the guaranteed ones in the opening wave, on different deals."""
        made: dict[str, set[str]] = {project.sow: set() for project in projects}
        taken: set[str] = set()
        for name, share in self.spec.slips.model_dump().items():
            eligible = [p for p in projects if name != "missing_tax_id" or tax[p.sow] == REVERSE_CHARGE]
            order = sorted(eligible, key=lambda each: u(self.seed, "slip", name, each.sow))
            wanted = getattr(self.spec.guarantees, name, 0)
            sure = [each for each in order if each.opening and each.sow not in taken and not each.over_cap][:wanted]
            taken |= {each.sow for each in sure}
            for each in (*sure, *(p for p in order if u(self.seed, "slip", name, p.sow) < share)):
                made[each.sow].add(name)
        return {sow: frozenset(names) for sow, names in made.items()}

    def _lost(self, since: int, market: Market, strategic: dict[str, Account]) -> list[Deal]:
        """Return the proposals that are not won; they never become a SOW."""
        wins = self.spec.projects.starts_per_head_year / 4 * self.spec.heads
        count = round(wins * (1 / self.spec.sales.win_rate - 1))
        lost: list[Deal] = []
        for entity, many in parts(count, {code: float(n) for code, n in self.heads.items()}).items():
            for _ in range(many):
                lost.append(self._loss(since + len(lost) + 1, entity, market, strategic))
        return lost

    def _loss(self, number: int, entity: str, market: Market, strategic: dict[str, Account]) -> Deal:
        key, spec = f"S-{number:05}", self.spec
        day = closing_day(spec, self.seed, self.quarter, spec.entities[entity].place, key)
        kind = TM if bernoulli(spec.contracts.tm_share, self.seed, "kind", key) else MILESTONE
        project = Project(number, entity, kind, False, False, day, day, day + dt.timedelta(days=120))
        account = market.account(project, "STANDARD")
        mine, colleague = self._sellers(entity, key)
        amount = round(lognormal(LOST_AMOUNT_MEDIAN, LOST_AMOUNT_SIGMA, self.seed, "lost amount", key))
        return Deal(
            number=number, entity=entity, kind=kind, account=strategic.get(account.key, account), name=f"{account.name} {day.year}",
            offering=choice(OFFERINGS, self.seed, "offering", key), tax_profile="STANDARD", cap=None,
            currency=spec.entities[entity].currency, terms="NET30", amount=min(max(amount, 8_000_00), 6_000_000_00),
            start_on=project.start_on, end_on=project.end_on, lines=(), seller=mine, colleague=colleague,
            stages=self._stages(entity, key, day, opening=False), won=False, opening=False, slips=frozenset(), saves=1, closes_again=False,
        )  # fmt: skip
