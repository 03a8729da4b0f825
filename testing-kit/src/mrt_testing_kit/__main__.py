"""``python -m mrt_testing_kit``."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    try:
        # Ctrl-C may well come while this is being imported.
        from mrt_testing_kit.cli import main

        sys.exit(main())
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        sys.exit(130)
