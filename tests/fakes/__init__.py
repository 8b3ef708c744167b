"""Peers of the adapters, in memory: they implement the ports and pass the same contracts."""
