"""A process of the project: runs the code that comes in as JSON strings, one a line.

The code runs in this very module, so that processes forked from it find what it defines."""

import json
import os
import sys
import textwrap
import traceback

import django

django.setup()

# Forked children and chatty code must not write into the answers.
_answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

exec(os.environ["CONSOLE_PRELUDE"])

for _line in sys.stdin:
    result = None
    try:
        exec(compile(textwrap.dedent(json.loads(_line)), "<console>", "exec"))
        _said = json.dumps({"result": result})
    except BaseException:
        _said = json.dumps({"error": traceback.format_exc()})
    print(_said, file=_answers, flush=True)
