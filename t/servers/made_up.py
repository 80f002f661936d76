"""made_up.py: mailboxes whose messages are made up on the fly, for
scripted.py.  Only what is appended or changed is kept.
"""
import datetime
import functools
import hashlib
import tempfile
import threading
import time

LINE = b"0123456789 the quick brown fox jumps over the lazy dog, twice.\r\n"
PAD = LINE * (65536 // len(LINE))


class Message:
    def __init__(self, size, flags, date, chunks):
        self.size, self.flags, self.date = size, flags, date
        self.chunks = chunks  # a function that yields its octets


class Box:
    def __init__(self, spec):
        words = spec.split()
        self.name, self.count = words[0], int(words[1]) if words[1:] else 0
        keys = dict(w.split("=", 1) for w in words[2:])
        self.size = int(keys.get("size", 300))
        self.base = int(keys.get("base", 0))
        self.validity = int(keys.get("validity", 7))
        self.use, self.subscribed = keys.get("use", ""), True
        self.big = dict(map(int, w.split("=")[1].split(":"))
                        for w in words[2:] if w.startswith("big="))
        self.more, self.flags = [], {}  # appended; changed by STORE

    def __len__(self):
        return self.count + len(self.more)

    def size_of(self, uid):
        n = uid - self.base
        if n > self.count:
            return self.more[n - self.count - 1].size
        return self.big.get(uid, self.size + uid % 64)

    def get(self, uid):
        n = uid - self.base
        if n > self.count:
            m = self.more[n - self.count - 1]
            return Message(m.size, self.flags.get(uid, m.flags), m.date,
                           m.chunks)
        flags = self.flags.get(uid, "\\Seen" if uid % 2 else "")
        return Message(self.size_of(uid), flags, 1500000000 + uid,
                       lambda: self.make(uid))

    def make(self, uid):
        size = self.size_of(uid)
        head = (b"From: a@example.org\r\nSubject: message %d\r\nMessage-ID: "
                b"<%d@example.org>\r\n\r\n" % (uid, uid))
        left = size - len(head) - 2
        if left < 0:
            yield (b"x" * size)[:size]
            return
        yield head
        for _ in range(left // len(PAD)):
            yield PAD
        yield PAD[:left % len(PAD)] + b"\r\n"

    def uids(self, text):
        """The UIDs of a set that are there, as ranges."""
        last = self.base + len(self)
        for part in text.split(","):
            a, _, b = part.partition(":")
            low, high = (last if x == "*" else int(x) for x in (a, b or a))
            low, high = min(low, high), max(low, high)
            yield range(max(low, self.base + 1), min(high, last) + 1)


@functools.lru_cache
def day_text(day):
    return time.strftime("%d-%b-%Y", time.gmtime(day * 86400))


def date_text(t):
    day, s = divmod(t, 86400)
    return "%s %02d:%02d:%02d +0000" % (
        day_text(day), s // 3600, s // 60 % 60, s % 60)


def date_of(text):
    t = datetime.datetime.strptime(text.strip(), "%d-%b-%Y %H:%M:%S %z")
    return int(t.timestamp())


class Spool:
    """A file for large appends; what take returns is a place in it."""

    def __init__(self):
        self.file, self.end = tempfile.TemporaryFile(), 0
        self.lock = threading.Lock()

    def take(self, source, n):
        with self.lock:
            place, self.end = Place(self, self.end), self.end + n
        sha = hashlib.sha256()
        while place.n < n:
            data = source.read1(min(65536, n - place.n))
            if not data:
                break
            with self.lock:
                self.file.seek(place.at + place.n)
                self.file.write(data)
            sha.update(data)
            place.n += len(data)
        place.sha = sha.hexdigest()
        return place


class Place:
    def __init__(self, spool, at):
        self.spool, self.at, self.n, self.sha = spool, at, 0, ""

    def __len__(self):
        return self.n

    def chunks(self):
        for at in range(0, self.n, 65536):
            with self.spool.lock:
                self.spool.file.seek(self.at + at)
                piece = self.spool.file.read(min(65536, self.n - at))
            yield piece


def sha256(data):
    return (data.sha if isinstance(data, Place)
            else hashlib.sha256(data).hexdigest())


def chunks_of(data):
    return data.chunks if isinstance(data, Place) else lambda: iter((data,))
