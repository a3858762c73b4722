"""What the product's processes say to each other, read from outside with strace."""

import pathlib
import re


def command(log):
    """To be put before the product's own command: follows every process, keeps what they send. It
    is root's, because the product's processes let nobody else look into them."""
    return ["strace", "-f", "-qq", "-o", str(log), "-s", "200000", "-e",
            "trace=write,writev,sendto,sendmsg", "-e", "signal=none"]


def private_keys(log):
    """The PEM private keys that went over a descriptor, as they were written."""
    text = pathlib.Path(log).read_text(errors="replace")
    # strace escapes once, and in a JSON text the line ends are escaped already.
    text = text.replace("\\\\n", "\n").replace("\\n", "\n")
    return sorted(set(re.findall(
        r"-----BEGIN (?:EC )?PRIVATE KEY-----\n[A-Za-z0-9+/=\n]+-----END (?:EC )?PRIVATE KEY-----",
        text)))
