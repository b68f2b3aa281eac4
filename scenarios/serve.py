"""`rehearse serve`: the mock systems on loopback, over HTTP and TLS, with a firm's reference data and credentials to copy.

Way in: `serve_systems`. Time is the wall's. Nothing is left behind: records are in memory, the CA and keys in a folder that goes
away, unless one was named. No orchestrator and no story run here: who comes is the user's own client.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec

from scenarios.clock.asgi import call as asgi_call
from scenarios.clock.loop import PacedLoop, run_paced
from scenarios.designs.vendors import ASSERTION, ERP_TOKEN, FORM, assertion
from scenarios.errors import UsageError
from scenarios.files import prepare
from scenarios.firm import load_firm
from scenarios.firm.plan import build_plan
from scenarios.resolve import VENDORS, chosen
from scenarios.world import accounts
from scenarios.world.comparisons import access
from scenarios.world.furnishing import furnish
from simulators.app import Served, Serving, serving
from simulators.certificates import Certificates, issue
from simulators.sockets import PortInUse

PRESET, SEED = "S", 1
PORT_MAX = 65_535
PARTS = ("crm", "psa", "erp")


class Files(NamedTuple):
    """What a client needs on disk."""

    certificates: Certificates
    erp_key: Path


def serve_systems(profiles: dict[str, str], port: int, out: Path | None = None) -> None:
    """Serve until interrupted. HTTP listens on `port` and the two after it, TLS on the next three; 0: any free ones.

    Raises UsageError for a vendor that is not built, a port that is in use, a folder that can not be written.
    """
    for part, known in VENDORS.items():
        chosen(profiles[part], known, f"{part} vendor")
    with ExitStack() as stack:
        folder = out or Path(stack.enter_context(TemporaryDirectory(prefix="rehearse-")))
        prepare(folder)
        files = files_in(folder)
        now_ms = int(time.time() * 1000)  # noqa: TID251 - these systems live in the user's own time
        try:
            run_paced(lambda loop: serve(loop, profiles, port, files), start_ms=now_ms)
        except PortInUse as error:
            raise UsageError(f"{error} (--port)") from error


def files_in(folder: Path) -> Files:
    """Make a CA, a certificate for this machine, and write the ERP client's key beside them."""
    try:
        made = Files(issue(folder), folder / "netsuite-client.key")
        made.erp_key.touch(mode=0o600)
        made.erp_key.write_text(accounts.private_pem())
    except OSError as error:
        raise UsageError(f"{folder} can not be written ({error.strerror}); choose another --out") from error
    return made


async def serve(loop: PacedLoop, profiles: Mapping[str, str], port: int, files: Files) -> None:
    """Open, furnish, listen, tell, and wait for SIGINT or SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    names = [profiles[part] for part in PARTS]
    ports = {name: port + n if port else 0 for n, name in enumerate(names)}
    tls_ports = {name: port + len(names) + n if port else 0 for n, name in enumerate(names)}
    systems = accounts.open_systems(profiles, SEED, loop.clock, "")
    async with serving(
        {profiles[part]: system for part, system in systems.items()},
        Serving(ports=ports, tls_ports=tls_ports, certificates=files.certificates),
    ) as served:
        spec = load_firm(PRESET)
        furnish(systems, spec, build_plan(spec, SEED, loop.clock()), loop.clock)
        say(told(profiles, served, files, await bearer(systems["erp"], served.url(profiles["erp"]), loop)))
        await stop.wait()
    for system in systems.values():
        system.close()


async def bearer(erp: Any, url: str, loop: PacedLoop) -> str:
    """A token of the ERP, so that the first call needs no signing."""
    about = access(accounts.Places(dict.fromkeys(PARTS, url), ""))
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION,
        "client_assertion": assertion(about, loop.clock()),
    }
    status, _, body = await asgi_call(erp.app, "POST", ERP_TOKEN, "", FORM, urlencode(form).encode())
    assert status == 200, f"the ERP does not take its own credentials: {body!r}"
    return str(msgspec.json.decode(body)["access_token"])


def told(profiles: Mapping[str, str], served: Served, files: Files, erp_token: str) -> str:
    """All that a user copies: where, who, and first calls."""
    names = [profiles[part] for part in PARTS]
    plain, secure = {n: served.url(n) for n in names}, {n: served.url(n, tls=True) for n in names}
    lines = [
        f"Three mock systems with the reference data of a firm of preset {PRESET}. Their credentials are public on purpose.",
        "",
        f"{'system':<12}{'HTTP':<25}{'HTTPS':<27}control plane",
        *(f"{n:<12}{plain[n]:<25}{secure[n]:<27}{plain[n]}/_rehearse" for n in names),
        "",
        *(f"{what:<24}{value}" for what, value in credentials(files, erp_token).items()),
        "",
        "Try",
        *(f"  {line}" for line in first_calls([secure[n] for n in names], files.certificates.ca, erp_token)),
        f"  curl {plain[names[0]]}/_rehearse",
        "",
        "ready: Ctrl-C stops everything",
    ]
    return "\n".join(lines)


def credentials(files: Files, erp_token: str) -> dict[str, str]:
    """What clients are told, by name."""
    tba = accounts.TBA
    return {
        "CA file": str(files.certificates.ca),
        "salesforce client id": accounts.CONSUMER_KEY,
        "salesforce secret": accounts.CONSUMER_SECRET,
        "salesforce user": f"{accounts.INTEGRATION}  password {accounts.PASSWORD}  security token {accounts.SECURITY_TOKEN}",
        "kantata token": accounts.PSA_TOKEN,
        "netsuite client id": f"{accounts.CLIENT}  certificate id {accounts.CERTIFICATE}  ES256 key {files.erp_key}",
        "netsuite TBA": f"consumer {tba.consumer_key} {tba.consumer_secret}  token {tba.token_id} {tba.token_secret}",
        "netsuite bearer, 1 hour": erp_token,
    }


def first_calls(urls: list[str], ca: Path, erp_token: str) -> tuple[str, ...]:
    """Lines for a shell: a token and a list from each system, and a client that knows nothing of us."""
    crm, psa, erp = urls
    curl, bearer_of = f"curl --cacert {ca}", "-H 'authorization: Bearer {}'"
    client = f"-d client_id={accounts.CONSUMER_KEY} -d client_secret={accounts.CONSUMER_SECRET}"
    told_so = f"consumer_key='{accounts.CONSUMER_KEY}', consumer_secret='{accounts.CONSUMER_SECRET}'"
    made = f"Salesforce({told_so}, domain='{crm.removeprefix('https://')}/login')"
    return (
        f"{curl} {crm}/services/oauth2/token -d grant_type=client_credentials {client}",
        f"{curl} {bearer_of.format(accounts.PSA_TOKEN)} {psa}/api/v1/users",
        f"{curl} {bearer_of.format(erp_token)} {erp}/services/rest/record/v1/subsidiary",
        f"REQUESTS_CA_BUNDLE={ca} python -c \"from simple_salesforce import *; print({made}.query('SELECT Name FROM Product2'))\"",
    )


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
