/* The configuration reader: every mistake has its place and its remedy, every default its value. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <net/if.h>

#include "control/config/diff.h"
#include "tests/unit/control/scratch.h"

#define CFG  "cfg: {rs_as: 64500, router_id: 198.18.0.1}\n"
#define GOOD PORT CFG
/* Lines 6-8. */
#define CLIENT GOOD "clients:\n- asn: 64501\n  ip: 198.18.1.1\n"
#define EIGHTY "secret12345678901234567890123456789012345678901234567890123456789012345678901234"
#define AO(id) "  - {send_id: " id ", recv_id: " id ", key: secret}\n"

/* A file and the mistakes it must show, in order of place. */
struct mistake {
	const char *what;
	const char *yaml;
	struct {
		int line, column;
		const char *fragment;
	} expect[6];
};

/* Lines 1-4 are PORT, line 5 is CFG. */
static const struct mistake mistakes[] = {
	{"an unknown root key", GOOD "client: []\n", {{6, 1, "did you mean 'clients'?"}}},
	{"an unknown key without a neighbour", GOOD "zebra: 1\n", {{6, 1, "known here: include"}}},
	{"an unknown key of dataplane",
	 PORT "  workes: [1]\n" CFG,
	 {{5, 3, "unknown key 'workes' in dataplane; did you mean 'workers'?"}}},
	{"an unknown key of a port", PORT "      mut: 1500\n" CFG, {{5, 7, "did you mean 'mtu'?"}}},
	{"an unknown key of cfg",
	 GOOD "clients:\n- {asn: 64501, ip: 198.18.1.1, ipp: 1}\n",
	 {{7, 32, "unknown key 'ipp' in clients[]; did you mean 'ip'?"}}},
	{"a bad address of a client",
	 GOOD "clients:\n- asn: 64501\n  ip: 198.18.1.256\n",
	 {{8, 7, "must be an IPv4 or IPv6 address"}}},
	{"a bad address in a list",
	 GOOD "clients:\n- asn: 64501\n  ip: [198.18.1.1, nonsense]\n",
	 {{8, 20, "not 'nonsense'"}}},
	{"an address without a length",
	 "dataplane:\n  ports:\n  - device: x\n    addresses: [198.18.0.1]\n" CFG,
	 {{4, 17, "written address/length"}}},
	{"an address with a length too long",
	 "dataplane:\n  ports:\n  - device: x\n    addresses: [198.18.0.1/33]\n" CFG,
	 {{4, 17, "written address/length"}}},
	{"a network as an address",
	 "dataplane:\n  ports:\n  - device: x\n    addresses: [198.18.0.0/16]\n" CFG,
	 {{4, 17, "take a unicast host address"}}},
	{"a duplicate member",
	 GOOD "clients:\n- {asn: 64501, ip: 198.18.1.1}\n"
	      "- {asn: 64502, ip: 198.18.1.1}\n",
	 {{8, 20, "configured before, at "}}},
	{"a duplicate member in another notation",
	 GOOD "clients:\n- {asn: 64501, ip: \"2001:db8:0:1::a\"}\n"
	      "- {asn: 64502, ip: \"2001:db8:0:1:0:0:0:A\"}\n",
	 {{8, 20, "the neighbour 2001:db8:0:1::a was configured before"}}},
	{"a duplicate device",
	 PORT "    - device: net_af_packet0,iface=ix0\n      addresses: [198.19.0.1/16]\n" CFG,
	 {{5, 15, "is a port already, at line 3; give one of them a 'vlan'"}}},
	{"a VLAN of a device twice",
	 PORT "      vlan: 7\n    - device: net_af_packet0,iface=ix0\n      vlan: 7\n"
	      "      addresses: [198.19.0.1/16]\n" CFG,
	 {{6, 15, "VLAN 7 of the device 'net_af_packet0,iface=ix0' is a port already, at line 3"}}},
	{"an interface of the host without packet:",
	 "dataplane:\n  ports:\n  - device: lo\n    addresses: [198.18.0.1/16]\n" CFG,
	 {{3, 13, "write 'device: packet:lo'"}}},
	{"a packet port without an interface",
	 "dataplane:\n  ports:\n  - device: \"packet:\"\n    addresses: [198.18.0.1/16]\n" CFG,
	 {{3, 13, "followed by the name of an interface"}}},
	{"a packet port of an interface with a long name",
	 "dataplane:\n  ports:\n  - device: packet:sixteen-letters-\n"
	 "    addresses: [198.18.0.1/16]\n" CFG,
	 {{3, 13, "up to 15 characters such as packet:eth1, not 'sixteen-letters-'"}}},
	{"a VLAN of zero", PORT "      vlan: 0\n" CFG, {{5, 13, "from 1 to 4094"}}},
	{"a VLAN of all ones", PORT "      vlan: 4095\n" CFG, {{5, 13, "from 1 to 4094"}}},
	{"a kernel interface with a long name",
	 PORT "      kernel: sixteen-letters-\n" CFG,
	 {{5, 15, "up to 15 characters such as ix0k, not 'sixteen-letters-'"}}},
	{"a kernel interface with a pattern",
	 PORT "      kernel: tap%d\n" CFG,
	 {{5, 15, "must be the name of an interface"}}},
	{"a kernel interface for two ports",
	 PORT "      kernel: ix0k\n    - device: other\n      kernel: ix0k\n"
	      "      addresses: [198.19.0.1/16]\n" CFG,
	 {{7, 15, "the interface 'ix0k' serves a port already, at line 5"}}},
	{"an address of ours twice",
	 PORT "    - device: other\n      addresses: [198.18.0.1/16]\n" CFG,
	 {{6, 19, "is our address already, at line 4"}}},
	{"a neighbour with our address",
	 GOOD "clients:\n- {asn: 64501, ip: 198.18.0.1}\n",
	 {{7, 20, "is our own address (line 4)"}}},
	{"a neighbour that no port reaches",
	 GOOD "clients:\n- {asn: 64501, ip: 203.0.113.1}\n",
	 {{7, 20, "is in no port's subnet and there is no gateway"}}},
	{"a gateway that is not on-link",
	 PORT "      gateways: [203.0.113.1]\n" CFG,
	 {{5, 18, "a gateway must be on-link"}}},
	{"a missing asn",
	 GOOD "clients:\n- ip: 198.18.1.1\n",
	 {{7, 3, "this client has no 'asn'"}}},
	{"a missing ip", GOOD "clients:\n- asn: 64501\n", {{7, 3, "this client has no 'ip'"}}},
	{"an empty list of addresses",
	 GOOD "clients:\n- asn: 64501\n  ip: []\n",
	 {{8, 3, "'ip' is an empty list"}}},
	{"a missing rs_as",
	 PORT "cfg: {router_id: 198.18.0.1}\n",
	 {{1, 1, "'cfg.rs_as' is missing"}}},
	{"rs_as zero", PORT "cfg: {rs_as: 0}\n", {{5, 14, "from 1 to 4294967294"}}},
	{"rs_as of all ones", PORT "cfg: {rs_as: 4294967295}\n", {{5, 14, "from 1 to 4294967294"}}},
	{"rs_as AS_TRANS", PORT "cfg: {rs_as: 23456}\n", {{5, 14, "AS_TRANS"}}},
	{"a neighbour of our AS",
	 GOOD "clients:\n- {asn: 64500, ip: 198.18.1.1}\n",
	 {{7, 20, "neighbours are external"}}},
	{"router_id zero",
	 PORT "cfg: {rs_as: 64500, router_id: 0.0.0.0}\n",
	 {{5, 32, "other than 0.0.0.0"}}},
	{"router_id of IPv6",
	 PORT "cfg: {rs_as: 64500, router_id: \"::1\"}\n",
	 {{5, 32, "one IPv4 address"}}},
	{"no IPv4 address to take a router_id from",
	 "dataplane: {ports: [{device: x, addresses: [\"2001:db8::1/64\"]}]}\ncfg: {rs_as: "
	 "64500}\n",
	 {{1, 1, "'cfg.router_id' is missing"}}},
	{"a hold time of 2",
	 GOOD "clients:\n- {asn: 64501, ip: 198.18.1.1, hold_time: 2}\n",
	 {{7, 43, "must be 0 or at least 3 seconds"}}},
	{"a hold time that is no number",
	 PORT "cfg: {rs_as: 64500, hold_time: 90s}\n",
	 {{5, 32, "must be a number from 0 to 65535, not '90s'"}}},
	{"a minimum above the hold time",
	 GOOD "clients:\n- {asn: 64501, ip: 198.18.1.1, hold_time: 30, min_hold_time: 60}\n",
	 {{7, 20, "'min_hold_time' of 60 above its 'hold_time' of 30"}}},
	{"an MTU too small", PORT "      mtu: 500\n" CFG, {{5, 12, "from 576 to 9216"}}},
	{"an MTU too large", PORT "      mtu: 9217\n" CFG, {{5, 12, "from 576 to 9216"}}},
	{"a worker twice",
	 PORT "  workers: [1, 2, 1]\n" CFG,
	 {{5, 19, "CPU 1 is in 'workers' twice"}}},
	{"a worker out of range", PORT "  workers: [1024]\n" CFG, {{5, 13, "from 0 to 1023"}}},
	{"no workers", PORT "  workers: []\n" CFG, {{5, 3, "name at least one CPU"}}},
	{"a word for a choice",
	 PORT "  idle: lazy\n" CFG,
	 {{5, 9, "adaptive or busy, not 'lazy'"}}},
	{"no ports", CFG, {{1, 1, "there is no port"}}},
	{"a port without device and address",
	 "dataplane:\n  ports:\n    - mtu: 1500\n" CFG,
	 {{3, 7, "has no 'device'"}}},
	{"a port without address",
	 "dataplane:\n  ports:\n    - device: x\n" CFG,
	 {{3, 7, "has no address"}}},
	{"a mapping for a list",
	 GOOD "clients: {asn: 64501}\n",
	 {{6, 11, "'clients' must be a list of"}}},
	{"a scalar for a mapping",
	 PORT "cfg: 64500\n",
	 {{1, 1, "'cfg.rs_as' is missing"}, {5, 6, "cfg must be a mapping"}}},
	{"a list for a scalar",
	 PORT "cfg: {rs_as: [64500]}\n",
	 {{5, 15, "'rs_as' must be a single value, not a list"}}},
	{"nothing for a scalar",
	 PORT "cfg:\n  rs_as:\n",
	 {{6, 3, "'rs_as' must be a single value, not nothing"}}},
	{"a key twice in one mapping",
	 GOOD "clients:\n- asn: 64501\n  asn: 64502\n  ip: 198.18.1.1\n",
	 {{8, 3, "'asn' was set before, at "}}},
	{"a root key twice", GOOD CFG, {{6, 1, "'cfg' was set before"}}},
	{"a quotation mark left open", GOOD "clients: \"\n", {{6, 11, "not valid YAML"}}},
	{"a directive", "%TAG ! tag:x,2000:\n---\n" GOOD, {{1, 1, "is a directive"}}},
	{"a directive behind a carriage return", "\r\r%\x91\x91\n", {{1, 3, "is a directive"}}},
	{"a tab for indentation", "cfg:\n\trs_as: 64500\n", {{2, 1, "not valid YAML"}}},
	{"a bracket left open", PORT "  workers: [1, 2\n" CFG, {{7, 1, "not valid YAML"}}},
	{"an anchor that is not there",
	 PORT "cfg: *general\n",
	 {{1, 1, "'cfg.rs_as' is missing"}, {5, 6, "there is no anchor '&general'"}}},
	{"a tag", GOOD "clients: !include clients.yml\n", {{6, 19, "root key 'include'"}}},
	{"a second document", GOOD "---\nclients: []\n", {{7, 1, "a second YAML document"}}},
	{"a NUL byte in a text", GOOD "clients: \"a\\0b\"\n", {{6, 10, "NUL byte in it"}}},
	{"a directive", "%a b\n" GOOD, {{1, 1, "is a directive"}}},
	{"an empty file", "# nothing\n", {{1, 1, "the file is empty"}}},
	{"a list for a file",
	 "- a\n",
	 {{1, 1, "'cfg.rs_as' is missing"},
	  {1, 1, "there is no port"},
	  {1, 3, "a configuration file must be a mapping"}}},
	{"a file that is not there",
	 GOOD "include: none.yml\n",
	 {{6, 10, "none.yml': No such file or directory"}}},
	{"a directory for a file", GOOD "include: [.]\n", {{6, 11, "Is a directory"}}},
	{"a file that includes itself", GOOD "include: [main.yml]\n", {{6, 11, "in a loop"}}},
	{"a log level",
	 GOOD "control: {log_level: loud}\n",
	 {{6, 22, "error, warning, notice, info or debug, not 'loud'"}}},
	{"a socket path too long",
	 GOOD
	 "control:\n  socket: /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
	 {{7, 11, "characters long"}}},
	{"a password and TCP-AO",
	 CLIENT "  password: secret\n  tcp_ao: [{send_id: 1, recv_id: 1, key: secret}]\n",
	 {{0, 0, "may read it"}, {10, 3, "'password' (line 9) and 'tcp_ao' exclude each other"}}},
	{"a password too long",
	 CLIENT "  password: " EIGHTY "1\n",
	 {{0, 0, "may read it"}, {9, 13, "at most 80 octets"}}},
	{"an empty password",
	 CLIENT "  password: ''\n",
	 {{0, 0, "may read it"}, {9, 13, "must be a single value, not an empty text"}}},
	{"a password that looks like an alias",
	 CLIENT "  password: *secret\n",
	 {{0, 0, "may read it"}, {9, 13, "no anchor '&…'"}}},
	{"a password that looks like a tag",
	 CLIENT "  password: !secret x\n",
	 {{0, 0, "may read it"}, {9, 21, "the tag '!…'"}}},
	{"TCP-AO that is no list",
	 CLIENT "  tcp_ao: secret\n",
	 {{0, 0, "may read it"}, {9, 11, "must be a list of '- send_id"}}},
	{"TCP-AO without a key",
	 CLIENT "  tcp_ao: []\n",
	 {{0, 0, "may read it"}, {9, 3, "is an empty list"}}},
	{"a TCP-AO key without an id",
	 CLIENT "  tcp_ao:\n  - {send_id: 1, key: secret}\n",
	 {{0, 0, "may read it"}, {10, 6, "this key has no 'recv_id'"}}},
	{"a TCP-AO key without a key",
	 CLIENT "  tcp_ao:\n  - {send_id: 1, recv_id: 1}\n",
	 {{0, 0, "may read it"}, {10, 6, "this key has no 'key'"}}},
	{"a TCP-AO id out of range",
	 CLIENT "  tcp_ao:\n  - {send_id: 256, recv_id: 1, key: secret}\n",
	 {{0, 0, "may read it"}, {10, 15, "from 0 to 255"}}},
	{"an unknown TCP-AO algorithm",
	 CLIENT "  tcp_ao:\n  - {send_id: 1, recv_id: 1, algorithm: secret, key: secret}\n",
	 {{0, 0, "may read it"}, {10, 41, "must be hmac-sha-1-96 or aes-128-cmac-96"}}},
	{"a TCP-AO key with odd hex",
	 CLIENT "  tcp_ao:\n  - {send_id: 1, recv_id: 1, key: 'hex:secret1'}\n",
	 {{0, 0, "may read it"}, {10, 35, "two hexadecimal digits each"}}},
	{"TCP-AO keys with one id",
	 CLIENT "  tcp_ao:\n  - {send_id: 1, recv_id: 1, key: secret}\n"
		"  - {send_id: 2, recv_id: 1, key: secret2}\n",
	 {{0, 0, "may read it"}, {11, 6, "the recv_id 1 is that of another key"}}},
	{"too many TCP-AO keys",
	 CLIENT "  tcp_ao:\n" AO("1") AO("2") AO("3") AO("4") AO("5") AO("6") AO("7") AO("8")
		 AO("9"),
	 {{0, 0, "may read it"}, {18, 6, "at most 8 keys"}}},
	{"GTSM that is neither", PORT "cfg: {rs_as: 64500, gtsm: 1}\n", {{5, 27, "true or false"}}},
	{"a send hold time below the hold time",
	 GOOD "clients:\n- {asn: 64501, ip: 198.18.1.1, hold_time: 90, send_hold_time: 90}\n",
	 {{7, 20, "not above its 'hold_time' of 90"}}},
	{"a stale time of nothing",
	 PORT "cfg: {rs_as: 64500, graceful_restart: {stale_time: 0}}\n",
	 {{5, 52, "from 1 to 3600"}}},
	{"a role that is none",
	 GOOD "clients:\n- asn: 64501\n  ip: 198.18.1.1\n  cfg:\n    filtering:\n"
	      "      roles: {enabled: true, local_role: rs_client}\n",
	 {{11, 42, "rs-client, customer or peer, not 'rs_client'"}}},
	{"a role of all clients",
	 PORT "cfg: {rs_as: 64500, filtering: {roles: {enabled: true, local_role: rs}}}\n",
	 {{5, 56, "set it in clients[].cfg.filtering.roles"}}},
	{"a mode that is no bool",
	 PORT "cfg: {rs_as: 64500, filtering: {roles: {strict_mode: maybe}}}\n",
	 {{5, 54, "must be true or false, not 'maybe'"}}},
	{"roles that are no mapping",
	 PORT "cfg: {rs_as: 64500, filtering: {roles: true}}\n",
	 {{5, 40, "cfg.filtering.roles must be a mapping"}}},
	{"a filter of another name",
	 PORT "cfg: {rs_as: 64500, filtering: {role: {enabled: true}}}\n",
	 {{5, 33, "unknown key 'role' in cfg.filtering; did you mean 'roles'?"}}},
	{"too many hops", PORT "cfg: {rs_as: 64500, multihop: 256}\n", {{5, 31, "from 1 to 255"}}},
	{"a bool that is none",
	 PORT "cfg: {rs_as: 64500, passive: maybe}\n",
	 {{5, 30, "must be true or false, not 'maybe'"}}},
	{"a local address that is not ours",
	 GOOD "clients:\n- asn: 64501\n  ip: 198.18.1.1\n  local_address: 198.18.9.9\n",
	 {{9, 18, "is no IPv4 address of any port"}}},
	{"a local address of the other family",
	 GOOD "clients:\n- asn: 64501\n  ip: 198.18.1.1\n  local_address: \"2001:db8:0:1::1\"\n",
	 {{9, 18, "is no IPv4 address of any port"}}},
	{"several mistakes at once",
	 "dataplane:\n  workes: [1]\n  ports:\n  - device: x\n    mtu: 1\n    addresses: [nope]\n"
	 "cfg: {rs_as: 0}\nclients:\n- ip: 198.18.1.1\n",
	 {{2, 3, "did you mean 'workers'?"},
	  {5, 10, "from 576 to 9216"},
	  {6, 17, "not 'nope'"},
	  {7, 14, "from 1 to 4294967294"},
	  {9, 3, "this client has no 'asn'"}}},
};

