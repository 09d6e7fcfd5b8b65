"""A real MLLP receiver, and as ill-behaved as a test wants it: the other end of a consumer of kind mllp.

`receiver.answer = function(message, attempt)` says what to do with a message, as a list of steps: bytes to be
sent, CLOSE, RESET, or a threading.Event to wait for. It records every message in the order of arrival.
"""
import socket
import struct
import threading

import mllp

CLOSE, RESET = "close", "reset"


def ack(message, code="AA", control_id=None, more=""):
    """An acknowledgment as bytes, without a frame."""
    of = mllp.field(message, b"MSH", 10) if control_id is None else control_id
    return f"MSH|^~\\&|BEDS|RZZ|PAS|RZZ|20260303081500||ACK^A01|R{of}|P|2.4\rMSA|{code}|{of}\r{more}".encode()


def framed(*answers):
    return [b"".join(mllp.frame(a) for a in answers)]


def accept(message, attempt):
    return framed(ack(message))


def control_id(message):
    return mllp.field(message, b"MSH", 10)


class Receiver:
    """Listens on a port of its own until close(); `single`: a second connection is turned away."""

    def __init__(self, answer=accept, single=False, port=0, context=None):
        self.answer, self.single, self.port, self.context = answer, single, port, context
        self.records = []      # (connection number, message)
        self.attempts = {}
        self.connections = self.open_now = self.most_open = self.turned_away = 0
        self.closed_by_peer = 0
        self.lock = threading.Lock()
        self.socks = set()
        self.stopping = threading.Event()
        self.open()

    def open(self):
        self.stopping.clear()
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def close(self):
        """Stops listening and cuts every connection."""
        self.stopping.set()
        try:
            self.listener.shutdown(socket.SHUT_RDWR)  # else it listens on until the thread's accept() returns
        except OSError:
            pass
        self.listener.close()
        with self.lock:
            for sock in self.socks:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def messages(self):
        with self.lock:
            return [m for _, m in self.records]

    def ids(self):
        return [control_id(m) for m in self.messages()]

    def _accept(self, listener):
        while not self.stopping.is_set():
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            with self.lock:
                if self.single and self.open_now:
                    self.turned_away += 1
                    sock.close()
                    continue
                self.connections += 1
                self.open_now += 1
                self.most_open = max(self.most_open, self.open_now)
                self.socks.add(sock)
                number = self.connections
            threading.Thread(target=self._serve, args=(sock, number), daemon=True).start()

    def _serve(self, sock, number):
        try:
            if self.context:
                sock = self.context.wrap_socket(sock, server_side=True)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._read(sock, number)
        except OSError:
            pass
        finally:
            with self.lock:
                self.open_now -= 1
                self.socks.discard(sock)
            sock.close()

    def _read(self, sock, number):
        have = bytearray()
        while True:
            more = sock.recv(65536)
            if not more:
                with self.lock:
                    self.closed_by_peer += 1
                return
            have += more
            while (end := have.find(mllp.END)) >= 0:
                message = bytes(have[1:end])
                assert have[:1] == mllp.START, "a frame begins with VT"
                del have[:end + 2]
                if not self._take(sock, number, message):
                    return

    def _take(self, sock, number, message):
        with self.lock:
            self.records.append((number, message))
            attempt = self.attempts[control_id(message)] = self.attempts.get(control_id(message), 0) + 1
        for step in self.answer(message, attempt):
            if step == CLOSE:
                return False
            if step == RESET:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            if isinstance(step, threading.Event):
                step.wait(60)
            else:
                sock.sendall(step)
        return True
