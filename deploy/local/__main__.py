"""`python -m deploy.local`; says in one line what is missing when it is run too early."""

import sys

try:
    from deploy.local.cli import main
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] in ("deploy", "chassis"):
        raise
    sys.exit(
        f"{error.name} is not installed here: run `make up`, then .venv/bin/python -m deploy.local"
    )

if __name__ == "__main__":
    sys.exit(main())
