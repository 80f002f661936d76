"""tools.py: how each tool is told to copy, and with what.

A function of TOOLS takes a Task and returns the command; state is a directory
of the tool's own that lasts from a first run to the later ones.
"""
import collections
import os
import shlex
import shutil
import subprocess

# phase: copy, again, delta, sizes or verify.  pairs: (source user, target
# user).  source, target: servers as stand.py has them.  link: plain, tls, or a
# round trip in ms.
Task = collections.namedtuple(
    "Task", "phase pairs jobs state source target link args stand")


def write(path, text):
    with open(path, "w") as f:
        f.write(text)
    return path


def host(task):  # a name that is in the certificate
    return "localhost" if task.link == "tls" else "127.0.0.1"


def ports(task):
    return [task.stand.port(s, task.link) for s in (task.source, task.target)]


def each(task, command):
    """The command of each pair, as many at once as there are jobs."""
    lines = []
    for k, (src, dst) in enumerate(task.pairs):
        state = os.path.join(task.state, str(k))
        os.makedirs(state, exist_ok=True)
        lines.append(command(task, src, dst, state))
    if len(lines) == 1:
        return lines[0]
    path = write(os.path.join(task.state, "commands"),
                 "".join(shlex.quote(shlex.join(c)) + "\n" for c in lines))
    return ["xargs", "-a", path, "-P", str(task.jobs), "-I{}", "sh", "-c",
            "{}"]


def mbx_rows(task):
    scheme, tail = "imap", ";tls=none"
    if task.link == "tls":
        scheme, tail = "imaps", ";ca=" + task.stand.ca
    secret = write(os.path.join(task.state, "secret"), task.stand.password)
    os.chmod(secret, 0o600)
    lines = ["source\ttarget\tsource_secret\ttarget_secret"]
    for pair in task.pairs:
        urls = ["%s://%s@%s:%d%s" % (scheme, user, host(task), port, tail)
                for user, port in zip(pair, ports(task))]
        lines.append("\t".join(urls + ["file:" + secret] * 2))
    return write(os.path.join(task.state, "jobs.tsv"),
                 "\n".join(lines) + "\n")


def deletes():
    """Whether mbx-copy has that option."""
    return "--delete" in subprocess.run(["mbx-copy", "--help"], text=True,
                                        capture_output=True).stdout


def mbx_copy(task):
    more = ["--delete"] if task.phase == "delta" and deletes() else []
    return ["mbx-copy", "-j", str(task.jobs), "--ledger",
            os.path.join(task.state, "ledger"), *more, *task.args,
            mbx_rows(task)]


def mbx_inventory(task):
    return ["mbx-inventory", "-j", str(task.jobs), "--depth", "sizes",
            mbx_rows(task)]


def mbx_verify(task):
    return ["mbx-verify", "-j", str(task.jobs), mbx_rows(task)]


def mbsync_one(more):
    def command(task, src, dst, state):
        tls = "SSLType None"
        if task.link == "tls":
            tls = "SSLType IMAPS\nCertificateFile " + task.stand.ca
        text = "".join(
            "IMAPAccount %s\nHost %s\nPort %d\nUser %s\nPass %s\n%s\n"
            "AuthMechs LOGIN\n%s\nIMAPStore %s\nAccount %s\n\n"
            % (side, host(task), port, user, task.stand.password, tls, more,
               side, side)
            for side, user, port in zip(("far", "near"), (src, dst),
                                        ports(task)))
        text += ("Channel all\nFar :far:\nNear :near:\nPatterns *\n"
                 "Create Near\nExpunge Near\nSync Pull\n"
                 "CopyArrivalDate yes\nSyncState %s/\n" % state)
        return ["mbsync", "-q", "-c", write(state + "/rc", text), "all"]
    return lambda task: each(task, command)


def interimap_one(compress):
    def command(task, src, dst, state):
        tls = "type = imap\nSTARTTLS = NO\nSSL_verify = NO"
        if task.link == "tls":
            tls = "type = imaps\nSSL_CAfile = " + task.stand.ca
        text = "database = %s/db\nlist-mailbox = \"*\"\n" % state
        for side, user, port in zip(("remote", "local"), (src, dst),
                                    ports(task)):
            text += ("\n[%s]\nhost = %s\nport = %d\nusername = %s\n"
                     "password = %s\n%s\n" % (side, host(task), port, user,
                                              task.stand.password, tls))
            if side == "remote":
                text += "compress = %s\n" % compress
        return ["env", "XDG_DATA_HOME=" + state, "interimap",
                "--config=" + write(state + "/config", text)]
    return lambda task: each(task, command)


def imapc_one(task, src, dst, state):
    """It writes the target's files itself."""
    tls = ["imapc_ssl=no"]
    if task.link == "tls":
        tls = ["imapc_ssl=imaps", "ssl_client_ca_file=" + task.stand.ca]
    settings = ["imapc_host=" + host(task),
                "imapc_port=%d" % ports(task)[0], "imapc_user=" + src,
                "imapc_password=" + task.stand.password,
                "imapc_features=rfc822.size fetch-headers",
                "mail_prefetch_count=20", *tls]
    options = [a for s in settings for a in ("-o", s)]
    return [*task.stand.as_mail, "doveadm", "-c", task.target.conf, *options,
            "backup", "-R", "-u", dst, "imapc:"]


def imapsync_one(task, src, dst, state):
    tls = ["--notls1", "--notls2", "--nossl1", "--nossl2"]
    if task.link == "tls":
        tls = ["--ssl1", "--ssl2", "--sslargs1",
               "SSL_ca_file=" + task.stand.ca, "--sslargs2",
               "SSL_ca_file=" + task.stand.ca]
    sides = [a for n, user, port in zip("12", (src, dst), ports(task))
             for a in ("--host" + n, host(task), "--port" + n, str(port),
                       "--user" + n, user, "--password" + n,
                       task.stand.password)]
    more = ["--delete2"] if task.phase == "delta" else []
    return [*shlex.split(os.environ["IMAPSYNC"]), *sides, *tls, *more,
            "--pidfile", state + "/pid", "--tmpdir", state, "--nolog",
            "--noreleasecheck"]


# name: what must be there, the function
TOOLS = {
    "mbx-copy": ("mbx-copy", mbx_copy),
    "mbx-inventory": ("mbx-inventory", mbx_inventory),
    "mbx-verify": ("mbx-verify", mbx_verify),
    "mbsync": ("mbsync", mbsync_one("")),
    "mbsync-raw": ("mbsync",
                   mbsync_one("DisableExtension COMPRESS=DEFLATE\n")),
    "interimap": ("interimap", interimap_one("YES")),
    "interimap-raw": ("interimap", interimap_one("NO")),
    "doveadm-imapc": ("doveadm", lambda task: each(task, imapc_one)),
    "imapsync": (None, lambda task: each(task, imapsync_one)),
}


def present(name):
    needs = TOOLS[name][0]
    return shutil.which(needs) is not None if needs \
        else bool(os.environ.get("IMAPSYNC"))


def command(name, task):
    return TOOLS[name][1](task)