static void print_all(const struct mistake *m, const struct config_errors *e)
{
	fprintf(stderr, "%s:\n", m->what);
	config_errors_print(e, stderr);
}

/* What stands there is never repeated where it may be a secret: those here have the word. */
static void expect_discretion(const struct mistake *m, const struct config_errors *e)
{
	for (unsigned i = 0; i < e->count; i++) {
		const char *word = strstr(e->item[i].text, "secret");
		cr_expect(word == NULL || strncmp(word, "secrets", 7) == 0, "%s: %s", m->what,
			  e->item[i].text);
	}
}

static void expect_mistakes(const struct mistake *m, const struct config_errors *e)
{
	expect_discretion(m, e);
	for (unsigned i = 0; i < ARRAY_COUNT(m->expect) && m->expect[i].fragment != NULL; i++) {
		bool is_found = i < e->count && e->item[i].line == m->expect[i].line &&
				e->item[i].column == m->expect[i].column &&
				e->item[i].is_warning == (m->expect[i].line == 0) &&
				strstr(e->item[i].text, m->expect[i].fragment) != NULL;
		if (!is_found) {
			print_all(m, e);
		}
		cr_expect(is_found, "%s: wants %d:%d %s", m->what, m->expect[i].line,
			  m->expect[i].column, m->expect[i].fragment);
	}
}

