#!/usr/bin/python3
"""forward.py NETNS ADDRESS PORT...: listens on ADDRESS:PORT inside the network namespace NETNS (a file), connects to
127.0.0.1:PORT of the namespace it was started in. So a place of the lab's networks has the services of another, and the
machine itself gets no interface."""
import asyncio
import ctypes
import os
import socket
import sys

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def enter(namespace):
    if libc.setns(namespace, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), 'setns')


def listeners(namespace, address, ports):
    home = os.open('/proc/self/ns/net', os.O_RDONLY)
    enter(os.open(namespace, os.O_RDONLY))
    found = []
    for port in ports:
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((address, port))
        s.listen(512)
        s.setblocking(False)
        found.append(s)
    enter(home)
    return found


async def pump(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.close()


def keep_alive(writer):
    """A host whose power is cut says no goodbye."""
    s = writer.get_extra_info('socket')
    for level, option, value in (
            (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30),
            (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5), (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
            (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)):
        s.setsockopt(level, option, value)


def serve(port):
    async def one(reader, writer):
        try:
            there_reader, there_writer = await asyncio.open_connection('127.0.0.1', port)
        except OSError:
            writer.close()
            return
        keep_alive(writer)
        keep_alive(there_writer)
        await asyncio.gather(pump(reader, there_writer), pump(there_reader, writer))
        writer.close()
        there_writer.close()
    return one


async def main():
    ports = [int(p) for p in sys.argv[3:]]
    for s, port in zip(listeners(sys.argv[1], sys.argv[2], ports), ports):
        await asyncio.start_server(serve(port), sock=s)
    print('listening', flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
