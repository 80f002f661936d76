#!/usr/bin/env python3
"""schedule.py: judges mbx-plan --schedule, for t/37-schedule.t.

    schedule.py rules TSV CUTOVER USERS ZONE  what must hold of every schedule
    schedule.py ics ICS TSV          icalendar reads the same tasks
    schedule.py svg SVG TSV          well-formed, nothing from elsewhere
    schedule.py md MD TSV            a row for each task
"""
import csv
import datetime as d
import re
import sys
import xml.etree.ElementTree as et
import zoneinfo

H = d.timedelta(hours=1)
PHASES = ["assess", "prepare", "test", "pilot", "sync", "delta", "cutover",
          "validate", "rollback", "cleanup"]


def when(text):
    return d.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(
        tzinfo=d.timezone.utc)


def tasks(name):
    rows = list(csv.DictReader(open(name, encoding="utf-8"), delimiter="\t",
                               quoting=csv.QUOTE_NONE))
    for r in rows:
        r["from"], r["to"] = when(r["start"]), when(r["end"])
    return rows


def one(rows, start):
    found = [r for r in rows if r["task"].startswith(start)]
    assert len(found) == 1, (start, len(found))
    return found[0]


def chain(rows, first, last):
    """They follow each other without a gap from first to last."""
    at = first
    for r in sorted(rows, key=lambda r: r["from"]):
        assert r["from"] <= at, (r, at)
        at = max(at, r["to"])
    assert at >= last, (at, last)


def in_days(rows, zone, cut):
    """People work by day, on working days; nobody starts too early."""
    for r in rows:
        begin = r["from"].astimezone(zone)
        assert cut - 61 * 24 * H < r["from"] < cut + 31 * 24 * H, r
        assert r["from"] < r["to"], r
        if r["phase"] in ("assess", "prepare", "cleanup"):
            assert begin.weekday() < 5 and 9 <= begin.hour < 17, r
            end = r["to"].astimezone(zone)
            assert end.weekday() < 5 and 9 <= end.hour <= 17, r


def batches(rows, zone, users):
    copies = [r for r in rows if r["task"].startswith("Copy ")]
    assert sum(int(r["accounts"]) for r in copies) == users
    for r in copies:
        begin, end = (r[x].astimezone(zone) for x in ("from", "to"))
        assert begin.hour == 22 and (end.hour >= 22 or end.hour <= 6), r
        verify = [v for v in rows if v["batch"] == r["batch"] and
                  v["task"].startswith("Verify ")]
        assert len(verify) == 1 and verify[0]["from"] >= r["to"], r
        assert r["command"] == "make " + r["batch"]
    for before, after in zip(copies, copies[1:]):
        if after["batch"] != "large" and before["batch"] != "large":
            assert before["to"] <= after["from"], (before, after)
    names = [r["phase"] for r in copies]
    assert names == sorted(names, key=PHASES.index), names
    return copies


def rules(name, cutover, users, zone):
    rows, cut = tasks(name), when(cutover)
    zone = zoneinfo.ZoneInfo(zone)
    assert [r["from"] for r in rows] == sorted(r["from"] for r in rows)
    assert {r["phase"] for r in rows} <= set(PHASES), "phases"
    assert all(r["owner"] and r["task"] for r in rows)
    in_days(rows, zone, cut)
    copies = batches(rows, zone, int(users))
    last = max(r["to"] for r in copies)
    assert last <= cut - 12 * H, last
    lower = one(rows, "Lower the TTL")
    assert lower["to"] <= cut - 48 * H, lower
    gone = one(rows, "See that no cache")
    assert lower["to"] + 24 * H <= gone["from"] and gone["to"] <= cut
    assert one(rows, "Final delta")["to"] == cut
    switch = one(rows, "Switch MX")
    assert switch["from"] == cut
    go = one(rows, "Go or no go")
    assert go["to"] <= one(rows, "Final delta")["from"]
    pilot = [r for r in rows if r["task"] == "Approve pilot"]
    waves = [r for r in copies if r["phase"] == "sync"]
    if pilot and waves:
        assert pilot[0]["to"] <= min(r["from"] for r in waves)
    chain([r for r in rows if r["task"].startswith("Watch")], cut, cut + 72 * H)
    chain([r for r in rows if r["task"] == "Delta"], cut - 24 * H, cut - H)
    end = one(rows, "Last copy")
    assert cut + 27 * 24 * H <= end["from"] <= cut + 31 * 24 * H, end
    assert one(rows, "Remove legacy")["from"] > cut + 7 * 24 * H
    assert one(rows, "Raise the TTLs")["from"] > cut + 72 * H


def ics(name, tsv):
    import icalendar
    raw = open(name, "rb").read()
    for line in raw.split(b"\r\n"):
        assert b"\n" not in line and len(line) <= 75, line
        line.decode()
    events = icalendar.Calendar.from_ical(raw).walk("VEVENT")
    rows = tasks(tsv)
    assert len(events) == len(rows)
    assert len({str(e["UID"]) for e in events}) == len(rows), "UIDs"
    for e, r in zip(events, rows):
        assert e.decoded("DTSTART") == r["from"], r
        assert e.decoded("DTEND") == r["to"], r
        assert str(e["SUMMARY"]).startswith(r["task"]), r
        for part in ("owner", "command", "gate", "rollback"):
            if r[part]:
                assert "%s: %s\n" % (part.capitalize(), r[part]) in \
                    str(e["DESCRIPTION"]), r
        assert e["CATEGORIES"].to_ical().decode() == r["phase"]


def svg(name, tsv):
    text = open(name, encoding="utf-8").read()
    root = et.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    for e in root.iter():
        assert e.tag.split("}")[1] in ("svg", "title", "rect", "text", "line")
        assert not [a for a in e.attrib if "href" in a or a[:2] == "on"]
    assert "url(" not in text and text.count("http") == 1
    labels = {e.text for e in root.iter("{http://www.w3.org/2000/svg}text")}
    rows = tasks(tsv)
    for r in rows:
        assert any(x.startswith(r["task"]) for x in labels if x), r
    bars = [e for e in root.iter("{http://www.w3.org/2000/svg}rect")][1:]
    wide = float(root.attrib["width"])
    assert len(bars) >= len(rows)
    for b in bars:
        x, w = float(b.attrib["x"]), float(b.attrib["width"])
        assert 430 <= x and x + w <= wide, b.attrib


def md(name, tsv):
    lines = open(name, encoding="utf-8").read().splitlines()
    lines = [x for x in lines if x.startswith("| 2")]
    rows = tasks(tsv)
    assert len(lines) == len(rows)
    for line, r in zip(lines, rows):
        cells = [re.sub(r"\\(.)", r"\1", c.strip())
                 for c in re.split(r"(?<!\\)\|", line)[1:-1]]
        assert len(cells) == 8, line
        assert cells[3].startswith(r["task"]) and cells[4:] == [
            r["owner"], r["command"], r["gate"], r["rollback"]], line


{"rules": rules, "ics": ics, "svg": svg, "md": md}[sys.argv[1]](*sys.argv[2:])
