"""The ways out: each driver takes a message and says for certain what it knows of its fate."""
