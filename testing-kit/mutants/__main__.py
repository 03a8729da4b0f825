"""``python testing-kit/mutants``, or ``python -m mutants`` in ``testing-kit``."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    # Run as a folder, Python looks for modules in it and not beside it.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from mutants.command import main

    sys.exit(main())
