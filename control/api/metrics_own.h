/* The inside of metrics: families are rows of tables of one shape, each with a function that gives
 * its samples by number; metrics.c alone writes them. */
#pragma once

#include "control/api/exported.h"
#include "control/api/metrics.h"
#include "control/registry/object.h"

/* One member's numbers, taken at one moment. */
struct metrics_member {
	char address[ADDR_TEXT_MAX];
	char *description; /* NULL: none. */
	asn_t asn;
	core_id_t worker;
	enum fsm_state state;
	uint64_t is_enabled;
	uint64_t since_us, established_us; /* Since 1970; 0: not known, or never. */
	uint64_t received[FAMILY_COUNT], accepted[FAMILY_COUNT], filtered[FAMILY_COUNT];
	uint64_t exported[FAMILY_COUNT], stale[FAMILY_COUNT], blocked[FAMILY_COUNT];
	uint64_t limit[FAMILY_COUNT], exceeded[FAMILY_COUNT], warned[FAMILY_COUNT];
	uint64_t established, collisions;
	uint64_t messages_in, messages_out, updates_in, announced, withdrawn;
	uint64_t treat_as_withdraw, attr_discard, afi_disable, session_reset;
	uint64_t prefixes_sent, withdraws_sent, bytes_in, bytes_out;
	uint64_t retransmits, rtt_us, sendq_bytes, pending, evictions;
};

/* Routes of a member that are rejected for one reason. */
struct metrics_rejected {
	uint32_t member; /* Index. */
	uint8_t family;
	uint8_t reason;
	uint64_t count;
};

/* The registry's objects, by what they are. */
struct metrics_registry {
	unsigned kind;		     /* Counted are those of the kinds before, and of this one */
	char after[REGISTRY_ID_MAX]; /* up to this. */
	uint64_t objects[REGISTRY_KIND_COUNT];
	uint64_t asns[ASN_REVOKED + 1], prefixes[PREFIX_STATE_COUNT];
	uint64_t evidence[EVIDENCE_TYPE_COUNT][RESULT_COUNT];
};

/* Over all members. */
struct metrics_sums {
	uint64_t sessions[FSM_STATE_COUNT], disabled;
	uint64_t rejected[FAMILY_COUNT][REJECT_COUNT];
};

struct metrics {
	const struct api_env *env;
	usec_t now;
	uint64_t now_us; /* Since 1970. */
	/* What is sent to each, counted before members are looked at. */
	struct scan scan;
	struct exported exported;
	unsigned capacity, looked_at; /* Numbers of members. */
	struct metrics_member *member;
	unsigned member_count;
	struct metrics_rejected *rejected;
	unsigned rejected_count, rejected_size;
	struct metrics_sums sums;
	struct metrics_registry registry;
	bool is_taken; /* Everything that is looked at before the first line. */
	/* Where the text is. */
	unsigned list, row, next;
	bool is_begun; /* The row's first lines are written. */
	size_t enough; /* In the text, for this slice. */
};

enum metric_value {
	METRIC_NUMBER,
	METRIC_NUMBER_SOME, /* 0: no sample. */
	METRIC_TIME,	    /* Microseconds, shown as seconds. */
	METRIC_TIME_SOME,   /* The same; 0: no sample. */
};

/* What a row has of one thing: its labels and its number. */
struct metric_sample {
	struct om_labels labels;
	char text[3][16]; /* Room for labels that are numbers. */
	unsigned text_count;
	uint64_t value;
	bool is_absent; /* There is nothing to say of this thing. */
};

/* A family of the text.  `sample` gives what there is of the n-th thing; false: there are no more.
 */
struct metric_row {
	struct om_family family;
	bool (*sample)(const struct metrics *m, const struct metric_row *row, unsigned n,
		       struct metric_sample *out);
	size_t offset; /* Of the value, where `sample` goes by it. */
	enum metric_value value;
};

/* A row: METRIC("http_requests", COUNTER, NULL, "Requests.", requests), and more of its members. */
#define METRIC(metric, kind, of, sentence, ...)                                                    \
	{                                                                                          \
		.family = {"causeway_" metric, OM_##kind, of, sentence}, .sample = __VA_ARGS__     \
	}

struct metric_list {
	const struct metric_row *row;
	unsigned count;
};

extern const struct metric_list metrics_of_server, metrics_of_tables, metrics_of_sources,
	metrics_of_registry, metrics_of_evidence, metrics_of_http, metrics_of_sessions;
extern const char *const metric_families[FAMILY_COUNT]; /* "ipv4" */

/* Whether this slice has written enough. */
static inline bool metrics_is_enough(const struct metrics *m, const struct om_text *out)
{
	return out->len >= m->enough;
}

/* The only thing of a row, if it is there. */
static inline bool metric_only(unsigned n, bool is_there, uint64_t value, struct metric_sample *out)
{
	out->value = value;
	return is_there && n == 0;
}

static inline uint64_t metric_at(const void *base, size_t offset)
{
	const void *at = (const char *)base + offset;
	const uint64_t *value = at;
	return *value;
}

/* A label that is a number. */
void metric_label_number(struct metric_sample *s, const char *name, uint64_t number);
/* Take the members' numbers; true when all of them are taken. */
bool metrics_take(struct metrics *m);
/* Count the registry's objects; true when all of them are counted. */
bool metrics_count_registry(struct metrics *m);
void metrics_forget(struct metrics *m);
