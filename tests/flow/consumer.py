#!/usr/bin/python3
"""A real HTTP consumer: keep-alive, threads, and as ill-behaved as a test wants it.

It records every request in the order of arrival, with what it answered; a test programs it with
`consumer.answer = function(event, attempt)`. Run as a program it appends what it accepted to a file.
"""
import argparse
import json
import signal
import socket
import threading
import time


class Answer:
    """What to do with a request: a status after a delay, or something that is no answer."""

    def __init__(self, status=200, delay=0.0, headers=(), act=None):
        self.status, self.delay, self.headers, self.act = status, delay, tuple(headers), act


OK = Answer(200)
HANG = Answer(act="hang")          # never answers; the other side must give up
GARBAGE = Answer(act="garbage")    # bytes that are not HTTP
RESET = Answer(act="reset")        # TCP reset in place of an answer
HALF = Answer(act="half")          # a head that promises a body, then the end


class Consumer:
    """Listens on a port of its own (or a given one) until close(); the records outlive it."""

    def __init__(self, port=0, answer=None, out=None, keep=None):
        self.answer = answer or (lambda event, attempt: OK)
        self.records = []           # {seq, id, type, control_id, status, event}
        self.attempts = {}
        self.under_way = 0
        self.most_under_way = 0
        self.connections = 0
        self.out = out
        self.keep = keep or (lambda event: event)  # what a record holds of the event
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.listener = None
        self.port = port
        self.open()

    def open(self):
        self.stopping.clear()
        self.socks = set()
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=256)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/events"

    def close(self):
        """Stops listening and cuts every connection: the consumer is gone."""
        self.stopping.set()
        # shutdown wakes the thread in accept(): without it that thread keeps the port listening
        for sock in [self.listener, *self.socks]:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()

    def accepted(self):
        """Records that were answered with 2xx, in the order of arrival."""
        with self.lock:
            return [r for r in self.records if 200 <= (r["status"] or 0) < 300]

    def take(self):
        """The same, and forgets all that was recorded."""
        with self.lock:
            taken, self.records = self.records, []
            self.attempts.clear()
        return [r for r in taken if 200 <= (r["status"] or 0) < 300]

    def accepted_ids(self):
        return {r["id"] for r in self.accepted()}

    def _accept(self, listener):
        while not self.stopping.is_set():
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
                self.socks.add(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        have = bytearray()
        try:
            while not self.stopping.is_set():
                request = self._read(sock, have)
                if request is None:
                    return
                if not self._handle(sock, *request):
                    return
        except OSError:
            pass
        finally:
            with self.lock:
                self.socks.discard(sock)
            sock.close()

    @staticmethod
    def _read(sock, have):
        def more():
            piece = sock.recv(65536)
            have.extend(piece)
            return bool(piece)

        while b"\r\n\r\n" not in have:
            if not more():
                return None
        head, _, _ = bytes(have).partition(b"\r\n\r\n")
        del have[:len(head) + 4]
        lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        if headers.get("expect", "").lower() == "100-continue":
            sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        length = int(headers.get("content-length", "0"))
        while len(have) < length:
            if not more():
                return None
        body = bytes(have[:length])
        del have[:length]
        return lines[0], headers, body

    def _handle(self, sock, line, headers, body):
        try:
            event = json.loads(body)
        except ValueError:
            event = {"id": None, "type": "not JSON", "raw": body[:200].decode("latin-1")}
        with self.lock:
            attempt = self.attempts.get(event.get("id"), 0) + 1
            self.attempts[event.get("id")] = attempt
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            return self._respond(sock, line, headers, event, attempt)
        finally:
            with self.lock:
                self.under_way -= 1

    def _respond(self, sock, line, headers, event, attempt):
        what = self.answer(event, attempt)
        if what.delay:
            self.stopping.wait(what.delay)
        if self.stopping.is_set():
            return False
        record = {
            "id": event.get("id"), "type": event.get("type"), "line": line,
            "content_type": headers.get("content-type"), "attempt": attempt,
            "control_id": event.get("data", {}).get("origin", {}).get("control_id"),
            "status": None if what.act else what.status, "at": time.monotonic(),
            "event": self.keep(event),
        }
        with self.lock:
            record["seq"] = len(self.records)
            self.records.append(record)
            if self.out and record["status"] and 200 <= record["status"] < 300:
                self.out.write(json.dumps(event) + "\n")
                self.out.flush()
        if what.act == "hang":
            self.stopping.wait()
            return False
        if what.act == "garbage":
            sock.sendall(b"\x00\xff\x16\x03 not http at all\r\n\r\n")
            return False
        if what.act == "half":
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")
            return False
        if what.act == "reset":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            return False
        extra = "".join(f"{n}: {v}\r\n" for n, v in what.headers)
        sock.sendall(f"HTTP/1.1 {what.status} x\r\n{extra}Content-Length: 0\r\n\r\n".encode())
        return headers.get("connection", "").lower() != "close"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--out", required=True, help="file for what was accepted, one event a line")
    options = parser.parse_args()
    with open(options.out, "a", encoding="utf-8") as out:
        consumer = Consumer(options.port, out=out)
        print(consumer.url, flush=True)
        done = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: done.set())
        signal.signal(signal.SIGINT, lambda *_: done.set())
        done.wait()
        consumer.close()


if __name__ == "__main__":
    main()
