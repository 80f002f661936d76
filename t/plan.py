#!/usr/bin/env python3
"""plan.py: random inventories, and what must be true of a plan.

    plan.py inventory SEED ACCOUNTS FOLDERS   rows as mbx-inventory writes them
    plan.py covers INVENTORY JOBS             every folder once, and no more
    plan.py batches INVENTORY JOBS            groups whole, waves in order
    plan.py constraints SEED INVENTORY        a random file of them
    plan.py times INVENTORY JOBS CONSTRAINTS WORKERS ZONE
                                              jobs within all of them
    plan.py spans JOBS WORKERS                the worst wave: its length by
                                              what no plan can beat
    plan.py many SEED COUNT                   all of this, COUNT times
    plan.py optimum SEED COUNT                small ones against all orders
    plan.py chains JOBS                       ranges in order
    plan.py summary JOBS LEDGERS SUMS         what --summary says
    plan.py maildir DIR MESSAGES              makes one
    plan.py big ACCOUNTS FOLDERS              an inventory
    plan.py cost INVENTORY COMMAND            seconds, KiB, share of half
    plan.py forecast RUNS SPLITS              estimates of half of them, from
                                              the other half
"""
import datetime as dt
import itertools
import os
import random
import resource
import subprocess
import sys
import tempfile
import zoneinfo

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


# ---- times ----

DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
DAY = 86400
START = "2026-11-27T09:30:00Z"  # a Friday
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "+05:30"]


def instant(text):
    return int(dt.datetime.fromisoformat(
        text.replace("Z", "+00:00")).timestamp()) if "T" in text else int(
        dt.datetime.fromisoformat(text + "T00:00:00+00:00").timestamp())


def rfc3339(t):
    return dt.datetime.fromtimestamp(t, dt.timezone.utc).strftime(
        "%Y-%m-%dT%H:%M:%SZ")


def constraints(seed, rows):
    rnd = random.Random(seed * 7 + 1)
    accounts = sorted({r["account"] for r in rows})
    groups = sorted({g for r in rows for g in r["group"].split(",") if g})
    out = []

    def add(scope, key, value):
        out.append({"scope": scope, "key": key, "value": str(value)})

    def who():
        return rnd.choice(
            ["*", "host:old", "host:new", "stage:main", "stage:pilot",
             "batch:wave-1", "account:" + rnd.choice(accounts)] +
            ["group:" + g for g in groups[:1]])
    for _ in range(rnd.randint(0, 3)):
        add(who(), "window", rnd.choice(
            ["22:00-06:00", "00:00-24:00", "Mon-Fri 20:00-05:30",
             "Sat-Sun 00:00-24:00,Mon-Fri 19:00-07:00", "01:15-04:00"]))
    for _ in range(rnd.randint(0, 2)):
        add(who(), "blackout", rnd.choice(
            ["2026-11-28", "2026-12-01/2026-12-03", "Sun",
             "Tue-Wed,2026-11-30"]))
    for side in "old", "new":
        if rnd.random() < .4:
            add("host:" + side, "conn_max", rnd.randint(1, 5))
    if rnd.random() < .3:
        add(who(), "not_before", rfc3339(instant(START) +
                                         rnd.randint(-DAY, 3 * DAY)))
    if rnd.random() < .2:
        add(who(), "not_after", rfc3339(instant(START) +
                                        rnd.randint(0, 20 * DAY)))
    if rnd.random() < .2:
        add("host:old", "day_out_bytes", rnd.choice([10**7, 3 * 10**8]))
    if rnd.random() < .2:
        add("account:" + rnd.choice(accounts), "after", "wave-1")
    if rnd.random() < .2:
        add("stage:main", "pause", rnd.choice([60, DAY]))
    if rnd.random() < .2:
        add("*", "rate_Bps", rnd.choice([10**5, 10**7]))
    return out


def windows(text):
    """(weekdays, from, to) in minutes."""
    for part in filter(None, text.split(",")):
        days, _, hours = part.rpartition(" ")
        a, _, b = (days or "Mon-Sun").partition("-")
        i, k = DAYS.index(a), DAYS.index(b or a)
        which = {d % 7 for d in range(i, k + 1 + 7 * (k < i))}
        low, high = (int(h[:2]) * 60 + int(h[3:]) for h in hours.split("-"))
        yield which, low, high


