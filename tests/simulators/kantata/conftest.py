import pytest

from .account import Account


@pytest.fixture
def account() -> Account:
    return Account()
