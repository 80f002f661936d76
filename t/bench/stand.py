"""stand.py: what the benchmark stands on: the servers that bench.sh started,
their accounts, the probes, and one measured run.
"""
import collections
import os
import shutil
import socket
import subprocess
import time
import letters
import works

TICK = os.sysconf("SC_CLK_TCK")
LIMIT = 3600

Server = collections.namedtuple("Server", "name port tls mail conf pid")
Run = collections.namedtuple("Run", "wall cpu rss src_cpu dst_cpu status log")

BODY = "UID FLAGS INTERNALDATE BODY.PEEK[]"
IDENT = ("UID FLAGS INTERNALDATE RFC822.SIZE "
         "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]")
# probe: what a connection to the source and one to the target does
PROBES = {
    "drain": ("body", None),
    "fill": (None, "one"), "fill-s": (None, "selected"),
    "fill-m": (None, "many"),
    "both-s": ("body", "selected"), "both-m": ("body", "many"),
    "stat": ("stat", None), "stat-both": ("stat", "stat"),
    "fetch-both": ("body", "body"), "mids": ("ident", "ident"),
}


def fills(probe):
    return PROBES[probe.rsplit("-c", 1)[0]][1] in ("one", "selected", "many")


def session(kind, corpus, folders=None):
    """The lines of a script but for the user's, see probe.c; folders: some of
    them."""
    for k in range(len(corpus.folders)) if folders is None else folders:
        name = '"%s"' % corpus.folders[k]
        if kind in ("body", "ident"):
            yield "A EXAMINE " + name
            yield "A UID FETCH 1:* (%s)" % (BODY if kind == "body" else IDENT)
        elif kind != "stat":
            yield "C CREATE " + name
            if kind == "selected":
                yield "A SELECT " + name
            yield "<%s/%d.%s" % (corpus.path, k,
                                 "many" if kind == "many" else "one")
    if kind == "stat":
        yield ('A LIST "" "*" RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY '
               'SIZE))')


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


Corpus = collections.namedtuple("Corpus", "path folders messages octets")


