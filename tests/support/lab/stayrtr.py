"""StayRTR beside the server, with the ROAs of a file that can change."""

import json
import os
import signal


class StayRtr:
    def __init__(self, run, port=3323, name="roas", space="rs"):
        self.run, self.port, self.space, self.process = run, port, space, None
        self.file = os.path.join(run.dir, name + ".json")

    def configuration(self):
        """The server's section."""
        return "rpki:\n  caches:\n    - {address: 127.0.0.1, port: %d, retry: 1}\n" % self.port

    def write(self, roas):
        """`roas`: (prefix, longest length, AS number)."""
        rows = [{"asn": asn, "prefix": prefix, "maxLength": longest, "ta": "ripe"}
                for prefix, longest, asn in roas]
        with open(self.file + ".new", "w") as file:
            json.dump({"metadata": {}, "roas": rows}, file)
        os.rename(self.file + ".new", self.file)

    def start(self, roas):
        self.write(roas)
        self.process = self.run.spawn(
            self.space, self.file[:-5] + ".log", "stayrtr", "-cache", self.file, "-bind",
            "127.0.0.1:%d" % self.port, "-checktime=false", "-refresh", "3600", "-metrics.addr",
            "127.0.0.1:%d" % (self.port + 5000))

    def change(self, roas):
        """It reads its file again when it is told to."""
        self.write(roas)
        self.process.send_signal(signal.SIGHUP)
