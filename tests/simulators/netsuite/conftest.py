"""Accounts at three depths: lists only, with a project, with work on it."""

from __future__ import annotations

import pytest

from .account import Account


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def project(account: Account) -> Account:
    """One US customer with a project and a milestone order."""
    account.customer()
    account.job()
    account.order()
    return account


@pytest.fixture
def work(project: Account) -> Account:
    """The project with two time bills and an expense."""
    project.time("TE-1")
    project.time("TE-2", hours="0:15", rate=185.5555)
    project.expense("EX-1")
    return project
