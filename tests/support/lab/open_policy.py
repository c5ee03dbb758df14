"""The lines of `cfg` that switch off whatever keeps a route out.

Labs have private AS numbers and reserved prefixes, no IRR and no RPKI, and are about other things:
they say so, for what is not said has arouteserver's defaults."""

OPEN = """\
  enforce_first_as: false
  filtering:
    next_hop: {policy: any}
    ipv4_pref_len: {min: 0, max: 32}
    ipv6_pref_len: {min: 0, max: 128}
    max_as_path_len: 0
    reject_invalid_as_in_as_path: false
    ipv6_global_unicast_only: false
    bogons: []
    never_via_route_servers: {peering_db: false}
    irrdb: {enforce_origin_in_as_set: false, enforce_prefix_in_as_set: false, tag_as_set: false}
    max_prefix: {action: none}
"""
