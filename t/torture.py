#!/usr/bin/env python3
"""torture.py: mbx-copy broken at one point after another, and run again.

    torture.py MODE MOST [PART/N] < settings
    torture.py standing ROWS     what a file of results is still worth

Settings, a line each: source=URL target=URL secret=REF (of both), work=DIR,
mail=DIR (the target user's, put back before each point), oracle=STORE of the
target, relays=HOST:PORT HOST:PORT (source, target; for cut and server),
servers=DIR DIR and start=COMMAND (for server: the Dovecots, and what starts
one of its configuration), profile=NAME, options=OPTIONS of mbx-copy,
phase=WORD and rows=FILE (a row with the result is appended).

kill    SIGKILL at the n-th of each system call that the run makes
ledger  a signal before and behind each call that writes the ledger
random  SIGKILL at any time, to all processes, or to the first one
fail    ENOSPC or EIO from the n-th call that writes, once or from then on
cut     the connection ends behind octet n, either way, by FIN or RST: behind
        each line, inside literals, anywhere
server  the server is killed behind octet n, and started again

At each point: the broken run, which must show that the point was hit; runs
until one ends in 0; then what the oracle sees must be that of an unbroken run,
message by message, in its order; then one more run, which must change nothing.
A line a failure; the last line counts.  Which points are taken, if there are
more than MOST (0: all), and in which part each is, hangs on the point alone.
"""
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import oracle

WRITES = "pwrite64 write fdatasync fsync openat mkdir".split()
LEDGER = ("pwrite64 write fdatasync fsync ftruncate rename renameat renameat2 "
          "unlink unlinkat").split()
# What results are about: they are void when any of it has changed since.
COVERS = ["cmd/mbx-copy.c", "t/torture.py"] + [
    "lib/" + room for room in ("base cli copy imap ledger map msg net row "
                               "sasl secret store").split()]
GOALS = {"kill": 3000, "random": 1000, "cut": 2000}


def chance(point, of):
    """A number below `of` that hangs on the point alone."""
    return zlib.crc32(repr(point).encode()) % of


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
        begun = time.monotonic()
        rc, row, err = self.run()
        self.took = time.monotonic() - begun
        assert rc == 0, err
        return sorted(self.seen(), key=lambda r: r[0]), row

    def heal(self):
        """Runs until one ends in 0; how many it took, or what is wrong."""
        for n in range(10):
            rc, row, err = self.run()
            if rc == 0:
                return None
            if rc != 75 and n >= 3:
                break
            time.sleep(0.5 if rc == 75 else 0)
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

