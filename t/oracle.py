#!/usr/bin/env python3
"""oracle.py: what a store holds, told by nothing of ours.

    oracle.py dump STORE...    one line a message: folder, L0, flags, date, uid
    oracle.py state STORE...   the same with UIDVALIDITY and the \\Recent flag
    oracle.py body STORE FOLDER L0       the octets of one message

STORE is imap:HOST:PORT:USER:PASSWORD, maildir:PATH (Maildir++ or nested) or
mbox:PATH (a file or a tree, mboxrd).  L0 is the SHA-256 of the octets with
each CR* LF read as CRLF.  Lines are sorted but for the order in a folder.
"""
import hashlib
import imaplib
import os
import re
import sys
import calendar
import time

imaplib._MAXLINE = 1 << 30
FLAG = {"S": "\\Seen", "R": "\\Answered", "F": "\\Flagged",
        "T": "\\Deleted", "D": "\\Draft"}


def canonical(octets):
    return re.sub(rb"\r*\n", b"\r\n", octets)


def digest(octets):
    return hashlib.sha256(canonical(octets)).hexdigest()


def utf7(name):
    def shifted(m):
        if not m.group(1):
            return "&"
        raw = m.group(1).replace(",", "/")
        import base64
        return base64.b64decode(raw + "=" * (-len(raw) % 4)).decode("utf-16-be")
    return re.sub(r"&([^-]*)-", shifted, name)


def internal(text):
    t = imaplib.Internaldate2tuple(b'INTERNALDATE "' + text + b'"')
    return int(time.mktime(t)) if t else None


def imap(host, port, user, password, recent=False):
    box = imaplib.IMAP4(host, int(port))
    box.login(user, password)
    rows = []
    for line in box.list()[1]:
        if line is None:
            continue
        if isinstance(line, tuple):
            attrs, raw = line[0], line[1]
            sep = re.search(rb'\) (?:"((?:\\.|[^"])*)"|NIL) ', attrs)
        else:
            m = re.match(rb'\(([^)]*)\) (?:"((?:\\.|[^"])*)"|NIL) (.*)$', line)
            attrs, raw = m.group(1), m.group(3)
            sep = re.match(rb'\([^)]*\) (?:"((?:\\.|[^"])*)"|NIL) ', line)
            if raw.startswith(b'"'):
                raw = re.sub(rb"\\(.)", rb"\1", raw[1:-1])
        sep = re.sub(rb"\\(.)", rb"\1", sep.group(1) or b"").decode()
        if b"\\noselect" in attrs.lower() or b"\\nonexistent" in attrs.lower():
            continue
        quoted = b'"' + raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
        ok, data = box.select(quoted, readonly=True)
        if ok != "OK":
            continue
        name = utf7(raw.decode("ascii", "replace"))
        if sep:
            name = "/".join(p.replace("%", "%25").replace("/", "%2F")
                            for p in name.split(sep))
        validity = box.response("UIDVALIDITY")[1][0]
        if data[0] == b"0":
            rows.append((name, None, "", None, "", validity.decode()))
            continue
        for item in box.fetch("1:*", "(UID FLAGS INTERNALDATE BODY.PEEK[])")[1]:
            if isinstance(item, tuple):
                head, octets = item
                uid = re.search(rb"UID (\d+)", head)
                last = [head, octets]
            else:
                head = last[0] + b" " + item
                flags = re.search(rb"FLAGS \(([^)]*)\)", head).group(1).decode()
                flags = " ".join(sorted(f for f in flags.split()
                                        if recent or f != "\\Recent"))
                date = re.search(rb'INTERNALDATE "([^"]*)"', head).group(1)
                uid = re.search(rb"UID (\d+)", head).group(1).decode()
                rows.append((name, last[1], flags, internal(date), uid,
                             validity.decode()))
    box.logout()
    return rows


def unescape(name):
    return re.sub(r"\\([0-9a-f]{2})",
                  lambda m: chr(int(m.group(1), 16)), name)


def level(name):
    return utf7(unescape(name)).replace("%", "%25").replace("/", "%2F")


def maildir_folder(path, name):
    words = {}
    try:
        with open(os.path.join(path, "dovecot-keywords")) as f:
            for line in f:
                n, word = line.split()
                words[chr(97 + int(n))] = word
    except OSError:
        pass
    files = []
    for sub in ("cur", "new"):
        where = os.path.join(path, sub)
        files += [(f, os.path.join(where, f)) for f in os.listdir(where)]
    rows = []
    for base, full in sorted(files):
        info = base.split(":2,", 1)[1] if ":2," in base else ""
        flags = [FLAG.get(c) or words.get(c) or "?" + c for c in info]
        with open(full, "rb") as f:
            octets = f.read()
        rows.append((name, re.sub(rb"(?<!\r)\n", b"\r\n", octets),
                     " ".join(sorted(flags)), int(os.stat(full).st_mtime),
                     base.split(":2,")[0], ""))
    return rows or [(name, None, "", None, "", "")]


