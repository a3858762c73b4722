"""Certificates for the servers that the tests play, made with the openssl program."""

import pathlib
import ssl
import subprocess


NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc")


class Authority:
    """A certificate authority with its files in `folder`."""

    def __init__(self, folder, name="botbottle test authority"):
        self.folder = pathlib.Path(folder)
        self.certificate = self.folder / "authority.pem"
        self.key = self.folder / "authority.key"
        self._openssl("-subj", f"/CN={name}", "-keyout", self.key, "-out", self.certificate,
                      "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def context(self, *hosts):
        """A server's TLS context with a fresh leaf for these names (or addresses)."""
        stem = self.folder / hosts[0].replace(":", "_").replace("*", "any")
        key, leaf = f"{stem}.key", f"{stem}.pem"
        names = ",".join(("IP:" if self._is_address(host) else "DNS:") + host for host in hosts)
        self._openssl("-subj", "/CN=leaf", "-CA", self.certificate, "-CAkey", self.key,
                      "-keyout", key, "-out", leaf,
                      "-addext", f"subjectAltName={names}",
                      "-addext", "basicConstraints=critical,CA:FALSE",
                      "-addext", "extendedKeyUsage=serverAuth")
        return server_context(leaf, key)

    def expired_context(self, host):
        """The same with a leaf that was good in January 2020. Only `openssl ca` sets dates."""
        key, request, leaf = (self.folder / f"{host}.{end}" for end in ("key", "csr", "pem"))
        settings = self.folder / "ca.cnf"
        (self.folder / "index.txt").touch()
        settings.write_text(f"""[ca]
default_ca = authority
[authority]
database = {self.folder}/index.txt
new_certs_dir = {self.folder}
certificate = {self.certificate}
private_key = {self.key}
default_md = sha256
policy = names
copy_extensions = copy
rand_serial = yes
[names]
commonName = supplied
""")
        run("openssl", "req", "-new", *NEW_KEY, "-subj", "/CN=leaf", "-keyout", key,
            "-out", request, "-addext", f"subjectAltName=DNS:{host}")
        run("openssl", "ca", "-batch", "-notext", "-config", settings, "-in", request, "-out", leaf,
            "-startdate", "20200101000000Z", "-enddate", "20200131000000Z")
        return server_context(leaf, key)

    @staticmethod
    def _is_address(host):
        return ":" in host or host.replace(".", "").isdigit()

    @staticmethod
    def _openssl(*arguments):
        run("openssl", "req", "-x509", *NEW_KEY, "-days", "30", *arguments)


def run(*command):
    subprocess.run([str(word) for word in command], check=True, capture_output=True)


def server_context(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["http/1.1"])
    return context
