"""Every golden seed ends as its file says: verdict, promises not kept, and business state."""

from __future__ import annotations

import msgspec
import pytest

from tests.golden.harness import expected, golden, outcome, run


@pytest.fixture(scope="module", autouse=True)
def elsewhere(tmp_path_factory):
    """Twins are shared, and stay out of the tree."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("golden"))
        yield


@pytest.mark.parametrize("path", golden(), ids=lambda path: path.stem)
def test_a_golden_seed_ends_as_it_did(path, tmp_path):
    """A bug that was mended stays mended, one that is planted is seen. How to read a difference: README.md."""
    verdict = run(path, tmp_path)
    found = [f"{f.id} {f.witness}" for f in verdict.invariants if f.verdict != "held"]
    assert outcome(verdict) == expected(path), (msgspec.json.decode(path.read_bytes())["about"], found, verdict.note)


def test_there_are_golden_seeds():
    """The test above judged something."""
    assert len(golden()) >= 4
