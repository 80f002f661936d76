#!/usr/bin/env python3
"""bench.py: how fast is mbx, beside its peers and what the servers can do?

    bench.py DIR       DIR is empty; bench.sh starts this and sets what it needs

In the environment:
    W         the workloads, patterns of the shell (all that begin with W)
    N         runs of each (3; a figure needs 11)
    SCALE=1   instead, how time and memory grow
    PEERS     the peers (all that are there)
    IMAPSYNC  the command of imapsync, to have it run beside
    SMALL     so many times fewer messages, to try the benchmark itself
    RESULTS   the page to write (t/bench/RESULTS.md or SCALE.md after a run of
              all workloads)
The runs of a workload take turns: one of each entrant, N times.  Every run is
a row of B/bench.tsv.  Ends in 1 when a figure is not met, 70 when it cannot
go on.
"""
import collections
import fnmatch
import imaplib
import os
import shutil
import sys
import traceback
import fidelity
import judge
import stand
import tools
import works

Entrant = collections.namedtuple("Entrant", "label tool link corpus args")
COLUMNS = ("work", "round", "entrant", "wall_s", "cpu_s", "rss_kib",
           "src_cpu_s", "dst_cpu_s", "exit", "copy")


def imap(server, user, password):
    box = imaplib.IMAP4("127.0.0.1", server.port)
    box.login(user, password)
    return box


def peers():
    return os.environ.get("PEERS", works.PEERS).split()


