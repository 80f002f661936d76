#!/usr/bin/env python3
"""between.py: stands between a client and a name server on loopback.

    between.py MODE PORT [COMMAND...]   prints its own port

Everything is handed on but for updates:
    race    COMMAND is run before the first one goes on
    mute    it is done, but the reply is lost with the connection
    lose    it does not arrive, and the connection is cut
    half    half of it arrives
    delay   it arrives two seconds after the client was left alone
"""
import socket
import struct
import subprocess
import sys
import threading
import time

MODE, PORT, COMMAND = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
SERVER = ("127.0.0.1", PORT)


def message(c):
    head = c.recv(2, socket.MSG_WAITALL)
    if len(head) < 2:
        return None
    return head + c.recv(struct.unpack(">H", head)[0], socket.MSG_WAITALL)


def deliver(m):
    s = socket.create_connection(SERVER)
    s.sendall(m)
    return s


def update(m):
    """What the client gets; None: nothing."""
    global COMMAND
    if MODE == "race" and COMMAND:
        subprocess.run(COMMAND, check=True, stdout=sys.stderr)
        COMMAND = []
    if MODE == "mute":
        message(deliver(m))
    elif MODE == "half":
        deliver(m[:len(m) // 2]).close()
    elif MODE == "delay":
        threading.Timer(2, lambda: message(deliver(m))).start()
    elif MODE == "race":
        return message(deliver(m))
    return None


def tcp(c):
    while (m := message(c)) is not None:
        reply = update(m) if m[4] & 0x78 == 0x28 else message(deliver(m))
        if reply is None:
            break
        c.sendall(reply)
    c.close()


def udp(s):
    while True:
        m, who = s.recvfrom(65535)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as on:
            on.settimeout(3)
            on.sendto(m, SERVER)
            try:
                s.sendto(on.recv(65535), who)
            except OSError:
                time.sleep(0.01)


for turn in range(100):
    listener = socket.create_server(("127.0.0.1", 0))
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        datagrams.bind(listener.getsockname())
        break
    except OSError:
        continue
print(listener.getsockname()[1], flush=True)
threading.Thread(target=udp, args=(datagrams,), daemon=True).start()
while True:
    threading.Thread(target=tcp, args=(listener.accept()[0],),
                     daemon=True).start()
