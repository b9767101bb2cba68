#!/usr/bin/python3
"""JSON lines between libvirt and Lifeboat's agent.

bridge.py URI [SILENT_S [EVERY_S]]; on standard input {"id": 1, "op": "list"}; on standard output
{"id": 1, "vms": [{uuid, name, title, state, reason, guest}]} or {"id": 1, "error": text}, and unasked
{"event": "changed" | "connected" | "closed" | "connect-failed", ...}.
title: what Nova says that its owner calls it, null where it says nothing.
guest: "answers" or "silent", by pings of the guest's agent; null where nothing can be said: no agent, its channel not
opened by the guest, not asked yet. Silent is a guest whose channel is open and that has not answered for SILENT_S
(0: guests are not pinged). Connects again by itself, for ever. Ends when standard input does.
Exit code 69: python3-libvirt is not installed.
"""
import json
import os
import queue
import sys
import threading
import time
import xml.etree.ElementTree as ET

try:
    import libvirt
    import libvirt_qemu
except ImportError:
    sys.stderr.write("python3-libvirt is not installed\n")
    sys.exit(69)

SILENT_S = float(sys.argv[2]) if len(sys.argv) > 2 else 30.0
EVERY_S = float(sys.argv[3]) if len(sys.argv) > 3 else 5.0
# libvirt answers five questions of one connection at a time; each to a silent guest takes it five seconds.
PINGERS = 5
PING_LIMIT_S = 3

NO_ANSWER = {
    code
    for name in ("UNRESPONSIVE", "UNSYNCED", "COMMAND_TIMEOUT")
    if (code := getattr(libvirt, f"VIR_ERR_AGENT_{name}", None)) is not None
}
# How libvirt shows a channel that a process in the guest has open: it stays so when that process hangs, or its kernel does.
OPENED = "name='org.qemu.guest_agent.0' state='connected'"

# Nova's libvirt driver writes it into each domain (nova/virt/libvirt/config.py, LibvirtConfigGuestMetaNovaInstance); 1.0 in old ones.
NOVA = [f"http://openstack.org/xmlns/libvirt/nova/{version}" for version in ("1.1", "1.0")]

lock = threading.Lock()
connection = [None]


def out(**what):
    with lock:
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()


def changed(domain, kind):
    out(event="changed", kind=kind, uuid=domain.UUIDString())


class Guests:
    """Whose guest agent answers. Asked on a connection of its own: silent guests must not delay the list of VMs."""

    def __init__(self):
        self.lock = threading.Lock()
        # uuid -> since when it counts as silent unless it has answered after that
        self.heard = {}
        # uuid -> what is told of it
        self.said = {}
        self.asked = set()
        self.todo = queue.Queue()
        self.connection = None

    def begin_anew(self, domain):
        """Started, resumed, rebooted, its channel opened or closed: what was heard before says nothing any more."""
        with self.lock:
            self.heard.pop(domain.UUIDString(), None)
            before = self.said.pop(domain.UUIDString(), None)
        if before == "silent":
            changed(domain, "guest")

    def view(self, uuid):
        with self.lock:
            return self.said.get(uuid)

    def keep_asking(self, uri):
        for _ in range(PINGERS):
            threading.Thread(target=self.ask, daemon=True).start()
        while True:
            try:
                if self.connection is None or not self.connection.isAlive():
                    self.connection = libvirt.open(uri)
                self.round()
            except libvirt.libvirtError:
                self.connection = None
            time.sleep(EVERY_S)

    def round(self):
        running = self.connection.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_RUNNING)
        present = {d.UUIDString() for d in running}
        with self.lock:
            for uuid in [u for u in self.heard if u not in present]:
                self.heard.pop(uuid)
                self.said.pop(uuid, None)
        for d in running:
            uuid = d.UUIDString()
            with self.lock:
                if uuid in self.asked:
                    continue
                self.asked.add(uuid)
            self.todo.put(d)

    def ask(self):
        while True:
            domain = self.todo.get()
            uuid = domain.UUIDString()
            try:
                self.ping(domain, uuid)
            finally:
                with self.lock:
                    self.asked.discard(uuid)

    def ping(self, domain, uuid):
        with self.lock:
            since = self.heard.setdefault(uuid, time.monotonic())
        try:
            libvirt_qemu.qemuAgentCommand(domain, '{"execute":"guest-ping"}', PING_LIMIT_S, 0)
            view = "answers"
        except libvirt.libvirtError as e:
            view = self.meaning(domain, e, since)
        with self.lock:
            if uuid not in self.heard or self.heard[uuid] != since:
                return
            if view == "answers":
                self.heard[uuid] = time.monotonic()
            elif view is None:
                self.heard.pop(uuid)
            before = self.said.get(uuid)
            if view == "waiting":
                return
            self.said[uuid] = view
        if view != before and "silent" in (view, before):
            changed(domain, "guest")

    def meaning(self, domain, error, since):
        """Only a guest that has its channel open and does not answer is silent; everything else says nothing."""
        code = error.get_error_code()
        if code not in NO_ANSWER:
            return None
        try:
            if OPENED not in domain.XMLDesc(0):
                return None
        except libvirt.libvirtError:
            return None
        return "silent" if time.monotonic() - since >= SILENT_S else "waiting"


