"""The commands, one module per group; each command is one call of the API and one listing."""
