"""letters.py: mail made up for the benchmark, the same octets for the same
seed, as prebuilt streams of APPEND.

Of each folder N.one holds an APPEND a message, N.many a MULTIAPPEND for each
hundred.  Sizes are log-normal.  A tenth of the messages came out of order, a
tenth have a keyword, one in a hundred is \\Deleted, one in five hundred is
there twice.
"""
import base64
import functools
import math
import os
import random
import time

FOLDERS = ["INBOX", "Sent", "Drafts", "Trash", "Archive", "Archive/2015",
           "Archive/2016", "Lists/dev", "Entw&APw-rfe", "Work &- Home"]
WORDS = ("the of and to in that was for is with mail server queue please find "
         "attached report minutes meeting invoice number project regards "
         "thanks tomorrow customer order delivery update schedule about "
         "contract draft review network printer holiday budget").split()
KEYWORDS = ["$Forwarded", "$MDNSent", "$Label1", "Junk", "NonJunk", "invoice"]
FLAGS = [("\\Seen", .85), ("\\Answered", .25), ("\\Flagged", .06),
         ("\\Draft", .02), ("\\Deleted", .01)]
BEGIN, YEARS = 1420070400, 10 * 365 * 86400
BATCH = 100

# profile: octets of text (median, spread, most), chance of an attachment and
# its octets
PROFILES = {
    "tiny": (60, .3, 200, 0, 0, 0),
    "small": (4800, .7, 58000, 0, 0, 0),
    "large": (4800, .7, 58000, 1, 760000, .15),
    "mixed": (4800, .7, 58000, .2, 60000, 1.3),
}


@functools.cache
def text_block(size):
    rnd = random.Random(size)
    lines, line = [], ""
    while size > 0:
        word = rnd.choice(WORDS)
        if len(line) + len(word) > 70:
            lines.append(line)
            size -= len(line) + 2
            line = ""
        line += word + " "
    return ("\r\n".join(lines) + "\r\n").encode()


def address(rnd):
    return "Jane Doe %d <user%d@example.org>" % ((rnd.randrange(400),) * 2)


def message(rnd, profile, block, serial, when):
    median, spread, most, chance, part, part_spread = PROFILES[profile]
    size = min(int(rnd.lognormvariate(math.log(median), spread)), most)
    at = rnd.randrange(len(block) - most)
    body = block[at:at + size].replace(b"\r", b"").replace(b"\n", b"\r\n")
    date = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(when))
    head = ["From: " + address(rnd), "To: " + address(rnd),
            "Subject: %s %d" % (rnd.choice(WORDS), serial), "Date: " + date,
            "Message-ID: <%d.%08x@example.org>" % (serial,
                                                    rnd.getrandbits(32))]
    if profile != "tiny":
        head[:0] = ["Received: from mx%d.example.net (mx%d.example.net "
                    "[192.0.2.%d])\r\n\tby mail.example.org with ESMTPS id "
                    "%08X;\r\n\t%s" % (i, i, i + 1, rnd.getrandbits(32), date)
                    for i in range(rnd.randrange(1, 5))]
    if rnd.random() >= chance:
        return ("\r\n".join(head) + "\r\n\r\n").encode() + body + b"\r\n"
    mark = "=_%016x" % rnd.getrandbits(64)
    octets = min(int(rnd.lognormvariate(math.log(part), part_spread)),
                 12000000)
    head += ["MIME-Version: 1.0",
             'Content-Type: multipart/mixed; boundary="%s"' % mark, "",
             "--" + mark, "Content-Type: text/plain", "", ""]
    middle = ["", "--" + mark, "Content-Type: application/octet-stream",
              "Content-Transfer-Encoding: base64", "", ""]
    return b"".join([
        "\r\n".join(head).encode(), body, "\r\n".join(middle).encode(),
        base64.encodebytes(rnd.randbytes(octets)).replace(b"\n", b"\r\n"),
        ("--%s--\r\n" % mark).encode()])


def item(rnd, octets, when):
    flags = [f for f, chance in FLAGS if rnd.random() < chance]
    if rnd.random() < .1:
        flags.append(rnd.choice(KEYWORDS))
    date = time.strftime("%d-%b-%Y %H:%M:%S +0000", time.gmtime(when))
    return b'(%s) "%s" {%d+}\r\n' % (" ".join(flags).encode(), date.encode(),
                                     len(octets)) + octets


def items(rnd, profile, block, serial, n):
    """n messages of a folder, as APPEND wants them."""
    octets = None
    for i in range(n):
        when = BEGIN + i * YEARS // n + rnd.randrange(3600)
        if rnd.random() < .1:
            when = BEGIN + rnd.randrange(YEARS)
        if octets is None or rnd.random() >= .002:
            octets = message(rnd, profile, block, serial + i, when)
        yield item(rnd, octets, when)


def folders(n):
    return (FOLDERS + ["Box/%03d" % i for i in range(n)])[:n]


def write(path, profile, messages, count, seed):
    """Makes the streams; returns the octets in them."""
    rnd = random.Random(seed)
    block = text_block(200000)
    os.makedirs(path)
    octets = serial = 0
    for k, name in enumerate(folders(count)):
        n = messages // count + (k < messages % count)
        verb = b'A APPEND "%s" ' % name.encode()
        with open("%s/%d.one" % (path, k), "wb") as one, \
                open("%s/%d.many" % (path, k), "wb") as many:
            for i, m in enumerate(items(rnd, profile, block, serial, n)):
                one.write(verb + m + b"\r\n")
                if i % BATCH == 0:
                    many.write(b"\r\n" * (i > 0) + verb + m)
                else:
                    many.write(b" " + m)
                octets += len(m)
            many.write(b"\r\n" * (n > 0))
        serial += n
    return octets
