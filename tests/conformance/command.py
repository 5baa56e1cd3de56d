"""Starts the `tallystick` command from the checkout, so that no installed one answers in its place."""

from __future__ import annotations

from cli.main import main

if __name__ == "__main__":
    main()
