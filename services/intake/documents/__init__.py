"""Documents that leave the window: files for people who read and print."""
