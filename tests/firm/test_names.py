"""Names and tax ids: the same in every process, valid where a scheme has check digits."""

from __future__ import annotations

import re

import pytest

from scenarios.firm import names


@pytest.mark.parametrize(
    ("make", "digits", "known"),
    [
        (names.gb_vat, [3, 3, 9, 0, 7, 2, 7, 0, 0], "GB339072747"),
        (names.de_vat, [1, 3, 6, 6, 9, 5, 9, 7, 0], "DE136695976"),
        (names.be_vat, [4, 0, 3, 0, 1, 9, 2, 0, 0], "BE0403019261"),
        (names.at_vat, [1, 3, 5, 8, 5, 6, 2, 0, 0], "ATU13585627"),
        (names.nl_vat, [0, 0, 4, 4, 9, 5, 4, 4, 0], "NL004495445B01"),
        (names.au_abn, [8, 2, 4, 7, 5, 3, 5, 5, 6], "51824753556"),
    ],
)
def test_check_digits_are_those_of_published_examples(make, digits, known):
    """Each scheme's own published example comes out of its first digits."""
    assert make(digits) == known


@pytest.mark.parametrize("country", sorted(names.COUNTRIES))
def test_companies_have_the_manner_of_their_country(country):
    """Name, address, telephone and tax id exist for every country we sell to, and differ from account to account."""
    made = {(names.company_name(country, 1, f"A-{n:05}"), names.tax_id(country, 1, f"A-{n:05}")) for n in range(50)}
    assert len(made) == 50
    assert all(name.rsplit(" ", 1)[1] in " ".join(names.COUNTRIES[country].forms) for name, _ in made)
    street, city, _, postal_code = names.address(country, 1, "A-00001")
    assert street
    assert city
    assert postal_code
    assert "\n" not in street


def test_a_taxed_state_is_one_of_the_fixture():
    """Hawaii, New Mexico, South Dakota and West Virginia tax our services."""
    assert {names.address("US", 1, f"A-{n}", taxed_state=True)[2] for n in range(60)} == {"HI", "NM", "SD", "WV"}


def test_domains_are_reserved_ones():
    """No invented company owns a real domain, however it is spelled."""
    for name in ("Müller & Söhne GmbH & Co. KG", "'t Hooft N.V.", "Ågren plc"):
        assert re.fullmatch(r"[a-z0-9-]+\.example", names.domain_of(name))


def test_pools_are_the_same_for_every_run():
    """A run picks by meaning from pools made once; the first names are pinned with Faker's version."""
    assert names.person_name("en_US", 1, "P-0001") == names.person_name("en_US", 1, "P-0001")
    assert names.pool("de_DE") is names.pool("de_DE")
