"""The suite on one machine, without containers: private servers, the four processes, tokens."""
