#!/usr/bin/env python3
"""scripted.py: an IMAP server that lies on demand.

    scripted.py PORTFILE LOG RULES [KEY=VALUE...]

A sane IMAP4rev1 server on a free port of 127.0.0.1 (written to PORTFILE) that
deviates where RULES, a file read at each connection, says so.  Messages are
made up on the fly: a folder of a million or a message of 200 MB costs nothing
here.  What is appended goes to an unlinked file.  From Python:

    with scripted.Server(["INBOX 3"], ["BODY cut 100"]) as s:
        s.port; s.said; s.rules = [...]

The password of any USER is PASSWORD-OF-USER.  Keys:
    box=NAME COUNT [size=N] [big=UID:N] [validity=N] [base=N] [use=\\Sent]
        a folder; its UIDs are base+1, base+2...; sizes are size..size+63
        (300), but N for UID.  Without box= there is INBOX with 3 messages.
    caps=WORDS    the capabilities, instead of all that it has
    sep=.  prefix=INBOX.   of the personal namespace (/ and none)

A rule is COMMAND[#N] ACTION [ARGUMENT].  COMMAND is the verb (UID left out);
BODY is a FETCH of bodies, GREETING what comes first, LITERAL the "+" before a
literal, * any command.  #N: the N-th one of this server only.  Actions:
    say TEXT      instead of the answer; nothing is done
    before TEXT   ahead of the answer       middle TEXT   behind its first row
    end TEXT      instead of the tagged line
    edit /RE/TO/  in every line, not in literals
    cut N, stall N   the end, or silence, behind N octets of the answer
    drip N        from here on N octets at a time
    late          BODY only: the body before its UID
    flood N TEXT  TEXT N times ahead of the answer
    replay FILE   a canned stream whose client said 1 LOGIN, 2 LIST, 3 SELECT,
                  4 UID FETCH: its part for this command, tags put right,
                  and the end behind the last or without a tagged line
    canned FILE   all of such a stream, every tag put right, then the end
TEXT knows the escapes of Python and %t, the tag.

LOG has a line a command: connection, blank, the octets escaped as Python does;
of a literal longer than 1,000 octets only its length and SHA-256.
"""
import base64
import re
import socketserver
import sys
import threading
import time

from made_up import (Box, Message, Spool, chunks_of, date_of, date_text,
                     sha256)

CAPS = ("IMAP4rev1 LITERAL+ SASL-IR UIDPLUS MULTIAPPEND NAMESPACE "
        "LIST-EXTENDED LIST-STATUS STATUS=SIZE SPECIAL-USE CHILDREN "
        "CREATE-SPECIAL-USE CONDSTORE QUOTA UNSELECT AUTH=PLAIN")
CANNED = {"GREETING": 0, "LOGIN": 1, "AUTHENTICATE": 1, "LIST": 2, "LSUB": 2,
          "SELECT": 3, "EXAMINE": 3, "FETCH": 4, "BODY": 4}


class Octets(bytes):
    """Content of a literal: rules do not edit it."""


class Tagged(bytes):
    """The tagged line."""


class Closed(Exception):
    """The connection ends here."""


def quoted(name):
    return ('"' + re.sub(r'([\\"])', r"\\\1", name) + '"').encode("latin-1")


def canned(path, name, tag):
    """A canned stream's part for the command NAME, or all of it; tags right."""
    parts = [b"", b""]
    with open(path, "rb") as f:
        parts[0] = f.readline()
        for line in f:
            mark = b"%d " % (len(parts) - 1)
            own = line.startswith(mark) and line[2:4] in (b"OK", b"NO", b"BA")
            parts[-1] += tag + line[1:] if own else line
            if own:
                parts.append(b"")
    if not name:
        return b"".join(parts)
    at = CANNED.get(name, len(parts))
    return b"".join(parts[at:at + 1] if at < 4 else parts[4:])