def is_open(t, window, black, zone):
    """Whether a job may run in the second that begins at t."""
    at = dt.datetime.fromtimestamp(t, zone)
    for part in black:
        a, _, b = part.partition("-" if part[0].isalpha() else "/")
        if part[0].isalpha():
            i, k = DAYS.index(a), DAYS.index(b or a)
            if at.weekday() in {d % 7 for d in
                                range(i, k + 1 + 7 * (k < i))}:
                return False
        elif a <= at.date().isoformat() <= (b or a):
            return False
    if not window:
        return True
    m = at.hour * 60 + at.minute
    for days, low, high in windows(window):
        if high > low:
            if at.weekday() in days and low <= m < high:
                return True
        elif (at.weekday() in days and m >= low) or (
                (at.weekday() - 1) % 7 in days and m < high):
            return True
    return False


RANKS = ["*", "host", "stage", "batch", "group", "account"]


def of(rules, job, key):
    """The rules that hold for a job, the least special first."""
    found = []
    for r in rules:
        kind, _, name = r["scope"].partition(":")
        hosts = {"old", "new"} if not key.startswith("day_") else {
            "old" if key == "day_out_bytes" else "new"}
        if r["key"] == key and (
                kind == "*" or (kind == "host" and name in hosts) or
                (kind in ("stage", "batch", "account") and
                 job[kind] == name) or
                (kind == "group" and name in job["group"].split(","))):
            found.append((RANKS.index(kind), r["value"]))
    return [v for _, v in sorted(found, key=lambda x: x[0])]


def most_at_once(spans):
    now = most = 0
    for _, d in sorted([(a, 1) for a, _ in spans] + [(b, -1)
                       for _, b in spans], key=lambda x: (x[0], x[1])):
        now += d
        most = max(most, now)
    return most


def times(jobs, rules, workers, zone):
    zone = dt.timezone(dt.timedelta(minutes=330)) if zone == "+05:30" \
        else zoneinfo.ZoneInfo(zone)
    ends, starts = {}, {}
    for j in jobs:
        if j["start"]:
            b = j["batch"]
            ends[b] = max(ends.get(b, 0), instant(j["end"]))
            starts[b] = min(starts.get(b, 1 << 60), instant(j["start"]))
            ends[j["key"]] = instant(j["end"])
    for j in jobs:
        name = j["account"] + "/" + j["folder"] + " " + j["uids"]
        if (j["status"] == "refused") != (j["hint"] != ""):
            yield "%s: %s and %s" % (name, j["status"], j["hint"])
        if j["status"] == "planned" and not j["start"]:
            yield "%s has no place and no reason" % name
        if not j["start"]:
            continue
        a, b = instant(j["start"]), instant(j["end"])
        if b - a != int(j["est_s"]):
            yield "%s takes %d, not %s" % (name, b - a, j["est_s"])
        window = (of(rules, j, "window") or [""])[-1]
        black = [x.strip() for v in of(rules, j, "blackout")
                 for x in v.split(",")]
        # Openings begin and end with a minute.
        for t in itertools.chain([a], range(a - a % 60 + 60, b, 60), [b - 1]):
            if not is_open(t, window, black, zone):
                yield "%s runs at %s" % (name, rfc3339(t))
                break
        if a < max(map(instant, of(rules, j, "not_before") + [START])):
            yield "%s begins too early" % name
        late = [v for v in of(rules, j, "not_after") if b > instant(v)]
        if late and not j["hint"]:
            yield "%s ends after %s" % (name, late)
        pause = max(map(int, of(rules, j, "pause") + [0]))
        for before in filter(None, j["after"].split(",")):
            if before in ends and a < ends[before] + (
                    pause if before in starts and before == prior(
                        jobs, j["batch"]) else 0) and not j["hint"]:
                yield "%s begins before the end of %s" % (name, before)
        for v in of(rules, j, "after"):
            if a < ends.get(v, 1 << 60) and not j["hint"]:
                yield "%s is not after %s" % (name, v)
        for v in of(rules, j, "day_out_bytes"):
            if int(j["bytes"]) > int(v) and not j["hint"]:
                yield "%s is more than %s" % (name, v)
    yield from at_once(jobs, rules, workers)


