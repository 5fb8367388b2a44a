"""The rules of routing, without input and output."""