def counted(bench, calls, *where):
    """Each call that a process of an unbroken run makes, and its number."""
    bench.put_back()
    subprocess.run(["strace", "-ff", "-q", "-o", bench.trace, *where, "-e",
                    "trace=" + ",".join(calls)] + bench.command(),
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    points = set()
    for name in os.listdir(bench.set["work"]):
        if not name.startswith("trace."):
            continue
        path = os.path.join(bench.set["work"], name)
        with open(path) as f:
            own = {}
            for line in f:
                call = re.match(r"(\w+)\(", line)
                if call is None or call.group(1) in ("execve", "exit_group"):
                    continue
                call = call.group(1)
                own[call] = own.get(call, 0) + 1
                points.add((call, own[call]))
        os.unlink(path)
    return sorted(points)


def by_strace(bench, call, n, what, *where):
    """The run, broken there, and the trace of that call."""
    rc, row, err = bench.run(
        "strace", "-f", "-q", "-o", bench.trace, *where, "-e", "trace=" + call,
        "-e", "inject=%s:%s:when=%s" % (call, what, n))
    with open(bench.trace) as f:
        return f.read(), rc, err


def kill(bench, point, want):
    trace, rc, err = by_strace(bench, *point, "signal=SIGKILL")
    return None if "killed by SIGKILL" not in trace else \
        bench.judge(want) or ""


def ledger_files(bench):
    """As options of strace, which then sees and counts no other calls."""
    for end in (".tsv", ".state", ".state.new"):
        yield "-P"
        yield os.path.join(bench.ledger, bench.key[:-4] + end)


def ledger_points(bench):
    return [(c, n, when) for c, n in counted(bench, LEDGER,
                                             *ledger_files(bench))
            for when in ("before", "behind")]


def ledger(bench, point, want):
    """SIGKILL comes before the call is made, another signal behind it."""
    call, n, when = point
    sig = "SIGKILL" if when == "before" else "SIGVTALRM"
    trace, rc, err = by_strace(bench, call, n, "signal=" + sig,
                               *ledger_files(bench))
    last = re.findall(r"(?m)^\d+ +%s\(.*= (\?|-?\d+)" % call, trace)
    if "killed by " + sig not in trace or len(last) != n or \
            (when == "before") != (last[-1] == "?"):
        return None
    return bench.judge(want) or ""


def random_points(bench, most):
    return [("at", n) for n in range(most)]


def at_random(bench, point, want):
    killed = os.killpg if chance(("all", point), 3) > 0 else os.kill
    for turn in range(9):
        p = subprocess.Popen(bench.command(), stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            p.wait(bench.took * chance(point, 1000) / 1000)
        except subprocess.TimeoutExpired:
            killed(p.pid, signal.SIGKILL)
            p.wait()
            return bench.judge(want) or ""
        bench.took *= 0.8   # that was a slow one
        bench.put_back()
    return None


def fail(bench, point, want):
    call, n, error, on = point
    trace, rc, err = by_strace(bench, call, "%d%s" % (n, on),
                               "error=" + error)
    if "(INJECTED)" not in trace or \
            "shared libraries" in err:  # the loader's, not ours
        return None
    if rc == 0 and call in ("pwrite64", "fdatasync", "mkdir"):
        return "exit 0 in spite of it"
    if rc not in (0, 1, 66, 69, 70, 71, 73, 74, 75, 78):
        return "exit %d: %s" % (rc, err.strip())
    return bench.judge(want) or ""


def fail_points(bench):
    return [(c, n, e, on) for c, n in counted(bench, WRITES)
            for e in ("ENOSPC", "EIO") for on in ("", "+")]


# ---- cut, server: a relay that ends behind an octet ----

class Relay(threading.Thread):
    """Counts octets both ways, all connections together; cuts once."""

    def __init__(self, to):
        super().__init__(daemon=True)
        host, port = to.rsplit(":", 1)
        self.to = (host, int(port))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.moved = [0, 0]
        self.log = [bytearray(), bytearray()]
        self.cut_at = None          # direction, octet, reset
        self.hit = False
        self.on_hit = None          # called then
        self.start()

    def run(self):
        while True:
            a, _ = self.listener.accept()
            try:
                b = socket.create_connection(self.to)
            except OSError:
                a.close()
                continue
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
                        if self.on_hit:
                            self.on_hit()
                        if self.cut_at[2]:
                            for one in both:
                                one.setsockopt(socket.SOL_SOCKET,
                                               socket.SO_LINGER,
                                               struct.pack("ii", 1, 0))
                        break
                self.moved[way] += len(octets)
                if self.cut_at is None:
                    self.log[way] += octets
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


def both(bench, relays):
    return bench.run(source=through(bench.set["source"], relays[0]),
                     target=through(bench.set["target"], relays[1]))


def places(octets):
    """Behind each line, and three places inside each literal."""
    lines, inside, at = [], [], 0
    while (end := octets.find(b"\r\n", at) + 2) > 1:
        lines.append(end)
        literal = re.search(rb"\{(\d+)\+?\}\r\n\Z", octets[at:end])
        at = end
        if literal:
            size = int(literal.group(1))
            inside += [end + n for n in sorted({1, size // 2, size - 1})
                       if 0 < n < size]
            at += size
    return lines, inside


def cut_points(bench, most):
    """Behind lines and inside literals, up to a third each; the rest is
    anywhere."""
    relays = [Relay(to) for to in bench.set["relays"].split()]
    bench.put_back()
    rc, row, err = both(bench, relays)
    assert rc == 0, err
    kinds = [], [], []
    for side in (0, 1):
        for way in (0, 1):
            log = bytes(relays[side].log[way])
            for kind, found in zip(kinds, places(log) +
                                   (range(1, len(log)),)):
                kind += [(side, way, n) for n in found if n < len(log)]
    points = set()
    for i, kind in enumerate(kinds):
        room = most - len(points) if i == 2 else most // 3
        points |= set(some(set(kind) - points, room))
    return sorted(points)


def cut(bench, point, want):
    side, way, n = point
    relays = [Relay(to) for to in bench.set["relays"].split()]
    relays[side].cut_at = (way, n, chance(("RST", point), 2))
    rc, row, err = both(bench, relays)
    return after_cut(bench, point, relays[side], rc, err, want)


def after_cut(bench, point, relay, rc, err, want):
    if not relay.hit:
        return None
    if rc not in (0, 1, 69, 75, 76, 77):
        return "exit %d: %s" % (rc, err.strip())
    # The ledger's name has the relay's port: what it knows is lost, which the
    # target's mail makes up for; half of the points go on with it.
    for name in os.listdir(bench.ledger) if os.path.isdir(bench.ledger) else ():
        if chance((name[-3:], point), 2):
            rename_ledger(bench, name)
    return bench.judge(want) or ""


class Server:
    """One of the Dovecots; its master leads its process group."""

    def __init__(self, bench, side):
        self.dir = bench.set["servers"].split()[side]
        self.start = bench.set["start"].split() + [self.dir + "/dovecot.conf"]
        self.thread = threading.Thread(target=self.again)

    def kill(self):
        with open(self.dir + "/run/master.pid") as f:
            os.killpg(int(f.read()), signal.SIGKILL)
        os.unlink(self.dir + "/run/master.pid")
        self.thread.start()

    def again(self):
        time.sleep(0.2)
        # A lock that has no pid in it yet Dovecot would wait two minutes for.
        for top, _, names in os.walk(self.dir + "/mail"):
            if "dovecot-uidlist.lock" in names:
                os.unlink(os.path.join(top, "dovecot-uidlist.lock"))
        subprocess.run(self.start, check=True)


def server(bench, point, want):
    side, way, n = point
    relays = [Relay(to) for to in bench.set["relays"].split()]
    killed = Server(bench, side)
    relays[side].cut_at = (way, n, 0)
    relays[side].on_hit = killed.kill
    rc, row, err = both(bench, relays)
    if relays[side].hit:
        killed.thread.join()
    return after_cut(bench, point, relays[side], rc, err, want)


def rename_ledger(bench, name):
    """To what the job is called without the relay."""
    key = os.path.splitext(bench.key)[0]
    os.rename(os.path.join(bench.ledger, name),
              os.path.join(bench.ledger, key + os.path.splitext(name)[1]))


# ---- results ----

def some(points, most):
    return sorted(points, key=lambda p: chance(("some", p), 1 << 32))[:most]


def git(*args):
    return subprocess.run(("git",) + args, capture_output=True, text=True)


def record(bench, mode, part, **cells):
    """A row for a commit, so none of what nobody has committed."""
    if git("status", "--porcelain", "--", *COVERS).stdout:
        return
    row = {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
           "commit": git("rev-parse", "--short=12", "HEAD").stdout.strip(),
           "phase": bench.set.get("phase", ""), "mode": mode, "part": part}
    row.update(cells)
    path = bench.set["rows"]
    line = "\t".join(map(str, row.values())) + "\n"
    if not os.path.exists(path):
        line = "\t".join(row) + "\n" + line
    with open(path, "a") as f:
        f.write(line)


def standing(path):
    """Counts what was measured at commits since which nothing of COVERS has
    changed, each part once."""
    with open(path) as f:
        rows = [line.rstrip("\n").split("\t") for line in f]
    rows = [dict(zip(rows[0], row)) for row in rows[1:]]
    void = {commit for commit in {row["commit"] for row in rows}
            if git("diff", "--quiet", commit, "--", *COVERS).returncode != 0}
    good = {(r["phase"], r["mode"], r["part"]): r for r in rows
            if r["commit"] not in void}
    print("%d rows, %d of them void: since %s something has changed" % (
        len(rows), sum(r["commit"] in void for r in rows),
        ", ".join(sorted(void)) or "none"))
    short = 0
    for mode in ("kill", "ledger", "random", "fail", "cut", "server"):
        own = [r for r in good.values() if r["mode"] == mode]
        hit, wrong = (sum(int(r[c]) for r in own) for c in ("hit", "wrong"))
        short += wrong > 0 or hit < GOALS.get(mode, 1)
        print("%s: %d points hit, %d wrong%s" % (
            mode, hit, wrong, ", of %d" % GOALS[mode]
            if mode in GOALS else ""))
    return short > 0


MODES = {"kill": (kill, lambda b, m: counted(b, ["all"])),
         "ledger": (ledger, lambda b, m: ledger_points(b)),
         "random": (at_random, random_points),
         "fail": (fail, lambda b, m: fail_points(b)),
         "cut": (cut, cut_points), "server": (server, cut_points)}


def main():
    mode, most = sys.argv[1], sys.argv[2]
    if mode == "standing":
        return standing(most)
    most = int(most) or sys.maxsize
    name = sys.argv[3] if len(sys.argv) > 3 else "1/1"
    part, of = map(int, name.split("/"))
    bench = Bench()
    bench.keep()
    want, row = bench.unbroken()
    bench.key = row["key"] + ".tsv"
    try_one, points_of = MODES[mode]
    there = points_of(bench, most)
    points = [p for i, p in enumerate(some(there, most))
              if (chance(p, of) if most == sys.maxsize else i % of) == part - 1]
    hits, wrong, begun = 0, 0, time.monotonic()
    for point in points:
        bench.put_back()
        answer = try_one(bench, point, want)
        hits += answer is not None
        if answer:
            wrong += 1
            print("%s %s: %s" % (mode, " ".join(map(str, point)), answer),
                  flush=True)
    bench.put_back()  # for what comes next
    took = time.monotonic() - begun
    if bench.set.get("rows"):
        record(bench, mode, name, points=len(points), hit=hits, wrong=wrong,
               messages=len(want), seconds=round(took))
    print("%s: %d points hit of %d (%d in all), %d wrong, %d messages, %.0f s"
          % (mode, hits, len(points), len(there), wrong, len(want), took))
    return wrong > 0 or hits == 0 < len(points) or not there


if __name__ == "__main__":
    sys.exit(main())
