#!/usr/bin/env python3
"""exchange.py: lists of other tools, made and judged, for t/36-exchange.t.

    exchange.py make FORMAT SEED FILE    a list with awkward names and passwords
                                         in FILE, what it says in FILE.json
    exchange.py rows FILE.json ROWS      ROWS (TSV) and the secrets that they
                                         name say the same
    exchange.py leaks FILE.json FILE...  no password of the list is in a file
    exchange.py same ROWS ROWS           the same account rows
"""
import csv
import io
import json
import os
import random
import stat
import sys
import urllib.parse as u

TSV = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}


def field(text):
    out, it = "", iter(text)
    for c in it:
        out += TSV[next(it)] if c == "\\" else c
    return out


def rows(name):
    lines = open(name, encoding="utf-8").read().splitlines()
    head = lines[0].split("\t")
    return [dict(zip(head, map(field, line.split("\t")))) for line in lines[1:]]


def word(r, letters, low, high):
    return "".join(r.choice(letters) for _ in range(r.randint(low, high)))


def shell(s):
    return s.replace("\\", "\\\\").replace(";", "\\;")


def quoted(s, sep):
    out = io.StringIO()
    csv.writer(out, delimiter=sep, lineterminator="").writerow([s, ""])
    return out.getvalue()[:-1]


def people(r, n, users, passwords):
    for i in range(n):
        yield [f"{word(r, users, 1, 12)}{i}", word(r, passwords, 8, 20)] + \
              [f"{word(r, users, 1, 12)}{i}@new.example",
               word(r, passwords, 8, 20)]


def side(host, port, user, password, tls, **more):
    return dict(host=host, port=port, user=user, password=password, tls=tls,
                **more)


def imapsync(r, out, said):
    odd = "aü'\"\\;:%@ &*#=,Ω"
    for user, pw, user2, pw2 in people(r, 40, odd.replace("#", ""), odd):
        one = side("old.example", 993, user, pw, "imaps")
        two = side("new.example", 993, user2, pw2, "imaps")
        options = []
        if r.random() < .3:
            one.update(port=1143, tls="imap")
            options += ["--tls1", "--port1", "1143"]
        if r.random() < .3:
            two.update(tls="imap", port=143, none=1)
            options += ["--nossl2", "--notls2", "--port2=143"]
        if r.random() < .3:
            one.update(login="admin" + str(r.randint(1, 3)))
            one["password"] = pw = "of " + one["login"]
            options += ["--authuser1", one["login"]]
        rest = r.choice(["", "--maxage 3", "--exclude Trash --dry"])
        out.append(";".join(map(shell, ["old.example", user, pw,
                   "new.example", user2, pw2])) + ";" +
                   " ".join(options + [rest]) + r.choice(["", ";", ";x;y"]))
        said.append(dict(account=user, sides=[one, two], rest=rest))
        if r.random() < .2:
            out.append(r.choice(["# a comment;x", "", "   "]))


def imapcopy(r, out, said):
    out += ["SourceServer old.example", "sourceport 1143",
            'DestServer "new.example"', 'DenyFlags "\\Recent"']
    odd = "aü'\\;:%@&*#=,"
    for user, pw, user2, pw2 in people(r, 40, odd, odd + " "):
        out.append(f'{r.choice(["Copy", "copy", "COPY"])}\t"{user}"   "{pw}" '
                   f'{user2} "{pw2}"')
        said.append(dict(account=user, sides=[
            side("old.example", 1143, user, pw, "imaps"),
            side("new.example", 143, user2, pw2, "imap")]))


def triples(r, out, said, kind):
    odd = "aü'\"\\;:%&*=,Ω"
    for user, pw, user2, _ in people(r, 40, odd, odd + " #"):
        user, name = user + "@old.example", word(r, odd + " ", 0, 9)
        if kind == "kerio":
            user2 = user
            out.append(";".join(quoted(x, ";") for x in (user, pw, name)))
        elif kind == "synology":
            out.append(",".join(quoted(x, ",") for x in (user, pw, user2)))
            name = ""
        elif kind == "doveadm":
            out.append(user)
            user2, name, pw = user, "", None
        else:
            out.append(",".join(quoted(x, ",") for x in (user2, user, pw)))
            name = ""
        said.append(dict(
            account=user2 if kind == "m365" else user, name=name, sides=[
                side("old.example", 993, user, pw, "imaps"),
                side("new.example", 1993, user2, None, "imaps")]))


def make(kind, seed, name):
    r, out, said = random.Random(seed), [], []
    if kind == "m365":
        out.append("EmailAddress,UserName,Password")
    if kind == "imapsync":
        imapsync(r, out, said)
    elif kind == "imapcopy":
        imapcopy(r, out, said)
    else:
        triples(r, out, said, kind)
    end = r.choice(["\n", "\r\n"])
    with open(name, "w", encoding="utf-8", newline="") as f:
        f.write(end.join(out) + r.choice(["", end]))
    json.dump(said, open(name + ".json", "w", encoding="utf-8"))


def url(text):
    head, *params = text.split(";")
    scheme, rest = head.split("://")
    user, host = rest.rsplit("@", 1)
    host, _, port = host.partition(":")
    params = {k: u.unquote(v) for k, v in (p.split("=", 1) for p in params)}
    return dict(tls=scheme, user=u.unquote(user), host=host, params=params,
                port=int(port or {"imap": 143, "imaps": 993}[scheme]))


def secret(ref):
    if ref == "":
        return None
    assert ref.startswith("file:"), ref
    mode = os.lstat(ref[5:]).st_mode
    assert stat.S_ISREG(mode) and mode & 0o777 == 0o600, (ref, oct(mode))
    assert os.stat(os.path.dirname(ref[5:])).st_mode & 0o777 == 0o700, ref
    text = open(ref[5:], encoding="utf-8", newline="").read()
    assert text[-1] == "\n"
    return text[:-1]


def judge(said, got):
    assert len(said) == len(got), (len(said), len(got))
    for want, row in zip(said, got):
        assert row["account"] == want["account"], (want, row)
        assert row["name"] == want.get("name", ""), (want, row)
        assert row.get("imapsync", "") == want.get("rest", ""), (want, row)
        for name, s in zip(("source", "target"), want["sides"]):
            is_url, params = url(row[name]), {}
            if "login" in s:
                params["authzid"] = s["user"]
            if "none" in s:
                params["tls"] = "none"
            assert is_url == dict(
                tls=s["tls"], host=s["host"], port=s["port"], params=params,
                user=s.get("login", s["user"])), (s, is_url)
            assert secret(row[name + "_secret"]) == s["password"], (s, row)


def leaks(said, names):
    words = {s["password"] for w in said for s in w["sides"] if s["password"]}
    forms = words | {w.replace("\\", "\\\\") for w in words} | \
        {u.quote(w) for w in words}
    for name in names:
        text = open(name, encoding="utf-8").read()
        found = [w for w in forms if w in text]
        assert not found, (name, found)


def main(what, *args):
    if what == "make":
        make(*args)
    elif what == "rows":
        judge(json.load(open(args[0], encoding="utf-8")), rows(args[1]))
    elif what == "leaks":
        leaks(json.load(open(args[0], encoding="utf-8")), args[1:])
    elif what == "same":
        one, two = map(rows, args)
        assert one and one == two, "they differ"


main(*sys.argv[1:])
