"""What runs the suite rather than being part of it: local instance, images, manifests, tools."""
