#!/usr/bin/env python3
"""soak.py: a person and a server that change a mailbox as time goes by.

    soak.py PORT USER SECONDS SEED [PACE]

Mail comes, twins too; it is moved, copied, flagged and expunged; folders are
made.  PACE is seconds between two acts, 0.1 if not said.  Ends with how many
acts of each kind it did.
"""
import collections
import imaplib
import random
import sys
import time

FLAGS = "\\Seen \\Answered \\Flagged \\Draft \\Deleted Later $Label1".split()


class Mailbox:
    def __init__(self, port, user, seed):
        self.box = imaplib.IMAP4("127.0.0.1", port)
        self.box.login(user, "PASSWORD-OF-" + user)
        self.random = random.Random(seed)
        self.name = seed
        self.folders = ["INBOX"]
        self.n = 0

    def some(self, most):
        """Into a folder; numbers of messages there, as a set."""
        self.folder = self.random.choice(self.folders)
        found = self.box.select(self.folder)
        uids = self.box.uid("SEARCH", "ALL")[1][0].split()
        assert found[0] == "OK", found
        k = min(len(uids), self.random.randint(1, most))
        return b",".join(self.random.sample(uids, k)).decode()

    def done(self, answer):
        assert answer[0] == "OK", answer

    def arrive(self):
        for _ in range(self.random.choice((1, 1, 1, 5, 30))):
            self.n += self.random.random() > 0.1    # or it is a twin
            text = b"Subject: %s %d\r\nMessage-ID: <%d@x>\r\n\r\n%s\r\n" % (
                self.name.encode(), self.n, self.n,
                b"text\r\n" * (self.n * self.n % 1000))
            flags = " ".join(self.random.sample(FLAGS, self.n % 3))
            self.done(self.box.append(
                self.random.choice(self.folders), "(%s)" % flags,
                imaplib.Time2Internaldate(1e9 + self.random.randrange(10)),
                text))

    def flag(self):
        which = self.some(12)
        if which:
            self.done(self.box.uid(
                "STORE", which, self.random.choice("+-") + "FLAGS",
                "(%s)" % " ".join(self.random.sample(FLAGS, 2))))

    def move(self, verb="MOVE"):
        which = self.some(6)
        to = self.random.choice(self.folders)
        if which and to != self.folder:
            self.done(self.box.uid(verb, which, to))

    def copy(self):
        self.move("COPY")

    def expunge(self):
        which = self.some(4)
        if which:
            self.done(self.box.uid("STORE", which, "+FLAGS", "(\\Deleted)"))
            self.done(self.box.uid("EXPUNGE", which))

    def make(self):
        name = "%s%d" % (self.name, len(self.folders))
        if len(self.folders) < 12:
            self.done(self.box.create(name))
            self.folders.append(name)

    def act(self):
        act = self.random.choice(
            ("arrive",) * 8 + ("flag",) * 6 + ("move",) * 4 +
            ("copy", "expunge", "expunge", "make"))
        getattr(self, act)()
        return act


imaplib.Commands["MOVE"] = ("SELECTED",)


def main():
    port, user, seconds, seed = sys.argv[1:5]
    pace = float(sys.argv[5]) if len(sys.argv) > 5 else 0.1
    until = time.monotonic() + float(seconds)
    box, acts = Mailbox(int(port), user, seed), collections.Counter()
    while time.monotonic() < until:
        acts[box.act()] += 1
        time.sleep(box.random.random() * 2 * pace)
    print(", ".join("%s %d" % item for item in sorted(acts.items())))


if __name__ == "__main__":
    main()
