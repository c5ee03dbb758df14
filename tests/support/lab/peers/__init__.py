"""The routers that play members, one module each."""

from lab.peers.bird import Bird
from lab.peers.exabgp import Exabgp
from lab.peers.frr import Frr
from lab.peers.gobgp import Gobgp
from lab.peers.openbgpd import Openbgpd

ALL = (Bird, Frr, Openbgpd, Gobgp, Exabgp)
