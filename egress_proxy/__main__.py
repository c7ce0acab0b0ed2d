"""`python -m egress_proxy` is the `egress-proxy` command."""

import sys

from egress_proxy.cli import main

if __name__ == "__main__":
    sys.exit(main())