class Stand:
    """Servers by name: src, dst, single (dst without MULTIAPPEND), disk."""

    def __init__(self, top, helpers, small):
        self.top, self.helpers, self.small = top, helpers, small
        self.made, self.relays, self.files = {}, {}, 0
        self.password = os.environ["BENCH_PASSWORD"]
        self.ca = os.environ["BENCH_CA"]
        self.as_mail = os.environ["BENCH_AS_MAIL"].split()
        self.servers = {}
        for line in os.environ["BENCH_SERVERS"].splitlines():
            name, port, tls, mail, conf, pid = line.split("\t")
            self.servers[name] = Server(name, int(port), int(tls), mail, conf,
                                        int(pid))

    def helper(self, name):
        return os.path.join(self.helpers, name)

    def folder(self, *names):
        path = os.path.join(self.top, *names)
        os.makedirs(path, exist_ok=True)
        return path

    def close(self):
        for relay, _ in self.relays.values():
            relay.terminate()
            relay.wait()

    # ---- connections ----

    def port(self, server, link):
        """Where a server is reached: plain, over TLS, or so many ms away."""
        if link in ("plain", "tls"):
            return server.tls if link == "tls" else server.port
        if link not in self.relays:
            ways = [(free_port(), self.servers[s].port)
                    for s in ("src", "dst")]
            relay = subprocess.Popen(
                [self.helper("delay"), str(link)] +
                [str(p) for way in ways for p in way])
            time.sleep(.2)
            self.relays[link] = relay, {to: at for at, to in ways}
        return self.relays[link][1][server.port]

    # ---- mail ----

    def corpus(self, name):
        if name not in self.made:
            profile, messages, folders, seed = works.corpora(
                name, self.small)
            path = os.path.join(self.folder("corpus"), name)
            octets = letters.write(path, profile, messages, folders, seed)
            self.made[name] = Corpus(path, letters.folders(folders), messages,
                                     octets)
        return self.made[name]

    def drop(self, server, user):
        shutil.rmtree(os.path.join(server.mail, user), ignore_errors=True)

    def fill(self, server, accounts):
        """Makes accounts, (user, corpus), where they are not; looked at once,
        so that nobody pays for what a server writes down at a first look."""
        scripts = [
            self.script(user, [line for kind in ("many", "ident", "stat")
                               for line in session(kind, self.corpus(name))])
            for user, name in accounts
            if not os.path.exists(os.path.join(server.mail, user))]
        if scripts:
            self.play(server, scripts)

    def sources(self, names):
        self.fill(self.servers["src"], [("src-" + n, n) for n in names])

    def source(self, name, user=None):
        """The source account of a corpus, or a copy of it for one tool."""
        seed, src = "src-" + name, self.servers["src"]
        self.sources([name])
        if user is None:
            return seed
        self.drop(src, user)
        subprocess.run(["cp", "-a", os.path.join(src.mail, seed),
                        os.path.join(src.mail, user)], check=True)
        return user

    def full(self, server, name):
        """A target account that holds a corpus already."""
        user = "full-" + name
        self.fill(server, [(user, name)])
        return user

    # ---- probes ----

    def script(self, user, lines):
        self.files += 1
        path = os.path.join(self.folder("scripts"), str(self.files))
        with open(path, "w") as f:
            f.write("\n".join([user, *lines, "Z LOGOUT"]) + "\n")
        return path

    def play(self, server, scripts):
        """One after the other, not measured."""
        subprocess.run([self.helper("probe"), self.password, str(server.port),
                        *scripts], check=True, stdout=subprocess.DEVNULL)

    def lanes(self, kind, server, link, users, names, n):
        """What n connections to a server do: the folders of one account, or
        the accounts, are dealt to them."""
        corpora = [self.corpus(name) for name in names]
        port = str(self.port(server, link))
        for k in range(n):
            if len(users) == 1:
                shares = [(users[0], corpora[0],
                           range(len(corpora[0].folders))[k::n])]
            else:
                shares = [(u, c, None)
                          for u, c in list(zip(users, corpora))[k::n]]
            yield [port] + [self.script(u, session(kind, c, boxes))
                            for u, c, boxes in shares]

    def probe(self, name, server, link, pairs, names):
        """The command: pairs of accounts, the corpora in them."""
        base, n = name.rsplit("-c", 1)
        argv = [self.helper("probe")] + ["-t"] * (link == "tls")
        lanes = []
        for side, kind, users in zip((self.servers["src"], server),
                                     PROBES[base], zip(*pairs)):
            if kind is not None:
                lanes += self.lanes(kind, side, link, users, names, int(n))
        argv.append(self.password)
        for k, lane in enumerate(lanes):
            argv += [","] * (k > 0) + lane
        return argv

    # ---- one run ----

    def server_cpu(self, server):
        """Of the master, those it has waited for, and those that live."""
        children, stats = collections.defaultdict(list), {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/stat" % pid) as f:
                    stat = f.read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            stats[int(pid)] = sum(map(int, stat[11:15]))
            children[int(stat[1])].append(int(pid))
        todo, total = [server.pid], 0
        for pid in todo:
            total += stats.get(pid, 0)
            todo += children[pid]
        return total / TICK

    def run(self, argv, target):
        """Runs a command to its end; what it used and said."""
        log = os.path.join(self.top, "log")
        used = os.path.join(self.top, "used")
        both = [self.servers["src"], target]
        before = [self.server_cpu(s) for s in both]
        with open(log, "w") as f:
            status = subprocess.run(
                [self.helper("launch"), used, str(LIMIT), *argv], stdout=f,
                stderr=f, stdin=subprocess.DEVNULL).returncode
        time.sleep(.2)  # until the servers have waited for their children
        cpu = [self.server_cpu(s) - b for s, b in zip(both, before)]
        with open(used) as f:
            wall, user, system, rss = map(float, f.read().split())
        with open(log, errors="replace") as f:
            text = f.read()
        if argv[0] == self.helper("probe") and status == 0:
            wall = float(text)
        return Run(wall, user + system, int(rss), *cpu, status, text)
