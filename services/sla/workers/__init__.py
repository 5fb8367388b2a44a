"""Loops beside the RPCs: due clocks, and years that nobody has announced."""
