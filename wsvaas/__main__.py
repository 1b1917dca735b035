"""The command ``wsvaas``; so far it says which version is installed."""

from __future__ import annotations

import argparse
from importlib.metadata import version


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="wsvaas", description=__doc__)
    parser.add_argument("--version", action="version", version=f"wsvaas {version('wsvaas')}")
    parser.parse_args()
    parser.print_help()


if __name__ == "__main__":
    main()
