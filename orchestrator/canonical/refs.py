"""Business keys and the external ids made of them: the names that survive every system, retry and restart."""

from __future__ import annotations

import re

SOW = re.compile(r"\bS-\d{5,}\b")
WBS = re.compile(r"^(S-\d{5,}-[RM]\d+)\b")


def customer(account: str, entity: str) -> str:
    return f"CUS-{account}-{entity}"


def order(sow: str) -> str:
    return f"SO-{sow}"


def job(sow: str) -> str:
    return f"JOB-{sow}"


def subsidiary(entity: str) -> str:
    return f"SUB-{entity}"


def time(psa_id: str) -> str:
    return f"TE-{psa_id}"


def expense(psa_id: str) -> str:
    return f"EX-{psa_id}"


def work_invoice(sow: str, period: str, number: int) -> str:
    """`period` is "2026-03"; `number` counts the billing runs of that period from 1."""
    return f"INV-{sow}-{period.replace('-', '')}-{number}"


def milestone_invoice(milestone: str) -> str:
    """`milestone` is a line key such as S-00042-M1."""
    return f"INV-{milestone}"


def sow_in(text: str) -> str:
    """Return the first SOW number in `text` (a title, an external id), or ""."""
    found = SOW.search(text)
    return found.group() if found else ""


def line_in(title: str) -> str:
    """Return the line key a story title begins with, or ""."""
    found = WBS.match(title)
    return found.group(1) if found else ""


def sow_of_line(line_key: str) -> str:
    return line_key.rpartition("-")[0]
