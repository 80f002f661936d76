#!/usr/bin/env python3
"""torture.py: mbx-copy broken at one point after another, and run again.

    torture.py kill|fail|cut POINTS [PART/N] < settings

Settings, a line each: source=URL target=URL secret=REF (of both), work=DIR,
mail=DIR (the target user's, put back before each point), oracle=STORE of the
target, relays=HOST:PORT HOST:PORT (source, target; for cut), profile=NAME,
options=OPTIONS of mbx-copy,
again=DIR (a source state for the delta: cp -a over delta=DIR).

kill   SIGKILL at the n-th of each system call that the run makes
fail   ENOSPC or EIO from the n-th call that writes, once or from then on
cut    the connection ends behind octet n, either way, by FIN or RST

At each point: the broken run, which must show that the point was hit; runs
until one ends in 0; then what the oracle sees must be that of an unbroken run,
message by message, in its order; then one more run, which must change nothing.
A line a failure; the last line counts.  Seeded: the same settings, the same
points.
"""
import os
import random
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import oracle

CALLS = ("write read poll pwrite64 pread64 fdatasync fsync openat close mkdir "
         "mkdirat fcntl connect socket sendto recvfrom ftruncate fstat "
         "newfstatat renameat2 rename unlinkat getdents64 utimensat "
         "sync_file_range clone wait4").split()
WRITES = "pwrite64 write fdatasync fsync openat mkdir".split()


class Bench:
    def __init__(self):
        self.set = dict(line.rstrip("\n").split("=", 1) for line in sys.stdin)
        self.ledger = os.path.join(self.set["work"], "ledger")
        self.kept = os.path.join(self.set["work"], "kept")
        self.trace = os.path.join(self.set["work"], "trace")

    def command(self, source=None, target=None):
        s = self.set
        return ["mbx-copy", "-q", "-l", self.ledger, "-p", s["profile"],
                "--source", source or s["source"], "--source-secret",
                s["secret"], "--target", target or s["target"],
                "--target-secret", s["secret"]] + s.get("options", "").split()

    def run(self, *wrap, **ends):
        p = subprocess.run(list(wrap) + self.command(**ends),
                           capture_output=True, text=True, timeout=120)
        lines = [line.split("\t") for line in p.stdout.splitlines()]
        row = dict(zip(lines[0], lines[1])) if len(lines) > 1 else {}
        return p.returncode, row, p.stderr

    def keep(self):
        shutil.rmtree(self.kept, ignore_errors=True)
        os.makedirs(self.kept)
        for name, path in (("mail", self.set["mail"]), ("l", self.ledger)):
            if os.path.isdir(path):
                subprocess.run(["cp", "-a", path,
                                os.path.join(self.kept, name)], check=True)

    def put_back(self):
        for name, path in (("mail", self.set["mail"]), ("l", self.ledger)):
            shutil.rmtree(path, ignore_errors=True)
            kept = os.path.join(self.kept, name)
            if os.path.isdir(kept):
                subprocess.run(["cp", "-a", kept, path], check=True)

    def seen(self):
        return [(r[0], r[1] and oracle.digest(r[1]), r[2], r[3])
                for r in oracle.read(self.set["oracle"])]

    def unbroken(self):
        self.put_back()
        rc, row, err = self.run()
        assert rc == 0, err
        return sorted(self.seen(), key=lambda r: r[0]), row

    def heal(self):
        """Runs until one ends in 0; how many it took, or what is wrong."""
        for n in range(4):
            rc, row, err = self.run()
            if rc == 0:
                return None
        return "exit %d after %d runs: %s" % (rc, n + 1, err.strip())

    def judge(self, want):
        wrong = self.heal()
        if wrong:
            return wrong
        got = sorted(self.seen(), key=lambda r: r[0])
        if got != want:
            lost = [r for r in want if r not in got]
            return "%d messages, not %d; lost %s; the order %s" % (
                len(got), len(want), lost[:2],
                "differs" if sorted(got, key=str) == sorted(want, key=str)
                else "aside")
        rc, row, err = self.run()
        if rc != 0 or row.get("copied") != "0" or row.get("status") != "same":
            return "one more run: exit %d, %s" % (rc, row)
        if sorted(self.seen(), key=lambda r: r[0]) != want:
            return "one more run changed the target"
        return None


# ---- kill, fail: by strace, which does that to static binaries too ----

