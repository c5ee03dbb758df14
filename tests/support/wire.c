/* TCP on the wire: see wire.h. */
#include "tests/support/wire.h"

#include <stdio.h>
#include <stdlib.h>

#include "rib/base/check.h"

#define ETH_LEN	     14
#define RING	     (1u << 18) /* More than any send queue holds. */
#define CONNS_MAX    256
#define MACS_MAX     4
#define FAULTS_SHOWN 10
#define ANSWERS	     4

/* A SYN+ACK that was sent.  A server with SYN cookies gives many, and forgets each of them: only
 * what the other side makes of one tells which counts. */
struct wire_answer {
	bool is_there;
	unsigned way; /* Its sender's. */
	uint32_t seq, ack;
	struct wire_flow flow[2]; /* As both directions begin. */
};

struct wire_conn {
	bool is_live;
	uint64_t born;
	struct wire_flow flow[2];
	struct wire_answer answer[ANSWERS];
	unsigned answer_next;
};

struct wire {
	struct mac trusted[MACS_MAX], ignored[MACS_MAX];
	unsigned trusted_count, ignored_count;
	unsigned faults;
	uint64_t checked, births;
	struct wire_conn conn[CONNS_MAX];
	unsigned conn_count;
};

static uint32_t get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) << 16 | get16(p + 2);
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

static uint32_t sum_add(uint32_t sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i + 1 < len; i += 2) {
		sum += get16(p + i);
	}
	return len % 2 == 0 ? sum : sum + ((uint32_t)p[len - 1] << 8);
}

