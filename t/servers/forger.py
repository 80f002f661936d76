#!/usr/bin/env python3
"""forger.py: a name server that lies in one way.

    forger.py KIND SECRET       prints its port; zone e.test, key mig.

Questions over TCP are answered well and signed where they were; updates, and
over UDP questions, are answered as KIND says.  It never changes anything.
"""
import base64
import hashlib
import hmac
import socket
import struct
import sys
import threading
import time

KIND, SECRET = sys.argv[1], base64.b64decode(sys.argv[2])
KEY = b"\3mig\0"
SHA = b"\x0bhmac-sha256\0"


def name_end(m, at):
    while m[at]:
        if m[at] >= 0xc0:
            return at + 2
        at += m[at] + 1
    return at + 1


def strip(m):
    """The message without its TSIG record, and the request's MAC."""
    counts = struct.unpack(">4H", m[4:12])
    at = 12
    for _ in range(counts[0]):
        at = name_end(m, at) + 4
    start = at
    for _ in range(sum(counts[1:])):
        start = at
        at = name_end(m, at)
        kind, = struct.unpack(">H", m[at:at + 2])
        n, = struct.unpack(">H", m[at + 8:at + 10])
        rdata = at + 10
        at = rdata + n
    if sum(counts[1:]) and kind == 250:
        mac = name_end(m, rdata) + 8
        n, = struct.unpack(">H", m[mac:mac + 2])
        return m[:10] + struct.pack(">H", counts[3] - 1) + m[12:start], \
            m[mac + 2:mac + 2 + n]
    return m, None


def sign(m, prior, key=KEY, alg=SHA, when=None, cut=32, secret=SECRET,
         error=0, other=b""):
    when = int(time.time()) if when is None else when
    t = struct.pack(">HIH", when >> 32, when & 0xffffffff, 300)
    data = struct.pack(">H", len(prior)) + prior + m + key + b"\0\xff" + \
        b"\0" * 4 + alg + t + struct.pack(">HH", error, len(other)) + \
        other
    mac = hmac.new(secret, data, hashlib.sha256).digest()[:cut]
    rdata = alg + t + struct.pack(">H", len(mac)) + mac + m[:2] + \
        struct.pack(">HH", error, len(other)) + other
    return m[:10] + struct.pack(">H", struct.unpack(">H", m[10:12])[0] + 1) + \
        m[12:] + key + struct.pack(">HHIH", 250, 255, 0, len(rdata)) + rdata


def answer(q, ttl=3600):
    """A good one: SOA, NS or MX of e.test, else nothing."""
    end = name_end(q, 12)
    kind, = struct.unpack(">H", q[end:end + 2])
    rdata = {6: b"\1a\0\1b\0" + struct.pack(">5I", 1, 1, 1, 1, 1),
             15: b"\0\x0a\2mx\5other\0", 2: b"\2ns\xc0\x0c"}.get(kind)
    name = q[12:end].lower()
    if name != b"\1e\4test\0":
        rdata = None
    count = 1 if rdata else 0
    if KIND.startswith("big") and kind == 15 and rdata:
        # 65,535 octets: MX records, and one that takes up the rest.
        one = len(b"\xc0\x0c" + struct.pack(">HHIH", 15, 1, 1, 0) + rdata)
        count = (65535 - end - 4 - 30) // one
    head = q[:2] + b"\x84\0" + struct.pack(">4H", 1, count, 0, 0)
    m = head + q[12:end + 4]
    for i in range(count - 1):
        m += b"\xc0\x0c" + struct.pack(">HHIHH", 15, 1, ttl, len(rdata), i) + \
            rdata[2:]
    if count > 1:  # the rest: as labels of the last host
        rest = 65535 - len(m) - 14
        rdata = struct.pack(">H", 65535) + bytes([rest - 2]) + \
            b"x" * (rest - 2) + b"\0"
    if rdata:
        m += b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, ttl, len(rdata)) + rdata
    return m


def ok(q):
    end = name_end(q, 12) + 4
    return q[:2] + b"\xa8\0\0\1\0\0\0\0\0\0" + q[12:end]


OLD = []


