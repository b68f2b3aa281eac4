"""What NetSuite tells of itself: nothing. It has no push and no feed; changes are found by SuiteQL on lastmodifieddate.

The overlap that a poll re-reads is the adapter's only defence against rows that were committed behind its back.
"""

from __future__ import annotations

OVERLAP_MS = 600_000
"""Every poll re-reads this long: longer than any transaction of the account takes to become visible."""
