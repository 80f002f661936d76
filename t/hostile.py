#!/usr/bin/env python3
"""hostile.py: mbx-inventory against canned hostile streams.

    hostile.py DIR SECRETFILE [short]

Each DIR/*.imap is played in its place (greeting, log-in, LIST, EXAMINE, FETCH
of bodies) and, unless short, whole at each of these commands.  Whatever comes:
an end within the deadline, in an exit code that the contract has for it, with
a line or two on stderr that can be printed, in little memory.  TAP on stdout.
"""
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "servers"))
import scripted  # noqa: E402

COMMANDS = ["GREETING", "LOGIN", "LIST", "EXAMINE", "FETCH", "BODY"]
SECONDS, MIB = 10, 64
# What each must end in when it is played in its place.
IN_PLACE = {
    "alien": 0, "bad": 75, "bye": 69, "eof_line": 69, "eof_literal": 69,
    "expunge": 0, "fewer": 1, "flagbad": 0, "greetbad": 76, "huge": 69,
    "huge1g": 69, "listnil": 1, "listno": 76, "names": 1, "neg": 76, "nil": 1,
    "no_empty": 1, "no_partial": 0, "nul": 0, "nulq": 76, "ok": 0,
    "ok_notext": 0, "permbad": 75, "permempty": 75, "permnull": 75, "pf2": 75,
    "preauth": 77, "raw1": 1, "raw2": 1, "rawname": 1, "status0": 0,
    "uid0": 1, "uidwrap": 1, "unknownitem": 0, "unkresp": 0, "unsol": 0,
    "wrap": 69, "wrongtag": 76,
}
ALLOWED = {0, 1, 69, 75, 76, 77}


def run(server, secret):
    """Exit code (or signal, negative), seconds, MiB, stderr."""
    url = "imap://anna@127.0.0.1:%d;tls=none" % server.port
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.monotonic()
        p = subprocess.Popen(
            ["mbx-inventory", "--depth", "messages", "--timeout", "2"],
            stdin=subprocess.PIPE, stdout=out, stderr=err)
        p.stdin.write(("source\tsource_secret\n%s\tfile:%s\n" % (
            url, secret)).encode())
        p.stdin.close()
        while True:
            pid, status, usage = os.wait4(p.pid, os.WNOHANG)
            if pid != 0:
                break
            if time.monotonic() - start > SECONDS + 5:
                p.kill()
            time.sleep(0.002)
        p.returncode = os.waitstatus_to_exitcode(status)
        err.seek(0)
        return (p.returncode, time.monotonic() - start,
                usage.ru_maxrss / 1024, err.read())


def judge(code, seconds, mib, err, want):
    why = []
    if code not in want:
        why.append("exit %d" % code)
    if seconds > SECONDS:
        why.append("%.1f s" % seconds)
    if mib > MIB and os.environ.get("SAN", "0") != "1":
        why.append("%.0f MiB" % mib)
    if len(err.splitlines()) > 12 or len(err) > 8000:
        why.append("%d lines on stderr" % len(err.splitlines()))
    if (code != 0) != (err != b""):
        why.append("exit %d and %d octets on stderr" % (code, len(err)))
    if any(c < 32 and c != 10 or c == 127 for c in err):
        why.append("control characters on stderr")
    return why


def main():
    where, secret = sys.argv[1], sys.argv[2]
    files = sorted(f for f in os.listdir(where) if f.endswith(".imap"))
    bad = number = 0
    most = 0.0
    with scripted.Server(["INBOX 1"], caps="IMAP4rev1 LITERAL+") as server:
        for f in files:
            name, path = f[:-5], os.path.join(where, f)
            cases = [("in its place", ["%s replay %s" % (c, path)
                                       for c in COMMANDS if c != "FETCH"],
                      {IN_PLACE.get(name, 0)})]
            if "short" not in sys.argv:
                cases += [("at " + c, ["%s canned %s" % (c, path)], ALLOWED)
                          for c in COMMANDS]
            why = []
            for case, server.rules, want in cases:
                code, seconds, mib, err = run(server, secret)
                most = max(most, mib)
                why += ["%s: %s" % (case, w)
                        for w in judge(code, seconds, mib, err, want)]
                if why and why[-1].startswith(case):
                    why += err.decode("utf-8", "replace").splitlines()[:8]
            number += 1
            bad += bool(why)
            print("%sok %d - %s" % ("not " if why else "", number, name))
            for line in why:
                print("#", line)
    print("# %.1f MiB at most" % most)
    print("1..%d" % number)
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
