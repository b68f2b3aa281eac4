"""Mock vendor systems that real clients cannot tell from the vendor's. They know nothing of orchestrator or scenarios."""