/* FILE:LINE:COL, what is wrong, and what would be right. */
Test(config, each_mistake_has_its_place_and_remedy)
{
	struct scratch s;
	char path[256];
	scratch_init(&s);
	for (unsigned i = 0; i < ARRAY_COUNT(mistakes); i++) {
		const struct mistake *m = &mistakes[i];
		struct config_errors e;
		scratch_write(&s, "main.yml", m->yaml);
		struct config *c = config_load(scratch_path(&s, "main.yml", path), &e);
		cr_expect(c == NULL, "%s: was accepted", m->what);
		expect_mistakes(m, &e);
		unsigned expected = 0;
		while (expected < ARRAY_COUNT(m->expect) && m->expect[expected].fragment != NULL) {
			expected++;
		}
		/* One mistake is reported once; the table holds at most six. */
		if (expected < ARRAY_COUNT(m->expect) && e.count != expected &&
		    strcmp(m->what, "a port without device and address") != 0) {
			print_all(m, &e);
			cr_expect(false, "%s: %u reports, not %u", m->what, e.count, expected);
		}
		config_free(c);
		config_errors_free(&e);
	}
	scratch_fini(&s);
}

Test(config, defaults_are_those_of_the_guide)
{
	struct scratch s;
	struct config_errors e;
	struct addr id;
	scratch_init(&s);
	struct config *c = scratch_load(
		&s, PORT "cfg: {rs_as: 4200000000}\nclients:\n- {asn: 64501, ip: 198.18.1.1}\n",
		&e);
	cr_assert(c != NULL);
	cr_expect(e.count == 0);
	cr_expect(c->rs_as == 4200000000U);
	cr_expect(addr_parse("198.18.0.1", &id) == 0 && addr_equal(&c->router_id, &id));
	cr_expect(c->dataplane.worker_count >= 1);
	cr_expect(!c->dataplane.is_busy && !c->dataplane.is_hugepages_off);
	cr_expect(c->dataplane.memory_mib == 0);
	cr_expect(c->dataplane.port_count == 1 && c->dataplane.port[0].mtu == 1500);
	cr_expect(c->dataplane.port[0].addr_count == 2);
	cr_expect(c->dataplane.port[0].addr[0].prefix_len == 16);
	cr_expect(c->dataplane.port[0].addr[1].addr.family == FAMILY_IPV6);
	cr_expect_str_eq(c->control.state_dir, "/var/lib/causeway");
	cr_expect_str_eq(c->control.socket, "/run/causeway/control.sock");
	cr_expect(c->control.user == NULL && c->control.log_level == LOG_INFO);
	cr_expect(c->client_count == 1 && c->client[0].session.hold_s == 90);
	/* arouteserver's default: the route server waits for its members. */
	cr_expect(c->client[0].session.is_passive && c->client[0].session.hold_min_s == 0);
	config_free(c);
	config_errors_free(&e);
	scratch_fini(&s);
}

