"""What routing knows about: organisation, matrix, roster, routes. Pure; time is passed in."""
