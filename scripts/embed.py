#!/usr/bin/python3
"""The files of a folder as a C table of pages, for control/http/page.h.

    scripts/embed.py OUTPUT FOLDER FILE...     FILEs lie in FOLDER
"""

import hashlib
import os
import sys

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


def path_of(name):
    """index.html is its folder's page."""
    return "/" + (name[: -len("index.html")] if name.rsplit("/", 1)[-1] == "index.html" else name)


def bytes_of(data):
    lines = [data[i : i + 24] for i in range(0, len(data), 24)]
    return "\n".join("\t" + ",".join(map(str, line)) + "," for line in lines)


def main(output, folder, files):
    entries, arrays = [], []
    for number, file in enumerate(files):
        name = os.path.relpath(file, folder)
        kind = TYPES.get(os.path.splitext(name)[1])
        if kind is None:
            sys.exit("embed: %s: pages are %s" % (name, ", ".join(TYPES)))
        with open(file, "rb") as f:
            data = f.read()
        arrays.append("static const unsigned char data_%d[] = {\n%s\n};\n"
                      % (number, bytes_of(data or b"\n")))
        entries.append((path_of(name), '\t{"%s", "%s", "\\"%s\\"", data_%d, sizeof(data_%d)},'
                        % (path_of(name), kind, hashlib.sha256(data).hexdigest()[:32],
                           number, number)))
    with open(output, "w", encoding="ascii") as f:
        f.write('#include "control/http/page.h"\n\n' + "\n".join(arrays))
        f.write("\nconst struct page pages[] = {\n")
        # strcmp()'s order: that of the bytes.
        f.write("\n".join(text for _, text in sorted(entries, key=lambda e: e[0].encode())))
        f.write("\n};\nconst unsigned page_count = %d;\n" % len(entries))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
