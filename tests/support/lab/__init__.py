"""The lab: causewayd and real routers in network namespaces, and the check of what they hold.

Used by scripts/demo and by the suites under tests/interop.  Python's standard library only.
Reading order: route (what a route is here), mrt (real tables), feeds (who announces what),
oracle (who should get what), netns (namespaces, processes, clean-up), peers (one file for
each router), exchange (the whole).
"""
