"""The fault plan: an explicit list, made before the run; each fault a small class with a window, a match and a share.

`plan.py` names the faults and checks a plan; `network.py` strikes between caller and vendor, `vendor.py` inside the vendor,
`delivery.py` its pushes and feeds. Faults act on traffic and on the vendor's admin plane, never on the orchestrator's store.
"""
