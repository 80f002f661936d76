#!/usr/bin/env python3
"""pop3.py: POP3 servers that break what RFC 1939 says, each in its own way.

    pop3.py DIR SCENARIO...

Writes DIR/SCENARIO.port when it listens on 127.0.0.1, DIR/SCENARIO.log (what
clients sent, one line a command) and DIR/SCENARIO.want (the L0 of every
message, in order).  Ends when its standard input does.  The password is
secret for every user.
"""
import base64
import hashlib
import itertools
import os
import re
import socket
import sys
import threading

def message(n, body=b"hello\r\n"):
    return (b"From: a@example.org\r\nDate: Tue, 3 Mar 2020 10:00:0%d +0000\r\n"
            b"Message-ID: <%d@example.org>\r\nSubject: %d\r\n\r\n" % (n % 10, n, n)
            ) + body

PLAIN = [message(1), message(2, b"two\r\n" * 40),
         b"Received: from x by y (a; b);\r\n\tWed, 4 Mar 2020 11:00:00 +0100\r\n"
         b"Received: from w by x; Mon, 2 Mar 2020 11:00:00 +0100\r\n" +
         message(3)]
DOTS = [
    message(1, b".\r\n..\r\n...\r\n.x\r\nend\r\n"),
    message(2, b"bare\n.\nnot the end\n..\r\nx\r\n"),
    message(3, b"NUL \0 and CR \r here\r\n.\0\r\n"),
    message(4, b"\r\n\r\n.\r\r\nx\r\n"),
    b".\r\n",
    message(6, b"x" * 70000 + b"\r\n.y\r\n"),
]
MAIL = {"dots": DOTS, "slow": DOTS, "later": PLAIN[1:],
        "giantline": [message(1, b"x" * (5 << 20) + b"\r\n"), message(2)],
        "many": [message(n) for n in range(200)],
        "twins": [message(1), message(2), message(2), message(4)]}
CAPA = {
    "nouidl": ["TOP", "USER"], "later": ["TOP", "USER"],
    "twins": ["TOP", "USER"],
    "notop": ["UIDL", "USER"],
    "expire": ["UIDL", "TOP", "USER", "EXPIRE 0"],
    "delay": ["UIDL", "TOP", "USER", "LOGIN-DELAY 900"],
    "sasl": ["UIDL", "TOP", "SASL PLAIN LOGIN"],
    "nomech": ["UIDL", "TOP", "SASL GSSAPI"],
    "inject": ["UIDL", "TOP", "USER", "STLS"],
    "capas": ["X-%d" % n for n in range(100000)],
}
USUAL = ["UIDL", "TOP", "USER", "PIPELINING"]
REFUSED = {
    "inuse": "[IN-USE] busy", "delay": "[LOGIN-DELAY] too soon",
    "systemp": "[SYS/TEMP] disk", "sysperm": "[SYS/PERM] gone for good",
    "auth": "[AUTH] wrong", "locked": "maildrop already locked",
    "escape": "\033]0;owned\007 \x9b31m no \u202e way",
}


