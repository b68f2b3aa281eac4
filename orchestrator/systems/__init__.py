"""System APIs: one folder a vendor, and the one way all of them call out (`http.py`).

Knows wires, credentials and error shapes; knows no process, no engine and no other vendor. `client.py` speaks, `mapping.py`
translates between canonical records and the vendor's fields, `events.py` reads what the vendor pushes or feeds.
"""
