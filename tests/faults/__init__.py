"""Faults injected into the four real processes."""