def prior(jobs, batch):
    order = list(dict.fromkeys(j["batch"] for j in jobs))
    i = order.index(batch)
    return order[i - 1] if i else None


def at_once(jobs, rules, workers):
    by = {}
    for j in jobs:
        if not j["start"]:
            continue
        span_ = instant(j["start"]), instant(j["end"])
        for what in ("worker " + j["worker"], "all", "host old", "host new",
                     "account " + j["account"]):
            by.setdefault(what, []).append(span_)
        for v in of(rules, j, "day_out_bytes"):
            by.setdefault("day", {}).setdefault(
                (j["account"], int(v)), []).append(
                    span_ + (int(j["bytes"]),))
    limits = {"all": workers}
    for r in rules:
        if r["key"] == "conn_max":
            limits[r["scope"].replace(":", " ")] = int(r["value"])
    for what, spans in by.items():
        if what == "day":
            continue
        limit = limits.get(what, workers if what.startswith("host") else 1)
        if most_at_once(spans) > limit:
            yield "%s: %d at once" % (what, most_at_once(spans))
    for (account, most), spans in by.get("day", {}).items():
        for a, b, _ in spans:
            near = sum(n for c, d, n in spans if d > b - DAY and c < b)
            if near > most and len(spans) > 1 and max(
                    n for _, _, n in spans) <= most:
                yield "%s: %d octets in a day" % (account, near)


def spans(jobs, workers):
    """The worst batch: how long it is, by what no plan can beat."""
    worst = 0
    for batch in {j["batch"] for j in jobs if j["stage"] == "main"}:
        mine = [j for j in jobs if j["batch"] == batch]
        chains = {}
        for j in mine:
            chains[j["account"]] = chains.get(j["account"], 0) + \
                int(j["est_s"])
        least = max(sum(chains.values()) / workers, max(chains.values()))
        took = max(instant(j["end"]) for j in mine) - \
            min(instant(j["start"]) for j in mine)
        worst = max(worst, took / least)
    return worst


def plan(rows, rules, work, *options):
    for name, table in ("in", rows), ("rules", rules):
        names = list(table[0]) if table else ["scope", "key", "value"]
        with open(os.path.join(work, name), "w", encoding="utf-8") as f:
            for r in [dict(zip(names, names))] + table:
                print("\t".join(r[n] for n in names), file=f)
    with open(os.path.join(work, "jobs"), "wb") as out:
        p = subprocess.run(
            ["mbx-plan", "-s", START, "-c", os.path.join(work, "rules"),
             *options, os.path.join(work, "in")], stdout=out,
            stderr=subprocess.PIPE, check=False)
    if p.returncode not in (0, 1):
        return p.returncode, p.stderr.decode()
    return p.returncode, read(os.path.join(work, "jobs"))


def many(seed, count):
    """COUNT random inventories and constraints; what is wrong with a plan."""
    with tempfile.TemporaryDirectory() as work:
        for i in range(seed, seed + count):
            rnd = random.Random(i)
            rows = inventory(i, rnd.randint(1, 30), rnd.randint(1, 4))
            rules = constraints(i, rows)
            workers, zone = rnd.randint(1, 6), rnd.choice(ZONES)
            options = ["-j", str(workers), "--tz", zone,
                       "--cut", str(rnd.choice([10**6, 10**8, 10**10])),
                       "--large", str(rnd.choice([10**8, 10**10])),
                       "-b", "test=1", "-b", "pilot=3",
                       "-b", "wave=%d" % rnd.randint(1, 12)]
            rc, jobs = plan(rows, rules, work, *options)
            if isinstance(jobs, str):
                yield "%d: exit %d: %s" % (i, rc, jobs)
                continue
            wrong = list(covers(rows, jobs)) + list(
                times(jobs, rules, workers, zone))
            if any(r["key"] == "after" for r in rules):
                wrong += [w for w in batches(rows, jobs)
                          if "priority" not in w]
            else:
                wrong += list(batches(rows, jobs))
            if (rc == 1) != any(j["hint"] for j in jobs):
                wrong.append("exit %d" % rc)
            for w in wrong[:3]:
                yield "%d: %s" % (i, w)


