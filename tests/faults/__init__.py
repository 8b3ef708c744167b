"""Turns under faults: one baton, one clock, every call to a port numbered, and the invariants after it."""