static uint32_t sum_fold(uint32_t sum)
{
	while (sum > 0xffff) {
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

static uint32_t tcp_sum(const struct addr *src, const struct addr *dst, const uint8_t *tcp,
			size_t len)
{
	size_t addr_len = src->family == FAMILY_IPV4 ? 4 : 16;
	uint32_t sum = sum_add(0, src->bytes, addr_len);

	sum = sum_add(sum, dst->bytes, addr_len) + 6 + (uint32_t)len;
	return sum_fold(sum_add(sum, tcp, len));
}

static void read_options(const uint8_t *p, size_t len, struct wire_segment *out)
{
	for (size_t i = 0; i < len && p[i] != 0;) {
		if (p[i] == 1) {
			i++;
			continue;
		}
		if (i + 1 >= len || p[i + 1] < 2 || i + p[i + 1] > len) {
			return;
		}
		if (p[i] == 3 && p[i + 1] == 3) {
			out->scale = p[i + 2] < 14 ? p[i + 2] : 14;
		} else if (p[i] == 8 && p[i + 1] == 10) {
			out->has_ts = true;
			out->ts_val = get32(p + i + 2);
			out->ts_ecr = get32(p + i + 6);
		}
		i += p[i + 1];
	}
}

/* The IP header: where TCP begins and how long it is; 0 when there is none. */
static size_t read_ip(const uint8_t *frame, size_t len, struct wire_segment *out)
{
	const uint8_t *ip = frame + ETH_LEN;
	uint32_t type = len < ETH_LEN + 40 ? 0 : get16(frame + 12);

	if (type == 0x0800 && (ip[0] >> 4) == 4 && ip[9] == 6) {
		size_t header = (size_t)(ip[0] & 15) * 4, total = get16(ip + 2);

		if (header < 20 || total < header || ETH_LEN + total > len) {
			return 0;
		}
		out->is_intact = sum_fold(sum_add(0, ip, header)) == 0xffff;
		out->src.addr = addr_make(FAMILY_IPV4, ip + 12);
		out->dst.addr = addr_make(FAMILY_IPV4, ip + 16);
		out->tcp_at = ETH_LEN + header;
		return total - header;
	}
	if (type == 0x86dd && (ip[0] >> 4) == 6 && ip[6] == 6) {
		size_t payload = get16(ip + 4);

		out->is_intact = true;
		out->src.addr = addr_make(FAMILY_IPV6, ip + 8);
		out->dst.addr = addr_make(FAMILY_IPV6, ip + 24);
		out->tcp_at = ETH_LEN + 40;
		return ETH_LEN + 40 + payload > len ? 0 : payload;
	}
	return 0;
}

bool wire_read(const uint8_t *frame, size_t len, struct wire_segment *out)
{
	*out = (struct wire_segment){.scale = WIRE_NO_SCALE};
	size_t tcp_len = read_ip(frame, len, out);
	const uint8_t *tcp = frame + out->tcp_at;
	size_t header = tcp_len < 20 ? 0 : (size_t)(tcp[12] >> 4) * 4;

	if (header < 20 || header > tcp_len) {
		return false;
	}
	memcpy(out->dst_mac.bytes, frame, 6);
	memcpy(out->src_mac.bytes, frame + 6, 6);
	out->src.port = (uint16_t)get16(tcp);
	out->dst.port = (uint16_t)get16(tcp + 2);
	out->seq = get32(tcp + 4);
	out->ack = get32(tcp + 8);
	out->flags = tcp[13];
	out->window = (uint16_t)get16(tcp + 14);
	read_options(tcp + 20, header - 20, out);
	out->bytes_at = out->tcp_at + header;
	out->bytes = tcp + header;
	out->bytes_len = tcp_len - header;
	out->is_intact =
		out->is_intact && tcp_sum(&out->src.addr, &out->dst.addr, tcp, tcp_len) == 0xffff;
	return true;
}

void wire_sum(uint8_t *frame, size_t len, const struct wire_segment *s)
{
	uint8_t *tcp = frame + s->tcp_at;

	put16(tcp + 16, 0);
	put16(tcp + 16, 0xffff & ~tcp_sum(&s->src.addr, &s->dst.addr, tcp, len - s->tcp_at));
}

static size_t build_ip(const struct wire_segment *s, size_t tcp_len, uint8_t *ip)
{
	if (s->src.addr.family == FAMILY_IPV4) {
		memset(ip, 0, 20);
		ip[0] = 0x45;
		put16(ip + 2, (uint32_t)(20 + tcp_len));
		ip[6] = 0x40; /* Don't fragment. */
		ip[8] = 64;
		ip[9] = 6;
		memcpy(ip + 12, s->src.addr.bytes, 4);
		memcpy(ip + 16, s->dst.addr.bytes, 4);
		put16(ip + 10, 0xffff & ~sum_fold(sum_add(0, ip, 20)));
		return 20;
	}
	memset(ip, 0, 8);
	ip[0] = 0x60;
	put16(ip + 4, (uint32_t)tcp_len);
	ip[6] = 6;
	ip[7] = 64;
	memcpy(ip + 8, s->src.addr.bytes, 16);
	memcpy(ip + 24, s->dst.addr.bytes, 16);
	return 40;
}

size_t wire_build(const struct wire_segment *s, uint8_t *to)
{
	uint8_t stamps[12] = {1, 1, 8, 10};
	const uint8_t *options = s->options;
	size_t options_len = s->options_len;

	if (options == NULL && s->has_ts) {
		put32(stamps + 4, s->ts_val);
		put32(stamps + 8, s->ts_ecr);
		options = stamps;
		options_len = sizeof(stamps);
	}
	size_t tcp_len = 20 + options_len + s->bytes_len;

	ASSERT(options_len % 4 == 0 && options_len <= 40);
	ASSERT(ETH_LEN + 40 + tcp_len <= WIRE_FRAME_MAX);
	memcpy(to, s->dst_mac.bytes, 6);
	memcpy(to + 6, s->src_mac.bytes, 6);
	put16(to + 12, s->src.addr.family == FAMILY_IPV4 ? 0x0800 : 0x86dd);
	struct wire_segment where = *s;
	where.tcp_at = ETH_LEN + build_ip(s, tcp_len, to + ETH_LEN);
	uint8_t *tcp = to + where.tcp_at;
	memset(tcp, 0, 20);
	put16(tcp, s->src.port);
	put16(tcp + 2, s->dst.port);
	put32(tcp + 4, s->seq);
	put32(tcp + 8, s->ack);
	tcp[12] = (uint8_t)((20 + options_len) / 4 << 4);
	tcp[13] = s->flags;
	put16(tcp + 14, s->window);
	if (options_len > 0) {
		memcpy(tcp + 20, options, options_len);
	}
	if (s->bytes_len > 0) {
		memcpy(tcp + 20 + options_len, s->bytes, s->bytes_len);
	}
	wire_sum(to, where.tcp_at + tcp_len, &where);
	return where.tcp_at + tcp_len;
}

/* `icmp` is filled but for type, code, MTU and checksum. */
static void finish_icmp(const uint8_t *ip, uint8_t *icmp, size_t len)
{
	bool is_v4 = (ip[0] >> 4) == 4;
	uint32_t sum = 0;

	icmp[0] = is_v4 ? 3 : 2;
	icmp[1] = is_v4 ? 4 : 0;
	put16(icmp + 6, is_v4 ? 576 : 1280);
	if (!is_v4) {
		sum = sum_add(58 + (uint32_t)len, ip + 8, 32);
	}
	put16(icmp + 2, 0xffff & ~sum_fold(sum_add(sum, icmp, len)));
}

size_t wire_too_big(const uint8_t *lost, const struct mac *from, uint8_t *to)
{
	bool is_v4 = get16(lost + 12) == 0x0800;
	size_t header = is_v4 ? 20 : 40, addr_len = is_v4 ? 4 : 16, icmp_len = 8 + header + 8;
	const uint8_t *was = lost + ETH_LEN;
	uint8_t *ip = to + ETH_LEN, *src = ip + header - 2 * addr_len;

	if (!is_v4 && get16(lost + 12) != 0x86dd) {
		return 0;
	}
	memcpy(to, lost + 6, 6);
	memcpy(to + 6, from->bytes, 6);
	memcpy(to + 12, lost + 12, 2);
	memcpy(ip, was, header);
	memcpy(src, was + header - addr_len, addr_len); /* Back to where it came from. */
	memcpy(src + addr_len, was + header - 2 * addr_len, addr_len);
	memset(ip + header, 0, 8);
	memcpy(ip + header + 8, was, header + 8);
	if (is_v4) {
		put16(ip + 2, (uint32_t)(header + icmp_len));
		ip[9] = 1;
		put16(ip + 10, 0);
		put16(ip + 10, 0xffff & ~sum_fold(sum_add(0, ip, header)));
	} else {
		put16(ip + 4, (uint32_t)icmp_len);
		ip[6] = 58;
	}
	finish_icmp(ip, ip + header, icmp_len);
	return ETH_LEN + header + icmp_len;
}

struct wire *wire_new(void)
{
	struct wire *w = calloc(1, sizeof(*w));

	ASSERT(w != NULL);
	return w;
}

void wire_free(struct wire *w)
{
	for (unsigned i = 0; w != NULL && i < w->conn_count; i++) {
		free(w->conn[i].flow[0].bytes);
		free(w->conn[i].flow[1].bytes);
	}
	free(w);
}

void wire_trust(struct wire *w, const struct mac *mac)
{
	ASSERT(w->trusted_count < MACS_MAX);
	w->trusted[w->trusted_count++] = *mac;
}

void wire_ignore(struct wire *w, const struct mac *mac)
{
	ASSERT(w->ignored_count < MACS_MAX);
	w->ignored[w->ignored_count++] = *mac;
}

static bool is_one_of(const struct mac *list, unsigned count, const struct mac *mac)
{
	for (unsigned i = 0; i < count; i++) {
		if (memcmp(&list[i], mac, sizeof(*mac)) == 0) {
			return true;
		}
	}
	return false;
}

static bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && addr_equal(&a->addr, &b->addr);
}

/* The connection of a segment; *out_way is its direction. */
static struct wire_conn *conn_find(struct wire *w, const struct wire_segment *s, unsigned *out_way)
{
	for (unsigned i = 0; i < w->conn_count; i++) {
		struct wire_conn *c = &w->conn[i];

		for (unsigned way = 0; way < 2; way++) {
			if (endpoint_equal(&c->flow[way].src, &s->src) &&
			    endpoint_equal(&c->flow[way].dst, &s->dst)) {
				*out_way = way;
				return c;
			}
		}
	}
	return NULL;
}

/* A place for a new connection: the oldest one's when all are taken. */
static struct wire_conn *conn_new(struct wire *w, const struct wire_segment *s)
{
	struct wire_conn *c = &w->conn[0];

	if (w->conn_count < CONNS_MAX) {
		c = &w->conn[w->conn_count++];
	} else {
		for (unsigned i = 1; i < CONNS_MAX; i++) {
			c = w->conn[i].born < c->born ? &w->conn[i] : c;
		}
	}
	free(c->flow[0].bytes);
	free(c->flow[1].bytes);
	*c = (struct wire_conn){.born = ++w->births};
	c->flow[0] = (struct wire_flow){.src = s->src, .dst = s->dst};
	c->flow[1] = (struct wire_flow){.src = s->dst, .dst = s->src};
	return c;
}

/* A SYN may come to nothing, or be old: it is only noted beside what lives. */
static void note_syn(struct wire_flow *f, const struct wire_segment *s)
{
	f->has_syn = true;
	f->syn_seq = s->seq;
	f->syn_window = s->window;
	f->syn_scale = s->scale;
	f->syn_ts_val = s->ts_val;
}

/* A SYN+ACK whose SYN was seen: this is how the connection begins if the other side takes it. */
static void note_answer(struct wire_conn *c, unsigned way, const struct wire_segment *s)
{
	struct wire_flow *f = &c->flow[way], *back = &c->flow[1 - way];

	if (!back->has_syn || s->ack != back->syn_seq + 1) {
		return;
	}
	note_syn(f, s);
	struct wire_answer *answer = &c->answer[c->answer_next++ % ANSWERS];
	bool is_scaled = f->syn_scale != WIRE_NO_SCALE && back->syn_scale != WIRE_NO_SCALE;

	*answer = (struct wire_answer){
		.is_there = true, .way = way, .seq = s->seq, .ack = s->ack, .flow = {*f, *back}};
	for (unsigned i = 0; i < 2; i++) {
		struct wire_flow *x = &answer->flow[i];

		x->isn = x->syn_seq;
		x->scale = is_scaled ? x->syn_scale : 0;
		x->max = x->isn + 1;
		x->ack = answer->flow[1 - i].syn_seq + 1;
		x->edge = x->ack + x->syn_window;
		x->ts_val = x->syn_ts_val;
		x->has_ts = s->has_ts;
	}
}

/* Whether the side that takes `answer` speaks in a connection that has begun already.  Of several
 * answers to one SYN a trusted side takes one; another, or one to what was itself an answer, was
 * made up, and its number met by chance. */
static bool has_begun(const struct wire_conn *c, const struct wire_answer *answer, bool is_trusted)
{
	return c->is_live && (c->flow[answer->way].isn == answer->seq ||
			      (is_trusted && c->flow[1 - answer->way].isn + 1 == answer->ack));
}

/* The first word after a SYN+ACK: the connection begins, unless it has. */
static void conn_begin(struct wire *w, struct wire_conn *c, unsigned way,
		       const struct wire_segment *s, bool is_trusted)
{
	for (unsigned i = 0; i < ANSWERS; i++) {
		const struct wire_answer *answer = &c->answer[i];

		if (!answer->is_there || answer->way == way || s->ack != answer->seq + 1 ||
		    s->seq != answer->ack || has_begun(c, answer, is_trusted)) {
			continue;
		}
		for (unsigned k = 0; k < 2; k++) {
			struct wire_flow *f = &c->flow[k == 0 ? answer->way : way];
			uint8_t *bytes = f->bytes;

			*f = answer->flow[k];
			f->bytes = bytes;
		}
		c->is_live = true;
		c->born = ++w->births;
		return;
	}
}

static void rx_syn(struct wire *w, const struct wire_segment *s, bool is_trusted)
{
	unsigned way = 0;
	struct wire_conn *c = conn_find(w, s, &way);

	if (c == NULL) {
		c = conn_new(w, s);
	}
	if (is_trusted && s->seq != c->flow[way].isn) {
		c->is_live = false; /* The sender knows nothing of it any more. */
	}
	if ((s->flags & TCP_ACK) != 0) {
		note_answer(c, way, s);
	} else {
		note_syn(&c->flow[way], s);
	}
}

static int32_t behind(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

static void fault(struct wire *w, const struct wire_segment *s, const char *what, uint32_t by)
{
	char src[ADDR_TEXT_MAX], dst[ADDR_TEXT_MAX];

	if (w->faults++ < FAULTS_SHOWN) {
		fprintf(stderr, "wire: %s:%u to %s:%u: %s (by %u)\n",
			addr_format(&s->src.addr, src), s->src.port, addr_format(&s->dst.addr, dst),
			s->dst.port, what, by);
	}
}

/* Bytes sent again must be those sent first; new ones are kept. */
static void check_bytes(struct wire *w, struct wire_flow *f, const struct wire_segment *s)
{
	if (behind(s->seq, f->max) > 0) {
		fault(w, s, "bytes behind a gap", s->seq - f->max);
		return;
	}
	if (f->bytes == NULL) {
		f->bytes = malloc(RING);
		ASSERT(f->bytes != NULL);
	}
	for (size_t i = 0; i < s->bytes_len; i++) {
		uint32_t at = s->seq + (uint32_t)i;

		if (behind(at, f->max) >= 0) {
			f->bytes[at % RING] = s->bytes[i];
		} else if (f->max - at <= RING && f->bytes[at % RING] != s->bytes[i]) {
			fault(w, s, "other bytes than the first time", f->max - at);
			return;
		}
	}
}

static void check_segment(struct wire *w, struct wire_flow *f, const struct wire_flow *back,
			  const struct wire_segment *s)
{
	uint32_t end = s->seq + (uint32_t)s->bytes_len;
	uint32_t edge = s->ack + ((uint32_t)s->window << f->scale);

	w->checked++;
	if (!s->is_intact) {
		fault(w, s, "a wrong checksum", 0);
		return;
	}
	if (s->bytes_len > 0) {
		check_bytes(w, f, s);
		if (behind(end, back->edge) > 0) {
			fault(w, s, "bytes beyond the window", end - back->edge);
		}
	}
	if (behind(s->ack, back->max) > 0) {
		fault(w, s, "an ACK of what was not sent", s->ack - back->max);
	}
	if (behind(f->edge, edge) >= 1 << f->scale) {
		fault(w, s, "a window that shrinks", f->edge - edge);
	}
}

static void note_segment(struct wire_flow *f, const struct wire_segment *s)
{
	uint32_t end = s->seq + (uint32_t)s->bytes_len + ((s->flags & TCP_FIN) != 0);
	uint32_t edge = s->ack + ((uint32_t)s->window << f->scale);

	if (behind(end, f->max) > 0) {
		f->max = end;
	}
	if (behind(edge, f->edge) > 0) {
		f->edge = edge;
	}
	if (behind(s->ack, f->ack) > 0) {
		f->ack = s->ack;
	}
	if (s->has_ts && behind(s->ts_val, f->ts_val) > 0) {
		f->ts_val = s->ts_val;
	}
}

void wire_see(struct wire *w, const struct frame_buf *frame)
{
	struct wire_segment s;
	unsigned way;

	if (!wire_read(frame->data, frame->len, &s) || (s.flags & TCP_RST) != 0 ||
	    is_one_of(w->ignored, w->ignored_count, &s.src_mac)) {
		return;
	}
	bool is_trusted = is_one_of(w->trusted, w->trusted_count, &s.src_mac);
	if (!s.is_intact && !is_trusted) {
		return;
	}
	if ((s.flags & TCP_SYN) != 0) {
		rx_syn(w, &s, is_trusted);
		return;
	}
	struct wire_conn *c = conn_find(w, &s, &way);
	if (c == NULL || (s.flags & TCP_ACK) == 0) {
		return;
	}
	conn_begin(w, c, way, &s, is_trusted);
	if (!c->is_live) {
		return;
	}
	if (is_trusted) {
		check_segment(w, &c->flow[way], &c->flow[1 - way], &s);
	}
	note_segment(&c->flow[way], &s);
}

unsigned wire_faults(const struct wire *w)
{
	return w->faults;
}

uint64_t wire_checked(const struct wire *w)
{
	return w->checked;
}

const struct wire_flow *wire_newest(const struct wire *w, const struct addr *src,
				    const struct addr *dst, const struct wire_flow **out_back)
{
	const struct wire_flow *found = NULL;
	uint64_t born = 0;

	for (unsigned i = 0; i < w->conn_count; i++) {
		const struct wire_conn *c = &w->conn[i];

		for (unsigned way = 0; c->is_live && c->born > born && way < 2; way++) {
			if (addr_equal(&c->flow[way].src.addr, src) &&
			    addr_equal(&c->flow[way].dst.addr, dst)) {
				found = &c->flow[way];
				*out_back = &c->flow[1 - way];
				born = c->born;
			}
		}
	}
	return found;
}
