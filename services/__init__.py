"""The four services. They never import one another; what they share is the chassis."""
