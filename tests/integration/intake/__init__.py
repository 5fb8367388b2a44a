"""intake behind the real walls, on a real PostgreSQL."""
