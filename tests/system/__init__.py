"""The four real processes, on real servers, as their callers see them."""