def openings(window):
    """Spans of three weeks from START on, found minute by minute."""
    start, spans_ = instant(START), []
    if not window:
        return [(start, start + 21 * DAY)]
    for t in range(start, start + 21 * DAY, 60):
        if is_open(t, window, [], dt.timezone.utc):
            if spans_ and spans_[-1][1] == t:
                spans_[-1] = spans_[-1][0], t + 60
            else:
                spans_.append((t, t + 60))
    return spans_


def best(jobs, limits, spans_):
    """The earliest end of all jobs: every order of starts that could win.

    jobs: (account, source, seconds); those of an account follow each other.
    """
    start = instant(START)
    found = [1 << 60]

    def fit(t, d):
        return next(max(a, t) for a, b in spans_ if b - max(a, t) >= d)

    def opened(t, until):
        return sum(max(0, min(b, until) - max(a, t)) for a, b in spans_)

    def go(left, placed, last, end):
        if end >= found[0]:
            return
        if not left:
            found[0] = end
            return
        # What must still be done against what there is room for.
        busy = sum(opened(last, e) for _, _, e in placed if e > last)
        if sum(d for *_, d in left) + busy > \
                limits["all"] * opened(last, found[0] - 1):
            return
        chains = {}
        for a, _, d in left:
            chains[a] = chains.get(a, 0) + d
        for a, d in chains.items():
            t = max([last] + [e for b, _, e in placed if a == b])
            if d > opened(t, found[0] - 1):
                return
        seen = set()
        for i in sorted(range(len(left)), key=lambda i: -chains[left[i][0]]):
            account, source, d = left[i]
            if account in seen or any(
                    a == account for a, *_ in left[:i]):
                continue
            seen.add(account)
            t = max([last] + [e for a, _, e in placed if a == account])
            while True:
                now = [p for p in placed if p[2] > t]
                if len(now) < min(limits["all"], limits["new"]) and \
                        sum(p[1] == source for p in now) < limits[source]:
                    break
                t = min(p[2] for p in now)
            t = fit(t, d)
            go(left[:i] + left[i + 1:],
               placed + [(account, source, t + d)], t, max(end, t + d))
    go(jobs, [], start, start)
    return found[0] - start


def optimum(seed, count):
    """The worst of COUNT plans of up to nine jobs, by the best one."""
    worst = 0
    with tempfile.TemporaryDirectory() as work:
        for i in range(seed, seed + count):
            rnd = random.Random(i)
            n = rnd.randint(2, 9)
            limits = {"all": rnd.randint(1, 4), "new": rnd.randint(1, 4),
                      "old": rnd.randint(1, 3), "older": rnd.randint(1, 3)}
            window = rnd.choice(["", "09:00-18:00", "22:00-06:00"])
            rows = []
            while n > 0:
                # Alone it is one job; each folder is one more.
                name, host = "u%d" % n, rnd.choice(["old", "older"])
                row = {"account": name, "source": "imaps://%s@%s" % (
                    name, host), "target": "imaps://%s@new" % name,
                    "group": rnd.choice(["", "g", "h"]), "folder": "",
                    "dst_folder": "", "bytes": "", "used_bytes": ""}
                folders = min(rnd.choice([0, 0, 0, 1, 2, 3]), n - 1)
                rows += [row | {"folder": "F%d" % k, "dst_folder": "T%d" % k,
                                "bytes": str(rnd.randint(10**8, 3 * 10**10))}
                         for k in range(folders)] or [
                    row | {"used_bytes": str(rnd.randint(10**8, 3 * 10**10))}]
                n -= folders + 1
            rules = [{"scope": "host:" + h, "key": "conn_max",
                      "value": str(limits[h])} for h in limits if h != "all"]
            if window:
                rules.append({"scope": "*", "key": "window",
                              "value": window})
            rc, jobs = plan(rows, rules, work, "-j", str(limits["all"]),
                            "-b", "wave=9", "--rate", "2000000",
                            "--large", "0", "--names")
            if rc != 0:
                raise SystemExit("%d: %s" % (i, jobs))
            took = max(instant(j["end"]) for j in jobs) - instant(START)
            least = best([(j["account"], j["source"].split("@")[1],
                           int(j["est_s"])) for j in jobs], limits,
                         openings(window))
            if took < least:
                raise SystemExit("%d: no optimum: %d < %d" % (i, took, least))
            if os.environ.get("EACH"):
                print(i, len(jobs), limits, window, "%.4f" % (took / least))
            worst = max(worst, took / least)
    return worst


