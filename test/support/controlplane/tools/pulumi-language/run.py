"""Runs a program with Pulumi's SDK for Python, as pulumi-language-python-exec does it."""

import argparse
import asyncio
import os
import runpy
import sys
from pathlib import Path

import pulumi
import pulumi.runtime

parser = argparse.ArgumentParser()
for name in ("monitor", "engine", "organization", "project", "root-directory", "stack", "pwd"):
    parser.add_argument(f"--{name}", required=True)
parser.add_argument("--parallel", type=int, required=True)
parser.add_argument("--dry-run", action="store_true")
parser.add_argument("program")
parser.add_argument("args", nargs=argparse.REMAINDER)
options = parser.parse_args()

pulumi.runtime.configure(
    pulumi.runtime.Settings(
        monitor=options.monitor,
        engine=options.engine,
        project=options.project,
        root_directory=options.root_directory,
        stack=options.stack,
        organization=options.organization,
        parallel=options.parallel,
        dry_run=options.dry_run,
    )
)
os.chdir(options.pwd)
program = str(Path(options.pwd) / options.program)
sys.argv = [program, *options.args]
sys.path.insert(0, program)


async def run() -> None:
    runpy.run_path(program, run_name="__main__")


loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
try:
    loop.run_until_complete(pulumi.runtime.run_in_stack(run))
except pulumi.RunError as error:
    pulumi.log.error(str(error))
    sys.exit(32)
