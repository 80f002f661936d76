#!/usr/bin/env python3
"""fidelity.py: is the second store a true copy of the first?

    fidelity.py STORE STORE      stores as oracle.py has them

Says "same", or how many messages of each folder are missing, there once more
than they should be (twice) or of no source message (extra), changed (found by
their Message-ID only), have other flags, \\Deleted lost or won, other keywords
or another date; and how many folders are missing, extra, or in another order.
Identical copies are paired so that they differ least.
"""
import collections
import hashlib
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import oracle  # noqa: E402

KINDS = ("missing", "twice", "extra", "changed", "flags", "deleted", "keywords",
         "date", "order", "folders_missing", "folders_extra")


class Message:
    __slots__ = "digest", "ident", "flags", "deleted", "keywords", "date"

    def __init__(self, octets, flags, date):
        words = set(flags.split())
        system = {w for w in words if w.startswith("\\")}
        found = re.search(rb"(?im)^message-id:\s*(\S+)",
                          octets[:octets.find(b"\r\n\r\n")])
        self.digest = hashlib.sha256(octets).digest()
        self.ident = found.group(1) if found else None
        self.deleted = "\\Deleted" in system
        self.flags = frozenset(system - {"\\Deleted", "\\Recent"})
        self.keywords = frozenset(words - system)
        self.date = date

    def unlike(self, other):
        return [k for k in ("flags", "deleted", "keywords", "date")
                if getattr(self, k) != getattr(other, k)]


def read(store):
    """Folder names to lists of messages."""
    folders = {}
    for name, octets, flags, date, *_ in oracle.read(store):
        box = folders.setdefault(name, [])
        if octets is not None:
            box.append(Message(octets, flags, date))
    return folders


def groups(messages, key):
    found = collections.defaultdict(list)
    for m in messages:
        found[getattr(m, key)].append(m)
    return found


def pair(a, b, key):
    """Messages with the same key, each with the one most like it; yields
    (of a or None, of b or None)."""
    theirs = groups(b, key)
    for m in a:
        left = theirs[getattr(m, key)] if getattr(m, key) else []
        best = min(left, key=lambda x: len(m.unlike(x)), default=None)
        if best is not None:
            left.remove(best)
        yield m, best
    for left in theirs.values():
        for m in left:
            yield None, m


def folder(a, b):
    """What is wrong with b, by kind."""
    found = collections.Counter()
    pairs = list(pair(a, b, "digest"))
    same = [(m, n) for m, n in pairs if m and n]
    lone = [m for m, n in pairs if n is None]
    spare = [n for m, n in pairs if m is None]
    ours = {m.digest for m in a}
    found["twice"] = sum(n.digest in ours for n in spare)
    spare = [n for n in spare if n.digest not in ours]
    for m, n in pair(lone, spare, "ident"):
        found["missing" if n is None else "extra" if m is None
              else "changed"] += 1
        same += [(m, n)] if m and n else []
    for m, n in same:
        found.update(m.unlike(n))
    ours, theirs = [{id(p[i]) for p in same} for i in (0, 1)]
    match = {id(n): m.digest for m, n in same}
    found["order"] = [m.digest for m in a if id(m) in ours] != \
        [match[id(n)] for n in b if id(n) in theirs]
    return found


def compare(one, two):
    """Both as read() has them; what is wrong, by kind."""
    total = collections.Counter()
    for name in one.keys() | two.keys():
        total["folders_missing"] += name not in two
        total["folders_extra"] += name not in one
        total.update(folder(one.get(name, []), two.get(name, [])))
    return total


def text(found):
    return " ".join("%s=%d" % (k, found[k]) for k in KINDS
                    if found[k]) or "same"


if __name__ == "__main__":
    print(text(compare(read(sys.argv[1]), read(sys.argv[2]))))
