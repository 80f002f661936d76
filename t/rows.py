#!/usr/bin/env python3
"""rows.py: tables against Python's csv module.

    rows.py tables N    N random tables through mbx-map, all dialects
    rows.py cuts        a table cut off at every octet
"""
import csv
import io
import os
import random
import subprocess
import sys

ESCAPES = {"\t": r"\t", "\n": r"\n", "\r": r"\r", "\\": r"\\"}
PARTS = ['"', '""', ",", ";", "\t", "\n", "\r\n", "\r", "\\", "\\n", " ", "'",
         "a", "b", "\u00fc", "\u65e5", "\U0001f4e7", "=1", "#", "''", "1"]
OWN = ["dst_folder", "dst_role", "status", "code", "hint"]


def run(text, *args):
    p = subprocess.run(["mbx-map", *args], input=text, capture_output=True,
                       check=False)
    return p.returncode, p.stdout, p.stderr.decode()


def tsv(rows):
    return "".join("\t".join("".join(ESCAPES.get(c, c) for c in v) for v in r)
                   + "\n" for r in rows).encode()


def written(rows, **how):
    out = io.StringIO(newline="")
    csv.writer(out, **how).writerows(rows)
    return out.getvalue().encode()


def read(data):
    return list(csv.reader(io.StringIO(data.decode(), newline=""),
                           strict=True))


def split(data):
    """A TSV, by another way than the tools': by replacement."""
    rows = []
    for line in data.decode().split("\n")[:-1]:
        fields = []
        for v in line.split("\t"):
            v = v.replace(r"\\", "\0").replace(r"\t", "\t")
            v = v.replace(r"\n", "\n").replace(r"\r", "\r")
            fields.append(v.replace("\0", "\\"))
        rows.append(fields)
    return rows


def table(rng):
    def value():
        return "".join(rng.choices(PARTS, k=rng.choice([0, 1, 2, 5, 9])))
    names = ["account", "folder"]
    while len(names) < 6:
        name = value().strip()
        if name and name[0] != "#" and name not in names + OWN:
            names.append(name)
    return [names] + [["u%d" % n, "INBOX"] + [value() for _ in names[2:]]
                      for n in range(rng.randint(0, 20))]


def one(seed):
    rows = table(random.Random(seed))
    code, first, said = run(tsv(rows))
    assert code == 0, (seed, said)
    whole = split(first)
    assert [r[:6] for r in whole] == rows, (seed, "columns pass untouched")
    code, as_csv, said = run(first, "--to", "csv")
    assert code == 0 and read(as_csv) == whole, (seed, "csv", said)
    code, back, said = run(as_csv)
    assert code == 0 and back == first, (seed, "and back", said)
    for how in ({}, {"delimiter": ";"}, {"quoting": csv.QUOTE_ALL},
                {"lineterminator": "\n", "quoting": csv.QUOTE_ALL}):
        if how.get("delimiter") == ";" and "," in "".join(rows[0]):
            continue  # the header line alone cannot tell which separates
        for mark in (b"", b"\xef\xbb\xbf"):
            code, out, said = run(mark + written(rows, **how), "--from", "csv")
            assert code == 0 and out == first, (seed, how, said)


def cuts():
    text = (b"account,folder,note\r\nu1,INBOX,\"a\r\n\"\"b\"\r\n"
            b"u2,INBOX,\xc3\xbc\r\nu3,INBOX,c\r\n")
    step = 7 if os.environ.get("SHORT") == "1" else 1
    for n in range(0, len(text) + 1, step):
        code, out, said = run(text[:n])
        lines = said.splitlines()
        assert code in (0, 65, 66), (n, code, said)
        assert (code == 0) == (not lines), (n, said)
        assert (code == 66) == (n == 0), (n, code)
        assert all(line.startswith("mbx-map: <stdin>") for line in lines), said
        assert len(lines) <= 2, (n, said)
        done = [r[0] for r in split(out)[1:]]
        whole = [u for u, end in (("u1", text.find(b"u2")),
                                  ("u2", text.find(b"u3")), ("u3", len(text)))
                 if end <= n]
        assert done[:len(whole)] == whole, (n, done)
        assert len(done) <= len(whole) + 1, (n, done)


if sys.argv[1] == "tables":
    for number in range(int(sys.argv[2])):
        one(number)
else:
    cuts()
