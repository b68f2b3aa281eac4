"""The PSA port over Kantata's REST API. Nothing here has an external id of ours, so every create can be looked up by its exact title."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import msgspec

from orchestrator.canonical import refs
from orchestrator.canonical.engagement import Demand, Ref, Story, Workspace
from orchestrator.canonical.work import MilestoneSeen, Withdrawn, Work
from orchestrator.errors import BusinessException, Transient, Unknown
from orchestrator.policies.matching import only
from orchestrator.policies.ownership import Guard
from orchestrator.ports import Clock, Hint, Response, Shown
from orchestrator.systems.http import Bare, Link, SignIn, Token, decoded, encode, excerpt, refusal, safely
from orchestrator.systems.instants import utc
from orchestrator.systems.kantata import events, mapping
from orchestrator.systems.kantata.mapping import Envelope

BASE = "/api/v1"
JSON = (("content-type", "application/json"), ("accept", "application/json"))
FORBIDDEN = 403
PAGE = 200
PAGES_MAX = 200
YEAR_MS = 365 * 86_400_000
PLAIN = re.compile(r"[A-Za-z0-9_.:,-]*")
WORK_INCLUDE = "user,active_submission"
SUBMISSIONS = {"time": ("timesheet_submissions", "time_entries"), "expense": ("expense_report_submissions", "expenses")}


class Problem(msgspec.Struct):
    type: str = ""
    message: str = ""
    field: str | None = None


class Problems(msgspec.Struct):
    errors: list[Problem] = []


_envelope = msgspec.json.Decoder(Envelope)
_problems = msgspec.json.Decoder(Problems)


def whole(resource: str, pages: list[Envelope]) -> list[Envelope]:
    """Return the pages when each holds the rows it lists, and nothing moved while they were read.

    Raises Transient: a row that slid over a page's edge would be missed.
    """
    for page in pages:
        rows = getattr(page, resource)
        bare = [key.id for key in page.results if key.id not in rows]
        if bare:
            raise Transient(f"psa: {resource} lists {', '.join(bare[:3])} without the rows themselves", system="psa")
    counts = {page.meta.count for page in pages}
    if len(pages) > 1 and counts != {None} and counts != {len({key.id for page in pages for key in page.results})}:
        raise Transient(f"psa: {resource} moved while {len(pages)} pages were read", system="psa")
    return pages


def made_id(made: Envelope) -> str:
    """The id of what a create made. Raises Unknown without one: the record is there, its id is not known."""
    if not made.results:
        raise Unknown("psa made a record and did not say which", system="psa")
    return made.results[0].id


def single(there: dict[str, str], what: str) -> dict[str, str]:
    """Return {id: name} as it is. Raises BusinessException(SEVERAL_MATCHES) when two have one name: a third would make it worse."""
    twice = sorted(name for name, times in Counter(there.values()).items() if times > 1)
    if twice:
        raise BusinessException("SEVERAL_MATCHES", f"{what} {', '.join(twice)} is there more than once; leave one", system="psa")
    return there


def bearer(token: str, clock: Clock) -> SignIn:
    """A token that does not expire until it is revoked (memory)."""

    async def sign_in(_bare: Bare) -> Token:
        return Token("Bearer " + token, clock() + YEAR_MS)

    return sign_in


@lru_cache(maxsize=256)
def plainly(value: str) -> str:
    """A query value, percent-encoded only when it must be: nearly none of ours must."""
    return value if PLAIN.fullmatch(value) else quote(value, safe="")


class Kantata:
    """Implements `ports.Psa`."""

    def __init__(self, link: Link, guard: Guard) -> None:
        self._link, self._guard = link, guard
        self._roles: dict[str, str] = {}

    # Set-up.

    async def create_workspace(self, workspace: Workspace) -> Ref:
        self._guard.check("psa", "workspace", mapping.WORKSPACE_FIELDS)
        made = await self._write("POST", "workspaces", {"workspace": mapping.workspace(workspace)})
        return Ref(workspace.sow, made_id(made))

    async def find_workspace(self, workspace: Workspace) -> Ref | None:
        pages = await self._all("workspaces", {"search": workspace.sow, "include_archived": "false"})
        found = only((row for page in pages for row in page.workspaces.values()), workspace.title, lambda row: row.title)
        return Ref(workspace.sow, found.id) if found else None

    async def archive_workspace(self, workspace: Ref) -> None:
        self._guard.check("psa", "workspace", ("archived",))
        await self._write("PUT", f"workspaces/{workspace.id}", {"workspace": {"archived": True}})

    async def reschedule(self, workspace: str, end_on: str) -> None:
        self._guard.check("psa", "workspace", ("due_on",))
        await self._write("PUT", f"workspaces/{workspace}", {"workspace": {"due_date": end_on}})

    async def create_stories(self, workspace: str, stories: tuple[Story, ...]) -> dict[str, str]:
        self._guard.check("psa", "story", mapping.STORY_FIELDS)
        there = await self._stories(workspace)
        bodies = {story.key: {"story": mapping.story(workspace, story)} for story in stories if story.key not in there.values()}
        return there | await self._create("stories", bodies)

    async def find_stories(self, workspace: str, stories: tuple[Story, ...]) -> dict[str, str] | None:
        there = await self._stories(workspace)
        return there if {story.key for story in stories} <= set(there.values()) else None

    async def create_demands(self, workspace: str, demands: tuple[Demand, ...]) -> dict[str, str]:
        self._guard.check("psa", "workspace_resource", mapping.DEMAND_FIELDS)
        there = await self._demands(workspace)
        missing = [demand for demand in demands if demand.label not in there.values()]
        bodies = {
            one.label: {"workspace_resource": mapping.demand(workspace, one, await self._role(one.role))} for one in missing
        }
        return there | await self._create("workspace_resources", bodies)

    async def find_demands(self, workspace: str, demands: tuple[Demand, ...]) -> dict[str, str] | None:
        there = await self._demands(workspace)
        return there if {demand.label for demand in demands} <= set(there.values()) else None

    # The mirror.

    async def show(self, shown: Shown) -> None:
        self._guard.check("psa", "external_reference", mapping.SHOWN_FIELDS)
        await self._write("POST", "external_references/create_or_update", {"external_reference": mapping.reference(shown)})

    async def shown_on(self, workspace: str) -> list[Shown]:
        pages = await self._all("external_references", {"subject_type": "Workspace", "subject_id": workspace})
        return [mapping.shown_of(page.external_references[key.id]) for page in pages for key in page.results]

    # Approved work.

    async def approved_work(self, workspace: str, since: int) -> list[Work]:
        about = {"workspace_id": workspace, "approved": "true", "updated_after": utc(since - 1000), "include": WORK_INCLUDE}
        return [*await self._times({**about, "billable": "true"}), *await self._expenses(about)]

    async def work_by_source(self, sources: tuple[str, ...]) -> list[Work]:
        times = [source[3:] for source in sources if source.startswith("TE-")]
        expenses = [source[3:] for source in sources if source.startswith("EX-")]
        found: list[Work] = []
        if times:
            found += await self._times({"only": ",".join(times), "include": WORK_INCLUDE})
        if expenses:
            found += await self._expenses({"only": ",".join(expenses), "include": WORK_INCLUDE})
        return found

    async def seats(self, workspace: str) -> list[tuple[str, str]]:
        pages = await self._all("assignments", {"workspace_id": workspace, "include": "assignee"})
        return [seat for page in pages for seat in mapping.seats_of(page)]

    async def withdrawn(self, kind: str, submission: str) -> Withdrawn | None:
        resource, lines = SUBMISSIONS[kind]
        for page in await self._all(resource, {"only": submission, "include": f"{lines},workspace"}):
            for key in page.results:
                row = getattr(page, resource)[key.id]
                if row.status in mapping.DECIDED_AGAINST:
                    title = page.workspaces[row.workspace_id].title if row.workspace_id in page.workspaces else ""
                    sources = [refs.time(id) for id in row.time_entry_ids] + [refs.expense(id) for id in row.expense_ids]
                    return Withdrawn(refs.sow_in(title), row.id, tuple(sources))
        return None

    async def milestone(self, story: str) -> MilestoneSeen | None:
        pages = await self._all("stories", {"only": story, "include": "custom_field_values"})
        return next((mapping.milestone_of(page.stories[key.id], page) for page in pages for key in page.results), None)

    async def sow_of(self, workspace: str) -> str:
        pages = await self._all("workspaces", {"only": workspace})
        return next((refs.sow_in(page.workspaces[key.id].title) for page in pages for key in page.results), "")

    # What changed.

    async def feed(self, since: int) -> list[Hint]:
        asked = {"created_after": utc(since - 1000), "event_types": events.TYPES, "include": "subject,custom_field_values"}
        pages = await self._all("subscribed_events", asked)
        hints = (events.hint_of(page.subscribed_events[key.id], page) for page in pages for key in page.results)
        return [hint for hint in hints if hint is not None]

    async def time_since(self, since: int) -> list[Hint]:
        return await self._hints("time_entries", since)

    async def expenses_since(self, since: int) -> list[Hint]:
        return await self._hints("expenses", since)

    async def milestones_since(self, since: int) -> list[Hint]:
        asked = {"story_type": "milestone", "updated_after": utc(since - 1000), "include": "custom_field_values"}
        seen = ((page.stories[key.id], page) for page in await self._all("stories", asked) for key in page.results)
        return [hint for row, page in seen if (hint := mapping.hint_of_story(row, page)) is not None]

    async def withdrawn_since(self, since: int) -> list[Hint]:
        found: list[Hint] = []
        for kind, (resource, _) in SUBMISSIONS.items():
            asked = {"statuses": "rejected,cancelled", "updated_after": utc(since - 1000)}
            rows = (getattr(page, resource)[key.id] for page in await self._all(resource, asked) for key in page.results)
            found += [hint for row in rows if (hint := mapping.back_of(kind, row)) is not None]
        return found

    # How it speaks.

    async def _hints(self, resource: str, since: int) -> list[Hint]:
        asked = {"approved": "true", "updated_after": utc(since - 1000), "include": "active_submission"}
        pages = await self._all(resource, asked)
        hints = (mapping.hint_of_work(page, resource, key.id) for page in pages for key in page.results)
        return [hint for hint in hints if hint is not None]

    async def _times(self, asked: dict[str, str]) -> list[Work]:
        pages = await self._all("time_entries", asked)
        rows = (mapping.time_work(page.time_entries[key.id], page) for page in pages for key in page.results)
        return [work for work in rows if work is not None]

    async def _expenses(self, asked: dict[str, str]) -> list[Work]:
        pages = await self._all("expenses", asked)
        rows = (mapping.expense_work(page.expenses[key.id], page) for page in pages for key in page.results)
        return [work for work in rows if work is not None]

    async def _stories(self, workspace: str) -> dict[str, str]:
        pages = await self._all("stories", {"workspace_id": workspace})
        rows = [page.stories[key.id] for page in pages for key in page.results]
        return single({row.id: line for row in rows if (line := refs.line_in(row.title))}, "task")

    async def _demands(self, workspace: str) -> dict[str, str]:
        pages = await self._all("workspace_resources", {"workspace_id": workspace, "include_unnamed": "true"})
        rows = [page.workspace_resources[key.id] for page in pages for key in page.results]
        return single({row.id: row.label for row in rows if row.label}, "demand")

    async def _role(self, name: str) -> str:
        """The account's id of a role, from its list of roles; asked again while a name is missing."""
        if name not in self._roles:
            for page in await self._all("roles", {}):
                self._roles |= {row.name: row.id for row in page.roles.values()}
        if name not in self._roles:
            raise BusinessException("RATE_MISSING", f"the PSA has no role {name}", system="psa")
        return self._roles[name]

    async def _all(self, resource: str, asked: dict[str, str]) -> list[Envelope]:
        """Every page of a question, first to last."""
        pages: list[Envelope] = []
        asking = "&".join([f"{name}={plainly(value)}" for name, value in asked.items()]) + f"&per_page={PAGE}"
        for number in range(1, PAGES_MAX + 1):
            page = await safely(self._read(f"{BASE}/{resource}?{asking}&page={number}"))
            pages.append(page)
            if number >= page.meta.page_count:
                return whole(resource, pages)
        raise Transient(f"psa: {resource} has more than {PAGES_MAX} pages", system="psa")

    async def _read(self, path: str) -> Envelope:
        return self._opened(await self._link.call("GET", path, b"", JSON))

    async def _create(self, resource: str, bodies: dict[str, dict[str, Any]]) -> dict[str, str]:
        """Create the records one after another: {id: name}. Raises Unknown from the first one that was made onwards.

        What is there by then may not be shown yet: the list that names what is missing has to settle before it is asked again.
        """
        made: dict[str, str] = {}
        for name, body in bodies.items():
            try:
                made[made_id(await self._write("POST", resource, body))] = name
            except Transient as error:
                if not made:
                    raise
                raise Unknown(f"psa: {len(made)} of {len(bodies)} {resource} were made: {error}", system="psa") from error
        return made

    async def _write(self, method: str, path: str, body: dict[str, Any]) -> Envelope:
        return self._opened(await self._link.call(method, f"{BASE}/{path}", encode(body), JSON))

    def _opened(self, answer: Response) -> Envelope:
        if 200 <= answer.status < 300:
            return decoded("psa", _envelope, answer)
        try:
            problem = _problems.decode(answer.body).errors[0]
        except (msgspec.DecodeError, IndexError) as error:
            raise Transient(f"psa answered {answer.status} unreadably: {excerpt(answer)}", system="psa") from error
        code = "FORBIDDEN" if answer.status == FORBIDDEN else "VENDOR_REFUSED"
        raise refusal("psa", code, answer, problem.type, f"{problem.field or ''} {problem.message}".strip())
