"""A site's lists as people keep them: YAML, CSV or XLSX in and out, every fault with its line."""
