"""Makes every Python that finds this on its PYTHONPATH note whom it calls: see phone.py."""

import os

from phone import listen_in

listen_in(os.environ["PHONE_NOTES"], os.environ["PHONE_TELEMETRY"])
