"""The demo's table."""

from lab import oracle


def table(head, rows):
    """Columns as wide as their widest cell; numbers to the right."""
    cells = [list(map(str, row)) for row in [head, *rows]]
    widths = [max(map(len, column)) for column in zip(*cells)]
    is_number = [all(row[i].replace(",", "").replace(".", "").replace(" s", "")
                     .replace("-", "").isdigit() or row[i] in ("", "-") for row in cells[1:])
                 for i in range(len(head))]
    lines = []
    for number, row in enumerate(cells):
        lines.append("  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, is_number)).rstrip())
        if number == 0:
            lines.append("  ".join("-" * width for width in widths))
    return "\n".join(lines)


def members(exchange, verdicts):
    """One row for each member, after the check."""
    head = ("member", "software", "AS", "sessions", "announces", "server has", "gets", "right",
            "converged")
    neighbors = {}
    try:
        neighbors = exchange.server.neighbors()
    except Exception:  # The table is worth printing without it.
        pass
    rows = []
    for member in exchange.members:
        of_member = [verdicts[member.name, family] for family in (4, 6)]
        received = sum(neighbors.get(member.address(family), {}).get("received", 0)
                       for family in (4, 6))
        seconds = exchange.converged.get(member.name)
        compared = sum(one.compared for one in of_member)
        bad = sum(len(one.missing) + len(one.wrong) for one in of_member)
        rows.append((
            member.name, "%s %s" % (member.package, member.version()), member.asn,
            "%d of 2" % exchange.up(member),
            "{:,}".format(sum(len(routes) for routes in member.routes.values())),
            "{:,}".format(received) if neighbors else "-", "{:,}".format(compared),
            "{:,}".format(compared - bad), "%.1f s" % seconds if seconds else "never"))
    return table(head, rows)


def server_problems(exchange):
    """Where the server's own numbers do not fit: sessions, received, sent.  Lines of text."""
    try:
        neighbors = exchange.server.neighbors()
    except Exception as problem:
        return ["causeway --json neighbors: %s" % problem]
    lines = []
    for member in exchange.members:
        for family in (4, 6):
            row = neighbors.get(member.address(family))
            if row is None:
                lines.append("causeway does not list %s" % member.address(family))
                continue
            # What must be treated as withdrawn is not held, and not counted.
            held = sum(oracle.received(route) is not None
                       for route in member.routes[family].values())
            wanted = {"received": held,
                      "exported": len(exchange.expected[member.name, family])}
            for key, number in wanted.items():
                if row.get(key) != number:
                    lines.append("causeway says %s %s for %s, which should be %d" % (
                        key, row.get(key), member.address(family), number))
    return lines