Test(config, clients_inherit_from_cfg_and_may_override)
{
	struct scratch s;
	struct config_errors e;
	scratch_init(&s);
	struct config *c = scratch_load(&s,
					"clients:\n"
					"- {asn: 64501, ip: [198.18.1.1, \"2001:db8:0:1::11\"]}\n"
					"- {asn: AS64502, ip: 198.18.1.2, hold_time: 30, "
					"min_hold_time: 3, cfg: {passive: yes}, description: Two}\n"
					"- {asn: 64503, ip: 198.18.1.3, passive: True, "
					"local_address: 198.18.0.1}\n" PORT
					"cfg: {rs_as: 64500, passive: no, hold_time: 180, "
					"min_hold_time: 10}\n",
					&e);
	cr_assert(c != NULL);
	cr_assert(c->client_count == 4);
	cr_expect(c->client[0].asn == 64501 && c->client[1].asn == 64501);
	cr_expect(c->client[1].ip.family == FAMILY_IPV6);
	cr_expect(!c->client[0].session.is_passive && !c->client[1].session.is_passive);
	cr_expect(c->client[0].session.hold_s == 180 && c->client[0].session.hold_min_s == 10);
	cr_expect(c->client[2].asn == 64502 && c->client[2].session.is_passive);
	cr_expect(c->client[2].session.hold_s == 30 && c->client[2].session.hold_min_s == 3);
	cr_expect_str_eq(c->client[2].description, "Two");
	cr_expect(c->client[3].session.is_passive && c->client[3].has_local_addr);
	config_free(c);
	config_errors_free(&e);
	scratch_fini(&s);
}