guests = Guests()


def lifecycle(domain, kind):
    titles.pop(domain.UUIDString(), None)
    guests.begin_anew(domain)
    changed(domain, kind)


def connect(uri):
    c = libvirt.open(uri)
    try:
        # A dead peer is noticed after 2 s x 3; drivers inside this process (test:///) know no keepalive.
        c.setKeepAlive(2, 3)
    except libvirt.libvirtError:
        pass
    for event, callback in (
        (libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, lambda c, d, e, detail, o: lifecycle(d, "lifecycle")),
        (libvirt.VIR_DOMAIN_EVENT_ID_REBOOT, lambda c, d, o: lifecycle(d, "reboot")),
        (libvirt.VIR_DOMAIN_EVENT_ID_WATCHDOG, lambda c, d, action, o: lifecycle(d, "watchdog")),
        (libvirt.VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON, lambda c, d, src, alias, action, why, o: changed(d, "io-error")),
        (libvirt.VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE, lambda c, d, state, why, o: guests.begin_anew(d)),
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


# uuid -> title. Nova writes it when it defines the domain, so a domain that was defined anew is asked anew.
titles = {}


def title_of(domain, uuid):
    if uuid not in titles:
        title = next(filter(None, (said_in(domain, namespace) for namespace in NOVA)), None)
        if title is None:
            # not said, or not to be read just now: asked again next time
            return None
        titles[uuid] = title
    return titles[uuid]


def said_in(domain, namespace):
    try:
        # libvirt takes the namespace off the element that it was asked for by it
        return ET.fromstring(domain.metadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, namespace)).findtext("name")
    except (libvirt.libvirtError, ET.ParseError):
        return None


def vms():
    c = connection[0]
    if c is None:
        raise RuntimeError("not connected to libvirt")
    found = []
    for d in c.listAllDomains():
        try:
            state, reason = d.state()
            uuid = d.UUIDString()
            found.append(
                {
                    "uuid": uuid,
                    "name": d.name(),
                    "title": title_of(d, uuid),
                    "state": state,
                    "reason": reason,
                    "guest": guests.view(uuid),
                }
            )
        except libvirt.libvirtError as e:
            # Gone between the list and the question.
            if e.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN:
                raise
    return found


def main():
    libvirt.virEventRegisterDefaultImpl()
    libvirt.registerErrorHandler(lambda *_: None, None)
    uri = sys.argv[1]
    threads = [(run_events, ()), (keep_connected, (uri,))]
    # libvirt's test driver has no guests, and would be a second one on a connection of its own.
    if SILENT_S > 0 and not uri.startswith("test:"):
        threads.append((guests.keep_asking, (uri,)))
    for target, args in threads:
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
