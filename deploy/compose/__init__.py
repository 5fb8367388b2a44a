"""The suite in containers on one host."""
