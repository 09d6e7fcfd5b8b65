"""An MLLP sender's end of a connection: frames out, ACKs in, split and joined as TCP likes."""
import socket

START, END = b"\x0b", b"\x1c\r"


def frame(message):
    return START + message + END


def field(message, segment, number):
    """The text of a field (MSH-1 is the separator), or None; enough to read an ACK."""
    for line in message.replace(b"\r\n", b"\r").replace(b"\n", b"\r").split(b"\r"):
        if line[:3] == segment:
            parts = line.split(line[3:4])
            at = number - 1 if segment == b"MSH" else number
            return parts[at].decode("utf-8", "replace") if at < len(parts) else None
    return None


class Client:
    """One connection. Blocking, with a timeout on each read; raises OSError when the line is down."""

    def __init__(self, host, port, timeout=15):
        self.sock = socket.create_connection((host, port), timeout=timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.have = bytearray()

    def send_raw(self, data):
        self.sock.sendall(data)

    def send(self, *messages):
        self.sock.sendall(b"".join(frame(m) for m in messages))

    def receive(self):
        """The next answer's bytes; ConnectionError when the peer closed."""
        while True:
            end = self.have.find(END)
            if end >= 0:
                start = self.have.find(START)
                if start < 0 or start > end:
                    raise ConnectionError("an answer without a start of block")
                answer = bytes(self.have[start + 1:end])
                del self.have[:end + 2]
                return answer
            more = self.sock.recv(65536)
            if not more:
                raise ConnectionError("the peer closed the connection")
            self.have += more

    def ask(self, message):
        """Sends one message; returns (MSA-1, MSA-2, the answer)."""
        self.send(message)
        answer = self.receive()
        return field(answer, b"MSA", 1), field(answer, b"MSA", 2), answer

    def closed_by_peer(self):
        """True when the peer closes before the timeout; what still arrives is dropped."""
        try:
            while self.sock.recv(65536):
                pass
            return True
        except ConnectionError:
            return True
        except socket.timeout:
            return False

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
