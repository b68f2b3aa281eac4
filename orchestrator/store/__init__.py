"""What must survive a crash: inbox, outbox, cross-references, exceptions desk, audit, and the file they share with the journal.

Knows rows and transactions; no vendor, no process, no HTTP.
"""
