"""The micro-benchmarks: what one core does with one room alone, without a NIC.

Each is a program of its own (bench/micro_*.c) that prints what it measured; here they are run one
after the other, their figures put beside the goals, and printed as a table in Markdown.
"""

import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
TARGETS = ["bench/micro_tcp", "bench/micro_codec", "bench/micro_auth", "bench/micro_fanout",
           "bench/micro_policy", "bench/micro_judge", "bench/micro_decide", "bench/micro_log",
           "bench/micro_intern"]
# A routing table's prefixes, beside the tree; where that is missing, they are made up.
TABLE = os.path.join(ROOT, "../shared/data/prefixes/bart_tier1_dfz_2024-01.txt.gz")


def output(*argv):
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout


def policy(folder, name):
    """What micro_policy or micro_judge says of a real table, or of one that it makes up."""
    program = os.path.join(folder, "bench", name)
    if not os.path.exists(TABLE):
        return json.loads(output(program))
    with gzip.open(TABLE) as packed, tempfile.NamedTemporaryFile() as plain:
        shutil.copyfileobj(packed, plain)
        plain.flush()
        return json.loads(output(program, plain.name))


def policy_rows(folder):
    """(what, measured, goal) of the sets that rules are made of, and of judging by them."""
    sets = policy(folder, "micro_policy")
    of = "a real table" if sets["is_real"] else "a table that is made up"
    yield ("ROAs: making the set of 500,000 payloads", "%.0f ms" % sets["roa_build_ms"], "1 s")
    yield ("ROAs: validating the %d prefixes of %s; shuffled" % (sets["table"], of),
           "%.1f ns; %.1f ns" % (sets["roa_ns"], sets["roa_shuffled_ns"]), "30 ns")
    yield ("Filters: 320 members with 10,000 prefixes each",
           "%.0f MB, %.1f octets a prefix, %.1f ms a member"
           % (sets["sets_mb"], sets["set_bytes_each"], sets["sets_build_ms"] / 320), "250 MB")
    yield ("Filters: asking one of them for the same prefixes; shuffled",
           "%.1f ns; %.1f ns" % (sets["set_ns"], sets["set_shuffled_ns"]), "30 ns")
    yield ("AS numbers: asking a set of 10,000", "%.1f ns" % sets["asn_ns"], "3 ns")
    judge = policy(folder, "micro_judge")
    yield ("Import: from a decoded route to an interned one, without rules; with every check",
           "%.0f ns; %.0f ns" % (judge["none_ns"], judge["checked_ns"]), "100 ns in all")
    yield ("Import: with communities that inform; with one in ten sets asking for something",
           "%.0f ns; %.0f ns" % (judge["tagged_ns"], judge["asked_ns"]), "")


def decide_rows(folder):
    """(what, measured, goal) of finding the best path, and of who is to hear which."""
    found = json.loads(output(os.path.join(folder, "bench", "micro_decide")))
    by_paths = found["by_paths"]
    counts = ", ".join("%d" % one["paths"] for one in by_paths)
    for what, keys, digits in (
            ("ranking, per path", ("rank_ns",), 1),
            ("what a member gets, per member; with filters", ("view_ns", "filtered_ns"), 1),
            ("flush of a new prefix; with filters", ("flush_ns", "walked_ns"), 0)):
        yield ("Decision: %s (%s paths, %d members)" % (what, counts, found["members"]),
               "; ".join(", ".join("%.*f" % (digits, one[key]) for one in by_paths)
                         for key in keys) + " ns", "")


def intern_rows(folder):
    """(what, measured, goal) of the table of attribute sets."""
    for one in json.loads(output(os.path.join(folder, "bench", "micro_intern")))["by_load"]:
        yield ("Attribute sets, %d of them: adding one; finding it; giving it back; the last time"
               % one["sets"],
               "%.0f, %.0f, %.0f, %.0f ns" % (one["add_ns"], one["find_ns"], one["back_ns"],
                                              one["free_ns"]), "")


def log_rows(folder):
    """(what, measured, goal) of the export log."""
    log = json.loads(output(os.path.join(folder, "bench", "micro_log")))
    yield ("Log: appending a run; freeing it",
           "%.0f ns; %.0f ns" % (log["append_ns_per_run"], log["free_ns_per_run"]), "")
    yield ("Log: marking what news supersedes, per prefix; finding that they do not",
           "%.1f ns; %.1f ns" % (log["mark_ns_per_prefix"], log["spare_ns_per_prefix"]), "")
    what = {"all": "all but the announcer hear each",
            "overlap": "a fifth for one member alone",
            "filtered": "half kept from one member in eight",
            "few": "all kept from seven in eight"}
    for one in log["works"]:
        yield ("Log: %d members read and acknowledge runs, %s: per run and member"
               % (log["members"], what[one["work"]]),
               "%.2f ns" % (one["read_ns"] + one["settle_ns"]), "")


def rows(folder):
    """(what, measured, goal), a row each."""
    tcp = json.loads(output(os.path.join(folder, "bench", "micro_tcp")))
    yield ("TCP: full segments sent from shared payload, with header and checksum",
           "%.1f million/s" % (tcp["send_segments_per_s"] / 1e6), "10 million/s")
    yield ("TCP: ACKs taken in, with checksum",
           "%.1f million/s" % (tcp["acks_per_s"] / 1e6), "10 million/s")
    codec = json.loads(output(sys.executable, os.path.join(ROOT, "bench", "codec.py"),
                              "--build", folder))
    yield ("BGP: decoding and checking UPDATEs, per prefix",
           "%.1f ns" % codec["decode_ns_per_prefix"], "60 ns")
    yield ("BGP: encoding UPDATEs, per prefix",
           "%.1f ns" % codec["encode_ns_per_prefix"], "30 ns")
    fanout = json.loads(output(os.path.join(folder, "bench", "micro_fanout")))
    yield ("Fan-out: 1,000 members x 50 prefixes, 4 to a set, whole server without its port",
           "%.1f ns a delivery, %.0f ns a segment"
           % (fanout["ns_per_delivery"], fanout["ns_per_segment"]), "5 ns; later 2")
    one, two = (min(json.loads(output(os.path.join(folder, "bench", "micro_fanout"),
                                      "--threads", workers))["elapsed_ms"] for _ in range(3))
                for workers in ("1", "2"))
    yield ("Fan-out: the same on two workers against one", "%.2f times" % (one / two),
           "1.9 times")
    yield from policy_rows(folder)
    yield from decide_rows(folder)
    yield from log_rows(folder)
    yield from intern_rows(folder)
    for line in output(os.path.join(folder, "bench", "micro_auth")).splitlines():
        kind, payload, *columns = line.split()
        if payload == "1448":
            alone, *_, of_32, verified = columns
            yield ("TCP: signing a full segment with %s, 32 at once" % kind, of_32 + " ns",
                   "150 ns")
            yield ("TCP: the same one by one; verifying one",
                   "%s ns; %s ns" % (alone, verified), "")


def run(folder):
    print("| what | measured | goal |\n|---|---|---|")
    for row in rows(folder):
        print("| %s | %s | %s |" % row, flush=True)
