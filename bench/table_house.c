/* A shard with members: see table_house.h. */
#include "bench/table_house.h"

#include <time.h>

#include "rib/base/check.h"
#include "rib/base/epoch.h"
#include "rib/table/op.h"

#define SETS_MAX 1000000

uint64_t table_house_clock(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void say(struct table_house *h, enum op_kind kind, peer_id_t peer)
{
	struct op op = {
		.kind = (uint8_t)kind, .peer = peer, .incarnation = 1, .router_id = 100u + peer};
	if (kind == OP_UP) {
		op.addr = addr_v4(0xc6120100u + peer);
	}
	shard_apply(h->shard, &op);
}

void table_house_init(struct table_house *h, unsigned members)
{
	*h = (struct table_house){.members = members, .now = USEC_PER_SEC};
	h->intern = intern_new(0, 1, SETS_MAX);
	ASSERT(h->intern != NULL);
	h->audiences = audience_table_new((members + 63) / 64, 1);
	intern_set_audiences(h->intern, h->audiences);
	h->shard = shard_new(&(struct shard_opts){.core_count = 1,
						  .peer_count = (uint16_t)members,
						  .key = 1,
						  .local_as = 65000,
						  .intern = h->intern,
						  .log_bytes_max = SIZE_MAX / 4});
	for (unsigned i = 0; i < members; i++) {
		say(h, OP_UP, (peer_id_t)i);
		say(h, OP_JOIN, (peer_id_t)i);
		say(h, OP_JOIN_ACK, (peer_id_t)i);
	}
	table_house_settle(h);
	h->log = shard_log(h->shard, FAMILY_IPV4, 0);
	ASSERT(h->log != NULL);
}

void table_house_fini(struct table_house *h)
{
	runlog_set_floor(h->log, 0, UINT64_MAX);
	for (unsigned i = 0; i < h->members; i++) {
		say(h, OP_DOWN, (peer_id_t)i);
	}
	while (!shard_is_empty(h->shard)) {
		table_house_settle(h);
		epoch_barrier();
	}
	shard_free(h->shard);
	intern_free(h->intern);
	audience_table_free(h->audiences);
}

static void put_attr(struct attr_draft *d, peer_id_t peer, unsigned number, unsigned path_len)
{
	uint8_t origin = 0, path[2 + 255 * 4], community[4];
	struct wr w = wr_of(d->wire, sizeof(d->wire));
	struct wr p = wr_of(path, sizeof(path)), c = wr_of(community, sizeof(community));
	ASSERT(path_len > 0 && path_len < 256);
	wr_u8(&p, 2); /* AS_SEQUENCE */
	wr_u8(&p, (uint8_t)path_len);
	for (unsigned i = 0; i < path_len; i++) {
		wr_u32(&p, i + 1 < path_len ? 100u + peer : 100000 + number);
	}
	wr_u32(&c, 64500u << 16 | number % 1000);
	attr_put(&w, ATTR_FLAG_TRANSITIVE, ATTR_ORIGIN, span_of(&origin, 1));
	attr_put(&w, ATTR_FLAG_TRANSITIVE, ATTR_AS_PATH, span_of(path, wr_len(&p)));
	attr_put(&w, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE, ATTR_COMMUNITIES,
		 span_of(community, wr_len(&c)));
	ASSERT(wr_is_ok(&w));
	d->wire_len = (uint16_t)wr_len(&w);
}

static struct next_hop hop_of(peer_id_t peer)
{
	return (struct next_hop){.len = 4,
				 .bytes = {198, 18, (uint8_t)(1 + (peer >> 8)), (uint8_t)peer}};
}

const struct attr *table_house_attr(struct table_house *h, peer_id_t peer, unsigned number,
				    unsigned path_len)
{
	static struct attr_draft draft;
	struct next_hop hop = hop_of(peer);
	put_attr(&draft, peer, number, path_len);
	const struct attr *a = intern_get(h->intern, &draft, &hop, 1);
	ASSERT(a != NULL);
	return a;
}

const struct attr *table_house_filtered(struct table_house *h, peer_id_t peer, unsigned number,
					unsigned path_len, unsigned of, bool is_for_few)
{
	static struct attr_draft draft;
	struct next_hop hop = hop_of(peer);
	uint64_t word[PEER_COUNT_MAX / 64] = {0};
	for (unsigned i = 0; i < h->members; i++) {
		if ((i % of == 1) == is_for_few) {
			bits_set(word, i);
		}
	}
	struct attr_dress dress = {.count = 1, .has_parts = true};
	dress.part[0] = (struct reach_part){
		.members = audience_get(h->audiences, word),
		.sent = table_house_attr(h, peer, number, path_len),
	};
	put_attr(&draft, peer, number, path_len);
	const struct attr *a = intern_get_dressed(h->intern, &draft, &hop, &dress, 1);
	ASSERT(a != NULL);
	return a;
}

void table_house_say(struct table_house *h, peer_id_t peer, unsigned prefix,
		     const struct attr *attr)
{
	struct op op = {.kind = attr != NULL ? OP_ANNOUNCE : OP_WITHDRAW,
			.peer = peer,
			.incarnation = 1,
			.attr = attr,
			.prefix = {.family = FAMILY_IPV4,
				   .len = 24,
				   .bytes = {(uint8_t)(20 + (prefix >> 16)), (uint8_t)(prefix >> 8),
					     (uint8_t)prefix, 0}}};
	shard_apply(h->shard, &op);
}

void table_house_turn(struct table_house *h)
{
	h->now += 100;
	shard_turn(h->shard, h->now, false);
}

void table_house_settle(struct table_house *h)
{
	struct op op;
	do {
		table_house_turn(h);
		while (shard_pull(h->shard, 0, &op)) {
			if (op.kind == OP_ADJUST) {
				intern_adjust(h->intern, op.attr, op.delta);
			}
		}
		epoch_quiescent();
	} while (shard_due(h->shard) == 0);
}
