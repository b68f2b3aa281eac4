"""The orchestrator's own HTTP face: intake, exceptions desk, billing runs, lineage, figures, health. See README.md."""
