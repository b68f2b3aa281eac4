"""Things people type that programs choke on: names with every script and sign, ids that cannot be, hours that are none."""

from __future__ import annotations

from dataclasses import replace

from scenarios.clock.draws import choice, integer
from scenarios.firm.model import Account

NAME_CHARS_MAX = 79  # the shortest that any of the three systems holds of a company's name, less a sign of room

NAMES = (
    'Müller & Söhne "Groß" GmbH; Zweigstelle, Köln',
    '=HYPERLINK("http://x.example","Total")',
    "+49 Partner, -1 Ltd; @SUM(A1:A9)",
    "شركة النور للاستشارات ذ.م.م",
    "חברת ייעוץ בע״מ (Ltd)",
    "株式会社ノース・ブリッジ　東京支店",
    "Zoë’s Ôther–Company\u00a0№ 5 \\ 'Quoted' <b>&amp;</b> ]]>",
    "Cafe\u0301 de l'E\u0301toile (decomposed)",
    "Café de l'Étoile (composed)",
    "🚀 Rocket 👩‍💻 Software, Inc.",
    'Ltd., "The"; 50% off | A\\B / C*D ?',
    "Ω" * NAME_CHARS_MAX,
    "Nguyễn Thị Ánh Tuyết – Công ty TNHH",
)


def odd_name(seed: int, *meaning: str | int) -> str:
    """One of the names, the same for the same meaning."""
    return str(choice(NAMES, seed, "odd name", *meaning))


def odd_account(account: Account, seed: int) -> Account:
    """The same company under a name, a street and a contact that careless programs spoil."""
    return replace(
        account,
        name=odd_name(seed, "account", account.key),
        street='Straße des 17. Juni "135", Hof 2; =1+1',
        contact_given="Renée\u200d",
        contact_family="O'Brien-Łukasiewicz, Jr.",
    )


def similar_name(name: str) -> str:
    """The name as somebody else would write it."""
    head, _, tail = name.rpartition(" ")
    return f"{(head or tail).upper()} {tail if head else ''}".strip().replace(",", "") + "."


def bad_tax_id(tax_id: str) -> str:
    """The tax id with its last digit mistyped: the form is right, the check digit is not."""
    for place in range(len(tax_id) - 1, -1, -1):
        if tax_id[place].isdigit():
            return f"{tax_id[:place]}{(int(tax_id[place]) + 1) % 10}{tax_id[place + 1 :]}"
    return tax_id


def extreme_minutes(seed: int, key: str) -> tuple[int, ...]:
    """What people try to book: nothing, less than nothing, a billion, more than the longest day, a minute past it."""
    return (0, -integer(1, 600, seed, "below nought", key), 1_000_000_000, 25 * 60, 24 * 60 + 1)


NO_DAYS = ("2026-02-29", "2026-02-30", "0000-00-00", "2026-13-01")
