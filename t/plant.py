#!/usr/bin/env python3
"""plant.py: faults in a copied Maildir, and whether mbx-verify named them.

    plant.py make SEED DIR SMALL       a Maildir of SMALL small folders and
                                       a sixth as many of 75 messages
    plant.py fault SEED COUNT DIR      COUNT faults of each kind in the copy
                                       DIR; what they are, on stdout
    plant.py judge FAULTS CHECKS       every fault is found by the right
                                       check, folder and message, and nothing
                                       else is; --uids: the source is IMAP,
                                       its UIDs are ranks

A message is named by its folder and its base name at the source.
"""
import collections
import csv
import hashlib
import os
import random
import re
import shutil
import sys

KINDS = ("drop", "duplicate", "swap", "bit", "cut", "flag", "date", "move",
         "merge", "received", "empty")


def folder_dir(root, folder):
    return root if folder == "INBOX" else os.path.join(root, "." + folder)


def message(rng, n):
    lines = ["".join(rng.choice("abcdefgh ijkl=") for _ in range(60)).strip()
             for _ in range(rng.randint(2, 30))]
    return ("Received: from a by b; %d\r\nFrom: A %d <a%d@example.org>\r\n"
            "To: b@example.org\r\nSubject: message %d\r\n"
            "Date: Mon, %d Jan 2024 10:%02d:%02d +0100\r\n"
            "Message-ID: <%d.%d@example.org>\r\n\r\n%s\r\n" % (
                n, n, n, n, rng.randint(1, 28), n % 60, n * 7 % 60, n,
                rng.randint(0, 1 << 30), "\r\n".join(lines))).encode()


