"""Runs a module, as `python -m` does, and ends when the parent process does: its standard input closes then."""

import os
import runpy
import sys
import threading


def watch() -> None:
    while os.read(0, 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    # A read of `sys.stdin` would hold its lock at the end of the interpreter.
    threading.Thread(target=watch, daemon=True).start()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