/* RFC 5082 §3, with hops counted as BIRD and FRR count them: 1 is a neighbour on the link. */
Test(config, gtsm_bounds_the_hop_limit)
{
	struct scratch s;
	struct config_errors e;
	scratch_init(&s);
	struct config *c =
		scratch_load(&s,
			     "clients:\n"
			     "- {asn: 64501, ip: 198.18.1.1}\n"
			     "- {asn: 64502, ip: 198.18.1.2, cfg: {gtsm: false}}\n"
			     "- {asn: 64503, ip: 198.18.1.3, cfg: {multihop: 3}}\n"
			     "- {asn: 64504, ip: 198.18.1.4, cfg: {multihop: 255}}\n" PORT
			     "cfg: {rs_as: 64500, gtsm: true}\n",
			     &e);
	cr_assert(c != NULL && c->client_count == 4);
	cr_expect_eq(c->client[0].hop_limit_min, 255);
	cr_expect_eq(c->client[1].hop_limit_min, 0);
	cr_expect_eq(c->client[2].hop_limit_min, 253);
	cr_expect_eq(c->client[3].hop_limit_min, 1);
	config_free(c);
	c = scratch_load(&s,
			 "clients: [{asn: 64501, ip: 198.18.1.1, cfg: {multihop: 3}}]\n" PORT
			 "cfg: {rs_as: 64500}\n",
			 &e);
	cr_expect(c != NULL && c->client[0].hop_limit_min == 0, "hops alone are no bound");
	config_free(c);
	config_errors_free(&e);
	scratch_fini(&s);
}

Test(config, included_files_add_to_the_main_one)
{
	struct scratch s;
	struct config_errors e;
	scratch_init(&s);
	scratch_write(&s, "general.yml", "cfg: {rs_as: 64500}\n");
	scratch_write(&s, "clients.yml",
		      "include: more.yml\nclients:\n- {asn: 1, ip: 198.18.1.1}\n");
	scratch_write(&s, "more.yml", "clients:\n- {asn: 2, ip: 198.18.1.2}\n");
	struct config *c = scratch_load(&s, "include: [general.yml, clients.yml]\n" PORT, &e);
	cr_assert(c != NULL);
	cr_expect(c->rs_as == 64500 && c->client_count == 2);
	config_free(c);
	config_errors_free(&e);
	scratch_fini(&s);
}

