"""Protobuf ↔ domain. Pure."""
