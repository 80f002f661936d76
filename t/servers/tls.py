#!/usr/bin/env python3
"""tls.py: IMAP servers that do as much as a log-in takes, each with its own
certificate or its own way to cheat.

    tls.py DIR NAME=HOW...

HOW is CERT (a file with certificate and key: TLS at once), old:CERT (TLS 1.0
only), cut (closes in the handshake), stall (accepts and is silent), or in
clear: strip (no STARTTLS), inject (plaintext behind its OK), preauth, and
start:CERT (STARTTLS in order), hang (silent after the log-in), oauth (takes any
token), echo (refuses, and repeats what it was given).  Writes DIR/NAME.port when it listens on
127.0.0.1 and DIR/NAME.log (what clients sent inside TLS and outside).  Ends
when its standard input does.
"""
import base64
import os
import socket
import ssl
import sys
import threading
import time
import warnings

warnings.simplefilter("ignore")


def context(cert, old=False):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if old:
        c.set_ciphers("ALL:@SECLEVEL=0")
        c.minimum_version = c.maximum_version = ssl.TLSVersion.TLSv1
    c.load_cert_chain(cert)
    return c


def session(sock, how, cert, log):
    if how == "stall":
        time.sleep(600)
    if how == "cut":
        sock.recv(1)
        return
    if how in ("tls", "old"):
        sock = context(cert, how == "old").wrap_socket(sock, server_side=True)
    sock.sendall(b"* PREAUTH hello\r\n" if how == "preauth" else
                 b"* OK hello\r\n")
    lines = sock.makefile("rb")
    while True:
        line = lines.readline()
        if not line:
            return
        log.write(line.decode("latin-1"))
        log.flush()
        tag, word = line.decode("latin-1").split()[:2]
        more = b""
        if word == "CAPABILITY":
            more = b"* CAPABILITY IMAP4rev1" + (
                b" STARTTLS" if how in ("inject", "start") else
                b" SASL-IR AUTH=XOAUTH2 AUTH=OAUTHBEARER AUTH=PLAIN"
                if how in ("oauth", "echo") else b"") + b"\r\n"
        elif word == "AUTHENTICATE" and how == "echo":
            given = line.split()[3]
            sock.sendall(tag.encode() + b" NO not " + given + b" alias " +
                         base64.b64decode(given).replace(b"\0", b" ") +
                         b"\r\n")
            continue
        elif word == "LIST":
            more = b'* LIST (\\Noselect) "/" ""\r\n'
        elif word == "LOGIN" and how != "hang" and "secret" not in line.decode("latin-1"):
            sock.sendall(tag.encode() + b" NO [AUTHENTICATIONFAILED] no\r\n")
            continue
        sock.sendall(more + tag.encode() + b" OK done\r\n" + (
            b"* OK injected\r\n" if word == "STARTTLS" and how == "inject"
            else b""))
        if word == "LOGIN" and how == "hang":
            time.sleep(600)
        if word == "STARTTLS" and how == "start":
            sock = context(cert).wrap_socket(sock, server_side=True)
            lines = sock.makefile("rb")


def serve(where, name, how):
    how, _, cert = how.partition(":") if ":" in how else (how, "", "")
    if "/" in how:
        how, cert = "tls", how
    listener = socket.create_server(("127.0.0.1", 0))
    log = open(os.path.join(where, name + ".log"), "w", newline="")
    new = os.path.join(where, name + ".new")
    with open(new, "w") as f:
        f.write("%d\n" % listener.getsockname()[1])
    os.rename(new, os.path.join(where, name + ".port"))

    def one(sock):
        try:
            session(sock, how, cert, log)
        except (OSError, ValueError):
            pass
        sock.close()

    while True:
        sock, _ = listener.accept()
        threading.Thread(target=one, args=(sock,), daemon=True).start()


for arg in sys.argv[2:]:
    name, _, how = arg.partition("=")
    threading.Thread(target=serve, args=(sys.argv[1], name, how),
                     daemon=True).start()
sys.stdin.read()