Test(config, one_key_in_two_files_is_a_contradiction)
{
	struct scratch s;
	struct config_errors e;
	scratch_init(&s);
	scratch_write(&s, "general.yml", "cfg:\n  router_id: 198.18.0.1\n  rs_as: 64500\n");
	struct config *c =
		scratch_load(&s, "include: general.yml\n" PORT "cfg: {rs_as: 64501}\n", &e);
	cr_assert(c == NULL);
	cr_assert(e.count == 1);
	cr_expect(strstr(e.item[0].file, "general.yml") != NULL);
	cr_expect(e.item[0].line == 3 && e.item[0].column == 3);
	cr_expect(strstr(e.item[0].text, "main.yml:6:7") != NULL);
	config_errors_free(&e);
	scratch_fini(&s);
}

/* The keys of an existing exchange's files are named, not refused. */
Test(config, foreign_keys_are_warnings_that_name_them)
{
	static const char *const cfg[] = {
		"rpki_aspas: {json_url: x}", "path_hiding: false",
		"filtering: {irrdb: {use_arin_bulk_whois_data: {enabled: true, source: x}}}"};
	static const char *const client[] = {"cfg: {custom_options: {bird: {}}}"};
	struct scratch s;
	struct config_errors e;
	char text[1024];
	scratch_init(&s);
	for (unsigned i = 0; i < ARRAY_COUNT(cfg) + ARRAY_COUNT(client); i++) {
		bool is_cfg = i < ARRAY_COUNT(cfg);
		const char *key = is_cfg ? cfg[i] : client[i - ARRAY_COUNT(cfg)];
		snprintf(text, sizeof(text),
			 PORT "cfg: {rs_as: 64500%s%s}\n"
			      "clients:\n- {asn: 64501, ip: 198.18.1.1%s%s}\n",
			 is_cfg ? ", " : "", is_cfg ? key : "", is_cfg ? "" : ", ",
			 is_cfg ? "" : key);
		struct config *c = scratch_load(&s, text, &e);
		cr_assert(c != NULL, "%s", key);
		cr_assert(e.count == 1 && e.item[0].is_warning, "%s: %u", key, e.count);
		cr_expect(strstr(e.item[0].text, "no effect") != NULL);
		cr_expect(strstr(e.item[0].text, "to silence this") != NULL);
		cr_expect(e.item[0].line == (is_cfg ? 5 : 7), "%s: %d", key, e.item[0].line);
		config_free(c);
		config_errors_free(&e);
	}
	scratch_fini(&s);
}

Test(config, values_that_are_what_we_do_need_no_warning)
{
	struct scratch s;
	struct config_errors e;
	scratch_init(&s);
	struct config *c = scratch_load(&s,
					PORT "cfg: {rs_as: 64500, gtsm: False, path_hiding: True, "
					     "prepend_rs_as: False, add_path: no, rfc8950: off}\n",
					&e);
	cr_assert(c != NULL);
	cr_expect(e.count == 0);
	config_free(c);
	config_errors_free(&e);
	scratch_fini(&s);
}

Test(config, a_packet_port_of_an_interface_that_is_not_there_yet_is_a_warning)
{
	static const char *const interface[] = {"lo", "cw-none0"};
	struct scratch s;
	scratch_init(&s);
	for (unsigned i = 0; i < ARRAY_COUNT(interface); i++) {
		struct config_errors e;
		char text[256];
		snprintf(text, sizeof(text),
			 "dataplane:\n  ports:\n  - device: packet:%s\n"
			 "    addresses: [198.18.0.1/16]\ncfg: {rs_as: 64500}\n",
			 interface[i]);
		struct config *c = scratch_load(&s, text, &e);
		cr_assert(c != NULL);
		cr_assert(e.count == i);
		for (unsigned k = 0; k < e.count; k++) {
			cr_expect(e.item[k].is_warning && e.item[k].line == 3);
			cr_expect(strstr(e.item[k].text, "no interface 'cw-none0'") != NULL);
		}
		config_free(c);
		config_errors_free(&e);
	}
	scratch_fini(&s);
}

Test(config, secrets_that_everybody_may_read_are_pointed_out)
{
	struct scratch s;
	char path[256];
	scratch_init(&s);
	scratch_write(&s, "main.yml",
		      GOOD "clients:\n- {asn: 64501, ip: 198.18.1.1, password: secret}\n");
	for (unsigned is_open = 0; is_open < 2; is_open++) {
		struct config_errors e;
		cr_assert(chmod(scratch_path(&s, "main.yml", path), is_open ? 0644 : 0640) == 0);
		struct config *c = config_load(path, &e);
		cr_assert(c != NULL);
		cr_expect(e.count == is_open, "%u", e.count);
		cr_expect(!is_open || (e.item[0].is_warning && e.item[0].line == 0 &&
				       strstr(e.item[0].text, "chmod") != NULL));
		config_free(c);
		config_errors_free(&e);
	}
	scratch_fini(&s);
}

