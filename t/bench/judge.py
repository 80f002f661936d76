"""judge.py: medians and quartiles of the runs, and whether the figures are
met; as the sections of a page in Markdown.
"""
import collections
import os
import platform
import statistics
import subprocess
import works

# runs: label to round to (stand.Run, what is wrong with the copy)
Result = collections.namedtuple("Result", "work runs messages octets")
FLOOR, GRACE = .1, .02  # floors under so many seconds get so many more


def good(result, label):
    """Rounds to runs that ended well."""
    return {turn: run for turn, (run, _) in
            result.runs.get(label, {}).items() if run.status == 0}


def reference(result, than, own):
    """What own is measured by, by round."""
    if than == "cpu":
        mb = 4e-3 if result.work.link == "tls" else 1e-3
        bound = 3e-5 * result.messages + mb * result.octets / 1e6
        return {turn: bound for turn in own}
    if than == "servers":
        drain, fill = (good(result, p) for p in ("drain-c4", "fill-m-c4"))
        return {t: (drain[t].src_cpu + drain[t].dst_cpu + fill[t].src_cpu +
                    fill[t].dst_cpu) / os.cpu_count()
                for t in drain.keys() & fill.keys()}
    peer = than in works.PEERS.split()
    return {t: r.wall + (GRACE if r.wall < FLOOR and not peer else 0)
            for t, r in good(result, than).items()}


def own_label(result, figure):
    return figure.own or works.OWN.get(result.work.kind, "mbx-copy")


def values(result, figure):
    """One a round."""
    label = own_label(result, figure)
    own = good(result, label)
    if figure.than == "turns":
        far = good(result, label + "-200ms")
        return [(far[t].wall - own[t].wall) / .15
                for t in own.keys() & far.keys()]
    refs = reference(result, figure.than, own)
    return [(own[t].cpu if figure.than == "cpu" else own[t].wall) / refs[t]
            for t in own.keys() & refs.keys()]


def wrong(result, label):
    """What its runs did wrong, in words."""
    said = sorted({"exit %d" % run.status if run.status else copy
                   for run, copy in result.runs.get(label, {}).values()} -
                  {"", "same"})
    return "; ".join(said)


def verdict(result, figure):
    """Its values, and met, not met or why it is unknown."""
    label = own_label(result, figure)
    found = values(result, figure)
    if wrong(result, label):
        return found, "not met: " + wrong(result, label)
    if not found:
        return found, "not measured"
    return found, "met" if statistics.median(found) <= figure.most \
        else "not met"


def figures(result):
    return [f for f in works.FIGURES if f.work == result.work.name]


def unmet(result):
    return any(verdict(result, f)[1].startswith("not met")
               for f in figures(result))


def spread(numbers):
    """Median, and quartiles where there are some."""
    if not numbers:
        return ""
    if len(numbers) == 1:
        return "%.2f" % numbers[0]
    low, middle, high = statistics.quantiles(numbers, n=4, method="inclusive")
    return "%.2f (%.2f-%.2f)" % (middle, low, high)


def table(head, rows):
    return "\n".join("| %s |" % " | ".join(map(str, r)) for r in
                     [head, ["---"] * len(head), *rows]) + "\n"


def entrants(result):
    for label, runs in result.runs.items():
        ran = [run for run, _ in runs.values()]
        copies = {copy for _, copy in runs.values()} - {""}
        yield (label, spread([r.wall for r in ran]),
               *("%.2f" % statistics.median(c) for c in
                 ([r.cpu for r in ran], [r.rss / 1024 for r in ran],
                  [r.src_cpu for r in ran], [r.dst_cpu for r in ran])),
               wrong(result, label) or " ".join(copies))


def runs_table(result):
    return "### %s: %s\n\n%d messages, %.1f MB\n\n%s" % (
        result.work.name, result.work.text, result.messages,
        result.octets / 1e6,
        table(["entrant", "wall s", "own CPU s", "RSS MiB", "source CPU s",
               "target CPU s", "copy"], entrants(result)))


def figures_table(results):
    rows = []
    for r in results:
        for f in figures(r):
            found, word = verdict(r, f)
            rows.append((r.work.name, own_label(r, f) + " / " + f.than,
                         spread(found), f.most, word))
    return table(["", "figure", "ratio", "at most", ""], rows) if rows else ""


def growth_table(results):
    """Of mbx alone: how it grows."""
    rows = []
    for r in results:
        own = list(good(r, "mbx-copy").values())
        if own:
            wall = statistics.median(x.wall for x in own)
            rows.append((r.work.name, r.work.text, "%.2f" % wall,
                         "%.3f" % (1e3 * wall / r.messages),
                         "%.1f" % (max(x.rss for x in own) / 1024)))
    return table(["", "mbx-copy", "wall s", "ms a message", "RSS MiB"], rows)


def section(result):
    return runs_table(result) + "\n" + figures_table([result])


def first_line(*command):
    try:
        said = subprocess.run(command, capture_output=True, text=True)
    except OSError:
        return ""
    return (said.stdout or said.stderr).partition("\n")[0].strip()


def machine():
    with open("/proc/cpuinfo") as f:
        model = next((line.split(": ")[1].strip() for line in f
                      if line.startswith("model name")), platform.machine())
    yield "%d cores (%s), %s, Linux %s" % (
        os.cpu_count(), model,
        platform.freedesktop_os_release().get("PRETTY_NAME"),
        platform.release())
    yield "Dovecot " + first_line("dovecot", "--version")
    for peer in ("mbsync", "interimap"):
        yield first_line(peer, "--version").replace("/usr/bin/", "") or \
            peer + " is not there"


def page(results, rounds):
    date = first_line("date", "-u", "+%Y-%m-%d")
    commit = first_line("git", "rev-parse", "--short", "HEAD")
    dirty = first_line("git", "status", "--porcelain", "--", "cmd", "lib")
    text = "# Benchmark\n\nWritten by `make bench`; see HOUSE.md.\n\n"
    text += "- %s, commit %s%s, %d runs of each, in turns\n" % (
        date, commit, " and changes" if dirty else "", rounds)
    text += "".join("- %s\n" % line for line in machine())
    text += ("\nMedians, with quartiles. A ratio is that of two runs of one "
             "round; floors under 0.1 s get 20 ms on top.\n\n")
    text += figures_table(results) or growth_table(results)
    return text + "\n" + "\n".join(runs_table(r) for r in results)