def lie(q, mac):
    """The reply to an update; None: the connection ends."""
    m = ok(q)
    other = bytes([m[0] ^ 1]) + m[1:]
    if KIND.startswith("rcode-"):
        return sign(m[:3] + bytes([int(KIND[6:])]) + m[4:], mac)
    kinds = {
        "id": lambda: sign(other, mac),
        "request": lambda: sign(m[:2] + b"\x28" + m[3:], mac),
        "opcode": lambda: sign(m[:2] + b"\x80" + m[3:], mac),
        "question": lambda: sign(m[:13] + b"f" + m[14:], mac),
        "unsigned": lambda: m,
        "secret": lambda: sign(m, mac, secret=b"wrong"),
        "key": lambda: sign(m, mac, key=b"\3mag\0"),
        "algorithm": lambda: sign(m, mac, alg=b"\x09hmac-sha1\0"),
        "old": lambda: sign(m, mac, when=int(time.time()) - 4000),
        "future": lambda: sign(m, mac, when=int(time.time()) + 4000),
        "replay": lambda: sign(m, bytes(32)),
        "cut-mac": lambda: sign(m, mac, cut=10),
        "no-mac": lambda: sign(m, mac, cut=0),
        "behind": lambda: sign(m, mac) + b"x",
        "cut": lambda: sign(m, mac)[:-5],
        "rcode": lambda: (lambda s: s[:3] + b"\0" + s[4:])(
            sign(m[:3] + b"\5" + m[4:], mac)),
        "garbage": lambda: m[:2] + b"\xff" * 200,
        "loop": lambda: m[:12] + b"\xc0\x0c" + m[12:],
        "empty": lambda: b"",
        "close": lambda: None,
        "late": lambda: time.sleep(3) or sign(m, mac),
        "badtime": lambda: sign(m[:3] + b"\x09" + m[4:], mac, error=18,
                                other=struct.pack(">HI", 0, 1000000000)),
    }
    return kinds.get(KIND, lambda: sign(m, mac))()


def serve_tcp(s):
    while True:
        c, _ = s.accept()
        try:
            n, = struct.unpack(">H", c.recv(2, socket.MSG_WAITALL))
            q, mac = strip(c.recv(n, socket.MSG_WAITALL))
            if q[2] & 0x78 == 0x28:
                reply = lie(q, mac)
            else:
                reply = answer(q) if mac is None else sign(answer(q), mac)
            if KIND == "big-cut" and len(reply) == 65535:
                reply = None
                c.sendall(b"\xff\xff" + bytes(65534))
            if reply is not None:
                c.sendall(struct.pack(">H", len(reply)) + reply)
        except (struct.error, OSError, IndexError):
            pass
        c.close()


def serve_udp(s):
    while True:
        q, who = s.recvfrom(65535)
        m, bad = answer(q), answer(q, 7)
        forged = {
            "udp-id": bytes([bad[0] ^ 1]) + bad[1:],
            "udp-case": bad[:12] + bad[12:20].swapcase() + bad[20:],
            "udp-question": bad[:13] + b"f" + bad[14:],
            "udp-request": bad[:2] + b"\4" + bad[3:],
            "udp-opcode": bad[:2] + b"\xa4" + bad[3:],
            "udp-short": bad[:8],
        }.get(KIND)
        if forged:
            s.sendto(forged, who)
        if KIND == "udp-late":  # to the first try, when it is over
            if not OLD:
                OLD.append(who)
                threading.Timer(0.5, s.sendto, (bad, who)).start()
                continue
        if KIND == "udp-cut":  # TC: it is to be asked over TCP
            m = bad[:2] + b"\x86" + bad[3:]
        if KIND.startswith("big"):
            m = q[:2] + b"\x86\0\0\1\0\0\0\0\0\0" + q[12:name_end(q, 12) + 4]
        if KIND != "udp-silent":
            s.sendto(m, who)


for turn in range(100):
    tcp = socket.create_server(("127.0.0.1", 0))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        udp.bind(tcp.getsockname())
        break
    except OSError:
        continue
print(tcp.getsockname()[1], flush=True)
threading.Thread(target=serve_udp, args=(udp,), daemon=True).start()
serve_tcp(tcp)
