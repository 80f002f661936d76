#!/usr/bin/env python3
"""meddler.py: an IMAP server that is not quite what it is, in front of one.

    meddler.py PORT FILE before TEXT N COMMAND...
        runs the command before the N-th time that the client says TEXT gets on
    meddler.py PORT FILE busy TEXT
        the first command with TEXT is not passed on, but answered NO [INUSE]
    meddler.py PORT FILE short
        ESEARCH knows of the messages 1 to 3 only

Prints the port it listens on; PORT is the server's.  Only while there is FILE.
"""
import os
import re
import socket
import subprocess
import sys
import threading

PORT, FILE, MODE, REST = int(sys.argv[1]), *sys.argv[2:4], sys.argv[4:]
said = 0
lock = threading.Lock()


def from_client(octets, client):
    """What of it goes on."""
    global said
    if (MODE == "short" or not os.path.exists(FILE) or
            REST[0].encode() not in octets):
        return octets
    with lock:
        said += 1
        if MODE == "before" and said == int(REST[1]):
            subprocess.run(REST[2:], stdout=subprocess.DEVNULL, check=True)
        if MODE != "busy" or said > 1:
            return octets
    line = re.search(rb"(\w+) [^\r\n]*%s[^\r\n]*\r\n" %
                     re.escape(REST[0].encode()), octets)
    client.sendall(line.group(1) + b" NO [INUSE] somebody is at it\r\n")
    return octets.replace(line.group(0), b"", 1)


def from_server(octets):
    if MODE == "short" and os.path.exists(FILE):
        return re.sub(rb"(\* ESEARCH [^\r\n]* ALL )[0-9:,]+", rb"\g<1>1:3",
                      octets)
    return octets


def up(client, server):
    while octets := client.recv(65536):
        server.sendall(from_client(octets, client))
    server.shutdown(socket.SHUT_WR)


def down(client, server):
    while octets := server.recv(65536):
        client.sendall(from_server(octets))
    client.close()


listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    client, _ = listener.accept()
    server = socket.create_connection(("127.0.0.1", PORT))
    for way in up, down:
        threading.Thread(target=way, args=(client, server),
                         daemon=True).start()
