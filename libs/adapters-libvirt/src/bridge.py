#!/usr/bin/python3
"""JSON lines between libvirt and Lifeboat's agent.

bridge.py URI; on standard input {"id": 1, "op": "list"}; on standard output {"id": 1, "vms": [{uuid, name, state, reason}]}
or {"id": 1, "error": text}, and unasked {"event": "changed" | "connected" | "closed" | "connect-failed", ...}.
Connects again by itself, for ever. Ends when standard input does. Exit code 69: python3-libvirt is not installed.
"""
import json
import os
import sys
import threading
import time

try:
    import libvirt
except ImportError:
    sys.stderr.write("python3-libvirt is not installed\n")
    sys.exit(69)

lock = threading.Lock()
connection = [None]


def out(**what):
    with lock:
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()


def changed(domain, kind):
    out(event="changed", kind=kind, uuid=domain.UUIDString())


def connect(uri):
    c = libvirt.open(uri)
    try:
        # A dead peer is noticed after 2 s x 3; drivers inside this process (test:///) know no keepalive.
        c.setKeepAlive(2, 3)
    except libvirt.libvirtError:
        pass
    for event, callback in (
        (libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, lambda c, d, e, detail, o: changed(d, "lifecycle")),
        (libvirt.VIR_DOMAIN_EVENT_ID_REBOOT, lambda c, d, o: changed(d, "reboot")),
        (libvirt.VIR_DOMAIN_EVENT_ID_WATCHDOG, lambda c, d, action, o: changed(d, "watchdog")),
        (libvirt.VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON, lambda c, d, src, alias, action, why, o: changed(d, "io-error")),
    ):
        c.domainEventRegisterAny(None, event, callback, None)
    c.registerCloseCallback(lambda c, reason, o: out(event="closed"), None)
    return c


def keep_connected(uri):
    last = None
    while True:
        try:
            if connection[0] is None or not connection[0].isAlive():
                connection[0] = None
                connection[0] = connect(uri)
                last = None
                # Events are not durable: whoever listens asks anew.
                out(event="connected")
        except libvirt.libvirtError as e:
            if str(e) != last:
                last = str(e)
                out(event="connect-failed", why=last)
        time.sleep(1)


def run_events():
    while True:
        libvirt.virEventRunDefaultImpl()


def vms():
    c = connection[0]
    if c is None:
        raise RuntimeError("not connected to libvirt")
    found = []
    for d in c.listAllDomains():
        try:
            state, reason = d.state()
            found.append({"uuid": d.UUIDString(), "name": d.name(), "state": state, "reason": reason})
        except libvirt.libvirtError as e:
            # Gone between the list and the question.
            if e.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN:
                raise
    return found


def main():
    libvirt.virEventRegisterDefaultImpl()
    libvirt.registerErrorHandler(lambda *_: None, None)
    for target, args in ((run_events, ()), (keep_connected, (sys.argv[1],))):
        threading.Thread(target=target, args=args, daemon=True).start()
    for line in sys.stdin:
        question = json.loads(line)
        try:
            out(id=question["id"], vms=vms())
        except Exception as e:
            out(id=question["id"], error=str(e))
    # Threads inside libvirt would hold us up.
    os._exit(0)


main()
