"""A customer: a place on the LAN without an address until the registry gives it one, and a router
that is started with the configuration the customer was given, as it is.

What a configuration says is needed beside it (a router id and such) is all that is added."""

import contextlib
import json
import os
import re
import shutil
import signal
import time

from lab.exchange import wait_until
from lab.netns import LabError, quiet


class Customer:
    software = ""

    def __init__(self, run, name, number):
        self.run, self.name, self.number = run, name, number
        self.dir = os.path.join(run.dir, name)
        self.process = None
        self.addresses = []

    def plug(self):
        os.makedirs(self.dir, exist_ok=True)
        lan, inner = self.run.namespace("lan"), self.run.add_namespace(self.name)
        outer = "c%d" % self.number
        quiet("ip", "link", "add", "eth0", "netns", inner, "type", "veth",
              "peer", "name", outer, "netns", lan)
        quiet("ip", "-n", inner, "link", "set", "eth0", "up")
        quiet("ip", "-n", lan, "link", "set", outer, "master", "br0", "up")

    def take_address(self, address):
        length = 64 if ":" in address else 16
        quiet("ip", "-n", self.run.namespace(self.name), "addr", "add",
              "%s/%d" % (address, length), "dev", "eth0")
        self.addresses.append(address)

    def file(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        with open(self.file(name), "w") as file:
            file.write(text)
        return self.file(name)

    def cli(self, *argv, **more):
        return self.run.run(self.name, *argv, **more)

    def start(self, texts, asn):
        """Run with these configurations, one for each session."""
        self.asn = asn
        self.prepare(texts)
        self.process = self.run.spawn(self.name, self.file("out"), *self.command())
        if not wait_until(self._answers, 30, 0.1):
            raise LabError("%s (%s) does not answer: %s" % (self.name, self.software, self.tail()))
        self.feed(texts)

    def _answers(self):
        if self.process.poll() is not None:
            raise LabError("%s (%s) ended: %s" % (self.name, self.software, self.tail()))
        with contextlib.suppress(LabError, ValueError, KeyError):
            return self.is_ready()
        return False

    def stop(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in self.run.pids(self.name):
                with contextlib.suppress(OSError):
                    os.kill(pid, number)
            deadline = time.monotonic() + 5
            while self.run.pids(self.name) and time.monotonic() < deadline:
                time.sleep(0.05)
        self.process.wait()

    def tail(self):
        with contextlib.suppress(OSError), open(self.file("out"), errors="replace") as file:
            return file.read()[-2000:]
        return "no output"

    def router_id(self):
        return "198.18.9.%d" % self.number

    def feed(self, texts):
        """What does not stand in the configuration."""

    def wait_routes(self, family, wanted, seconds=60):
        """Wait until it holds just these from the server: {prefix: path}; what it holds."""
        found = {}

        def is_right():
            found.clear()
            with contextlib.suppress(LabError, ValueError, KeyError):
                found.update(self.routes(family))
                return found == wanted
            return False
        wait_until(is_right, seconds, 0.2)
        return found


class BirdCustomer(Customer):
    software = "bird"

    def prepare(self, texts):
        self.write("bird.conf", 'log "%s" all;\nrouter id %s;\nprotocol device {}\n' % (
            self.file("log"), self.router_id()) + "\n".join(texts))
        self.names = re.findall(r"protocol bgp (\w+)", "\n".join(texts))

    def command(self):
        return ["bird", "-f", "-c", self.file("bird.conf"), "-s", self.file("ctl")]

    def birdc(self, *words):
        return self.cli("birdc", "-s", self.file("ctl"), *words)

    def is_ready(self):
        return "is up and running" in self.birdc("show", "status")

    def sessions_up(self):
        return sum("Established" in self.birdc("show", "protocols", name) for name in self.names)

    def routes(self, family):
        found = {}
        for name in self.names:
            prefix = None
            for line in self.birdc("show", "route", "all", "protocol", name, "table",
                                   "master%d" % family).splitlines():
                begin = re.match(r"([0-9a-f:.]+/\d+)\s", line)
                prefix = begin.group(1) if begin else prefix
                path = re.match(r"\s+BGP.as_path: ?(.*)", line)
                if path:
                    found[prefix] = tuple(map(int, path.group(1).split()))
        return found

    def communities(self, prefix):
        text = self.birdc("show", "route", "all", "for", prefix)
        return [tuple(map(int, one)) for one in re.findall(r"\((\d+),(\d+)\)", text)]

    def configure(self, texts):
        self.prepare(texts)
        return self.birdc("configure")


class FrrCustomer(Customer):
    software = "frr"
    START = """\
cd {dir}
more="--vty_socket {dir} -P 0 -z {dir}/zserv"
/usr/lib/frr/zebra -i {dir}/zebra.pid $more &
sleep 0.5
/usr/lib/frr/staticd -i {dir}/staticd.pid $more &
/usr/lib/frr/bgpd -n -i {dir}/bgpd.pid $more &
wait
"""

    def prepare(self, texts):
        self.write("frr.conf", "frr defaults traditional\nhostname %s\n" % self.name
                   + "\n".join(texts))
        self.write("vtysh.conf", "service integrated-vtysh-config\n")
        for name in (".", "frr.conf", "vtysh.conf"):
            shutil.chown(self.file(name), "frr", "frr")

    def command(self):
        return ["sh", "-c", self.START.format(dir=self.dir)]

    def vtysh(self, *words):
        return self.cli("vtysh", "--vty_socket", self.dir, *words)

    def is_ready(self):
        return all("FRRouting" in self.vtysh("-d", name, "-c", "show version")
                   for name in ("zebra", "staticd", "bgpd"))

    def feed(self, texts):
        said = self.cli("vtysh", "--vty_socket", self.dir, "--config_dir", self.dir, "-b")
        if "Unknown command" in said or "%" in said:
            raise LabError("FRR does not take its configuration: " + said)

    def show(self, what):
        return json.loads(self.vtysh("-d", "bgpd", "-c", what + " json"))

    def sessions_up(self):
        up = set()
        for family in (4, 6):
            for peer, row in self.show("show bgp ipv%d unicast summary" % family).get(
                    "peers", {}).items():
                if row.get("state") == "Established":
                    up.add(peer)
        return len(up)

    def routes(self, family):
        found = {}
        for prefix, paths in self.show("show bgp ipv%d unicast" % family)["routes"].items():
            for path in paths:
                if path.get("peerId", "(unspec)") != "(unspec)":
                    found[prefix] = tuple(map(int, path["path"].split()))
        return found


class OpenbgpdCustomer(Customer):
    software = "openbgpd"

    def prepare(self, texts):
        head = "AS %d\nrouter-id %s\nfib-update no\nsocket \"%s\"\n" % (
            self.asn, self.router_id(), self.file("ctl"))
        os.chmod(self.write("bgpd.conf", head + "\n".join(texts)), 0o600)

    def command(self):
        # As lab/peers/openbgpd.py: its children change their root to a folder under /run.
        return ["sh", "-c", "mount -t tmpfs -o mode=755 tmpfs /run && mkdir /run/openbgpd &&"
                " exec /usr/sbin/bgpd -d -v -f " + self.file("bgpd.conf")]

    def bgpctl(self, *words):
        return json.loads(self.cli("bgpctl", "-s", self.file("ctl"), "-j", *words))

    def is_ready(self):
        return "neighbors" in self.bgpctl("show", "neighbor")

    def sessions_up(self):
        return sum(one["state"] == "Established"
                   for one in self.bgpctl("show", "neighbor")["neighbors"])

    def routes(self, family):
        found = {}
        for entry in self.bgpctl("show", "rib", "ipv%d" % family).get("rib", ()):
            if entry.get("source", "external") == "external" and not entry.get("announced"):
                found[entry["prefix"]] = tuple(map(int, entry["aspath"].split()))
        return found


class GobgpCustomer(Customer):
    software = "gobgp"

    def prepare(self, texts):
        policies = re.findall(r'^  name = "(.*)"', "\n".join(texts), re.MULTILINE)
        head = '[global.config]\n  as = %d\n  router-id = "%s"\n' % (self.asn, self.router_id())
        head += "[global.apply-policy.config]\n  export-policy-list = %s\n" % json.dumps(policies)
        self.write("gobgpd.toml", head + "\n".join(texts))

    def command(self):
        return ["gobgpd", "-f", self.file("gobgpd.toml"), "--api-hosts", "127.0.0.1:50051"]

    def gobgp(self, *words):
        return self.cli("gobgp", *words)

    def is_ready(self):
        return isinstance(json.loads(self.gobgp("-j", "neighbor")), list)

    def feed(self, texts):
        """The commands that the configuration says announce."""
        for line in re.findall(r"^#   gobgp (.*)$", "\n".join(texts), re.MULTILINE):
            self.gobgp(*line.split())

    def sessions_up(self):
        return sum(one["state"]["session_state"] in (6, "established")
                   for one in json.loads(self.gobgp("-j", "neighbor")))

    def routes(self, family):
        found = {}
        document = json.loads(self.gobgp("-j", "global", "rib", "-a", "ipv%d" % family) or "{}")
        for prefix, paths in (document or {}).items():
            for path in paths:
                words = [one for one in path["attrs"] if one["type"] == 2]
                if path.get("source-id") or path.get("neighbor-ip", "").strip("<nil>"):
                    found[prefix] = tuple(asn for one in words for part in one["as_paths"]
                                          for asn in part["asns"])
        return found


ROUTERS = (BirdCustomer, FrrCustomer, OpenbgpdCustomer, GobgpCustomer)
