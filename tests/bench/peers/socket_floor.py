"""The same without an HTTP library: one blocking socket, and chunks taken apart by hand."""

import json
import socket
from urllib.parse import urlsplit

from peer import serve, text_of

connections = {}


def connect(address):
    if address not in connections:
        connection = socket.create_connection(address)
        connections[address] = connection, connection.makefile("rb", buffering=65536)
    return connections[address]


def chunks(file):
    while file.readline() != b"\r\n":  # the head
        pass
    while size := int(file.readline(), 16):
        yield file.read(size)
        file.readline()
    file.readline()


async def turn(order, out):
    url, wire, body = urlsplit(order["url"]), order["wire"], json.dumps(order["body"]).encode()
    connection, file = connect((url.hostname, url.port))
    fields = {"Host": url.netloc, "Content-Type": "application/json", "Content-Length": len(body), **order["headers"]}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    connection.sendall(f"POST {url.path}?{url.query} HTTP/1.1\r\n{head}\r\n".encode() + body)
    rest = b""
    for chunk in chunks(file):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.startswith(b"data: {") and (text := text_of(json.loads(line[6:]), wire)):
                out.text(text)


serve(turn)
