"""``python -m verify``, wherever this folder was copied to."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
