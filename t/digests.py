#!/usr/bin/env python3
"""digests.py: the digests of messages, told by nothing of ours.

    digests.py sums LIST           a line a file of LIST: its path and the sums
    digests.py compare OURS LIST [odd]    OURS is such a table by
                                   t/unit/digest; exits 1 after a line a
                                   difference, and unless odd if little was
                                   plain enough
    digests.py odd DIR N           N hostile little messages, and DIR/list
    digests.py flips FILE DIR      FILE with every bit changed in turn, and
                                   DIR/list: FILE, the changed one, the rung
    digests.py agree OURS LIST     OURS has the rungs of such a list

Sums are RAW L0 L1 L2 L3 END STORE BYTES, 64 hex digits, or "-" where MIME or a
date is not plain enough for this program to say what it means.
"""
import base64
import calendar
import collections
import email.utils
import hashlib
import os
import quopri
import random
import re
import sys

KINDS = ("RAW", "L0", "L1", "L2", "L3", "END", "STORE", "BYTES",
         "SYNC")
RUNGS = (("exact", "RAW"), ("eol", "L0"), ("eol+end", "END"),
         ("store", "STORE"), ("bytes", "BYTES"), ("parts", "L2"))
HEAD_MAX = 1 << 20
IDENTITY = (b"from", b"to", b"cc", b"bcc", b"reply-to", b"sender", b"subject",
            b"date", b"message-id", b"in-reply-to", b"references",
            b"mime-version")
STORES_ADD = (b"status", b"x-status", b"x-uid", b"x-keywords", b"x-imap",
              b"x-imapbase", b"content-length")
SYNCS_ADD = (b"x-tuid", b"x-offlineimap")


class Odd(Exception):
    """Not plain enough."""


def sha(octets):
    return hashlib.sha256(octets).hexdigest()


def canonical(octets):
    return re.sub(rb"\r*\n", b"\r\n", octets)


def split(c):
    """Header, body of canonical octets, without the blank line."""
    if c.startswith(b"\r\n"):
        return b"", c[2:]
    most = HEAD_MAX + (c[HEAD_MAX:HEAD_MAX + 1] == b"\n")
    at = c.find(b"\r\n\r\n", 0, most)
    if at >= 0:
        return c[:at + 2], c[at + 4:]
    return c[:most], c[most:]


def fields(head):
    """(name, value, whole) of each field; lines that are none have no name."""
    out = []
    for whole in re.findall(rb"[^\n]*\n(?:[ \t][^\n]*(?:\n|\Z))*|[^\n]+\Z",
                            head):
        first = whole.split(b"\n")[0]
        if b":" in first:
            name, _, value = whole.partition(b":")
            out.append((name.rstrip(b" \t").lower(), value, whole))
        else:
            out.append((b"", whole, whole))
    return out


def unfold(value):
    return re.sub(rb"[ \t\r\n]+", b" ", value).strip(b" ")


def identity(head, content):
    out = b""
    for want in IDENTITY + ((b"content-",) if content else ()):
        for name, value, _ in fields(head):
            if name == want or (want == b"content-" and len(name) > 8 and
                                name.startswith(want)):
                out += name + b":" + unfold(value) + b"\n"
    return out


def first(head, want):
    for name, value, _ in fields(head):
        if name == want:
            return unfold(value)
    return b""


def instant(text):
    if not text:
        return -1 << 63
    if not re.fullmatch(rb"(?:[A-Z][a-z]{2},? )?\d{1,2} [A-Z][a-z]{2} \d{4} "
                        rb"\d\d:\d\d(?::\d\d)? (?:[+-]\d{4}|GMT|UTC?|[ECMP]"
                        rb"[SD]T)(?: \([^()]*\))?", text):
        raise Odd("date")
    t = email.utils.parsedate_tz(text.decode())
    if t is None or t[3] > 23 or t[4] > 59 or t[5] > 60 or \
            t[2] > calendar.monthrange(t[0], t[1])[1]:
        raise Odd("date")
    return calendar.timegm(t[:6]) - (t[9] or 0)


