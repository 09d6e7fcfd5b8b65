"""HAPI FHIR's parsers, asked to read documents."""
import os
import shutil
import subprocess

import jars

PEER = os.path.join(os.path.dirname(os.path.realpath(__file__)), "peers", "fhir")


def hapi(documents, folder):
    """What they say of each (release, file): "ok"; "odd" and what is against the definitions; "bad" and why it cannot be read. What is
    read stands in the folder as n.json and n.xml."""
    if not shutil.which("javac"):
        raise jars.Unavailable("javac is not installed (Debian: default-jdk-headless)")
    path = jars.class_path_of("HAPI FHIR", os.path.join(PEER, "pom.xml"), jars.cache("hapi-fhir-twins"))
    asked = "".join(f"{release}\t{file}\n" for release, file in documents)
    done = subprocess.run(["java", "-cp", path, os.path.join(PEER, "Twins.java"), folder], input=asked, capture_output=True, text=True,
                          timeout=180, check=True)
    return done.stdout.split("\n")[:-1]  # a line end of Unicode ends no line here
