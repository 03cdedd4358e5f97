"""Which Chromium the journeys, the benchmarks of pages and the pictures of the tours use."""

import os
import shutil

KNOWN = ("chromium-headless-shell", "chromium", "chromium-browser")  # the first has the same pages without a browser's windows, for two thirds of the processor


def chromium() -> str | None:
    """The program's path: what ``LINLI_CHROMIUM`` says, else what is installed; None: nothing is."""
    return os.environ.get("LINLI_CHROMIUM") or next(filter(None, map(shutil.which, KNOWN)), None)
