#!/usr/bin/env python3
"""pst.py FILE: makes a PST file ([MS-PST], ANSI, as much of it as readpst
reads): folders Inbox and Inbox/Year 2003 with a message read and one unread.
"""
import struct
import sys

STRING, BINARY, LONG, BOOL, TIME = 0x1e, 0x102, 3, 0xb, 0x40


def heap(properties):
    """A property context: a heap on a node with one BTH, 2.3.3."""
    items, records = [], b""
    for tag, kind, value in sorted(properties):
        if kind in (LONG, BOOL):
            at = value
        else:
            items.append(value.encode() if kind == STRING else value)
            at = (len(items) + 2) << 5
        records += struct.pack("<HHL", tag, kind, at)
    items = [struct.pack("<BBBBL", 0xb5, 2, 6, 0, 2 << 5), records] + items
    out, starts = b"", []
    for item in items:
        starts.append(12 + len(out))
        out += item
    starts.append(12 + len(out))
    out += b"\0" * (len(out) % 2)
    return struct.pack("<HBBLL", 12 + len(out), 0xec, 0xbc, 1 << 5, 0) + out + \
        struct.pack("<HH", len(items), 0) + \
        b"".join(struct.pack("<H", s) for s in starts)


def folder(name, count, sub):
    return heap([(0x3001, STRING, name), (0x3602, LONG, count),
                 (0x360a, BOOL, sub), (0x3613, STRING, "IPF.Note")])


def message(subject, read, day):
    when = (1041379200 + day * 86400 + 11644473600) * 10**7
    head = ("From: Anna <anna@old.example>\r\nTo: bert@old.example\r\n"
            "Subject: %s\r\nDate: %02d Jan 2003 00:00:00 +0000\r\n"
            "Message-ID: <%d@old.example>\r\n" % (subject, day + 1, day))
    return heap([(0x1a, STRING, "IPM.Note"), (0x37, STRING, subject),
                 (0x7d, STRING, head), (0x1000, STRING, "hello\r\n"),
                 (0xe07, LONG, read), (0xc1a, STRING, "Anna"),
                 (0xc1f, STRING, "anna@old.example"),
                 (0x39, TIME, struct.pack("<Q", when)),
                 (0xe06, TIME, struct.pack("<Q", when))])


NODES = [  # node, parent, what it holds; 2.4.1 and 2.4.2
    (0x21, 0x21, heap([
        (0x3001, STRING, "archive"), (0x35df, LONG, 0x89),
        (0x35e0, BINARY, bytes(20) + struct.pack("<L", 0x8022))])),
    (0x122, 0x122, folder("", 0, 1)),
    (0x8022, 0x122, folder("Top of Personal Folders", 0, 1)),
    (0x8042, 0x8022, folder("Inbox", 2, 1)),
    (0x8062, 0x8042, folder("Year 2003", 1, 0)),
    (0x200024, 0x8042, message("read", 1, 0)),
    (0x200044, 0x8042, message("unread", 0, 1)),
    (0x200064, 0x8062, message("of 2003", 1, 2)),
]


def page(entries, size, kind, bid):
    body = b"".join(entries)
    return body.ljust(496, b"\0") + struct.pack(
        "<BBBBBBHLL", len(entries), 31, size, 0, kind, kind, 0, bid, 0)


def main():
    blocks, at = [], 1536
    for i, (node, parent, data) in enumerate(NODES):
        blocks.append((4 * i + 4, at, data))
        at += (len(data) + 12 + 63) // 64 * 64
    nbt = page([struct.pack("<LLLL", n, b[0], 0, p)
                for (n, p, _), b in zip(NODES, blocks)], 16, 0x81, 0x1001)
    bbt = page([struct.pack("<LLHH", b, o, len(d), 2)
                for b, o, d in blocks], 12, 0x80, 0x1003)
    out = bytearray(at)
    out[0:16] = struct.pack("<4sL2sHHBB", b"!BDN", 0, b"SM", 14, 19, 1, 1)
    out[0xa8:0xac] = struct.pack("<L", at)
    out[0xb8:0xc8] = struct.pack("<LLLL", 0x1001, 512, 0x1003, 1024)
    out[512:1024], out[1024:1536] = nbt, bbt
    for _, o, d in blocks:
        out[o:o + len(d)] = d
    with open(sys.argv[1], "wb") as f:
        f.write(out)


main()
