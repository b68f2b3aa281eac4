"""What a CRM, a PSA and an ERP are: kinds, machines, rules and verbs. No HTTP, no vendor."""
