"""How fast routing tells who answers, publishes large matrices and reckons coverage."""