def counted(bench, calls):
    """How often a process of an unbroken run makes each call."""
    bench.put_back()
    subprocess.run(["strace", "-ff", "-q", "-o", bench.trace, "-e",
                    "trace=" + ",".join("?" + c for c in calls)] +
                   bench.command(), stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    most = {}
    for name in os.listdir(bench.set["work"]):
        if not name.startswith("trace."):
            continue
        path = os.path.join(bench.set["work"], name)
        with open(path) as f:
            own = {}
            for line in f:
                call = line.split("(")[0]
                own[call] = own.get(call, 0) + 1
        os.unlink(path)
        for call, n in own.items():
            most[call] = max(most.get(call, 0), n)
    return [(c, n) for c in calls for n in range(1, most.get(c, 0) + 1)]


def by_strace(bench, call, n, what):
    """The run, broken there; 1 if the trace shows it."""
    rc, row, err = bench.run(
        "strace", "-f", "-q", "-o", bench.trace, "-e", "trace=" + call, "-e",
        "inject=%s:%s:when=%s" % (call, what, n))
    with open(bench.trace) as f:
        trace = f.read()
    hit = "killed by SIGKILL" in trace if "SIGKILL" in what else \
        "(INJECTED)" in trace
    return hit, rc, err


def kill(bench, point, want):
    hit, rc, err = by_strace(bench, *point, "signal=SIGKILL")
    return None if not hit else bench.judge(want) or ""


def fail(bench, point, want):
    call, n, error, on = point
    hit, rc, err = by_strace(bench, call, "%d%s" % (n, on), "error=" + error)
    if not hit or "shared libraries" in err:    # the loader's, not ours
        return None
    if rc == 0 and call in ("pwrite64", "fdatasync", "mkdir"):
        return "exit 0 in spite of it"
    if rc not in (0, 1, 66, 69, 70, 71, 73, 74, 75, 78):
        return "exit %d: %s" % (rc, err.strip())
    return bench.judge(want) or ""


# ---- cut: a relay that ends behind an octet ----

class Relay(threading.Thread):
    """Counts octets both ways, all connections together; cuts once."""

    def __init__(self, to):
        super().__init__(daemon=True)
        host, port = to.rsplit(":", 1)
        self.to = (host, int(port))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.moved = [0, 0]
        self.cut_at = None          # direction, octet, reset
        self.hit = False
        self.start()

    def run(self):
        while True:
            a, _ = self.listener.accept()
            b = socket.create_connection(self.to)
            for one in (a, b):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for way in ((a, b, 0), (b, a, 1)):
                threading.Thread(target=self.pump, args=way + ((a, b),),
                                 daemon=True).start()

    def pump(self, source, sink, way, both):
        try:
            while True:
                octets = source.recv(65536)
                if not octets:
                    break
                if self.cut_at and self.cut_at[0] == way and not self.hit:
                    room = self.cut_at[1] - self.moved[way]
                    if len(octets) >= room:
                        sink.sendall(octets[:room])
                        self.hit = True
                        if self.cut_at[2]:
                            for one in both:
                                one.setsockopt(socket.SOL_SOCKET,
                                               socket.SO_LINGER,
                                               struct.pack("ii", 1, 0))
                        break
                self.moved[way] += len(octets)
                sink.sendall(octets)
        except OSError:
            pass
        for one in both:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            if self.cut_at and self.cut_at[2]:
                one.close()


def through(url, relay):
    return re.sub(r"@[^;/]*", "@127.0.0.1:%d" % relay.port, url)


def cut_points(bench):
    relays = [Relay(to) for to in bench.set["relays"].split()]
    bench.put_back()
    rc, row, err = bench.run(source=through(bench.set["source"], relays[0]),
                             target=through(bench.set["target"], relays[1]))
    assert rc == 0, err
    return [(side, way, n) for side in (0, 1) for way in (0, 1)
            for n in range(1, relays[side].moved[way])]


def cut(bench, point, want):
    side, way, n = point
    relays = [Relay(to) for to in bench.set["relays"].split()]
    relays[side].cut_at = (way, n, random.random() < 0.5)
    rc, row, err = bench.run(source=through(bench.set["source"], relays[0]),
                             target=through(bench.set["target"], relays[1]))
    if not relays[side].hit:
        return None
    if rc not in (0, 1, 69, 75, 76, 77):
        return "exit %d: %s" % (rc, err.strip())
    # The ledger's name has the relay's port: what it knows is lost, which the
    # target's mail makes up for; half of the points go on with it.
    for name in os.listdir(bench.ledger) if os.path.isdir(bench.ledger) else ():
        if random.random() < 0.5:
            rename_ledger(bench, name)
    return bench.judge(want) or ""


def rename_ledger(bench, name):
    """To what the job is called without the relay."""
    key = os.path.splitext(bench.key)[0]
    os.rename(os.path.join(bench.ledger, name),
              os.path.join(bench.ledger, key + os.path.splitext(name)[1]))


def main():
    mode, most = sys.argv[1], int(sys.argv[2])
    part, of = map(int, (sys.argv[3] if len(sys.argv) > 3 else "1/1").split("/"))
    random.seed("torture " + mode)
    bench = Bench()
    bench.keep()
    want, row = bench.unbroken()
    bench.key = row["key"] + ".tsv"
    if mode == "kill":
        points = counted(bench, CALLS)
    elif mode == "fail":
        points = [(c, n, e, on) for c, n in counted(bench, WRITES)
                  for e in ("ENOSPC", "EIO") for on in ("", "+")]
    else:
        points = cut_points(bench)
    if len(points) > most:
        points = [points[i] for i in
                  sorted(random.sample(range(len(points)), most))]
    hits, wrong = 0, 0
    for point in points[part - 1::of]:
        bench.put_back()
        answer = {"kill": kill, "fail": fail, "cut": cut}[mode](
            bench, point, want)
        hits += answer is not None
        if answer:
            wrong += 1
            print("%s %s: %s" % (mode, " ".join(map(str, point)), answer),
                  flush=True)
    bench.put_back()  # for what comes next
    print("%s: %d points hit of %d, %d wrong, %d messages" % (
        mode, hits, len(points[part - 1::of]), wrong, len(want)))
    return wrong > 0 or hits == 0


if __name__ == "__main__":
    sys.exit(main())
