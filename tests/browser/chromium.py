"""The browser that the tests see pages with."""

import shutil

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"))), None)
SWITCHES = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
NO_NETWORK = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"  # the labs need none
LAUNCH = {"executable_path": BROWSER, "args": [*SWITCHES.split(), NO_NETWORK]}
WITHOUT = "there is no Chromium here to see the course with"
