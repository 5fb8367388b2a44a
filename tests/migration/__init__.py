"""Schemas as the migrations make them, and statements as the schemas take them."""
