#!/usr/bin/env python3
"""runbook.py: what a runbook's directory holds, for t/38-runbook.t.

    runbook.py files DIR     its products, without what differs from run to run
    runbook.py times DIR     when each was made
"""
import hashlib
import os
import sys

VOLATILE = {"copied", "copied_bytes", "same", "status", "elapsed_s", "at"}


def products(top):
    for at, dirs, names in os.walk(top):
        dirs[:] = sorted(d for d in dirs if d not in
                         ("work", "log", "ledger", "pw"))
        for name in sorted(names):
            yield os.path.relpath(os.path.join(at, name), top)


def settled(path):
    lines = open(path, encoding="utf-8").read().splitlines()
    if not path.endswith(".tsv") or not lines:
        return lines
    head = lines[0].split("\t")
    keep = [i for i, c in enumerate(head) if c not in VOLATILE]
    return ["\t".join(line.split("\t")[i] for i in keep) for line in lines]


for name in products(sys.argv[2]):
    path = os.path.join(sys.argv[2], name)
    if sys.argv[1] == "times":
        print(name, os.stat(path).st_mtime_ns)
    else:
        text = "\n".join(settled(path)).encode()
        print(name, text.count(b"\n"), hashlib.sha256(text).hexdigest())