def weak(head, octets):
    sender = first(head, b"from")
    inner = re.match(rb"(?s).*<([^>]*)>", sender)
    sender = inner.group(1) if inner else sender
    return b"%s\n%d\n%s\n%d\n" % (first(head, b"message-id"),
                                  instant(first(head, b"date")),
                                  sender.lower(), len(octets))


def trimmed(octets):
    return re.sub(rb"(?:\r\n)+\Z", b"", octets)


def stored(head):
    head = re.sub(rb"\A>?From [^\n]*(?:\n|\Z)", b"", head)
    return [whole for name, _, whole in fields(head) if name not in STORES_ADD]


def masked(octets, head):
    octets = re.sub(rb"\r(?!\n)|[\0\x80]", b"", octets)
    return re.sub(rb"[\x81-\xffX?]", b"", octets) if head else octets


# ---- L2 ----

TOKEN = rb"[!#$%&'*+.0-9A-Z^_`a-z{|}~-]+"
PARAM = rb"\s*;\s*(" + TOKEN + rb')\s*=\s*("(?:[^"\\\r\n]|\\.)*"|' + TOKEN + \
    rb")\s*"


def parameters(value, name):
    """First word and the parameters of a field, or Odd."""
    value = unfold(value)
    m = re.fullmatch(rb"(" + TOKEN + rb"(?:/" + TOKEN + rb")?)\s*((?:" + PARAM +
                     rb")*);?\s*", value)
    if not m:
        raise Odd(name)
    found = {}
    for key, text in re.findall(PARAM, m.group(2)):
        key = key.lower()
        if key in found:
            raise Odd(name + " twice")
        if text.startswith(b'"'):
            if b"\\" in text or b"\n" in text:
                raise Odd("escapes")
            text = text[1:-1]
        found[key] = text
    return m.group(1).lower(), found


def file_name(params, key):
    def octets(value, first):
        value = re.sub(rb"\A[^']*'[^']*'", b"", value) if first else value
        return re.sub(rb"%([0-9A-Fa-f]{2})",
                      lambda m: bytes([int(m.group(1), 16)]), value)
    if key + b"*" in params:
        return octets(params[key + b"*"], True)
    name, n = b"", 0
    while True:
        part = key + b"*%d" % n
        if part + b"*" in params:
            name += octets(params[part + b"*"], n == 0)
        elif part in params:
            name += params[part]
        else:
            break
        n += 1
    return name if n else params.get(key, b"")


def one(head, name):
    found = [value for key, value, _ in fields(head) if key == name]
    if len(found) > 1:
        raise Odd(name.decode() + " twice")
    return found[0] if found else None


def decode(octets, encoding):
    if encoding == b"base64":
        octets = re.sub(rb"[\r\n \t]", b"", octets)
        if not re.fullmatch(rb"[A-Za-z0-9+/]*={0,2}", octets) or \
                len(octets) % 4:
            raise Odd("base64")
        return base64.b64decode(octets)
    if encoding == b"quoted-printable":
        octets = re.sub(rb"[ \t]+(?=\r\n|\Z)", b"", octets)
        if re.search(rb"=(?!\r\n|[0-9A-Fa-f]{2}|\Z)", octets):
            raise Odd("quoted-printable")
        return quopri.decodestring(octets)
    if encoding in (b"", b"7bit", b"8bit", b"binary"):
        return octets
    raise Odd("encoding")


def leaf(kind, names, encoding, octets):
    octets = decode(octets, encoding)
    if kind.startswith((b"text/", b"message/")):
        octets = trimmed(canonical(octets))
    elif encoding not in (b"base64", b"quoted-printable"):
        octets = canonical(octets)
    return kind + b"\0" + names + b"\0" + hashlib.sha256(octets).digest()


