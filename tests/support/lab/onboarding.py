"""What the demo shows of the registry: a customer becomes a member through the API, and a hijack.

    tenant, ASN, prefixes → ROAs by StayRTR prove them → sessions → the customer's BIRD with the
    configurations of the API as they are → everybody has its prefixes → a member announces a part
    of them, and is rejected with the reason that the page shows

Every step is checked; `Onboarding.problems` holds what was not as it should be."""

import ipaddress
import time

from lab.api import RegistryServer
from lab.customer import BirdCustomer
from lab.exchange import wait_until
from lab.open_policy import OPEN
from lab.stayrtr import StayRtr

ASN = 398101
MAX_LENGTH = {4: 23, 6: 40}
ELSEWHERE = ("192.0.2.0/24", 24, 64999)  # So that the cache is never empty.
SITE = {"name": "lab", "pool_ipv4": "198.18.64.0/24", "pool_ipv6": "2001:db8:0:1:64::/80",
        "server_ipv4": "198.18.0.1", "server_ipv6": "2001:db8:0:1::1"}
UP_S = 60


class Server(RegistryServer):
    """A causewayd with a registry that asks StayRTR, and a public looking glass."""

    http = RegistryServer.http + ", looking_glass: public"
    policy = OPEN.replace("  filtering:\n", "  filtering:\n"
                          "    rpki_bgp_origin_validation: {enabled: true}\n")

    def __init__(self, run):
        super().__init__(run)
        self.cache = StayRtr(run)
        self.registry = "  site: lab\n  evidence: {accept: [roa], recheck: 60}\n"
        self.extra = self.cache.configuration()

    def launch(self, seconds=30):
        if self.cache.process is None:
            self.cache.start([ELSEWHERE])
        super().launch(seconds)


