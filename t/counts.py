#!/usr/bin/env python3
"""counts.py: what an inventory should say, told by nothing of ours.

    counts.py folders HOST PORT USER PASSWORD  folder, messages, unseen,
        uidvalidity, uidnext and the sum of RFC822.SIZE, by imaplib
    counts.py disk PATH      folder, files and their octets under a Maildir
    counts.py turns PORT LOG passes connections on to 127.0.0.1:PORT, says on
        stdout where it listens, and notes in LOG every turn of a client: what
        it sent before it waited for the server again
    counts.py fake LOG       an IMAP server with hostile folder names
"""
import os
import re
import selectors
import socket
import sys
import threading
import oracle


def folders(host, port, user, password):
    box = oracle.imaplib.IMAP4(host, int(port))
    box.login(user, password)
    for line in box.list()[1]:
        m = re.match(rb'\(([^)]*)\) (?:"(.*?)"|NIL) "?(.*?)"?$',
                     line if isinstance(line, bytes) else line[0])
        if b"noselect" in m.group(1).lower():
            continue
        raw, sep = m.group(3), (m.group(2) or b"").decode()
        sep = sep.replace("\\\\", "\\")
        if raw.startswith((b"Public", b"Other Users")):
            continue
        box.select(b'"' + raw + b'"', readonly=True)
        data = box.search(None, "ALL")[1][0] and box.fetch(
            "1:*", "(FLAGS RFC822.SIZE)")[1] or []
        sizes = [int(s) for d in data if d
                 for s in re.findall(rb"RFC822.SIZE (\d+)", d)]
        seen = sum(b"\\Seen" in d for d in data if d)
        name = oracle.utf7(re.sub(r"\\(.)", r"\1", raw.decode()))
        name = "/".join(p.replace("%", "%25").replace("/", "%2F")
                        for p in (name.split(sep) if sep else [name]))
        yield (name, len(sizes), len(sizes) - seen,
               int(box.response("UIDVALIDITY")[1][0]),
               int(box.response("UIDNEXT")[1][0]), sum(sizes))
    box.logout()


def disk(path):
    for name in sorted({r[0] for r in oracle.maildir(path)}):
        for top, dirs, _ in os.walk(path):
            rel = os.path.relpath(top, path)
            mine = "INBOX" if rel == "." else "/".join(
                oracle.level(p) for p in
                (rel[1:].split(".") if rel[0] == "." else rel.split("/")))
            if mine == name and "cur" in dirs:
                sizes = [os.stat(os.path.join(top, sub, f)).st_size
                         for sub in ("cur", "new")
                         for f in os.listdir(os.path.join(top, sub))]
                yield name, len(sizes), sum(sizes)


def pass_on(client, port, log, number):
    server = socket.create_connection(("127.0.0.1", port))
    both = selectors.DefaultSelector()
    both.register(client, selectors.EVENT_READ, server)
    both.register(server, selectors.EVENT_READ, client)
    rest, waiting = b"", True
    while True:
        for key, _ in both.select():
            data = key.fileobj.recv(65536)
            if not data:
                client.close()
                server.close()
                return
            key.data.sendall(data)
            if key.fileobj is client:
                *lines, rest = (rest + data).split(b"\r\n")
                for line in lines:
                    log.write("%d\t%s\t%s\n" % (
                        number, "turn" if waiting else "", ascii(line)[2:-1]))
                    waiting = False
            else:
                waiting = True
            log.flush()


def listen(serve):
    s = socket.create_server(("127.0.0.1", 0))
    print(s.getsockname()[1], flush=True)
    number = 0
    while True:
        number += 1
        client = s.accept()[0]
        threading.Thread(target=serve, args=(client, number),
                         daemon=True).start()


NAMES = [b'INBOX', b'"quo\\"ted"', b'Tab\there', b'"esc\\\\ape"',
         b'{9}\r\nnew\r\nline', b'"\x1b]0;owned\x07"', b'latin\xe9',
         b'&AOk-t&AOk-', b'&broken', b'"a b"', b'=cmd()', b'gone', b'closed',
         b'..', b'"%2F"', b'"/x//y"']


def fake(client, log):
    f = client.makefile("rwb")

    def say(octets):
        f.write(octets + b"\r\n")
        f.flush()
    say(b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] fake")
    for line in f:
        tag, _, rest = line.strip().partition(b" ")
        while literal := re.search(rb"\{(\d+)\}$", rest):
            say(b"+ go on")
            rest = rest[:literal.start()] + b'"' + f.read(
                int(literal.group(1))) + b'"' + f.readline().rstrip()
        log.write(ascii(rest)[2:-1] + "\n")
        log.flush()
        verb = rest.split(b" ")[0].upper()
        if rest == b'LIST "" "*"':
            for name in NAMES:
                say(b'* LIST () "/" ' + name)
            say(b'* LIST (\\Noselect) "/" Shelf')
        elif rest == b'LIST "" ""':
            say(b'* LIST (\\Noselect) "/" ""')
        if verb == b"STATUS" and rest.split(b" ")[1] in (b'"gone"',
                                                         b'"closed"'):
            say(tag + b" NO not here")
        elif verb == b"STATUS":
            what = re.match(rb"STATUS (.*) \(", rest)
            if what:
                say(b"* STATUS " + what.group(1) +
                    b" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 7 UNSEEN 1)")
            say(tag + b" OK done")
        elif verb == b"EXAMINE" and b"gone" in rest:
            say(tag + b" NO [NONEXISTENT] it went away")
        elif verb == b"EXAMINE" and b"closed" in rest:
            say(tag + b" NO [NOPERM] \x1b[31mnot for you")
        elif verb == b"EXAMINE":
            say(b"* 1 EXISTS")
            say(b"* OK [UIDVALIDITY 7] ok")
            say(tag + b" OK done")
        elif rest.startswith(b"UID FETCH") and b"BODY" in rest:
            say(tag + b" OK nothing to see")
        elif rest.startswith(b"UID FETCH"):
            say(b'* 1 FETCH (UID 1 FLAGS (\\Seen $x) INTERNALDATE '
                b'"01-Jan-2020 00:00:00 +0000" RFC822.SIZE 5)')
            say(tag + b" OK done")
        else:
            say(tag + b" OK done")


def main():
    verb, args = sys.argv[1], sys.argv[2:]
    if verb == "turns":
        log = open(args[1], "a")
        listen(lambda c, n: pass_on(c, int(args[0]), log, n))
    if verb == "fake":
        log = open(args[0], "a")
        listen(lambda c, n: fake(c, log))
    for row in {"folders": folders, "disk": disk}[verb](*args):
        print("\t".join(map(str, row)))


if __name__ == "__main__":
    main()