Test(config, keys_are_those_of_the_file)
{
	struct scratch s;
	struct config_errors e;
	scratch_init(&s);
	struct config *c =
		scratch_load(&s,
			     GOOD "clients:\n"
				  "- {asn: 64501, ip: [198.18.1.1, 198.18.1.2], password: 12}\n"
				  "- asn: 64502\n  ip: 198.18.1.3\n  tcp_ao:\n"
				  "  - {send_id: 0, recv_id: 255, key: plain}\n"
				  "  - {send_id: 1, recv_id: 2, algorithm: aes-128-cmac-96, "
				  "key: 'hex:00fFa1', include_tcp_options: false}\n"
				  "- {asn: 64503, ip: 198.18.1.4}\n",
			     &e);
	cr_assert(c != NULL && c->client_count == 4);
	cr_expect(auth_keys_kind(c->client[0].keys) == SEG_AUTH_MD5);
	cr_expect(auth_keys_equal(c->client[0].keys, c->client[1].keys));
	cr_expect(c->client[0].keys->key[0].secret_len == 2);
	const struct auth_keys *ao = c->client[2].keys;
	cr_assert(auth_keys_kind(ao) == SEG_AUTH_AO && ao->count == 2);
	cr_expect(ao->key[0].algorithm == AUTH_HMAC_SHA_1_96 && !ao->key[0].excludes_options);
	cr_expect(ao->key[0].send_id == 0 && ao->key[0].recv_id == 255);
	cr_expect(memcmp(ao->key[0].secret, "plain", ao->key[0].secret_len) == 0);
	cr_expect(ao->key[1].algorithm == AUTH_AES_128_CMAC_96 && ao->key[1].excludes_options);
	cr_expect(ao->key[1].secret_len == 3 && memcmp(ao->key[1].secret, "\0\xff\xa1", 3) == 0);
	cr_expect(c->client[3].keys == NULL);
	config_free(c);
	config_errors_free(&e);
	scratch_fini(&s);
}

/* What a reload names. */
Test(config, differences_are_named_part_by_part)
{
	struct scratch s;
	struct config_errors e;
	struct config_diff d;
	scratch_init(&s);
	struct config *a = scratch_load(&s,
					GOOD "clients:\n- {asn: 1, ip: 198.18.1.1, password: a}\n"
					     "- {asn: 2, ip: 198.18.1.2}\n"
					     "- {asn: 3, ip: 198.18.1.3}\n",
					&e);
	config_errors_free(&e);
	struct config *b = scratch_load(&s,
					PORT "      mtu: 9000\ncontrol: {log_level: debug}\n"
					     "cfg: {rs_as: 64501, router_id: 198.18.0.2}\n"
					     "clients:\n- {asn: 1, ip: 198.18.1.1, password: b}\n"
					     "- {asn: 2, ip: 198.18.1.2, hold_time: 30}\n"
					     "- {asn: 4, ip: 198.18.1.4}\n",
					&e);
	config_errors_free(&e);
	static const struct {
		const char *kind, *what;
		bool is_new_session;
	} wanted[] = {{"added", "", false},
		      {"removed", "", false},
		      {"changed", "password", false},
		      {"changed", "hold_time", true},
		      {"server", "control.log_level", false},
		      {"restart", "dataplane.ports", false},
		      {"restart", "cfg.rs_as", false},
		      {"restart", "cfg.router_id", false}};
	config_diff(a, a, &d);
	cr_expect(d.count == 0);
	config_diff(a, b, &d);
	cr_assert(d.count == ARRAY_COUNT(wanted));
	for (unsigned i = 0; i < d.count; i++) {
		cr_expect_str_eq(change_kind_text(d.item[i].kind), wanted[i].kind);
		cr_expect_str_eq(d.item[i].what, wanted[i].what);
		cr_expect_eq(d.item[i].is_new_session, wanted[i].is_new_session);
	}
	cr_expect(d.by_kind[CHANGE_CHANGED] == 2 && d.by_kind[CHANGE_RESTART] == 3);
	config_diff_free(&d);
	config_free(a);
	config_free(b);
	scratch_fini(&s);
}

Test(config, a_missing_main_file_is_one_error_without_a_line)
{
	struct config_errors e;
	struct config *c = config_load("/nonexistent/causeway.yml", &e);
	cr_assert(c == NULL);
	cr_assert(e.count == 1 && e.error_count == 1);
	cr_expect(e.item[0].line == 0);
	cr_expect_str_eq(e.item[0].file, "/nonexistent/causeway.yml");
	config_errors_free(&e);
}

Test(config, gateways_make_distant_neighbours_reachable)
{
	struct scratch s;
	struct config_errors e;
	scratch_init(&s);
	struct config *c = scratch_load(&s,
					PORT "      gateways: [198.18.255.254]\n" CFG
					     "clients:\n- {asn: 64501, ip: 203.0.113.1}\n",
					&e);
	cr_assert(c != NULL);
	cr_expect(c->dataplane.port[0].gateway_count == 1);
	config_free(c);
	config_errors_free(&e);
	/* A gateway of the other family does not help. */
	c = scratch_load(&s,
			 PORT "      gateways: [198.18.255.254]\n" CFG
			      "clients:\n- {asn: 64501, ip: \"2001:db8:ffff::1\"}\n",
			 &e);
	cr_expect(c == NULL && e.error_count == 1);
	config_errors_free(&e);
	scratch_fini(&s);
}

