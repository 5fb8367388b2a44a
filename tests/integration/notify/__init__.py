"""Notify against a real PostgreSQL, real peers over gRPC, a real mail and a real web server."""
