"""Pure decisions: no clock, no network, no store. Each takes what it needs and returns what to do."""