def maildir(path):
    rows = []
    if os.path.isdir(os.path.join(path, "cur")):
        rows += maildir_folder(path, "INBOX")
    for entry in sorted(os.listdir(path)):
        full = os.path.join(path, entry)
        if entry.startswith(".") and os.path.isdir(os.path.join(full, "cur")):
            name = "/".join(level(p) for p in entry[1:].split("."))
            rows += maildir_folder(full, name)
    for top, dirs, _ in os.walk(path):
        dirs[:] = sorted(d for d in dirs if d not in ("cur", "new", "tmp")
                         and not d.startswith("."))
        if top != path and os.path.isdir(os.path.join(top, "cur")):
            name = "/".join(level(p)
                            for p in os.path.relpath(top, path).split("/"))
            rows += maildir_folder(top, name)
    return rows


def mbox_file(path, name):
    with open(path, "rb") as f:
        data = f.read()
    rows = []
    marks = [m.start() for m in
             re.finditer(rb"(?:\A|(?<=\n\n)|(?<=\r\n\r\n))From ", data)]
    for start, end in zip(marks, marks[1:] + [len(data)]):
        line, _, octets = data[start:end].partition(b"\n")
        if octets.endswith(b"\r\n\r\n") or octets == b"\r\n":
            octets = octets[:-2]
        elif octets.endswith(b"\n\n") or octets == b"\n":
            octets = octets[:-1]
        octets = re.sub(rb"(?m)^>(>*From )", rb"\1", octets)
        head, blank, body = re.match(
            rb"(?s)((?:[^\r\n][^\n]*\n)*)(\r?\n|\Z)?(.*)", octets).groups()
        flags, kept = [], []
        for field in re.findall(rb"(?:[^\n]*\n)(?:[ \t][^\n]*\n)*", head):
            key, _, value = field.partition(b":")
            key, value = key.lower().strip(), value.strip().decode(
                "utf-8", "replace")
            if key == b"status":
                flags += ["\\Seen"] if "R" in value else []
            elif key == b"x-status":
                for c, flag in (("A", "\\Answered"), ("F", "\\Flagged"),
                                ("D", "\\Deleted"), ("T", "\\Draft")):
                    flags += [flag] if c in value else []
            elif key == b"x-keywords":
                flags += value.replace(",", " ").split()
            elif key != b"x-uid":
                kept.append(field)
        octets = b"".join(kept) + (blank or b"") + body
        when = re.search(rb"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [\d:]+ \d{4}",
                         line)
        date = calendar.timegm(time.strptime(
            when.group().decode(), "%a %b %d %H:%M:%S %Y")) if when else None
        rows.append((name, re.sub(rb"(?<!\r)\n", b"\r\n", octets),
                     " ".join(sorted(flags)), date, str(len(rows) + 1), ""))
    return rows or [(name, None, "", None, "", "")]


def mbox(path):
    if os.path.isfile(path):
        return mbox_file(path, "INBOX")
    rows = []
    for top, dirs, files in os.walk(path):
        dirs.sort()
        for f in sorted(files):
            full = os.path.join(top, f)
            if f.startswith(".") or f.endswith(".lock"):
                continue
            name = os.path.relpath(full, path).replace(".sbd/", "/")
            rows += mbox_file(full, "/".join(level(p)
                                             for p in name.split("/")))
    return rows


def read(store, recent=False):
    kind, _, rest = store.partition(":")
    if kind == "imap":
        return imap(*rest.split(":", 3), recent=recent)
    return {"maildir": maildir, "mbox": mbox}[kind](rest)


def stamp(date):
    if date is None:
        return ""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(date))


def main():
    verb, stores = sys.argv[1], sys.argv[2:]
    if verb == "body":
        for name, octets, *_ in read(stores[0]):
            if name == stores[1] and octets is not None and \
                    digest(octets) == stores[2]:
                sys.stdout.buffer.write(octets)
                return
        sys.exit("no such message")
    out = []
    for store in stores:
        for name, octets, flags, date, uid, validity in \
                read(store, verb == "state"):
            line = [name, "" if octets is None else digest(octets), flags,
                    stamp(date)]
            out.append(line + ([uid, validity] if verb == "state" else []))
    out.sort(key=lambda line: line[0] if verb == "dump" else line)
    for line in out:
        print("\t".join(line))


if __name__ == "__main__":
    main()
