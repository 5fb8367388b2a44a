"""The chassis with real servers."""
