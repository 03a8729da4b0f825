"""``python -m mrt`` is the command ``mrt``."""

from __future__ import annotations

import sys

from mrt.cli import main

if __name__ == "__main__":
    sys.exit(main())
