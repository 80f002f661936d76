#!/usr/bin/env python3
"""gate.py: the reference model of dns-ttl gate.

    gate.py make SEED N DIR [FLOOR]  N histories: ledger, seen (observations),
                                truth; caches keep everything for FLOOR
    gate.py judge DIR GATE      gate rows against the truth
    gate.py delegations SEED N  N with name servers that changed: when the gate
                                opens, and its options

A history is some servers, each of which takes the new record at an instant of
its own, may fall back to the old one, and is looked at now and then.  Worst
caches ask each server just before it changes.  The gate must never open while
one of them can still hold what was (or a "no" for what is new), and never be
later than what its observations prove, plus the skew.
"""
import json
import random
import sys
from datetime import datetime, timezone

NOW = 1_800_000_000
SKEW = 5


def text(t):
    return datetime.fromtimestamp(t, timezone.utc).strftime(
        "%Y-%m-%dT%H:%M:%SZ")


def history(r):
    """One set: its servers' segments (start, ttl, is_new) and the looks."""
    new = r.random() < 0.3
    old = r.choice([20, 300, 900, 3600, 86400])
    low = r.randint(1, 15)
    neg = r.choice([5, 60, 300, 900])
    begin = NOW - r.randint(0, 2 * (neg if new else old) + 120)
    servers = []
    for _ in range(r.randint(1, 4)):
        # A server that lags may even have a higher TTL than the ledger saw.
        mine = old + (r.choice([0, 0, 0, 100]) if not new else 0)
        at = begin + r.choice([0, r.randint(0, 60), r.randint(0, 1000)])
        segments = [(0, mine, False), (at, low, True)]
        if r.random() < 0.1:
            back = at + r.randint(1, 30)
            if back + 20 <= NOW:  # what nobody can see nobody can know
                segments += [(back, mine, False), (back + 20, low, True)]
        looks = {r.randint(begin, NOW) for _ in range(r.randint(0, 5))}
        looks.add(begin - 1)  # what was there is seen, as report does
        for start, _, is_new in segments[2:]:
            if not is_new:
                looks.add(start + r.randint(0, 19))
        servers.append((segments, sorted(t for t in looks if t <= NOW)))
    return new, old, low, neg, begin, servers


def state(segments, t):
    return [s for s in segments if s[0] <= t][-1]


def make(seed, n, where, floor=0):
    r = random.Random(seed)
    ledger = open(where + "/ledger", "w", encoding="ascii")
    seen = open(where + "/seen", "w", encoding="ascii")
    print("plan\tzone\tname\ttype\tside\tttl\trdata\toutcome\tat", file=ledger)
    print("zone\tname\ttype\tserver\tat\tttl\tneg_ttl", file=seen)
    truths = []
    for i in range(n):
        new, old, low, neg, begin, servers = history(r)
        name = "n%d.e.test." % i
        kind = r.choice(["MX", "A", "TXT", "NS"])
        for side, ttl in (("-", old), ("+", low)):
            if side == "+" or not new:
                print("p", "e.test.", name, kind, side, ttl, "x", "applied",
                      text(begin), sep="\t", file=ledger)
        worst, proof, most = 0, 0, old
        rows = []
        for k, (segments, looks) in enumerate(servers):
            for (_, ttl, is_new), after in zip(segments, segments[1:]):
                if not is_new and after[0] <= NOW:
                    worst = max(worst, after[0] + max(neg if new else ttl,
                                                      floor))
            if not state(segments, NOW)[2]:
                worst = float("inf")
            since = None
            for t in looks:
                _, ttl, is_new = state(segments, t)
                if not is_new:
                    since = None
                    most = max(most, ttl)
                elif since is None:
                    since = t
                rows.append((t, k, "" if new and not is_new else ttl))
            if since is None or proof is None:
                proof = None
            else:
                proof = max(proof, since)
        for t, k, ttl in sorted(rows, key=lambda x: x[:2]):
            print("e.test.", name, kind, "s%d" % k, text(t), ttl,
                  neg if new else "", sep="\t", file=seen)
        truths.append([name, worst if worst != float("inf") else -1,
                       proof + max(neg if new else most, floor)
                       if proof else None])
    json.dump(truths, open(where + "/truth", "w", encoding="ascii"))


def judge(where, gate):
    rows = [l.rstrip("\n").split("\t") for l in open(gate, encoding="ascii")]
    c = {name: i for i, name in enumerate(rows[0])}
    by = {row[c["name"]]: row for row in rows[1:]}
    early = late = wrong = safe = wait = 0
    for name, worst, proof in json.load(open(where + "/truth",
                                             encoding="ascii")):
        row = by[name]
        verdict = row[c["verdict"]]
        safe += verdict == "safe"
        wait += verdict == "wait"
        if verdict == "safe" and (worst == -1 or NOW < worst):
            early += 1
        if proof is None:
            wrong += verdict != "wait" or row[c["safe_at"]] != ""
            continue
        if row[c["safe_at"]] != text(proof + SKEW):
            late += 1
        wrong += verdict != ("safe" if proof + SKEW <= NOW else "wait")
    print("early %d late %d wrong %d" % (early, late, wrong))
    print("safe %d wait %d" % (safe, wait), file=sys.stderr)
    return 0 if safe and wait else 1


def delegations(seed, n):
    """Of one set with a TTL of a day: published, while parent or child still
    gave out the name servers from before."""
    r = random.Random(seed)
    for _ in range(n):
        published = NOW - r.randint(0, 200000)
        changed = NOW - r.randint(0, 400000)
        ns = r.choice([300, 3600, 86400, 172800, 345600])
        skew = r.choice([0, 1, 5, 60])
        opens = max(published + 86400, changed + ns) + skew
        print(text(opens - 1), text(opens), "--published", text(published),
              "--ns-changed", text(changed), "--ns-ttl", ns, "--skew", skew)


if sys.argv[1] == "make":
    make(int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:5],
         *map(int, sys.argv[5:]))
    sys.exit(0)
if sys.argv[1] == "delegations":
    delegations(int(sys.argv[2]), int(sys.argv[3]))
    sys.exit(0)
sys.exit(judge(*sys.argv[2:4]))
