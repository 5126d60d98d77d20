"""No test leaves this machine: the SDK finds its proxy closed."""

import os

os.environ["HTTPS_PROXY"] = "http://127.0.0.1:9"
