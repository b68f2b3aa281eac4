"""What a judge returns: how many facts it looked at and what is wrong, or why it could judge nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

WITNESS_LENGTH_MAX = 700


class CanNotJudge(Exception):
    """A run without facts for the invariant; the message says why."""


@dataclass
class Facts:
    """`checked` facts; `wrong` breaches of safety; `late` work that should have come to an end and did not."""

    checked: int = 0
    wrong: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)

    def expect(self, true: bool, otherwise: str) -> None:
        """Judge one fact."""
        self.checked += 1
        if not true:
            self.wrong.append(otherwise)

    @property
    def verdict(self) -> str:
        return "broken" if self.wrong else "unsettled" if self.late else "held"

    @property
    def witness(self) -> str:
        """The first breach in full, and how many more there are."""
        found = self.wrong or self.late
        if not found:
            return ""
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        return found[0][:WITNESS_LENGTH_MAX] + more
