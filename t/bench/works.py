"""works.py: the workloads, and the figures that mbx must reach.

W* are measured by default, the others (SCALE) when asked for.
"""
import collections

# name: profile, messages, folders, seed
CORPORA = {
    "small": ("small", 10000, 10, 1),
    "large": ("large", 300, 6, 2),
    "mixed": ("mixed", 2000, 10, 3),
    "few": ("small", 1000, 10, 4),
    "tiny": ("tiny", 1000, 10, 5),
    "tiny-x100": ("tiny", 100000, 10, 6),
}


def corpora(name, small=1):
    """Those above; moreN is the N-th of what comes later, accountN of many
    accounts, ownN of very many; so many are tinyN.  small: so many times fewer
    messages."""
    kind = name.rstrip("0123456789")
    number = int(name[len(kind):] or 0)
    if name in CORPORA:
        profile, messages, folders, seed = CORPORA[name]
    elif kind == "more":
        profile, messages, folders, seed = "small", 100, 10, 500 + number
    elif kind == "account":
        profile, messages, folders, seed = "small", 100, 5, 1000 + number
    elif kind == "own":
        profile, messages, folders, seed = "tiny", 10, 2, 1000 + number
    else:
        profile, messages, folders, seed = "tiny", number, 10, number
    return profile, max(messages // small, folders), folders, seed


# kind: copy (into a fresh account), again (nothing changed), lost (the same
# without what the tool noted), delta (after changes), sizes or verify.
# also: more entrants of the own tool, by what is different.
Work = collections.namedtuple(
    "Work", "name text kind corpus target link accounts jobs probes peers also",
    defaults=("dst", "plain", 1, 1, "", "", {}))

# Without COMPRESS, which costs both of them more than loopback does; with it.
RAW = "interimap-raw mbsync-raw doveadm-imapc"
PEERS = RAW + " interimap mbsync imapsync"

WORKS = [
    Work("W1", "10,000 small messages in 10 folders", "copy", "small",
         probes="drain-c1 drain-c2 fill-c1 fill-c2 fill-s-c1 fill-s-c2 "
         "fill-m-c1 fill-m-c2 both-m-c1", peers=PEERS),
    Work("W1s", "W1 to a target without MULTIAPPEND", "copy", "small",
         target="single", probes="fill-s-c1 both-s-c1",
         peers="interimap-raw mbsync-raw"),
    Work("W1d", "W1 to a target on a disk", "copy", "small", target="disk",
         probes="fill-m-c1 fill-m-c2 both-m-c1", peers=RAW),
    Work("W2", "300 messages of 1 MB", "copy", "large",
         probes="drain-c1 fill-m-c1 both-m-c1", peers=RAW),
    Work("WM", "2,000 mixed messages, a fifth with attachments", "copy",
         "mixed", probes="drain-c1 fill-m-c1 both-m-c1", peers=RAW),
    Work("W3", "W1 again, nothing changed", "again", "small",
         probes="stat-both-c1", peers=PEERS),
    Work("W3x", "nothing changed, 100,000 messages beside 1,000", "again",
         "tiny-x100", also={"mbx-copy-x1": {"corpus": "tiny"}}),
    Work("W3l", "W1 again, the ledger lost", "lost", "small",
         probes="fetch-both-c1 mids-c1",
         also={"mbx-copy-L3": {"args": ("--recognise", "L3")}}),
    Work("W4", "W1 again, 100 new, 100 with other flags, 20 expunged",
         "delta", "small", peers=PEERS),
    Work("W5", "1,000 small messages, 50 ms to both servers", "copy", "few",
         link=50, probes="both-m-c1", peers=RAW,
         also={"mbx-copy-200ms": {"link": 200}}),
    Work("W5d", "W5 again, nothing changed", "again", "few", link=50,
         peers=RAW, also={"mbx-copy-200ms": {"link": 200}}),
    Work("W6", "100 accounts of 100 messages in 5 folders", "copy", "account",
         accounts=100, probes="drain-c1 fill-m-c1", peers=RAW),
    Work("W6j", "W6, four at a time", "copy", "account", accounts=100, jobs=4,
         probes="drain-c4 fill-m-c4", peers=RAW),
    Work("W7", "W1 over TLS", "copy", "small", link="tls",
         probes="drain-c1 fill-m-c1 both-m-c1", peers=RAW),
    Work("W8", "folder sizes of the accounts of W6", "sizes", "account",
         accounts=100, probes="stat-c1"),
    Work("W8j", "W8, four at a time", "sizes", "account", accounts=100, jobs=4,
         probes="stat-c4"),
    Work("W9", "every body of W1 compared", "verify", "small",
         probes="fetch-both-c1 fetch-both-c2"),
]

SCALE = [
    *(Work("M%d" % n, "%d tiny messages" % n, "copy", "tiny%d" % n,
           probes="both-m-c1") for n in (1000, 10000, 100000, 1000000)),
    *(Work("N%d" % n, "nothing changed, %d tiny messages" % n, "again",
           "tiny%d" % n, probes="stat-both-c1")
      for n in (1000, 10000, 100000, 1000000)),
    *(Work("A%d" % n, "accounts of 10 messages, four at a time: %d" % n,
           "copy", "own", accounts=n, jobs=4, probes="fill-m-c4")
      for n in (1, 100, 5000)),
    *(Work("R%d" % n, "1,000 small messages, %d ms to both servers" % n,
           "copy", "few", link=n or "plain", probes="both-m-c1")
      for n in (0, 50, 200)),
]

OWN = {"sizes": "mbx-inventory", "verify": "mbx-verify"}  # else mbx-copy

# Of the median: own wall over that of `than` (a probe or a peer), at most.
# than "turns": round trips, from 50 and 200 ms; "cpu": own CPU over 0.03 ms a
# message and 1 ms a MB (4 with TLS); "servers": own wall over what the CPU of
# both servers for drain-c4 and fill-m-c4 takes on all cores.
Figure = collections.namedtuple("Figure", "work than most own",
                                defaults=(None,))
FIGURES = [
    Figure("W1", "both-m-c1", 1.25), Figure("W1", "interimap-raw", 1),
    Figure("W1", "mbsync-raw", 1), Figure("W1", "doveadm-imapc", 1),
    Figure("W1", "cpu", 1),
    Figure("W1s", "both-s-c1", 1.15),
    Figure("W1d", "fill-m-c2", 1.3),
    Figure("W2", "both-m-c1", 1.5), Figure("W2", "cpu", 1),
    Figure("WM", "both-m-c1", 1.5), Figure("WM", "cpu", 1),
    Figure("W3", "stat-both-c1", 1.3), Figure("W3", "mbsync-raw", 1),
    Figure("W3x", "mbx-copy-x1", 1.3),
    Figure("W3l", "fetch-both-c1", 1.5),
    Figure("W3l", "mids-c1", 1.5, "mbx-copy-L3"),
    Figure("W4", "mbsync-raw", 1),
    Figure("W5", "both-m-c1", 2.2), Figure("W5", "turns", 12),
    Figure("W5d", "turns", 8),
    Figure("W6", "fill-m-c1", 1.3), Figure("W6j", "servers", 1.3),
    Figure("W7", "both-m-c1", 1.4), Figure("W7", "cpu", 1),
    Figure("W8", "stat-c1", 1.2), Figure("W8j", "stat-c4", 1.2),
    Figure("W9", "fetch-both-c1", 1.5),
]
