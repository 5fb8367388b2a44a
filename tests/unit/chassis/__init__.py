"""The chassis without input or output."""
