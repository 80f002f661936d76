#!/usr/bin/env python3
"""plan.py: random inventories, and what must be true of a plan.

    plan.py inventory SEED ACCOUNTS FOLDERS   rows as mbx-inventory writes them
    plan.py covers INVENTORY JOBS             every folder once, and no more
    plan.py batches INVENTORY JOBS            groups whole, waves in order
"""
import random
import sys

ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}
FOLDER = ("folder folder_raw sep namespace role subscribed selectable "
          "uidvalidity uidnext messages unseen bytes status code hint "
          "dst_folder dst_role").split()


def unescape(s):
    out, it = "", iter(s)
    for c in it:
        out += ESCAPES[next(it)] if c == "\\" else c
    return out


def read(path):
    with open(path, encoding="utf-8", newline="\n") as f:
        names = f.readline().rstrip("\n").split("\t")
        return [dict(zip(names, map(unescape, line.rstrip("\n").split("\t"))))
                for line in f]


def write(rows):
    names = list(rows[0])
    print("\t".join(names))
    for r in rows:
        print("\t".join(r[n].replace("\\", "\\\\") for n in names))


def inventory(seed, accounts, folders):
    rnd = random.Random(seed)
    rows = []
    for i in range(accounts):
        user = "u%d@x.example" % i
        account = {
            "account": user, "source": "imaps://u%d%%40x.example@old" % i,
            "target": "imaps://u%d%%40x.example@new" % i, "cost": "c%d" % i,
            "priority": str(rnd.choice(["", "", "", "", 1, 2, 3])),
            "group": rnd.choice(["", "", "", "g%d" % (i // 9),
                                 "g%d,h%d" % (i // 9, i // 40)])}
        for j in range(rnd.randint(1, 2 * folders - 1)):
            n = int(rnd.lognormvariate(4, 2))
            name = rnd.choice(["A", "Ä, b", "A%2FB", "x"]) + "/%d" % j
            rows.append(account | dict.fromkeys(FOLDER, "") | {
                "folder": name if j else "INBOX", "sep": "/",
                "namespace": "personal", "selectable": "1",
                "uidvalidity": "7", "messages": str(n),
                "uidnext": str(n + 1 + rnd.randint(0, n)),
                "bytes": str(int(n * rnd.lognormvariate(10, 1))),
                "status": rnd.choice(["ok"] * 9 + ["skipped"]),
                "dst_folder": name if j else "INBOX"})
    if seed % 2:
        rnd.shuffle(rows)
    return rows


def span(uids):
    low, high = uids.split(":") if uids else ("1", "*")
    return int(low), float("inf") if high == "*" else int(high)


def covers(rows, jobs):
    """What is wrong with it, as sentences."""
    for account in {r["account"] for r in rows}:
        folders = {r["folder"]: r["status"] for r in rows
                   if r["account"] == account and r["folder"]}
        mine = [j for j in jobs if j["account"] == account]
        whole = [j for j in mine if j["folder"] == ""]
        if len(whole) != 1:
            yield "%s has %d rows without folder" % (account, len(whole))
            continue
        out = [e.replace("%2C", ",") for e in whole[0]["except"].split(",")
               if e]
        if len(set(out)) != len(out) or not set(out) <= set(folders):
            yield "%s: except %s" % (account, out)
        own = {}
        for j in mine:
            if j["folder"]:
                own.setdefault(j["folder"], []).append(span(j["uids"]))
        if not set(own) <= set(out):
            yield "%s: twice %s" % (account, sorted(set(own) - set(out)))
        for name in out:
            want = folders[name] not in ("skipped", "refused")
            at = 1
            for low, high in sorted(own.get(name, [])):
                if low != at:
                    yield "%s/%s: at %s, not %s" % (account, name, low, at)
                at = high + 1
            if (at == float("inf")) != want:
                yield "%s/%s: up to %s" % (account, name, at)
    if {j["account"] for j in jobs} != {r["account"] for r in rows}:
        yield "other accounts"
    if len({j["key"] for j in jobs}) != len(jobs):
        yield "a key twice"
    for name in "bytes", "messages":
        want = sum(int(r[name]) for r in rows if r["status"] != "skipped")
        have = sum(int(j[name]) for j in jobs)
        if want != have:
            yield "%s: %d, not %d" % (name, have, want)


RANK = {"test": 0, "pilot": 1, "main": 2, "large": 3}


def batches(rows, jobs):
    of, first, groups = {}, {}, {}
    for i, j in enumerate(jobs):
        if of.setdefault(j["account"], j["batch"]) != j["batch"]:
            yield "%s is in two batches" % j["account"]
        first.setdefault(j["batch"], (i, j))
        if j["folder"]:
            continue
        for g in filter(None, j["group"].split(",")):
            groups.setdefault(g, set()).add(j["batch"])
    for g, there in groups.items():
        if len(there) > 1:
            yield "group %s is in %s" % (g, sorted(there))
    stages = [RANK[j["stage"]] for j in jobs]
    if stages != sorted(stages):
        yield "stages are not in order"
    seen, last = {}, None
    for j in jobs:
        if j["batch"] != last and j["batch"] in seen:
            yield "batch %s comes twice" % j["batch"]
        last = j["batch"]
        seen[last] = 1
    # The most urgent of each unit; a later wave holds none more urgent.
    parent = {}

    def root(x):
        while parent.setdefault(x, x) != x:
            x = parent[x]
        return x
    for j in jobs:
        for g in filter(None, j["group"].split(",")):
            parent[root("g" + g)] = root("a" + j["account"])
    urgency = {}
    for j in jobs:
        r, p = root("a" + j["account"]), int(j["priority"] or 10**6)
        urgency[r] = min(p, urgency.get(r, p))
    waves = {}
    for j in jobs:
        if j["stage"] == "main":
            waves.setdefault(j["batch"], []).append(
                urgency[root("a" + j["account"])])
    order = list(waves.values())
    for a, b in zip(order, order[1:]):
        if max(a) > min(b):
            yield "waves are not in order of priority"


CHECKS = {"covers": covers, "batches": batches}


def main():
    if sys.argv[1] == "inventory":
        write(inventory(*map(int, sys.argv[2:])))
        return 0
    wrong = list(CHECKS[sys.argv[1]](read(sys.argv[2]), read(sys.argv[3])))
    print("\n".join(wrong[:20]))
    return len(wrong) > 0


if __name__ == "__main__":
    sys.exit(main())
