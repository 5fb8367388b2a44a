"""Starts the service: serve | migrate | check-config."""

from chassis.service import main
from services.sla.app import SPEC

if __name__ == "__main__":
    main(SPEC)
