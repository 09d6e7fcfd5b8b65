"""A package from PyPI, the Kafka client in pure Python unless another one is named, in a virtual environment that is
kept for later runs.

Debian 12 has release 2.0.2 of it, which takes the marks of transactions for records.
"""
import os
import shutil
import subprocess
import sys

import jars

CLIENT = "kafka-python==3.0.12"


def install(folder, package):
    """In a folder aside, moved when it is whole: what is there is complete."""
    part = folder + ".part"
    shutil.rmtree(part, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", part], check=True, capture_output=True, timeout=120)
    subprocess.run([os.path.join(part, "bin", "python"), "-m", "pip", "install", "--quiet", package], check=True,
                   capture_output=True, timeout=300)
    os.rename(part, folder)


def python(package=CLIENT):
    """The interpreter that has it; Unavailable (a skip) says why there is none."""
    folder = os.path.join(jars.cache("pypi"), package.replace("==", "-"))
    interpreter = os.path.join(folder, "bin", "python")
    with jars.Locked(jars.cache("pypi"), "install"):
        if not os.path.exists(interpreter):
            try:
                install(folder, package)
            except (subprocess.SubprocessError, OSError) as e:
                said = getattr(e, "stderr", b"") or b""
                raise jars.Unavailable(f"PyPI did not give {package}: {said.decode(errors='replace')[-200:] or e}") from None
    return interpreter