def parts(octets, boundary):
    """The parts of a multipart body."""
    delimiter = re.compile(rb"(?:\A|(?<=\n))--" + re.escape(boundary) +
                           rb"(--)?[ \t]*(?:\r\n|\Z)")
    found = list(delimiter.finditer(octets))
    if len(found) < 2 or not found[-1].group(1) or \
            any(m.group(1) for m in found[:-1]):
        raise Odd("delimiters")
    if re.search(rb"(?:\A|\n)--" + re.escape(boundary), octets[
            found[-1].end():]):
        raise Odd("delimiters")
    if len(re.findall(rb"(?:\A|\n)--" + re.escape(boundary), octets)) != \
            len(found):
        raise Odd("delimiters")
    out = []
    for m, after in zip(found, found[1:]):
        part = octets[m.end():after.start() - 2]
        if not part.strip(b"\r\n \t"):
            raise Odd("an empty part")
        out.append(part)
    return out


def leaves(octets, default=b"text/plain", depth=0):
    if depth > 90:
        raise Odd("depth")
    head, body = split(octets)
    for name, _, whole in fields(head):
        if not re.fullmatch(rb"[!-9;-~]+", name) or b"\0" in whole:
            raise Odd("header")
    value = one(head, b"content-type")
    kind, params = (default, {}) if value is None else \
        parameters(value, "content-type")
    if b"/" not in kind:
        raise Odd("content-type")
    value = one(head, b"content-transfer-encoding")
    encoding = b"" if value is None else unfold(value).lower()
    value = one(head, b"content-disposition")
    names = file_name(params, b"name")
    if value is not None:
        params_of = parameters(value, "content-disposition")[1]
        names = file_name(params_of, b"filename") or names
    if kind.startswith(b"multipart/"):
        if not params.get(b"boundary"):
            raise Odd("boundary")
        default = b"message/rfc822" if kind.endswith(b"/digest") else \
            b"text/plain"
        return b"".join(leaves(part, default, depth + 1)
                        for part in parts(body, params[b"boundary"]))
    if kind == b"message/rfc822" and encoding in (
            b"", b"7bit", b"8bit", b"binary"):
        return leaves(body, b"text/plain", depth + 1)
    return leaf(kind, names, encoding, body)


def l3(head, octets):
    try:
        return sha(weak(head, octets))
    except Odd:
        return "-"


def l2(c):
    head, _ = split(c)
    if b"\0" in c or not head or len(head) >= HEAD_MAX:
        return "-"
    try:
        return sha(identity(head, False) + b"\n" + leaves(c))
    except Odd:
        return "-"


def sums(octets):
    c = canonical(octets)
    head, body = split(c)
    kept = stored(head)
    return {
        "RAW": sha(octets),
        "L0": sha(c),
        "L1": sha(identity(head, True) + b"\n" + body),
        "L2": l2(c),
        "L3": l3(head, octets),
        "END": sha(trimmed(c)),
        "STORE": sha(trimmed(b"".join(kept) + b"\r\n" + body)),
        "BYTES": sha(trimmed(masked(b"".join(kept), True) + b"\r\n" +
                             masked(body, False))),
        "SYNC": sha(b"".join(whole for name, _, whole in fields(head)
                             if name not in SYNCS_ADD) + c[len(head):]),
    }


def write(path, octets):
    with open(path, "wb") as f:
        f.write(octets)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def compare(ours, paths, is_odd):
    table, wrong, left_out = {}, 0, 0
    plain = collections.Counter()
    with open(ours) as f:
        for line in f:
            cells = line.rstrip("\n").split("\t")
            table[cells[0]] = dict(zip(KINDS, cells[1:]))
    for path in paths:
        theirs, got = sums(read(path)), table.get(path, {})
        for kind in KINDS:
            plain[kind] += theirs[kind] != "-"
            if kind == "L2" and got.get(kind) == "-":
                left_out += theirs[kind] != "-"
                continue
            if theirs[kind] != got.get(kind) and theirs[kind] != "-":
                print("%s: %s is %s, ours %s" % (
                    path, kind, theirs[kind][:12], got.get(kind, "")[:12]))
                wrong += 1
    print("%d files, %d with L2 (%d not ours), %d with L3, %d differences" % (
        len(paths), plain["L2"], left_out, plain["L3"], wrong))
    if is_odd:  # little of it is plain
        return wrong > 0
    most = len(paths) * 17 // 20
    return wrong > 0 or left_out > 3 or \
        plain["L2"] < most or plain["L3"] < most


