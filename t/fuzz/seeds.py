#!/usr/bin/env python3
"""seeds.py NAME DIR: where a fuzz target begins: small and well-formed."""
import os
import struct
import subprocess
import sys

NAME, DIR = sys.argv[1:]


def record(kind, rdata, name=b"\xc0\x0c"):
    return name + struct.pack(">HHIH", kind, 1, 60, len(rdata)) + rdata


def reply(*records):
    return b"\0\1\x84\0" + struct.pack(">4H", 1, len(records), 0, 0) + \
        b"\1e\4test\0\0\x0f\0\1" + b"".join(records)


REPLIES = [
    reply(),
    reply(record(15, b"\0\x0a\2mx\xc0\x0c"), record(16, b"\3abc\2\"\\")),
    reply(record(1, bytes(4)), record(28, bytes(16)), record(5, b"\1a\xc0\x0c"),
          record(33, bytes(6) + b"\1a\xc0\x0c"), record(52, bytes(35)),
          record(2, b"\2ns\xc0\x0c")),
    reply(record(6, b"\1a\xc0\x0c\1b\0" + bytes(20)),
          record(46, b"\0\x0f\5\2" + bytes(14) + b"\1e\0\xaa\xbb"),
          record(48, b"\1\1\3\x0d" + bytes(64)), record(65400, b"xyz")),
    reply(record(41, b"", b"\0")),
]
if NAME == "dnsreply":
    seeds = REPLIES
elif NAME == "tsig":
    tsig = record(250, b"\x0bhmac-sha256\0" + bytes(6) + b"\1\x2c\0\x20" +
                  bytes(32) + b"\0\1\0\0\0\0", b"\1k\0")
    seeds = [b"\1\0\0" + m for m in REPLIES] + \
        [b"\0" + m[:10] + b"\0\1" + m[12:] + tsig for m in REPLIES]
elif NAME == "zonetext":
    seeds = [subprocess.run([sys.executable, "t/zones.py", "make", str(i)],
                            check=True, stdout=subprocess.PIPE).stdout
             for i in range(40)]
else:
    seeds = []
for i, seed in enumerate(seeds):
    with open(os.path.join(DIR, "seed-%d" % i), "wb") as f:
        f.write(seed)
