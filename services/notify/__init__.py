"""Tells people what they must know, once, and keeps what became of every message."""