class Session:
    def __init__(self, scenario, sock, log):
        self.s, self.log, self.how = sock, log, scenario
        self.lines = sock.makefile("rb")
        self.mail = MAIL.get(scenario, PLAIN)
        self.lf = b"\n" if scenario == "lf" else b"\r\n"

    def send(self, data):
        if isinstance(data, str):
            data = data.encode("utf-8", "surrogateescape")
        if self.how != "slow":
            self.s.sendall(data)
            return
        self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        step = 1 if len(data) < 2000 else 997
        for i in range(0, len(data), step):
            self.s.sendall(data[i:i + step])

    def say(self, text):
        self.send(text.encode() + self.lf)

    def rows(self, rows):
        rows = iter(rows)
        while True:
            some = list(itertools.islice(rows, 50000))
            self.send(b"".join(r.encode() + self.lf for r in some))
            if not some:
                return self.say(".")

    def body(self, n):
        data = self.mail[n - 1]
        if self.how == "errmid" and n == 2:
            return self.say("-ERR [SYS/PERM] \033[31mdamaged")
        if self.how == "empty" and n == 2:
            return self.send("+OK\r\n.\r\n")
        if self.how == "lf":
            return self.send(b"+OK\n" + re.sub(rb"(?m)^\.", b"..",
                             data.replace(b"\r\n", b"\n")) + b".\n")
        if self.how == "cut" and n == 2:
            self.send(b"+OK\r\n" + data[:50])
            raise EOFError
        if self.how == "cutdot" and n == 2:
            self.send(b"+OK\r\n" + data + b".\r")
            raise EOFError
        if self.how == "endless":
            self.send(b"+OK\r\n")
            while True:
                self.send(b"x" * 65536 + b"\r\n")
        stuffed = re.sub(rb"(\A|\r\n)\.", rb"\1..", data)
        self.send(b"+OK\r\n" + stuffed + b".\r\n")

    def uidl(self):
        if self.how == "dupes":
            return ["1 same", "2 same", "3 " + "x" * 300]
        if self.how == "holes":
            return ["2 two", "2 again", "99 nobody", "junk", "3 \033[31m"]
        return ["%d uid-%d" % (n + 1, n + 1) for n in range(len(self.mail))]

    def list(self):
        n = len(self.mail)
        if self.how == "counts":
            return ["0 5", "1 7", "1 8", "2 99999999999999999999999", "x",
                    "", "3 12 words behind", "2 6"]
        if self.how == "huge":
            return ["1 5", "4294967297 5"]
        if self.how == "manyrows":
            return ("%d 1" % i for i in range(1, 10 ** 9))
        return ["%d %d" % (i + 1, len(self.mail[i])) for i in range(n)]

    def command(self, word, args):
        how = self.how
        if word == "CAPA":
            if how in ("nocapa", "nocapatop"):
                return self.say("-ERR what?")
            self.say("+OK")
            return self.rows(CAPA.get(how, USUAL))
        if word == "STLS":
            self.send("+OK go on\r\n+OK injected\r\n")
            return None
        if word == "AUTH":
            return self.auth(args)
        if word == "PASS":
            if how in REFUSED or args != ["secret"]:
                return self.say("-ERR " + REFUSED.get(how, "no"))
            return self.say("+OK")
        if word == "STAT":
            if how == "counts":
                return self.say("+OK 5 1000000000000")
            return self.say("+OK %d %d" % (len(self.mail),
                                           sum(map(len, self.mail))))
        if word == "LIST":
            self.say("+OK")
            return self.rows(self.list())
        if word == "UIDL":
            if how in ("nouidl", "later", "twins", "nocapa"):
                return self.say("-ERR unknown")
            self.say("+OK")
            return self.rows(self.uidl())
        if word == "TOP":
            if how in ("notop", "nocapa", "topfails") or \
                    args[1] != "2147483647":
                return self.say("-ERR unknown")
            return self.body(int(args[0]))
        if word == "RETR":
            return self.body(int(args[0]))
        if word == "QUIT":
            self.say("+OK bye")
            raise EOFError
        return self.say("+OK" if word in ("USER", "RSET", "NOOP") else "-ERR")

    def auth(self, args):
        if len(args) > 1:
            given = args[1]
        else:
            self.send("+ \r\n")
            given = self.lines.readline().decode().strip()
            self.log.write("(response)\n")
        plain = base64.b64decode(given).split(b"\0")
        return self.say("+OK" if plain[2] == b"secret" else "-ERR [AUTH] no")

    def run(self):
        if self.how == "giant":
            self.send("+OK " + "x" * (1 << 20))
        elif self.how == "http":
            self.send("HTTP/1.1 400 Bad Request\r\n\r\n")
        elif self.how == "full":
            self.say("-ERR [SYS/TEMP] too many")
            return
        elif self.how == "cutline":
            self.send("+OK read")
            return
        else:
            self.say("+OK ready")
        for line in self.lines:
            words = line.decode("latin-1").split()
            self.log.write(line.decode("latin-1"))
            self.log.flush()
            if words:
                self.command(words[0].upper(), words[1:])


def serve(where, scenario):
    listener = socket.create_server(("127.0.0.1", 0))
    log = open(os.path.join(where, scenario + ".log"), "w", newline="")
    with open(os.path.join(where, scenario + ".want"), "w") as f:
        for octets in MAIL.get(scenario, PLAIN):
            octets = re.sub(rb"\r*\n", b"\r\n", octets)
            f.write(hashlib.sha256(octets).hexdigest() + "\n")
    with open(os.path.join(where, scenario + ".port.new"), "w") as f:
        f.write("%d\n" % listener.getsockname()[1])
    os.rename(os.path.join(where, scenario + ".port.new"),
              os.path.join(where, scenario + ".port"))
    while True:
        sock, _ = listener.accept()
        try:
            Session(scenario, sock, log).run()
        except (EOFError, OSError):
            pass
        log.write("(closed)\n")
        log.flush()
        sock.close()


for name in sys.argv[2:]:
    threading.Thread(target=serve, args=(sys.argv[1], name),
                     daemon=True).start()
sys.stdin.read()
