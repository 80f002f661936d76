#!/usr/bin/env python3
"""zones.py: zones for the tests of the zone text editor, and their judge.

    zones.py make SEED          a zone in all the spellings that there are
    zones.py tokens OLD NEW     they differ in TTLs and the serial alone: what
                                is left when numbers are taken out is equal,
                                and comments are octet for octet
"""
import random
import re
import sys


def make(seed):
    r = random.Random(seed)
    out = []
    has_default = r.random() < 0.7
    if r.random() < 0.5:
        out.append("; zone %d; with ( in a comment \"" % seed)
    if has_default:
        out.append("$TTL %s" % r.choice(["3600", "1h", "1H30m", "2d"]))

    def ttl():
        return r.choice(["60", "900", "1h", "86400", "1d", "2w"])

    def head(first=False):
        parts = []
        if r.random() < 0.5 or (first and not has_default):
            parts.append(ttl())
        if r.random() < 0.5:
            parts.append(r.choice(["IN", "in"]))
        r.shuffle(parts)
        return "".join(p + r.choice([" ", "\t"]) for p in parts)

    def comment():
        return r.choice(["", "", " ; a note", "\t;;", " ; ( \"x"])

    serial = r.choice(["1", "2024010101", "4294967295", "2024123199"])
    soa = [serial, "3600", "600", "1d", "300"]
    if r.random() < 0.6:
        body = "(\n" + "".join(
            "\t%s%s\n" % (n, comment()) for n in soa) + "\t)"
    else:
        body = " ".join(soa)
    out.append("@ %sSOA ns1 root %s%s" % (head(True), body, comment()))
    out.append("\t%sNS ns1" % head())
    out.append("ns1 %sA 127.0.0.1" % head())
    owner = "@"
    for i in range(r.randint(1, 12)):
        kind = r.choice(["MX", "MX", "A", "TXT", "SRV", "blank", "origin"])
        if kind == "blank":
            out.append(r.choice(["", "  ", ";", "\t; only a note (", ""]))
            continue
        if kind == "origin" and r.random() < 0.3:
            out.append("$ORIGIN %s" % r.choice(["e.test.", "sub.e.test."]))
            out.append("n%d %sA 192.0.2.%d" % (i, head(), i))
            continue
        if kind == "MX":
            name = r.choice(["", "e.test."])
            if name == "" and owner != "e.test.":
                name = "e.test."
            owner = "e.test."
            target = "m%d.e.test." % i
            rdata = r.choice(["%d %s", "( %d\n %s )", "%d\t%s"]) % (i, target)
            out.append("%s %sMX %s%s" % (name, head(), rdata, comment()))
            out.append("%s %sA 192.0.2.%d" % (target, head(), i))
            owner = target
        elif kind == "A":
            owner = "a%d.e.test." % i
            out.append("%s %sA 192.0.2.%d" % (owner, head(), i))
        elif kind == "TXT":
            owner = "t%d.e.test." % i
            out.append("%s %sTXT %s" % (owner, head(), r.choice([
                '"a;b"', 'a\\;b', '"300 86400"', '( "x (y" \n "z" )',
                '"q\\"300"', "300"])))
        elif kind == "SRV":
            owner = "_imaps._tcp.e.test."
            out.append("%s %sSRV 0 %d 993 h.e.test." % (owner, head(), i))
    text = "\n".join(out)
    return text + r.choice(["\n", "\n\n"]) if r.random() < 0.9 else text


def split(text):
    """Comments, and the rest as words without TTLs and the SOA's numbers."""
    comments, words, depth, line = [], [], 0, []
    for m in re.finditer(r'"(?:\\.|[^"\\])*"|;[^\n]*|\n|[()]|(?:\\.|[^\s;()"])+',
                         text, re.S):
        t = m.group()
        if t.startswith(";"):
            comments.append(t)
        elif t == "(":
            depth += 1
        elif t == ")":
            depth -= 1
        elif t == "\n":
            if not depth:
                words.append(line)
                line = []
        else:
            line.append(t)
    words.append(line)
    for line in words:
        kind = next((i for i, w in enumerate(line) if w.upper() in (
            "SOA", "NS", "MX", "A", "TXT", "SRV")), None)
        if kind is None:
            continue
        if line[kind].upper() == "SOA" and len(line) > kind + 3:
            line[kind + 3] = "SERIAL"
        line[:kind] = [w for w in line[:kind]
                       if not re.fullmatch(r"(\d+[smhdwSMHDW]?)+", w)]
    return comments, words


def main():
    if sys.argv[1] == "make":
        sys.stdout.write(make(int(sys.argv[2])))
        return 0
    old, new = (open(p, encoding="utf-8").read() for p in sys.argv[2:4])
    return split(old) != split(new)


sys.exit(main())
