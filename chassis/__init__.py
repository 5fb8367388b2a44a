"""What every service of the suite stands on, so that a service holds only its own rules."""