def make(seed, root, small):
    rng = random.Random(seed)
    folders = [("INBOX", 75)] + [("big%02d" % i, 75)
                                 for i in range(small // 6)]
    folders += [("small%03d" % i, 3) for i in range(small)]
    n = 0
    for folder, count in folders:
        path = folder_dir(root, folder)
        for sub in ("cur", "new", "tmp"):
            os.makedirs(os.path.join(path, sub))
        for i in range(count):
            n += 1
            octets = message(rng, n)
            if i % 2:  # both ways of ending a line
                octets = octets.replace(b"\r\n", b"\n")
            flags = "".join(f for f in "FRS" if rng.random() < 0.4)
            full = os.path.join(path, "cur", "%d.M%dP1.here:2,%s" % (
                1500000000 + n * 100, n, flags))
            with open(full, "wb") as f:
                f.write(octets)
            os.utime(full, (1500000000 + n * 100,) * 2)
            if i == 40:  # a copy that belongs there
                twin = full.replace(".M", ".N")
                shutil.copy2(full, twin)


class Box:
    """The copy: files by folder, each taken at most once."""

    def __init__(self, root, rng):
        self.root, self.rng, self.free = root, rng, {}
        for entry in sorted(os.listdir(root)):
            if entry == "cur" or entry.startswith("."):
                folder = "INBOX" if entry == "cur" else entry[1:]
                cur = os.path.join(folder_dir(root, folder), "cur")
                names = sorted(os.listdir(cur))
                copies = {n.replace(".N", ".M") for n in names if ".N" in n}
                self.free[folder] = [n for n in names
                                     if ".N" not in n and n not in copies]
        self.big = [f for f in sorted(self.free) if not f.startswith("small")]
        self.small = [f for f in sorted(self.free) if f.startswith("small")]
        rng.shuffle(self.small)

    def take(self, folder=None):
        folder = folder or self.rng.choice(
            [f for f in self.big if self.free[f]])
        names = self.free[folder]
        return folder, names.pop(self.rng.randrange(len(names)))

    def path(self, folder, name):
        return os.path.join(folder_dir(self.root, folder), "cur", name)


def rewrite(path, change):
    stat = os.stat(path)
    with open(path, "rb") as f:
        was = f.read()
    octets = change(was)
    assert octets != was
    with open(path, "wb") as f:
        f.write(octets)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def parts(octets):
    at = re.search(rb"\r?\n\r?\n", octets).end()
    return octets[:at], octets[at:]


def l0(path):
    with open(path, "rb") as f:
        return hashlib.sha256(
            re.sub(rb"\r*\n", b"\r\n", f.read())).hexdigest()[:32]


def plant(box, kind):
    """Plants one fault: lines of check, folder, name, and what to see."""
    rng = box.rng
    if kind == "merge":
        a, b = box.small.pop(), box.small.pop()
        lines = []
        for name in box.free[b]:
            os.rename(box.path(b, name), box.path(a, name))
            lines.append(("octets", b, name, "found=" + a))
        shutil.rmtree(folder_dir(box.root, b))
        return lines + [("count", b, "", "status=missing")]
    folder, name = box.take()
    path = box.path(folder, name)
    base = name.split(":")[0]
    if kind == "drop":
        os.unlink(path)
        return [("octets", folder, name, "status=missing")]
    if kind == "duplicate":
        shutil.copy2(path, path.replace("P1.", "P2."))
        return [("octets", folder, "", "found=" + l0(path))]
    if kind == "swap":
        other = box.take(folder)[1]
        with open(path, "rb") as f, open(box.path(folder, other), "rb") as g:
            one, two = parts(f.read()), parts(g.read())
        rewrite(path, lambda _: one[0] + two[1])
        rewrite(box.path(folder, other), lambda _: two[0] + one[1])
        return [("octets", folder, name, "rung=different"),
                ("octets", folder, other, "rung=different")]
    if kind == "bit":
        def flip(octets):
            head, _ = parts(octets)
            while True:
                at = rng.randrange(len(head), len(octets))
                bit = 1 << rng.randrange(6)
                new = octets[at] ^ bit
                # Line ends are not told apart, so they stay what they are.
                if octets[at] not in b"\r\n" and new not in b"\r\n\0":
                    return octets[:at] + bytes([new]) + octets[at + 1:]
        rewrite(path, flip)
        return [("octets", folder, name, "digest_level=L3")]
    if kind == "cut":
        rewrite(path, lambda o: o[:o.rstrip(b"\r\n").rfind(b"\n") + 1])
        return [("octets", folder, name, "rung=different")]
    if kind == "flag":
        flags = name.split(":2,")[1]
        flag = rng.choice("FRS")
        flags = flags.replace(flag, "") if flag in flags else \
            "".join(sorted(flags + flag))
        os.rename(path, box.path(folder, base + ":2," + flags))
        return [("flags", folder, name, "code=FLAG")]
    if kind == "date":
        stat = os.stat(path)
        os.utime(path, (stat.st_atime, stat.st_mtime + 3600))
        return [("date", folder, name, "code=DATE")]
    if kind == "move":
        to = rng.choice([f for f in box.big if f != folder])
        os.rename(path, box.path(to, name))
        return [("octets", folder, name, "found=" + to)]
    if kind == "received":
        rewrite(path, lambda o: o.replace(b"Received: from a by b",
                                          b"Received: from c by b", 1))
        return [("octets", folder, name, "digest_level=L1")]
    rewrite(path, lambda o: parts(o)[0])
    return [("octets", folder, name, "rung=different")]


def fault(seed, count, root):
    rng = random.Random(seed)
    box = Box(root, rng)
    # UIDs at an IMAP source: ranks of what was there before any fault.
    rank = {}
    for folder in box.free:
        cur = os.path.join(folder_dir(root, folder), "cur")
        for n, name in enumerate(sorted(os.listdir(cur))):
            rank[folder, name] = n + 1
    todo = [kind for kind in KINDS for _ in range(count)]
    rng.shuffle(todo)
    # Merges first: they want their folders whole.
    todo.sort(key=lambda kind: kind != "merge")
    for n, kind in enumerate(todo):
        for check, folder, name, see in plant(box, kind):
            print("\t".join((str(n), kind, check, folder,
                             name.split(":")[0],
                             str(rank.get((folder, name), "")), see)))


def judge(faults, checks, uids):
    with open(checks, encoding="utf-8") as f:
        rows = list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))
    fails = collections.defaultdict(list)
    for r in rows:
        if r["verdict"] not in ("pass", "skip", "warn"):
            fails[r["check"], r["folder"], r["uid"]].append(r)
    planted, missed, explained, touched = set(), {}, set(), set()
    kinds = collections.Counter()
    with open(faults, encoding="utf-8") as f:
        for line in f:
            n, kind, check, folder, name, rank, see = \
                line.rstrip("\n").split("\t")
            uid = rank if uids and name else name
            if n not in planted:
                kinds[kind] += 1
            planted.add(n)
            touched.add(folder)
            if see.startswith("found="):
                touched.add(see[6:])
            key, value = see.split("=", 1)
            hits = [r for r in fails[check, folder, uid] if r[key] == value]
            explained.update(map(id, hits))
            if not hits:
                missed[n] = line
    false = [r for group in fails.values() for r in group
             if id(r) not in explained and
             (r["uid"] or r["dst_uid"] or r["folder"] not in touched)]
    for line in list(missed.values())[:10]:
        print("missed:", line.rstrip())
    for r in false[:10]:
        print("false:", r["check"], r["object"], r["verdict"], r["hint"])
    print("%d of %d found, at least %d of each of %d kinds, %d false alarms" %
          (len(planted) - len(missed), len(planted), min(kinds.values()),
           len(kinds), len(false)))


def main():
    verb, args = sys.argv[1], sys.argv[2:]
    if verb == "make":
        make(int(args[0]), args[1], int(args[2]))
    elif verb == "fault":
        fault(int(args[0]), int(args[1]), args[2])
    else:
        judge(args[0], args[1], "--uids" in args)


if __name__ == "__main__":
    main()
