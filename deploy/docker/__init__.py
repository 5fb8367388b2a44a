"""The image of the suite."""
