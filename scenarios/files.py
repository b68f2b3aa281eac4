"""Files of a run: a folder that can be written, a file that is written whole or not at all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from scenarios.errors import UsageError


def prepare(folder: Path) -> None:
    """Make the folder and prove that it can be written. Raises UsageError in one sentence."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".probe"
        probe.write_bytes(b"")
        probe.unlink()
        (folder / "failure.txt").unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} can not be written ({error.strerror}); give another --out") from error


def write_file(path: Path, content: bytes) -> None:
    """Write all of it or nothing. Raises UsageError in one sentence."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")  # processes of a campaign may write one file at a time
    try:
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise UsageError(f"{path} can not be written ({error.strerror}); give another place") from error


def discard(folder: Path) -> None:
    """Remove the folder of a run that nobody needs to look at."""
    shutil.rmtree(folder, ignore_errors=True)
