#!/usr/bin/env python3
"""corpus.py: what each store does to each file of the corpus, as expected.

    corpus.py make CORPUS KIND PATH    every message file into a store
    corpus.py judge CORPUS SOURCE TARGET STORE MESSAGES
        STORE is the target, for oracle.py; MESSAGES what mbx-copy
        --messages wrote in all its runs.  Every file is accounted for, or a
        line a file says how it is not, and the exit is 1.
    corpus.py checks CORPUS SOURCE TARGET CHECKS
        CHECKS are mbx-verify's: it must find all that is not there or altered
        beyond what the target's profile says, and nothing else.

KIND: maildir mbox, or folders: a Maildir with 60 messages a folder.
SOURCE, TARGET: maildir dovecot folders mbox cyrus imap4d; a SOURCE may be a
chain, dovecot+cyrus.  What they do to octets was measured by raw APPEND; the
functions below are that table.  SHORT=1: the odd ones and every fifth file.
"""
import collections
import os
import re
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import oracle

LEFT_OUT = ("imap-hostile/", "imap-transcripts/", "spf/")
REFUSED = object()
NOTHING = object()
FIRST_DATE = 1000000000
A_FOLDER = 60


def files(corpus):
    short = os.environ.get("SHORT", "0") != "0"
    with open(os.path.join(corpus, "SOURCES.tsv")) as f:
        for n, line in enumerate(f.read().split("\n")[1:]):
            name = line.split("\t")[0]
            if not name or name.startswith(LEFT_OUT):
                continue
            if short and n % 5 and not name.startswith("synthetic-edge/"):
                continue
            with open(os.path.join(corpus, name), "rb") as g:
                yield name, g.read()


