#!/usr/bin/env python3
"""corpus.py: what each store does to each file of the corpus, as expected.

    corpus.py make CORPUS KIND DIR     every message file into a store
    corpus.py judge CORPUS SOURCE TARGET DUMP REFUSED
        DUMP is oracle.py's dump of the target, REFUSED the digests of the
        messages that were refused, a line each.  Every file is accounted
        for, or a line a file says how it is not, and the exit is 1.

KIND, SOURCE, TARGET: maildir dovecot mbox cyrus imap4d; a SOURCE may be a
chain, dovecot+cyrus.  What they do to
octets was measured by hand with raw APPEND; the functions below are that
table.
"""
import collections
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import oracle

LEFT_OUT = ("imap-hostile/", "imap-transcripts/", "spf/")
REFUSED = object()


def files(corpus):
    with open(os.path.join(corpus, "SOURCES.tsv")) as f:
        for line in f.read().split("\n")[1:]:
            name = line.split("\t")[0]
            if name and not name.startswith(LEFT_OUT):
                with open(os.path.join(corpus, name), "rb") as g:
                    yield name, g.read()


def make_maildir(corpus, path):
    for sub in ("cur", "new", "tmp"):
        os.makedirs(os.path.join(path, sub))
    for n, (name, octets) in enumerate(files(corpus)):
        full = os.path.join(path, "cur", "%d.%d.corpus:2,S" % (1000000000 + n, n))
        with open(full, "wb") as f:
            f.write(octets)
        os.utime(full, (1000000000 + n, 1000000000 + n))


def make_mbox(corpus, path):
    with open(path, "wb") as f:
        for name, octets in files(corpus):
            octets = re.sub(rb"(?m)^(>*From )", rb">\1", octets)
            if not octets.endswith(b"\n"):
                octets += b"\n"
            f.write(b"From corpus Sun Sep  9 01:46:40 2001\n" + octets + b"\n")


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


def mbox(octets):
    """Our mbox: flags live in header fields, the last line has an end."""
    octets = without(octets, (b"status", b"x-status", b"x-keywords", b"x-uid"))
    return octets if octets.endswith(b"\n") or not octets \
        else octets + b"\r\n"


def dovecot(octets):
    return octets.replace(b"\0", b"\x80") if octets else REFUSED


def cyrus(octets):
    if not octets or b"\0" in octets:
        return REFUSED
    head, body = header(octets)
    for n, line in enumerate(re.split(rb"\r\n(?![ \t])", head.rstrip(b"\r\n"))):
        if not re.match(rb"[!-9;-~]+[ \t]*:", line) and head:
            return REFUSED
    if octets.startswith((b" ", b"\t")):
        return REFUSED
    return re.sub(rb"[\x80-\xff]", b"X", head) + body


def same(octets):
    return octets


ARRIVE = {"maildir": same, "dovecot": dovecot, "mbox": mbox, "cyrus": cyrus}
SERVE = {"maildir": same, "mbox": mbox, "cyrus": same,
         "dovecot": lambda octets: octets.replace(b"\0", b"\x80")}


def serve(source, octets):
    """What "dovecot" serves; "dovecot+cyrus": what came to cyrus from it."""
    first, *hops = source.split("+")
    octets = SERVE[first](octets)
    for hop in hops:
        if octets is not REFUSED:
            octets = ARRIVE[hop](octets)
    return octets


def judge(corpus, source, target, dump, refused):
    want, want_refused = collections.Counter(), collections.Counter()
    names = collections.defaultdict(list)
    for name, octets in files(corpus):
        served = serve(source, oracle.canonical(octets))
        if served is REFUSED:
            continue
        arrived = ARRIVE[target](served)
        if arrived is REFUSED:
            digest = oracle.digest(served)
            want_refused[digest] += 1
        else:
            digest = oracle.digest(arrived)
            want[digest] += 1
        names[digest].append(name)
    with open(dump) as f:
        got = collections.Counter(line.split("\t")[1] for line in f)
    got.pop("", None)
    with open(refused) as f:
        got_refused = collections.Counter(f.read().split())
    wrong = 0
    for what, more, less in (("missing", want, got), ("unexpected", got, want),
                             ("not refused", want_refused, got_refused),
                             ("refused", got_refused, want_refused)):
        for digest, n in (more - less).items():
            print("%s: %d x %s %s" % (what, n, digest[:16],
                                      " ".join(names[digest][:3])))
            wrong += n
    print("%d arrived, %d refused, %d not accounted for" % (
        sum(got.values()), sum(got_refused.values()), wrong))
    return wrong > 0


def main():
    verb, corpus, args = sys.argv[1], sys.argv[2], sys.argv[3:]
    if verb == "make":
        {"maildir": make_maildir, "mbox": make_mbox}[args[0]](corpus, args[1])
        return 0
    return judge(corpus, *args)


if __name__ == "__main__":
    sys.exit(main())