def odd(path, n):
    """Messages of what matters to the digests, in any order."""
    words = [b"\r", b"\n", b"\r\n", b"\r\n", b"\r\n\r\n", b"\0", b"\x80",
             b"\xe9", b"X", b"?", b":", b" ", b"\t", b"a", b"text", b"From ",
             b">From ", b"Status: RO\r\n", b"X-UID: 7\r\n", b"x-imap :",
             b"Subject: ", b"from: <a@b>", b"Content-Type: ", b"\r\n ",
             b"Message-ID: <1@x>\r\n", b"\r\r\n", b"To: a,\n\tb\n",
             b"X-TUID: abc\r\n", b"x-offlineimap: 1\n 2\n"]
    choose = random.Random(20201)
    made = [b"".join(choose.choices(words, k=choose.randrange(1, 25)))
            for _ in range(n)]
    for size in (HEAD_MAX - 3, HEAD_MAX - 2, HEAD_MAX - 1, HEAD_MAX,
                 HEAD_MAX + 1, HEAD_MAX + 9):
        line = b"X-Long: " + b"x" * 990 + b"\r\n"
        head = (line * (size // len(line) + 1))[:size]
        made += [head, head + b"\r\n\r\nbody\r\n", head + b"\n\nbody",
                 head + b"x" * 5000, b"Subject: x\r\n" + head]
    made += [b"\r" * 100000, b"\n" * 100000, b"\r\n" * 100000,
             b"a: b\r\n\r\n" + b"\r" * 100001 + b"\n", b"", b"\r"]
    paths = ["%s/%d" % (path, i) for i in range(len(made))]
    for where, octets in zip(paths, made):
        write(where, octets)
    write(path + "/list", "".join(p + "\n" for p in paths).encode())
    return 0


def flips(path, directory):
    octets, lines = read(path), []
    ours = sums(octets)
    for i in range(len(octets) * 8):
        changed = bytearray(octets)
        changed[i // 8] ^= 1 << i % 8
        theirs = sums(bytes(changed))
        rung = next((r for r, kind in RUNGS if ours[kind] == theirs[kind] and
                     ours[kind] != "-"), "different")
        if rung == "different" and theirs["L2"] == "-":
            rung = "different parts"  # not plain enough for this program
        where = "%s/%d" % (directory, i)
        write(where, bytes(changed))
        lines.append("%s\t%s\t%s\n" % (path, where, rung))
    write(directory + "/list", "".join(lines).encode())
    return 0


def agree(ours, wanted):
    got = [line.split("\t") for line in read(ours).decode().splitlines()]
    want = [line.split("\t") for line in read(wanted).decode().splitlines()]
    wrong = [(a, b) for a, b in zip(got, want)
             if a[:2] != b[:2] or a[2] not in b[2].split(" ")]
    for a, b in wrong:
        print("%s: %s, ours %s" % (b[1], b[2], a[2]))
    return len(wrong) > 0 or len(got) != len(want)


def main():
    verb, args = sys.argv[1], sys.argv[2:]
    if verb == "odd":
        return odd(args[0], int(args[1]))
    if verb in ("flips", "agree"):
        return {"flips": flips, "agree": agree}[verb](*args)
    with open(args[1 if verb == "compare" else 0]) as f:
        paths = f.read().split("\n")[:-1]
    if verb == "compare":
        return compare(args[0], paths, len(args) > 2)
    for path in paths:
        found = sums(read(path))
        print("\t".join([path] + [found[kind] for kind in KINDS]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