class Session(socketserver.StreamRequestHandler):
    rbufsize, wbufsize = 1 << 16, 0
    disable_nagle_algorithm = True

    # ---- octets ----

    def handle(self):
        s = self.server
        with s.lock:
            s.connections += 1
            self.number, self.rules = s.connections, s.load_rules()
        self.box, self.drip, self.out = None, 0, bytearray()
        try:
            self.respond("GREETING", b"*", lambda: iter(()),
                         b"OK [CAPABILITY %s] ready" % s.caps)
            while self.command():
                pass
        except (Closed, OSError):
            pass

    def flush(self):
        data, self.out = self.out, bytearray()
        step = self.drip or len(data) or 1
        for at in range(0, len(data), step):
            self.request.sendall(data[at:at + step])

    def text(self, arg, tag):
        raw = arg.encode("latin-1").decode("unicode_escape").encode("latin-1")
        return raw.replace(b"%t", tag)

    def matching(self, name):
        s = self.server
        with s.lock:
            n = s.seen[name] = s.seen.get(name, 0) + 1
        return [(action, arg) for where, action, arg in self.rules
                if where in (name, "*", "%s#%d" % (name, n))]

    def respond(self, name, tag, rows, end):
        """Sends an answer through the rules: 1 if a rule put another in its
        place.  rows() yields the untagged part; end may be a function too."""
        rules, instead = self.matching(name), None
        for action, arg in rules:
            if action == "say":
                instead = self.text(arg, tag)
            elif action in ("replay", "canned"):
                instead = canned(arg, name if action == "replay" else "", tag)
        pieces = self.sane(tag, rows, end) if instead is None else (instead,)
        for action, arg in rules:
            pieces = self.bend(action, arg, pieces, tag)
        for piece in pieces:
            self.out += piece
            if len(self.out) > 1 << 16:
                self.flush()
        self.flush()
        ends = instead is None or re.search(rb"(?m)^\S+ (OK|NO|BAD)", instead)
        if any(action == "canned" or action == "replay" and (
                not ends or CANNED.get(name) == 4) for action, _ in rules):
            raise Closed  # the stream has ended
        return instead is not None

    @staticmethod
    def sane(tag, rows, end):
        yield from rows()
        if end:
            end = end() if callable(end) else end
            yield Tagged(tag + b" " + end + b"\r\n")

    def bend(self, action, arg, pieces, tag):
        left, begun = None, 0
        if action in ("before", "middle", "end", "flood"):
            text = self.text(arg, tag)
        if action == "before":
            yield text
        elif action == "flood":
            n, _, line = text.partition(b" ")
            for _ in range(int(n) // 100):
                yield line * 100
        elif action == "drip":
            self.drip = int(arg)
        elif action in ("cut", "stall"):
            left = int(arg)
        elif action == "edit":
            _, pattern, to, _ = arg.encode("latin-1").split(arg[:1].encode())
        for piece in pieces:
            if left is not None and len(piece) >= left:
                self.out += piece[:left]
                self.flush()
                while action == "stall" and self.rfile.read1(4096):
                    pass
                raise Closed
            if left is not None:
                left -= len(piece)
            begun += piece[:2] == b"* "
            if action == "middle" and begun == 2:
                yield text
                begun += 1
            if action == "end" and isinstance(piece, Tagged):
                piece = text
            if action == "edit" and not isinstance(piece, Octets):
                piece = type(piece)(re.sub(pattern, to, piece))
            yield piece

    # ---- commands ----

    def literal(self, n):
        data = (self.rfile.read(n) if n <= 65536
                else self.server.file.take(self.rfile, n))
        if len(data) < n:
            raise Closed
        return data

    def command(self):
        parts, said = [], ""
        while True:
            line = self.rfile.readline(1 << 20)
            if not line.endswith(b"\n"):
                return False
            said += repr(line)[2:-1]
            line = line.rstrip(b"\r\n")
            m = re.search(rb"\{(\d+)(\+?)\}$", line)
            if parts == []:
                tag = line.split(b" ")[0]
            parts.append(line[:m.start()] if m else line)
            if not m:
                break
            if not m.group(2) and self.respond(
                    "LITERAL", tag, lambda: iter((b"+ go on\r\n",)), b""):
                parts = None
                break
            data = self.literal(int(m.group(1)))
            said += (repr(data)[2:-1] if len(data) <= 1000 else
                     "<%d %s>" % (len(data), sha256(data)))
            parts.append(data)
        self.server.note(self.number, said)
        return parts is None or self.perform(tag, self.tokens(parts))

    @staticmethod
    def tokens(parts):
        words = []
        for at, part in enumerate(parts):
            if at % 2:
                words.append(part)
                continue
            for m in re.finditer(
                    rb'"((?:[^"\\]|\\.)*)"|\(((?:[^()"]|"[^"]*"|\([^()]*\))*)\)'
                    rb'|([^ ()"]+(?:\[[^\]]*\])?)', part):
                q, group, atom = m.groups()
                words.append(re.sub(rb"\\(.)", rb"\1", q) if q is not None else
                             "(" + group.decode("latin-1") + ")"
                             if group is not None else atom)
        return words

    def perform(self, tag, words):
        verb = words[1].decode("latin-1").upper() if len(words) > 1 else ""
        args = words[2:]
        by_uid = verb == "UID" and len(args) > 0
        if by_uid:
            verb, args = args[0].decode("latin-1").upper(), args[1:]
        name = verb
        if verb == "FETCH" and "BODY" in str(args[-1]).upper():
            name = "BODY"
        do = getattr(self, "do_" + verb.lower(), None)
        try:
            rows, end = do(args, by_uid) if do else ((), b"BAD unknown command")
        except (IndexError, ValueError, TypeError, AttributeError) as why:
            rows, end = (), b"BAD " + repr(why).encode()
        self.respond(name, tag, lambda: iter(rows), end)
        if verb == "LOGOUT":
            raise Closed
        return True

    def find(self, word):
        name = word.decode("latin-1")
        name = "INBOX" if name.upper() == "INBOX" else name
        return self.server.boxes.get(name)

    def do_capability(self, args, by_uid):
        return (b"* CAPABILITY %s\r\n" % self.server.caps,), b"OK done"

    def do_noop(self, args, by_uid):
        return (), b"OK done"
    do_unselect = do_check = do_enable = do_noop

    def do_logout(self, args, by_uid):
        return (b"* BYE bye\r\n",), b"OK done"

    def do_login(self, args, by_uid):
        ok = args[1] == b"PASSWORD-OF-" + args[0]
        return (), b"OK in" if ok else b"NO [AUTHENTICATIONFAILED] no"

    def do_authenticate(self, args, by_uid):
        if len(args) < 2:
            self.request.sendall(b"+ \r\n")
            line = self.rfile.readline().rstrip(b"\r\n")
            self.server.note(self.number, line.decode("latin-1"))
            args.append(line)
        words = base64.b64decode(args[1]).split(b"\0")
        return self.do_login(words[1:], by_uid)

    def do_namespace(self, args, by_uid):
        s = self.server
        return (b"* NAMESPACE ((%s %s)) NIL NIL\r\n" % (
            quoted(s.prefix), quoted(s.sep)),), b"OK done"

    def list_row(self, word, box):
        s = self.server
        attrs = ["\\HasNoChildren"] + [box.use] * bool(box.use)
        if word == b"LIST" and box.subscribed:
            attrs.append("\\Subscribed")
        attrs = " ".join(attrs)
        return b"* %s (%s) %s %s\r\n" % (word, attrs.encode(), quoted(s.sep),
                                         quoted(box.name))

    def status_row(self, box, what):
        n, size = len(box), 0
        if "SIZE" in what:
            size = box.count * box.size + sum(m.size for m in box.more)
        v = {"MESSAGES": n, "UIDNEXT": box.base + n + 1, "UNSEEN": n // 2,
             "UIDVALIDITY": box.validity, "SIZE": size, "HIGHESTMODSEQ": 1 + n}
        return b"* STATUS %s (%s)\r\n" % (quoted(box.name), " ".join(
            "%s %d" % (k, v[k]) for k in what if k in v).encode())

    def do_list(self, args, by_uid):
        if args[1] == b"":
            return (b'* LIST (\\Noselect) %s ""\r\n' %
                    quoted(self.server.sep),), b"OK done"
        m = re.search(r"STATUS \(([^)]*)\)", str(args[-1]))
        rows = []
        for box in list(self.server.boxes.values()):
            rows.append(self.list_row(b"LIST", box))
            if m:
                rows.append(self.status_row(box, m.group(1).split()))
        return rows, b"OK done"

    def do_lsub(self, args, by_uid):
        return [self.list_row(b"LSUB", b) for b in
                list(self.server.boxes.values()) if b.subscribed], b"OK done"

    def do_status(self, args, by_uid):
        box = self.find(args[0])
        if box is None:
            return (), b"NO [NONEXISTENT] no such mailbox"
        return (self.status_row(box, args[1][1:-1].split()),), b"OK done"

    def do_select(self, args, by_uid, how=b"READ-WRITE"):
        self.box = box = self.find(args[0])
        if box is None:
            return (), b"NO [NONEXISTENT] no such mailbox"
        return (b"* %d EXISTS\r\n" % len(box), b"* 0 RECENT\r\n",
                b"* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)\r\n",
                b"* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen "
                b"\\Draft \\*)] ok\r\n",
                b"* OK [UIDVALIDITY %d] ok\r\n" % box.validity,
                b"* OK [UIDNEXT %d] ok\r\n" % (box.base + len(box) + 1),
                b"* OK [HIGHESTMODSEQ %d] ok\r\n" % (len(box) + 1),
                ), b"OK [%s] done" % how

    def do_examine(self, args, by_uid):
        return self.do_select(args, by_uid, b"READ-ONLY")

    def do_create(self, args, by_uid):
        def make():
            name = args[0].decode("latin-1")
            if self.find(args[0]):
                return b"NO [ALREADYEXISTS] it is there"
            box = self.server.boxes[name] = Box("x 0")
            box.name, box.subscribed = name, False
            m = re.search(r"USE \((\\\w+)\)", str(args[1:]))
            box.use = m.group(1).replace("\\\\", "\\") if m else ""
            return b"OK made"
        return (), make

    def do_subscribe(self, args, by_uid):
        self.find(args[0]).subscribed = True
        return (), b"OK done"

    def do_getquotaroot(self, args, by_uid):
        return (b'* QUOTAROOT INBOX ""\r\n',
                b'* QUOTA "" (STORAGE 10 1000000)\r\n'), b"OK done"

    def rows(self, sets, body):
        box, late = self.box, any(a == "late" for _, a, _ in self.rules)
        for run in sets:
            for uid in run:
                seq = uid - box.base
                if body is False:
                    m = box.get(uid)
                    yield (b'* %d FETCH (UID %d FLAGS (%s) INTERNALDATE "%s" '
                           b"RFC822.SIZE %d)\r\n" % (
                               seq, uid, m.flags.encode(),
                               date_text(m.date).encode(), m.size))
                    continue
                m = box.get(uid)
                meta = b"" if body == "only" else (
                    b'FLAGS (%s) INTERNALDATE "%s" ' % (
                        m.flags.encode(), date_text(m.date).encode()))
                yield b"* %d FETCH (%s%sBODY[] {%d}\r\n" % (
                    seq, b"" if late else b"UID %d " % uid, meta, m.size)
                for chunk in m.chunks():
                    yield Octets(chunk)
                yield b" UID %d)\r\n" % uid if late else b")\r\n"

    def do_fetch(self, args, by_uid):
        box, items = self.box, str(args[1]).upper()
        if box is None:
            return (), b"BAD nothing is selected"
        sets = list(box.uids(args[0].decode()))
        if not by_uid:
            sets = [range(1 + box.base, 1 + box.base + len(box))]
        body = False
        if "BODY" in items:
            body = "all" if "FLAGS" in items else "only"
        return self.rows(sets, body), b"OK done"

    def do_append(self, args, by_uid):
        box, new, flags, date = self.find(args[0]), [], "", None
        if box is None:
            return (), b"NO [TRYCREATE] no such mailbox"
        for at, word in enumerate(args[1:]):
            if isinstance(word, str):
                flags = word[1:-1]
            elif isinstance(word, bytes) and re.fullmatch(
                    rb"[ \d]\d-\w{3}-\d{4} [\d:]{8} [+-]\d{4}", word):
                date = date_of(word.decode())
            else:
                new.append(Message(len(word), flags,
                                   int(time.time()) if date is None else date,
                                   chunks_of(word)))
                flags, date = "", None

        def store():
            with self.server.lock:
                first = box.base + len(box) + 1
                box.more += new
            last = first + len(new) - 1
            return b"OK [APPENDUID %d %d%s] done" % (
                box.validity, first, b":%d" % last if last > first else b"")
        return (), store

    def do_store(self, args, by_uid):
        sign, change = args[1][:1], set(args[2][1:-1].split())
        for uid in (u for run in self.box.uids(args[0].decode()) for u in run):
            now = set(self.box.get(uid).flags.split())
            now = now | change if sign == b"+" else now - change
            self.box.flags[uid] = " ".join(sorted(now))
        return (), b"OK done"

    def do_copy(self, args, by_uid):
        to, uid = self.find(args[1]), int(args[0])
        if to is None:
            return (), b"NO [TRYCREATE] no such mailbox"
        to.more.append(self.box.get(uid))
        return (), b"OK [COPYUID %d %d %d] done" % (
            to.validity, uid, to.base + len(to))


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, boxes=(), rules=(), caps=CAPS, sep="/", prefix="",
                 log=None, rules_file=None):
        self.lock, self.seen, self.said = threading.RLock(), {}, []
        self.connections, self.log, self.rules_file = 0, log, rules_file
        self.rules, self.caps, self.sep = list(rules), caps.encode(), sep
        self.prefix, self.file = prefix, Spool()
        made = [Box(spec) for spec in boxes or ["INBOX 3"]]
        self.boxes = {box.name: box for box in made}
        super().__init__(("127.0.0.1", 0), Session)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *args):
        self.shutdown()
        super().__exit__(*args)

    def load_rules(self):
        lines = self.rules
        if self.rules_file:
            with open(self.rules_file, encoding="utf-8") as f:
                lines = f.read().splitlines()
        return [(line.split(" ", 2) + [""])[:3] for line in lines if line]

    def note(self, number, said):
        with self.lock:
            self.said.append((number, said))
            if self.log:
                self.log.write("%d %s\n" % (number, said))
                self.log.flush()
                self.said.clear()


def main():
    port_file, log, rules_file, *settings = sys.argv[1:]
    keys = {"boxes": []}
    for setting in settings:
        key, _, value = setting.partition("=")
        if key == "box":
            keys["boxes"].append(value)
        else:
            keys[key] = value
    with Server(rules_file=rules_file, log=open(log, "a", encoding="utf-8"),
                **keys) as server:
        with open(port_file, "w", encoding="utf-8") as f:
            print(server.port, file=f)
        threading.Event().wait()


if __name__ == "__main__":
    main()