/* One NIC may be several ports: one untagged, the others each in a VLAN. */
Test(config, ports_of_one_device_share_its_number)
{
	struct scratch s;
	struct config_errors e;
	scratch_init(&s);
	struct config *c = scratch_load(
		&s,
		PORT
		"    - device: other\n      addresses: [198.19.0.1/16]\n"
		"    - device: net_af_packet0,iface=ix0\n      vlan: 4094\n      kernel: ix0k\n"
		"      mtu: 9000\n      addresses: [198.20.0.1/16]\n" CFG,
		&e);
	cr_assert(c != NULL);
	cr_expect(c->dataplane.port_count == 3 && c->dataplane.device_count == 2);
	cr_expect(c->dataplane.port[0].device_idx == 0 && c->dataplane.port[0].vlan == 0);
	cr_expect(c->dataplane.port[1].device_idx == 1 && c->dataplane.port[1].kernel == NULL);
	cr_expect(c->dataplane.port[2].device_idx == 0 && c->dataplane.port[2].vlan == 4094);
	cr_expect_str_eq(c->dataplane.port[2].kernel, "ix0k");
	config_free(c);
	config_errors_free(&e);
	scratch_fini(&s);
}

Test(config, the_printed_line_is_file_line_column_text)
{
	struct scratch s;
	struct config_errors e;
	char path[256], expected[512];
	char *printed = NULL;
	size_t len = 0;
	scratch_init(&s);
	scratch_write(&s, "main.yml", PORT "cfg: {rs_as: 0}\n");
	struct config *c = config_load(scratch_path(&s, "main.yml", path), &e);
	cr_assert(c == NULL);
	FILE *to = open_memstream(&printed, &len);
	config_errors_print(&e, to);
	fclose(to);
	snprintf(expected, sizeof(expected),
		 "%s:5:14: 'rs_as' must be an AS number from 1 to 4294967294, not '0'\n", path);
	cr_expect_str_eq(printed, expected);
	free(printed);
	config_errors_free(&e);
	scratch_fini(&s);
}

/* But for the one that its interface is not there, on a machine where it is not. */
Test(config, the_packaged_example_is_good_without_a_warning)
{
	struct config_errors e;
	struct config *c = config_load(SOURCE_ROOT "/packaging/causeway.yml", &e);
	config_errors_print(&e, stderr);
	cr_assert(c != NULL);
	cr_expect(e.count == (if_nametoindex("ix0") == 0 ? 1 : 0));
	for (unsigned i = 0; i < e.count; i++) {
		cr_expect(strstr(e.item[i].text, "there is no interface 'ix0' here") != NULL, "%s",
			  e.item[i].text);
	}
	cr_expect(c->client_count >= 2 && c->dataplane.port_count == 1);
	config_free(c);
	config_errors_free(&e);
}

/* A pattern is right, or wrong for this reason. */
static void expect_community(const char *communities, const char *why)
{
	struct scratch s;
	struct config_errors e;
	char text[1024];
	scratch_init(&s);
	snprintf(text, sizeof(text),
		 PORT "cfg:\n  communities: {%s}\n  rs_as: 4200000000\n"
		      "clients: [{asn: 64501, ip: 198.18.1.1}]\n",
		 communities);
	struct config *c = scratch_load(&s, text, &e);
	cr_expect_eq(c != NULL, why == NULL, "%s", communities);
	cr_expect_eq(e.count, why != NULL, "%s", communities);
	if (why != NULL && e.count == 1) {
		cr_expect(strstr(e.item[0].text, why) != NULL, "%s: %s", communities,
			  e.item[0].text);
		cr_expect_eq(e.item[0].line, 6);
		cr_expect_gt(e.item[0].column, 15);
	}
	config_free(c);
	config_errors_free(&e);
	scratch_fini(&s);
}

Test(config, communities_have_the_shape_of_their_kind)
{
	/* RFC 1997, RFC 4360, RFC 8092; arouteserver's general.yml. */
	expect_community("do_not_announce_to_any: {std: '0:0', ext: 'ro:0:0', lrg: 'rs_as:0:0'}",
			 NULL);
	expect_community("announce_to_peer: {std: '1:peer_as', ext: 'rt:rs_as:peer_as'}", NULL);
	expect_community("announce_to_peer: {std: '0:1'}", "with peer_as as the last");
	expect_community("announce_to_peer: {std: 'peer_as:1'}", "with peer_as as the last");
	expect_community("announce_to_peer: {std: '0:1:peer_as'}", "a community such as");
	expect_community("announce_to_peer: {lrg: '0:peer_as'}", "a large community such as");
	expect_community("announce_to_peer: {ext: 'xx:0:peer_as'}", "an extended community");
	expect_community("announce_to_peer: {lrg: '4294967296:0:peer_as'}", "a large community");
	expect_community("do_not_announce_to_any: {std: '0:peer_as'}", "such as '0:rs_as'");
	expect_community("do_not_announce_to_any: {std: '0:-1'}", "not '0:-1'");
	expect_community("do_not_announce_to_any: {std: '0:'}", "not '0:'");
	expect_community("do_not_announce_to_any: {std: '0:rs_as'}", "4200000000");
	expect_community("do_not_announce_to_any: {ext: 'rt:rs_as:65536'}", "65536 in 'ext'");
	expect_community("do_not_announce_to_any: {std: '65535:0'}", "RFC 1997");
	expect_community("announce_to_peer: {std: '1:peer_as'}, do_not_announce_to_peer: {std: "
			 "'1:peer_as'}",
			 "change one of the two");
	expect_community("anounce_to_peer: {}", "did you mean 'announce_to_peer'?");
	expect_community("announce_to_peer: {large: '1:1:1'}", "unknown key 'large'");
}
