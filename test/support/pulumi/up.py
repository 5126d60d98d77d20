"""Runs a Python program with Pulumi's engine: `up` twice, then `destroy`. Writes outputs and changes as JSON.

The program runs inline, because Pulumi's language host for Python cannot be built from source here.
Usage: up.py FOLDER_OF_THE_PROGRAM CONFIG_AS_JSON
"""

import json
import runpy
import sys
from pathlib import Path

from pulumi import automation

folder, config = Path(sys.argv[1]), json.loads(sys.argv[2])


def program() -> None:
    runpy.run_path(str(folder / "__main__.py"))


stack = automation.create_or_select_stack("python", project_name=folder.name, program=program)
for key, value in config.items():
    stack.set_config(key, automation.ConfigValue(value))
first = stack.up(on_output=sys.stderr.write)
second = stack.up()
stack.destroy()
json.dump(
    {
        "outputs": {name: output.value for name, output in first.outputs.items()},
        "secondUp": second.summary.resource_changes,
    },
    sys.stdout,
)
