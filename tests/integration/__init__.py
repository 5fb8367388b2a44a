"""Tests that use real servers: gRPC, PostgreSQL, RabbitMQ."""
