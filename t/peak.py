#!/usr/bin/env python3
"""peak.py: the peak resident memory of a tool and of its workers.

    peak.py FILE COMMAND...

Runs the command, in its exit status, and writes two numbers to FILE: KiB of
the most of any worker (a process below it), and of the tool itself.  VmHWM is
the kernel's own high-water mark of the process's image; wait4 would count what
was there before exec.
"""
import os
import subprocess
import sys
import time


def status(pid):
    """(parent, KiB), or None when it is gone."""
    try:
        with open("/proc/%d/status" % pid) as f:
            lines = dict(line.split(":", 1) for line in f if ":" in line)
        return int(lines["PPid"]), int(lines["VmHWM"].split()[0])
    except (OSError, KeyError, ProcessLookupError):
        return None


def workers(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
            return [int(p) for p in f.read().split()]
    except OSError:
        return []


def main():
    tool = subprocess.Popen(sys.argv[2:])
    own = most = 0
    while tool.poll() is None:
        s = status(tool.pid)
        own = max(own, s[1] if s else 0)
        for pid in workers(tool.pid):
            s = status(pid)
            most = max(most, s[1] if s else 0)
        time.sleep(0.003)
    with open(sys.argv[1], "w") as f:
        print(most, own, file=f)
    sys.exit(tool.returncode)


if __name__ == "__main__":
    main()
