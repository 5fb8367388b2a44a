"""routing against a real PostgreSQL: RPCs through real gRPC, facts through the real gate."""