def forecast(runs, splits):
    """How often p90 held and est was too low, over random halves.

    Runs are (octets, messages, seconds); all are taken a hundredfold, since
    estimates are whole seconds.
    """
    held = below = n = 0
    off = []
    with tempfile.TemporaryDirectory() as work:
        for seed in range(splits):
            mine = list(runs)
            random.Random(seed).shuffle(mine)
            half = len(mine) // 2
            with open(os.path.join(work, "results"), "w",
                      encoding="utf-8") as f:
                print("source\ttarget\tcopied_bytes\tcopied\telapsed_s",
                      file=f)
                for b, m, s in mine[:half]:
                    print("imap://a@x\timap://a@y\t%d\t%d\t%.1f" % (
                        100 * b, 100 * m, 100 * s), file=f)
            rows = [{"account": str(i), "source": "imap://%d@x" % i,
                     "target": "imap://%d@y" % i, "folder": "A",
                     "bytes": str(100 * b), "messages": str(100 * m)}
                    for i, (b, m, _) in enumerate(mine[half:])]
            rc, jobs = plan(rows, [], work, "--results",
                            os.path.join(work, "results"), "--large", "0",
                            "--cut", "0")
            if rc != 0:
                raise SystemExit(jobs)
            for j in jobs:
                s = 100 * mine[half + int(j["account"])][2]
                n += 1
                held += s <= int(j["est_p90_s"])
                below += s <= int(j["est_s"])
                off.append(int(j["est_p90_s"]) / int(j["est_s"]))
    return held / n, below / n, sorted(off)[len(off) // 2]


def summary(jobs, ledgers, sums):
    """What the sums should be, by the lines of the ledgers."""
    want = {}
    for j in jobs:
        last = {}
        path = os.path.join(ledgers, j["key"] + ".tsv")
        for r in read(path) if os.path.exists(path) else []:
            if r["op"] in ("done", "left"):
                last[r["folder"], r["uidvalidity"], r["uid"]] = r
        done = [r for r in last.values() if r["op"] == "done"]
        for b in j["batch"], "*":
            w = want.setdefault(b, dict.fromkeys(
                ("jobs", "jobs_done", "messages", "bytes", "copied",
                 "copied_bytes", "left"), 0))
            w["jobs"] += 1
            w["jobs_done"] += bool(last) and len(done) >= int(j["messages"])
            w["messages"] += int(j["messages"])
            w["bytes"] += int(j["bytes"])
            w["copied"] += len(done)
            w["copied_bytes"] += sum(int(r["size"]) for r in done)
            w["left"] += 0 if last else int(j["est_s"])
    if [s["batch"] for s in sums] != [b for b in want if b != "*"] + ["*"]:
        yield "batches: %s" % [s["batch"] for s in sums]
    for s in sums:
        w = want[s["batch"]]
        for k in w:
            if k != "left" and int(s[k]) != w[k]:
                yield "%s of %s: %s, not %d" % (k, s["batch"], s[k], w[k])
        if int(s["jobs_left"]) != w["jobs"] - w["jobs_done"]:
            yield "left: %s" % s["jobs_left"]
        if (float(s["left_s"]) > 0) != (w["left"] > 0) or \
                float(s["left_p90_s"]) < float(s["left_s"]):
            yield "time left in %s: %s" % (s["batch"], s["left_s"])


def chains(jobs):
    """Of each folder every range but the first is after the one before."""
    last, ranges = {}, 0
    for j in jobs:
        if j["uids"]:
            ranges += 1
            where = j["account"], j["folder"]
            if j["after"] != last.get(where, j["after"]) or (
                    where in last and not j["after"]):
                yield "%s %s is after %s" % (*where, j["after"])
            last[where] = j["key"]
    if ranges < 2:
        yield "no ranges"


def big(accounts, folders):
    rnd = random.Random(7)
    write_names = ("account source source_secret target target_secret group "
                   "priority").split() + FOLDER
    print("\t".join(write_names))
    for i in range(accounts):
        url = "imaps://user%d%%40example.org@" % i
        head = ["user%d@example.org" % i, url + "old.example.org",
                "file:secrets/%d" % i, url + "new.example.org",
                "file:secrets/%d" % i, "g%d" % (i // 7) if i % 3 == 0 else "",
                "1" if i % 50 == 0 else ""]
        for j in range(folders):
            n = int(rnd.expovariate(1 / 200))
            name = "Folder/%d" % j if j else "INBOX"
            print("\t".join(head + [
                name, name, "/", "personal", "", "1", "1", "7", str(n + 1),
                str(n), "0", str(int(n * rnd.expovariate(1 / 60000))), "ok",
                "", "", name, ""]))


def cost(path, *command):
    """Seconds of CPU, KiB, and by what half of the rows are quicker."""
    def run(what):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with open(os.devnull, "wb") as null:
            subprocess.run([*command, what], stdout=null, stderr=null,
                           check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return (after.ru_utime + after.ru_stime - before.ru_utime -
                before.ru_stime, after.ru_maxrss)
    # A child's peak begins with ours, so this comes before we grow.
    whole = [run(path) for _ in range(3)]
    with open(path, encoding="utf-8") as f:
        lines = f.readlines()
    with open(path + ".half", "w", encoding="utf-8") as f:
        f.writelines(lines[:len(lines) // 2])
    half = min(run(path + ".half")[0] for _ in range(3))
    return (min(s for s, _ in whole), max(m for _, m in whole),
            half / min(s for s, _ in whole))


def maildir(path, messages):
    rnd = random.Random(1)
    for folder in "", ".Sent", ".Old":
        for sub in "cur", "new", "tmp":
            os.makedirs(os.path.join(path, folder, sub))
        for i in range(messages // 3):
            name = "%d.%d.x:2,S" % (1600000000 + i, i)
            with open(os.path.join(path, folder, "cur", name), "w",
                      encoding="ascii") as f:
                f.write("From: a@x\nSubject: %d\nMessage-ID: <%d%s@x>\n\n" % (
                    i, i, folder) + ("y" * 70 + "\n") *
                    int(rnd.lognormvariate(4.5, 1)))


def main():
    what, args = sys.argv[1], sys.argv[2:]
    if what == "inventory":
        write(inventory(*map(int, args)))
        return 0
    if what == "constraints":
        write(constraints(int(args[0]), read(args[1])))
        return 0
    if what == "spans":
        print("%.4f" % spans(read(args[0]), int(args[1])))
        return 0
    if what == "optimum":
        print("%.4f" % optimum(*map(int, args)))
        return 0
    if what == "big":
        big(*map(int, args))
        return 0
    if what == "cost":
        print("%.2f %d %.2f" % cost(*args))
        return 0
    if what == "maildir":
        maildir(args[0], int(args[1]))
        return 0
    if what == "forecast":
        print("%.3f %.3f %.2f" % forecast(
            [(int(r["bytes"]), int(r["messages"]), float(r["elapsed_s"]))
             for r in read(args[0])], int(args[1])))
        return 0
    if what == "many":
        wrong = many(*map(int, args))
    elif what == "chains":
        wrong = chains(read(args[0]))
    elif what == "summary":
        wrong = summary(read(args[0]), args[1], read(args[2]))
    elif what == "times":
        wrong = times(read(args[1]), read(args[2]), int(args[3]), args[4])
    else:
        wrong = {"covers": covers, "batches": batches}[what](
            read(args[0]), read(args[1]))
    wrong = list(wrong)
    print("\n".join(wrong[:20]))
    return len(wrong) > 0


if __name__ == "__main__":
    sys.exit(main())
