"""Certificates for the tests' Kafka nodes and clients: an authority, a server's and a client's, by openssl."""
import os
import subprocess

DAYS = "2"


class Certificates:
    """Paths of PEM files in a folder; make() fills it.

    ca: the authority. server: key and certificate in one file, as Kafka reads them. client_cert and
    client_key: of CN=weir-client. other_ca: an authority that signed none of these."""

    def __init__(self, folder):
        self.dir = folder
        for name in ("ca", "server", "client_cert", "client_key", "other_ca"):
            setattr(self, name, os.path.join(folder, f"{name}.pem"))

    def openssl(self, *argv):
        subprocess.run(["openssl", *argv], check=True, stdin=subprocess.DEVNULL, capture_output=True)

    def path(self, name):
        return os.path.join(self.dir, name)

    def authority(self, name):
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", DAYS, "-subj", f"/CN=weir tests {name}",
                     "-keyout", self.path(f"{name}.key"), "-out", self.path(f"{name}.pem"))

    def signed(self, name, subject, hosts=(), days=DAYS):
        """(key, certificate) that the authority signed; hosts: addresses that it is good for; days: "-1" has expired."""
        key, request, cert = (self.path(f"{name}{end}") for end in ("_key.pem", ".csr", "_cert.pem"))
        self.openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", subject, "-keyout", key, "-out", request)
        more = []
        if hosts:
            more = ["-extfile", self.path("names")]
            with open(more[1], "w", encoding="ascii") as f:
                f.write("subjectAltName=" + ",".join(["DNS:localhost", *(f"IP:{h}" for h in sorted(set(hosts)))]))
        self.openssl("x509", "-req", "-days", days, "-in", request, "-CA", self.ca, "-CAkey", self.path("ca.key"),
                     "-CAcreateserial", "-out", cert, *more)
        return key, cert

    def make(self, hosts):
        os.makedirs(self.dir, mode=0o700, exist_ok=True)
        self.authority("ca")
        self.authority("other_ca")
        self.signed("client", "/CN=weir-client")
        key, cert = self.signed("server", "/CN=localhost", hosts)
        with open(self.server, "w", encoding="ascii") as out:
            for part in (key, cert, self.ca):
                with open(part, encoding="ascii") as f:
                    out.write(f.read())
