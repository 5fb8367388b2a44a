"""Runs backstopctl: `python -m ctl`."""

from ctl.main import main

if __name__ == "__main__":
    main()
