"""What callers may rely on, checked from the protos and the code."""
