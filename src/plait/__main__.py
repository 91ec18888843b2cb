"""Lets ``python -m plait`` do what the command ``plait`` does."""

from plait.cli import main

if __name__ == "__main__":
    main()
