"""A certificate authority made at start, and a server certificate for every name a client may insist on. Files only; no servers.

Clients trust `ca.pem`: by `verify=`, SSL_CERT_FILE or REQUESTS_CA_BUNDLE.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import trustme

LOCAL = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Certificates:
    """Paths of PEM files: what clients trust, and what the servers show."""

    ca: Path
    chain: Path
    key: Path


def issue(folder: Path, names: tuple[str, ...] = ()) -> Certificates:
    """Make a new authority and a certificate for this machine and `names` (wildcards allowed), and write both to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    authority = trustme.CA(organization_name="Rehearsal")
    server = authority.issue_cert(*LOCAL, *names)
    authority.cert_pem.write_to_path(made.ca)
    made.chain.write_bytes(b"".join(blob.bytes() for blob in server.cert_chain_pems))
    made.key.touch(mode=0o600)
    server.private_key_pem.write_to_path(made.key)
    return made