def folder(kind, n):
    return "f%03d" % (n // A_FOLDER) if kind == "folders" else "INBOX"


def unseen(n):
    return n % 20 == 7


def make_maildir(corpus, path, kind="maildir"):
    for n, (_, octets) in enumerate(files(corpus)):
        name = folder(kind, n)
        where = path if name == "INBOX" else os.path.join(path, "." + name)
        for sub in ("cur", "new", "tmp"):
            os.makedirs(os.path.join(where, sub), exist_ok=True)
        base = "%d.%d.corpus" % (FIRST_DATE + n, n)
        full = os.path.join(where, *(("new", base) if unseen(n) else
                                     ("cur", base + ":2,S")))
        with open(full, "wb") as f:
            f.write(octets)
        os.utime(full, (FIRST_DATE + n, FIRST_DATE + n))
    for sub in ("cur", "new", "tmp"):
        os.makedirs(os.path.join(path, sub), exist_ok=True)


def make_folders(corpus, path):
    make_maildir(corpus, path, "folders")


def make_mbox(corpus, path):
    with open(path, "wb") as f:
        for n, (_, octets) in enumerate(files(corpus)):
            octets = re.sub(rb"(?m)^(>*From )", rb">\1", octets)
            if octets and not octets.endswith(b"\n"):
                octets += b"\n"
            date = time.asctime(time.gmtime(FIRST_DATE + n)).encode()
            f.write(b"From corpus " + date + b"\n" + octets + b"\n")


def header(octets):
    """Header and body of canonical octets; the body keeps its blank line."""
    at = octets.find(b"\r\n\r\n")
    if octets.startswith(b"\r\n"):
        return b"", octets
    return (octets, b"") if at < 0 else (octets[:at + 2], octets[at + 2:])


def without(octets, names):
    head, body = header(octets)
    fields = re.findall(rb"[^\n]*\n(?:[ \t][^\n]*\n)*|[^\n]+\Z", head)
    keep = [f for f in fields
            if f.partition(b":")[0].strip().lower() not in names]
    return b"".join(keep) + body


FLAG_FIELDS = (b"status", b"x-status", b"x-keywords", b"x-uid")
STORE_FIELDS = FLAG_FIELDS + (b"x-imapbase", b"content-length")


def mbox(octets):
    """Our mbox: flags live in header fields, the last line has an end."""
    octets = without(octets, FLAG_FIELDS)
    return octets if octets.endswith(b"\n") or not octets \
        else octets + b"\r\n"


def dovecot(octets):
    """NUL becomes 0x80, a CR at the very end goes, nothing is refused."""
    if not octets:
        return REFUSED
    return re.sub(rb"\r\Z", b"", octets.replace(b"\0", b"\x80"))


def cyrus(octets):
    """8-bit in the header: X; then NUL, a line that is no field, and a header
    that ends in the middle of a line are refused; blanks go on with a field,
    with none as well."""
    if not octets or b"\0" in octets:
        return REFUSED
    head, body = header(octets)
    head = re.sub(rb"[\x80-\xff]", b"X", head)
    for line in head.split(b"\r\n")[:-1]:
        if not re.match(rb"[!-9;-~]+:|[ \t]|From ", line):
            return REFUSED
    if head and not head.endswith(b"\r\n"):
        return REFUSED
    return head + body


def imap4d(octets):
    """A line that is no field is refused; no From_ line stays; fields of its
    own come and go, the others are served with one blank behind the colon;
    a message's end has a line end, a header's an empty line, or two."""
    octets = re.sub(rb"\A(From [^\n]*\n)+", b"", octets)
    if not octets:
        return REFUSED
    octets = re.sub(rb"\A[ \t]+\r\n", b"\r\n", octets)
    head, body = header(re.sub(rb"\r?\n?\Z", b"", octets, 1) + b"\r\n")
    if head[:1] in (b" ", b"\t"):
        return REFUSED
    for line in head.split(b"\r\n")[:-1]:
        if not (line[:1] in (b" ", b"\t") or b":" in line):
            return REFUSED
    if not body.rstrip(b"\r\n"):
        body = body if len(body) > 4 else b"\r\n\r\n"
    return re.sub(rb"(?m)^([^ \t\r\n:][^:\r\n]*?)[ \t]*:[ \t]*", rb"\1: ",
                  head) + body


def spaced(octets):
    """Where a blank is before the colon, imap4d repeats some of them."""
    head, body = header(without(octets, STORE_FIELDS))
    return re.sub(rb"(?m)^([^ \t\r\n:][^:\r\n]*?)[ \t]*:[ \t:]*", rb"\1: ",
                  head) + body


def same(octets):
    return octets


def stored(octets):
    """Dovecot serves 0x80 for NUL, and nothing at all (no literal) for an
    empty file, which it would not have taken."""
    return octets.replace(b"\0", b"\x80") if octets else NOTHING


ARRIVE = {"maildir": same, "dovecot": dovecot, "mbox": mbox, "cyrus": cyrus,
          "imap4d": imap4d}
SERVE = {"maildir": same, "mbox": mbox, "cyrus": same, "dovecot": stored,
         "folders": stored}


def serve(source, octets):
    """What "dovecot" serves; "dovecot+cyrus": what came to cyrus from it."""
    first, *hops = source.split("+")
    octets = SERVE[first](octets)
    for hop in hops:
        octets = REFUSED if octets in (NOTHING, REFUSED) \
            else ARRIVE[hop](octets)
    return octets


def status_flags(octets):
    """The flags that an mbox's fields hold."""
    text = header(octets)[0].decode("latin-1")
    words = " ".join(re.findall(r"(?mi)^x-keywords:(.*)$", text)).split()
    for flag, field in (("\\Answered", "x-status:.*a"),
                        ("\\Draft", "x-status:.*t"),
                        ("\\Flagged", "x-status:.*f"),
                        ("\\Deleted", "x-status:.*d"),
                        ("\\Seen", "status:.*r")):
        words += [flag] if re.search("(?mi)^" + field, text) else []
    return " ".join(sorted(words))


def expected(corpus, source, target):
    """name, folder, flags, date, octets served, octets that arrive."""
    first = source.split("+")[0]
    for n, (name, octets) in enumerate(files(corpus)):
        octets = oracle.canonical(octets)
        served = serve(source, octets)
        flags = status_flags(octets) if first == "mbox" else \
            "" if unseen(n) else "\\Seen"
        if served is not REFUSED:
            yield (name, folder(first, n), flags, FIRST_DATE + n, served,
                   REFUSED if served is NOTHING else ARRIVE[target](served))


def digest(octets):
    return "" if octets is NOTHING else oracle.digest(octets)


def table(path):
    """Rows by column name; header lines may come again."""
    with open(path) as f:
        lines = [line.rstrip("\n").split("\t") for line in f]
    return [dict(zip(lines[0], line)) for line in lines if line != lines[0]]


def compare(pairs, names):
    wrong = 0
    for what, more, less in pairs:
        for key, n in (more - less).items():
            print("%s: %d x %s %s" % (what, n, " ".join(key)[:80],
                                      " ".join(names[key][:3])))
            wrong += n
    return wrong


def judge(corpus, source, target, store, messages):
    want, want_refused = collections.Counter(), collections.Counter()
    names = collections.defaultdict(list)
    for name, where, flags, date, served, arrives in \
            expected(corpus, source, target):
        if arrives is REFUSED:
            key = (digest(served),)
            want_refused[key] += 1
        else:
            if target == "imap4d":
                arrives = spaced(arrives)
            key = (oracle.digest(arrives), where, flags, oracle.stamp(date))
            want[key] += 1
        names[key].append(name)
    got = collections.Counter(
        (oracle.digest(spaced(oracle.canonical(octets)) if target == "imap4d"
                       else octets), where, flags, oracle.stamp(date))
        for where, octets, flags, date, *_ in oracle.read(store)
        if octets is not None)
    got_refused = collections.Counter(row[2:] for row in {
        (row["folder"], row["uid"], row["digest"]) for row in table(messages)
        if row["status"] in ("refused", "failed") and row["uid"]})
    wrong = compare((("missing", want, got), ("unexpected", got, want),
                     ("not refused", want_refused, got_refused),
                     ("refused", got_refused, want_refused)), names)
    print("%d arrived, %d refused, %d not accounted for" % (
        sum(got.values()), sum(got_refused.values()), wrong))
    return wrong > 0


def left(octets, alters):
    """What is the same on both sides although the target alters so."""
    octets = oracle.canonical(octets)
    if "store" in alters:
        octets = re.sub(rb"\A>?From [^\n]*\n", b"", octets)
        octets = without(octets, STORE_FIELDS)
    if "eol+end" in alters:
        octets = re.sub(rb"(\r\n)+\Z", b"", octets)
    if "bytes" in alters:
        octets = octets.replace(b"\0", b"\x80")
        head, body = header(octets)
        octets = re.sub(rb"[\x80-\xff]", b"X", head) + body
        octets = octets.replace(b"\x80", b"?").replace(b"\r", b"")
    return octets


def checks(corpus, source, target, path):
    with open(os.path.join("share/profiles", target + ".tsv")) as f:
        alters = dict(line.rstrip("\n").split("\t") for line in f)["alters"].split(",")
    want = collections.Counter()
    names = collections.defaultdict(list)
    for name, _, _, _, served, arrives in expected(corpus, source, target):
        if arrives is REFUSED or left(served, alters) != left(arrives, alters):
            key = (digest(served)[:32],)
            want[key] += 1
            names[key].append(name)
    got = collections.Counter(
        (row["expected"],) if row["check"] == "octets" else
        (row["check"], row["object"]) for row in table(path)
        if row["verdict"] not in ("pass", "skip") and row["uid"])
    wrong = compare((("not found by mbx-verify", want, got),
                     ("false alarm", got, want)), names)
    print("%d found, %d wrong" % (sum(got.values()), wrong))
    return wrong > 0


def main():
    verb, corpus, args = sys.argv[1], sys.argv[2], sys.argv[3:]
    if verb == "make":
        {"maildir": make_maildir, "folders": make_folders,
         "mbox": make_mbox}[args[0]](corpus, args[1])
        return 0
    return {"judge": judge, "checks": checks}[verb](corpus, *args)


if __name__ == "__main__":
    sys.exit(main())