class Onboarding:
    def __init__(self, lab, say):
        self.lab, self.say = lab, say
        self.operator = self.api = None  # Each with its token; `api` is the customer's.
        self.sessions, self.problems = [], []
        self.began = time.monotonic()
        self.customer = BirdCustomer(lab.run, "customer", 1)
        self.prefixes = {4: self._free(4, "185.77.0.0/16", 22), 6: self._free(6, "2a0e::/16", 32)}

    def _free(self, family, block, length):
        """The first prefix of `block` that nothing announced overlaps but what covers the block."""
        block, near = ipaddress.ip_network(block), []
        first = str(block)[:3]
        for prefix in set().union(*(member.routes[family] for member in self.lab.members)):
            if prefix.startswith(first):
                network = ipaddress.ip_network(prefix)
                if network.prefixlen > block.prefixlen and network.overlaps(block):
                    near.append(network)
        return str(next(one for one in block.subnets(new_prefix=length)
                        if not any(one.overlaps(other) for other in near)))

    def part(self, family):
        """More specific than the ROA allows, of the customer's prefix."""
        network = ipaddress.ip_network(self.prefixes[family])
        return str(next(network.subnets(new_prefix=24 if family == 4 else 48)))

    def step(self, is_right, text, detail=""):
        self.say("  %5.1f s  %s%s" % (time.monotonic() - self.began, text,
                                      "" if is_right else "  NOT SO: %s" % detail))
        if not is_right:
            self.problems.append(text)

    def play(self):
        self.register()
        self.prove()
        self.connect()
        self.announce()
        self.hijack()
        self.leave_others_alone()
        return not self.problems

    def register(self):
        self.operator = operator = self.lab.server.operator()
        self.site = operator.post("/sites", SITE)
        tenant = operator.post("/tenants", {"name": "customer", "mode": "global"})
        token = operator.post("/tokens", {"tenant": tenant["id"], "role": "tenant",
                                          "name": "customer"})
        self.api = operator.with_token(token["secret"])
        made = self.api.post("/asns", {"asn": ASN})
        made = operator.post("/asns/%s/approve" % made["id"])
        self.step(made["state"] == "verified",
                  "the customer registers AS%d; the operator verifies it" % ASN, made)
        self.ids = {}
        for family, prefix in self.prefixes.items():
            made = self.api.post("/prefixes", {"prefix": prefix, "origins": [ASN],
                                               "max_length": MAX_LENGTH[family]})
            self.ids[family] = made["id"]
            made = self.api.post("/prefixes/%s/submit" % made["id"])
            self.step(made["state"] == "pending-validation",
                      "it submits %s, which waits for a ROA" % prefix, made)

    def state(self, family):
        return self.api.get("/prefixes/" + self.ids[family])["state"]

    def prove(self):
        self.lab.server.cache.change([ELSEWHERE] + [
            (prefix, MAX_LENGTH[family], ASN) for family, prefix in self.prefixes.items()])
        for family, prefix in self.prefixes.items():
            wait_until(lambda: self.state(family) == "provisioned", UP_S, 0.1)
            self.step(self.state(family) == "provisioned",
                      "StayRTR has the ROA of %s: validated and provisioned" % prefix,
                      self.state(family))

    def connect(self):
        """A session for each family; the router takes the texts of the API as they are."""
        self.customer.plug()
        texts = []
        for family in (4, 6):
            made = self.api.post("/sessions", {
                "asn": ASN, "site": self.site["id"], "families": ["ipv%d" % family],
                "authentication": "md5", "description": "customer"})
            self.sessions.append(made)
            self.customer.take_address(made["address"])
            text = self.api.text("/sessions/%s/configuration?router=bird" % made["id"])
            texts.append(text.replace("PUT-THE-KEY-HERE", made["key"]))
        self.customer.start(texts, ASN)
        wait_until(lambda: self.customer.sessions_up() == 2, UP_S, 0.1)
        self.step(self.customer.sessions_up() == 2, "its BIRD runs the configuration of the API:"
                  " sessions with TCP-MD5 at %s are up" % " and ".join(
                      made["address"] for made in self.sessions), self.customer.tail())

    def announce(self):
        for identifier in self.ids.values():
            self.api.post("/prefixes/%s/announce" % identifier, {"to": "all"})
        for family, prefix in self.prefixes.items():
            have = []
            for member in self.lab.members:
                found = {}

                def has_it():
                    found.update(member.table(family))
                    return prefix in found
                if wait_until(has_it, UP_S, 1) and found[prefix].path == (ASN,):
                    have.append(member.name)
            self.step(len(have) == len(self.lab.members),
                      "%s is announced, and there in %s" % (prefix, ", ".join(have) or "no one"),
                      "not in all")

    def hijack(self):
        """The member `bird` announces a part of each prefix as its own."""
        bird = self.lab.member("bird")
        with open(bird.file("bird.conf"), "a") as file:
            for family in (4, 6):
                file.write("protocol static stolen%d { ipv%d; route %s blackhole; }\n"
                           % (family, family, self.part(family)))
        bird.birdc("configure")
        for family in (4, 6):
            rows = []

            def is_rejected():
                rows[:] = [row for row in self.rejected_of(bird.address(family))
                           if row["prefix"] == self.part(family)]
                return rows
            wait_until(is_rejected, UP_S, 0.2)
            row = rows[0] if rows else {}
            self.step(row.get("reject_reason") == "rpki_invalid" and row.get("remedy"),
                      "bird announces %s as its own; rejected: %s. %s" % (
                          self.part(family), row.get("rejected"), row.get("remedy")), row)
            self.step(self.part(family) not in self.lab.member("frr").table(family),
                      "frr does not hear %s" % self.part(family), "it does")

    def rejected_of(self, address):
        """What the looking glass shows an operator as rejected of a member."""
        return self.operator.get("/routes", from_=address, filtered="true")["rows"]

    def leave_others_alone(self):
        rows = [self.lab.server.neighbor(member.address(family)) for member in self.lab.members
                for family in (4, 6)]
        self.step(all((row["state"], row["established_count"]) == ("Established", 1)
                      for row in rows), "no session of another member was touched", rows)
