#!/usr/bin/env python3
"""elements.py IN OUT.c: makes the table of fhir_element.h out of elements.txt."""
import sys


def rows(path):
    with open(path, encoding="utf-8") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                name, *cells = line.split()
                yield name, sorted(c.rsplit(":", 1) for c in cells)


def main(source, out):
    types = sorted(rows(source))
    number = {name: i for i, (name, _) in enumerate(types)}
    kinds = {"b": "FHIR_BOOLEAN", "n": "FHIR_NUMBER", "s": "FHIR_TEXT"}
    elements, firsts = [], []
    for _, cells in types:
        firsts.append(len(elements))
        for element, of in cells:
            many, of = of.endswith("*"), of.rstrip("*")
            elements.append('{"%s", %d, %s, %s},' % (
                element, number.get(of, -1), kinds.get(of, "FHIR_COMPLEX"), "true" if many else "false"))
    firsts.append(len(elements))
    with open(out, "w", encoding="utf-8") as f:
        f.write('#include "fhir_element.h"\n\nconst struct fhir_element fhir_elements[] = {\n')
        f.write("\n".join(elements))
        f.write("\n};\n\nconst struct fhir_type fhir_types[] = {\n")
        f.write("\n".join('{"%s", %d, %d},' % (name, firsts[i], firsts[i + 1])
                          for i, (name, _) in enumerate(types)))
        f.write("\n};\n\nconst unsigned fhir_ntypes = %d;\n" % len(types))


if __name__ == "__main__":
    main(*sys.argv[1:])
