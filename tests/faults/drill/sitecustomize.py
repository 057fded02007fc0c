"""Python loads this first in each process of a drill: it puts the failpoints in before LUX is imported."""

import os

if os.environ.get("LUX_DRILL"):
    from tests.faults import failpoints

    failpoints.install(os.environ["LUX_DRILL"])
