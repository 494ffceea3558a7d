"""Decodes replies with pysip2's strict codec: lines of PLACE, a tab, and the message in hexadecimal on standard input.

Prints a line for each that it rejects, and at last how many there were of which kind as JSON.
"""

import json
import sys
from collections import Counter

from pysip2 import SIP2Error, SIPResponse, decode_message

kinds = Counter()
for line in sys.stdin:
    place, message = line.rstrip("\n").split("\t")
    frame = bytes.fromhex(message) + b"\r"
    try:
        decoded = decode_message(frame).message
    except SIP2Error as error:
        print(f"{place}: {error}: {frame!r}")
        continue
    # A resend request is a message of its own kind in this library.
    if not isinstance(decoded, SIPResponse):
        print(f"{place}: not a response but {type(decoded).__name__}")
    kinds[frame[:2].decode()] += 1
print(json.dumps(kinds))
