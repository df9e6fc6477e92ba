"""Many commands of the command line, one after the other, from one process that has loaded it once.

Reads lists of arguments as JSON from standard input.
"""

import json
import os
import sys

from starter import app

if __name__ == "__main__":
    for arguments in json.load(sys.stdin):
        child = os.fork()
        if not child:
            app(arguments)
        os.waitpid(child, 0)
