"""What proofs come from, all of it in the server's namespace: StayRTR, an IRR, NSD and OpenSSL."""

import base64
import json
import os
import shutil
import signal
import subprocess
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))
WHOIS = os.path.realpath(os.path.join(FOLDER, "../../policy/irr/whois.py"))
RTR, IRR, DNS = 3323, 4343, 5353
NSD = """\
server:
  ip-address: 127.0.0.1@{port}
  username: ""
  zonesdir: "{dir}"
  pidfile: "{dir}/nsd.pid"
  xfrdfile: ""
  xfrdir: "{dir}"
  zonelistfile: "{dir}/zones"
  database: ""
  server-count: 1
remote-control:
  control-enable: no
"""
# One second: what is remembered is what the run would wait for.
ZONE = "$ORIGIN %s.\n$TTL 1\n@ SOA ns.example. host.example. %d 60 60 60 1\n@ NS ns.example.\n%s"
PSS = ("-sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest")
CURVE = ("ec", "-pkeyopt")


class Sources:
    """Files that the programs read, and the programs."""

    def __init__(self, run, zones, signed):
        self.run, self.serial, self.signed = run, 1, signed
        self.numbers = {}  # Texts of aut-num objects that stay.
        self.zones = {zone: [] for zone in zones}
        self.dir = os.path.join(run.dir, "sources")
        os.makedirs(self.dir)

    def file(self, name):
        return os.path.join(self.dir, name)

    def put(self, name, text):
        with open(self.file(name) + ".new", "w") as file:
            file.write(text)
        os.rename(self.file(name) + ".new", self.file(name))

    def read(self, name, mode="r"):
        with open(self.file(name), mode) as file:
            return file.read()

    def spawn(self, name, *argv):
        return self.run.spawn("rs", self.file(name + ".log"), *argv, cwd=self.dir)

    def quiet(self, *argv):
        return subprocess.run(argv, check=True, capture_output=True, cwd=self.dir).stdout

    def start(self):
        self.roas()
        self.routes({})
        self.start_rtr()
        self.start_irr()
        self.start_dns()

    # RPKI
    def roas(self, *rows):
        filler = [("192.0.%d.0/24" % i, 24, 64511) for i in range(9)]
        self.put("roas.json", json.dumps({"metadata": {}, "roas": [
            {"prefix": prefix, "maxLength": longest, "asn": asn, "ta": "ripe"}
            for prefix, longest, asn in (*rows, *filler)]}))

    def start_rtr(self):
        self.rtr = self.spawn("stayrtr", "stayrtr", "-cache", self.file("roas.json"), "-bind",
                              "127.0.0.1:%d" % RTR, "-checktime=false", "-refresh", "3600",
                              "-metrics.addr", "127.0.0.1:8323")

    def change_roas(self, *rows):
        self.roas(*rows)
        self.rtr.send_signal(signal.SIGHUP)

    # IRR
    def routes(self, of_origins, source="RIPE", objects=None):
        """Route objects of one source; aut-num objects name their own."""
        self.put("irr.json", json.dumps({
            "sets": {}, "source": source, "routes": {
                str(asn): {"4": [one for one in prefixes if ":" not in one],
                           "6": [one for one in prefixes if ":" in one]}
                for asn, prefixes in of_origins.items()},
            "objects": self.numbers if objects is None else objects}))

    def start_irr(self):
        self.irr = self.spawn("whois", sys.executable, WHOIS, str(IRR), self.file("irr.json"),
                              self.file("irr.queries"))

    # DNS
    def write_zones(self):
        self.serial += 1
        for zone, lines in self.zones.items():
            self.put(zone, ZONE % (zone, self.serial, "\n".join(lines) + "\n"))

    def reload_dns(self):
        self.write_zones()
        self.dns.send_signal(signal.SIGHUP)

    def start_dns(self):
        self.write_zones()
        self.put("nsd.conf", NSD.format(port=DNS, dir=self.dir) + "".join(
            "zone:\n  name: %s\n  zonefile: %s\n" % (zone, zone)
            for zone in (*self.zones, self.signed)))
        self.sign("none")
        self.dns = self.spawn("nsd", "nsd", "-d", "-c", self.file("nsd.conf"))

    def make_anchor(self):
        self.key = self.quiet("ldns-keygen", "-a", "ECDSAP256SHA256", "-k",
                              self.signed).decode().strip()
        shutil.copy(self.file(self.key + ".key"), self.file("anchor"))

    def sign(self, token):
        self.serial += 1
        self.put("plain", ZONE % (self.signed, self.serial,
                                  '_causeway TXT "causeway-validation=%s"\n' % token))
        self.quiet("ldns-signzone", "-f", self.signed, "-o", self.signed, "plain", self.key)

    def tamper(self):
        self.put(self.signed, self.read(self.signed).replace('"causeway-validation=',
                                                             '"causeway-validation=x'))

    def end(self, child):
        child.kill()
        child.wait()

    # OpenSSL, as the guide says.
    def make_key(self, name, *key, days="730"):
        dates = ("-days", days)
        self.quiet("openssl", "req", "-x509", "-newkey", *key, "-nodes", "-keyout", name + ".key",
                   "-out", name + ".pem", "-subj", "/CN=Example", *dates)

    def make_old_key(self, name):
        """A certificate whose time is over."""
        self.make_key(name, "rsa:2048")
        self.quiet("openssl", "req", "-new", "-key", name + ".key", "-subj", "/CN=Example", "-out",
                   name + ".csr")
        self.quiet("openssl", "ca", "-batch", "-selfsign", "-config", self.authority(), "-in",
                   name + ".csr", "-keyfile", name + ".key", "-out", name + ".pem", "-startdate",
                   "20240101000000Z", "-enddate", "20250101000000Z", "-notext")

    def authority(self):
        self.put("ca.conf", "[ca]\ndefault_ca=own\n[own]\ndatabase=ca.index\nnew_certs_dir=.\n"
                 "serial=ca.serial\ndefault_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n")
        self.put("ca.index", "")
        self.put("ca.serial", "01\n")
        return "ca.conf"

    def sign_message(self, name, message, *how):
        """The body for the API."""
        self.put("message.txt", message)
        self.quiet("openssl", "dgst", *how, "-sign", name + ".key", "-out", name + ".sig",
                   "message.txt")
        return {"certificate": self.read(name + ".pem"),
                "signature": base64.b64encode(self.read(name + ".sig", "rb")).decode()}
