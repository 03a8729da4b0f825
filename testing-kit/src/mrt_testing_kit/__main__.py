"""``python -m mrt_testing_kit``."""

from __future__ import annotations

import sys

from mrt_testing_kit.cli import main

if __name__ == "__main__":
    sys.exit(main())
