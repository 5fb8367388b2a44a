"""The smallest service there can be: what the chassis does for one that adds nothing."""