class Contest:
    """The entrants of one workload."""

    def __init__(self, work, place):
        self.work, self.place = work, place
        self.target = place.servers[work.target]
        self.source_read = {}
        own = works.OWN.get(work.kind, "mbx-copy")
        first = Entrant(own, own, work.link, work.corpus, ())
        self.entrants = [first]
        self.entrants += [first._replace(label=label, **other)
                          for label, other in work.also.items()]
        self.entrants += [first._replace(label=t, tool=t)
                          for t in work.peers.split() if t in peers() and
                          tools.present(t)]
        self.entrants += [first._replace(label=p, tool=None)
                          for p in work.probes.split()]
        self.prepared = set()

    def corpora(self, e):
        if self.work.accounts == 1:
            return [e.corpus]
        return ["%s%d" % (e.corpus, i) for i in range(self.work.accounts)]

    def pairs(self, e):
        """(source user, target user) of each account."""
        w, pairs = self.work, []
        self.place.sources(self.corpora(e))
        probe = stand.PROBES.get(e.label.rsplit("-c", 1)[0])
        for name in self.corpora(e):
            own = "-".join((w.name, e.label, name)).lower()  # as Dovecot does
            src = self.place.source(name)
            if w.kind == "delta" and e.label not in self.prepared:
                src = self.place.source(name, own)
            elif w.kind == "delta":
                src = own
            if w.kind == "verify" or (probe and probe[1] in
                                      ("body", "ident", "stat")):
                own = self.place.full(self.target, name)
            pairs.append((src, own))
        return pairs

    def fresh(self, e, pairs):
        for _, dst in pairs:
            if not dst.startswith("full-"):
                self.place.drop(self.target, dst)
        shutil.rmtree(self.state(e), ignore_errors=True)

    def state(self, e):
        return self.place.folder("state", self.work.name, e.label)

    def command(self, e, pairs, phase):
        w, place = self.work, self.place
        if e.tool is None:
            return place.probe(e.label, self.target, e.link, pairs,
                               self.corpora(e))
        return tools.command(e.tool, tools.Task(
            phase, pairs, w.jobs, self.state(e), place.servers["src"],
            self.target, e.link, e.args if phase == w.kind else (), place))

    def prepare(self, e, pairs, turn):
        """What comes before the run that is measured."""
        kind = self.work.kind
        if e.tool is None or kind == "copy":
            self.fresh(e, pairs)
        if e.tool is None or kind in ("copy", "sizes", "verify"):
            return
        if e.label not in self.prepared:
            self.fresh(e, pairs)
            run = self.place.run(self.command(e, pairs, "copy"), self.target)
            if run.status != 0:
                print("%s: its first run: exit %d\n%s" % (
                    e.label, run.status, run.log), file=sys.stderr)
            self.prepared.add(e.label)
        if kind == "lost":
            shutil.rmtree(os.path.join(self.state(e), "ledger"))
        if kind == "delta":
            self.change(pairs[0][0], turn)

    def change(self, user, turn):
        """In every folder ten new, ten with other flags, two expunged."""
        place, src = self.place, self.place.servers["src"]
        more = place.corpus("more%d" % turn)
        place.play(src, [place.script(user, stand.session("many", more))])
        box = imap(src, user, place.password)
        for folder in more.folders:
            n = int(box.select('"%s"' % folder)[1][0])
            some = [str((k * n // 12 + turn) % n + 1) for k in range(12)]
            for these, what, flag in ((some[:5], "+FLAGS", r"(\Flagged)"),
                                      (some[5:8], "-FLAGS", r"(\Seen)"),
                                      (some[8:10], "+FLAGS", "(urgent)"),
                                      (some[10:], "+FLAGS", r"(\Deleted)")):
                box.store(",".join(these), what, flag)
            uids = box.fetch(",".join(some[10:]), "(UID)")[1]
            box.uid("EXPUNGE", ",".join(
                u.split(b"UID ")[1].rstrip(b")").decode() for u in uids))
        box.logout()

    # ---- is the copy a copy? ----

    def read(self, server, user):
        return fidelity.read("imap:127.0.0.1:%d:%s:%s" % (
            server.port, user, self.place.password))

    def compare(self, pairs):
        if self.work.kind in ("sizes", "verify"):
            return ""
        found = collections.Counter()
        for src, dst in pairs:
            if src not in self.source_read or self.work.kind == "delta":
                self.source_read[src] = self.read(
                    self.place.servers["src"], src)
            found.update(fidelity.compare(self.source_read[src],
                                          self.read(self.target, dst)))
        return fidelity.text(found)

    def turn(self, e, number):
        """One run of one entrant."""
        pairs = self.pairs(e)
        self.prepare(e, pairs, number)
        run = self.place.run(self.command(e, pairs, self.work.kind),
                             self.target)
        if run.status != 0:
            print("%s: exit %d\n%s" % (e.label, run.status, run.log[-2000:]),
                  file=sys.stderr)
        copy = self.compare(pairs) if e.tool else ""
        if e.tool is None or self.work.kind == "copy":
            self.fresh(e, pairs)
        return run, copy

    def size(self):
        """Messages and octets of it."""
        made = [self.place.corpus(n) for n in self.corpora(self.entrants[0])]
        return sum(c.messages for c in made), sum(c.octets for c in made)


def chosen():
    every = works.SCALE if os.environ.get("SCALE") == "1" else works.WORKS
    patterns = os.environ.get("W", "").split()
    for p in patterns:
        if not fnmatch.filter([w.name for w in every], p):
            print("bench: %s: none of %s" % (
                p, " ".join(w.name for w in every)), file=sys.stderr)
            sys.exit(64)
    return every, [w for w in every if not patterns or any(
        fnmatch.fnmatch(w.name, p) for p in patterns)]


def contest(work, place, rounds, rows):
    """All runs of a workload; what judge.py needs to know of them."""
    c = Contest(work, place)
    runs = collections.defaultdict(dict)
    for turn in range(rounds):
        at = turn % len(c.entrants)
        for e in c.entrants[at:] + c.entrants[:at]:
            run, copy = c.turn(e, turn)
            runs[e.label][turn] = run, copy
            row = (work.name, turn + 1, e.label, "%.4f" % run.wall,
                   "%.3f" % run.cpu, run.rss, "%.2f" % run.src_cpu,
                   "%.2f" % run.dst_cpu, run.status, copy)
            print(*row, sep="\t", file=rows, flush=True)
            print("# %s %d: %s %.3f s %s" % (work.name, turn + 1, e.label,
                                             run.wall, copy), flush=True)
    return judge.Result(work, dict(runs), *c.size())


def main():
    every, works_now = chosen()
    rounds = int(os.environ.get("N") or 3)
    small = int(os.environ.get("SMALL") or 1)
    base = os.environ["B"]
    place = stand.Stand(sys.argv[1], os.path.join(base, "t/bench"), small)
    results = []
    try:
        with open(os.path.join(base, "bench.tsv"), "w") as rows:
            print(*COLUMNS, sep="\t", file=rows)
            for work in works_now:
                if work.accounts > 1:
                    work = work._replace(accounts=max(
                        work.accounts // small, 2))
                results.append(contest(work, place, rounds, rows))
                print("\n" + judge.section(results[-1]), flush=True)
    finally:
        place.close()
    page = os.environ.get("RESULTS")
    if not page and works_now == every and small == 1:
        page = "t/bench/%s.md" % (
            "SCALE" if every is works.SCALE else "RESULTS")
    if page:
        with open(page, "w") as f:
            f.write(judge.page(results, rounds))
    sys.exit(any(judge.unmet(r) for r in results))


if __name__ == "__main__":
    try:
        main()
    except Exception:  # not the 1 that says "not met"
        traceback.print_exc()
        sys.exit(70)
