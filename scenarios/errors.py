"""What the command may have to say to a person before a run begins.

UsageError          wrong words on the command line, an unreadable file: one sentence, exit code 2
`- Mistakes         all the mistakes of one scenario file, each `file:line:column: what, got, wanted`
HarnessError        the rehearsal itself failed: the verdict is unknown, exit code 22
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UsageError(Exception):
    """The user can mend it: the message says what, where, got against wanted, and what to do next."""


class Mistakes(UsageError):
    """Every mistake found in one file, in the order of its lines."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class HarnessError(Exception):
    """The harness could not finish its own work; nothing may be concluded about the design."""


def nearest(got: str, known: Iterable[str]) -> str:
    """Word an unknown name: the three nearest known ones, or all when there are few."""
    names = sorted(known)
    close = difflib.get_close_matches(got, names, n=3, cutoff=0.4)
    if close:
        return "did you mean " + " or ".join(close) + "?"
    return "known: " + ", ".join(names)
