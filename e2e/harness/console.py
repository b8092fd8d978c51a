"""A process of the project: runs the code that comes in as JSON strings, one a line."""

import json
import os
import sys
import textwrap
import traceback

import django

django.setup()

# Forked children and chatty code must not write into the answers.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

names: dict[str, object] = {}
exec("from board.models import *\nfrom board.events import *", names)

for line in sys.stdin:
    names["result"] = None
    try:
        exec(compile(textwrap.dedent(json.loads(line)), "<console>", "exec"), names)
        said = {"result": names["result"]}
        text = json.dumps(said)
    except BaseException:
        text = json.dumps({"error": traceback.format_exc()})
    print(text, file=answers, flush=True)
