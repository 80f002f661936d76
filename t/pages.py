#!/usr/bin/env python3
"""pages.py: what the man pages say, for t/02-pages.t.

    pages.py examples PAGE       the commands of EXAMPLES, one block after the
                                 other, each ended by a line "%%"
    pages.py options PAGE        the long and short options that it names
    pages.py help < HELP         those that a --help names
    pages.py words PAGE          the words of its .It Li lists
    pages.py completions FILE    the options that a completion offers
"""
import re
import shutil
import sys

ESCAPES = {r"\e": "\\", r"\(dq": '"', r"\(aq": "'", r"\&": "", r"\-": "-"}


def plain(line):
    return re.sub(r"\\\(dq|\\\(aq|\\e|\\&|\\-",
                  lambda m: ESCAPES[m.group()], line)


def section(page, name):
    text = open(page, encoding="utf-8").read()
    m = re.search(r"^\.Sh %s\n(.*?)(?=^\.Sh |\Z)" % name, text, re.M | re.S)
    return m.group(1) if m else ""


def blocks(page):
    block = None
    for line in section(page, "EXAMPLES").splitlines():
        if line.startswith(".Bd"):
            block = []
        elif line.startswith(".Ed"):
            yield block
            block = None
        elif line.startswith(".Dl "):
            yield [plain(line[4:])]
        elif block is not None:
            block.append(plain(line))


def examples(page):
    for block in blocks(page):
        block = [re.sub(r"^\w*\$ ", "", line) for line in block]
        first = re.split(r"\s", block[0].strip())[0]
        if not shutil.which(first):
            continue  # a table or a URL
        text = "\n".join(block)
        if re.search(r"\bmlr\b", text) and not shutil.which("mlr"):
            continue
        print(text)
        print("%%")


def options(page):
    text = open(page, encoding="utf-8").read()
    found = set()
    for line in re.findall(r"^\.(?:It|Op|Fl) .*|^\.Fl .*", text, re.M):
        for name in re.findall(r"(?<![A-Za-z])Fl ([-\w]+)", line):
            if name.startswith("-"):
                found.add("-" + name)
            elif ".Op Fl " + name not in line:
                found.update("-" + c for c in name[:1])
            else:
                found.update("-" + c for c in name)
    return found


def helped(text):
    found = set()
    for line in re.sub(r"\nexamples:.*", "", text, flags=re.S).splitlines():
        m = re.match(r"  ((?:    )?(?:-\w, )?--[\w-]+"
                     r"(?:, (?:-\w, )?--[\w-]+)*)", line)
        if m:
            found.update(re.findall(r"--?[\w-]+", m.group(1)))
    return found


def words(page):
    text = open(page, encoding="utf-8").read()
    return {w for line in re.findall(r"^\.It Li (.*)", text, re.M)
            for w in re.findall(r"\w+", line)}


def completions(path):
    text = open(path, encoding="utf-8").read()
    return set(re.findall(r"(?<![\w-])--[a-z][\w-]+", text))


what = sys.argv[1]
if what == "examples":
    examples(sys.argv[2])
elif what == "help":
    print("\n".join(sorted(helped(sys.stdin.read()))))
else:
    print("\n".join(sorted(globals()[what](sys.argv[2]))))
