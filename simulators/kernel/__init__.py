"""The shape every mock vendor shares: records, wires, stages, questions. It knows no vendor, no domain and no fault plan."""
