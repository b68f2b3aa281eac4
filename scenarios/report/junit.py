"""JUnit XML of verdicts: one test suite a run, one test case an invariant, so that any CI server can show them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree import ElementTree as ET

from scenarios.verdict import Verdict

CONTROL = re.compile(r"[^\t\n\r -\ud7ff\ue000-\ufffd]")


def junit_xml(verdicts: Iterable[Verdict]) -> bytes:
    """The document as UTF-8. Broken and unsettled are failures, unknown is an error, not judged is skipped."""
    root = ET.Element("testsuites", name="rehearse")
    for verdict in verdicts:
        name = f"{verdict.scenario}[{verdict.seed}]"
        suite = ET.SubElement(
            root,
            "testsuite",
            name=name,
            tests=str(len(verdict.invariants) + len(verdict.not_judged)),
            failures=str(sum(f.verdict in ("broken", "unsettled") for f in verdict.invariants)),
            errors=str(sum(f.verdict == "unknown" for f in verdict.invariants) + (not verdict.invariants)),
            skipped=str(len(verdict.not_judged)),
            time=f"{verdict.wall_seconds:.3f}",
        )
        if not verdict.invariants:
            case = ET.SubElement(suite, "testcase", classname=name, name="rehearsal")
            ET.SubElement(case, "error", message=clean(verdict.note or "the harness failed"))
        for finding in verdict.invariants:
            case = ET.SubElement(suite, "testcase", classname=name, name=f"{finding.id} {finding.title}".strip())
            if finding.verdict != "held":
                tag = "error" if finding.verdict == "unknown" else "failure"
                ET.SubElement(case, tag, message=finding.verdict).text = clean(finding.witness)
        for missing in verdict.not_judged:
            case = ET.SubElement(suite, "testcase", classname=name, name=missing.id)
            ET.SubElement(case, "skipped", message=clean(missing.why))
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def clean(text: str) -> str:
    """Without the control characters that XML can not carry."""
    return CONTROL.sub("?", text)
