"""What the benches make of what they measured."""
