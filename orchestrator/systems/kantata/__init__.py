"""Kantata OX as the PSA of the ports: creates that are probed, a polled feed, external references as the mirror."""
