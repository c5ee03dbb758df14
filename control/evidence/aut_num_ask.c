#include "control/evidence/aut_num_ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/evidence/aut_num.h"
#include "rib/base/check.h"

struct waiting {
	registry_id_t id;
	asn_t asn;
	char token[80];
	uint8_t failures;
};

struct aut_num_ask {
	const struct irr_conf *conf;
	struct child *child; /* Of the first in the line. */
	struct waiting line[AUT_NUM_WAITING_MAX];
	unsigned count;
};

struct aut_num_ask *aut_num_ask_new(const struct irr_conf *conf)
{
	struct aut_num_ask *a = calloc(1, sizeof(*a));
	ASSERT(a != NULL);
	a->conf = conf;
	return a;
}

void aut_num_ask_free(struct aut_num_ask *a)
{
	if (a != NULL) {
		child_free(a->child);
		free(a);
	}
}

void aut_num_ask_configure(struct aut_num_ask *a, const struct irr_conf *conf)
{
	child_free(a->child);
	a->child = NULL;
	a->conf = conf;
}

bool aut_num_ask_begin(struct aut_num_ask *a, const struct registry_asn *of, uint8_t failures)
{
	if (a->count == AUT_NUM_WAITING_MAX) {
		return false;
	}
	struct waiting *w = &a->line[a->count++];
	*w = (struct waiting){.id = of->object.id, .asn = of->asn, .failures = failures};
	(void)snprintf(w->token, sizeof(w->token), "%s", of->proof_token);
	return true;
}

bool aut_num_ask_has(const struct aut_num_ask *a, const char *id)
{
	for (unsigned i = 0; i < a->count; i++) {
		if (strcmp(a->line[i].id.text, id) == 0) {
			return true;
		}
	}
	return false;
}

unsigned aut_num_ask_fds(const struct aut_num_ask *a, struct pollfd out[AUT_NUM_ASK_FDS_MAX])
{
	return a->child != NULL ? child_fds(a->child, out) : 0;
}

/* "HOST" or "HOST:PORT"; what has more colons is an address. */
static void split_host(const char *host, char out[256], char port[8])
{
	const char *colon = strchr(host, ':');
	const bool has_port = colon != NULL && strchr(colon + 1, ':') == NULL;
	const int len = has_port ? (int)(colon - host) : (int)strlen(host);
	(void)snprintf(out, 256, "%.*s", len, host);
	(void)snprintf(port, 8, "%s", has_port ? colon + 1 : "43");
}

/* -r: nothing but the object.  All sources are asked, to tell one that does not count from none. */
static struct child *start(const struct aut_num_ask *a, usec_t now, char *why, size_t why_len)
{
	char host[256], port[8], question[48];
	char host_option[] = "-h", port_option[] = "-p", end[] = "--";
	split_host(a->conf->host, host, port);
	(void)snprintf(question, sizeof(question), "-r -T aut-num AS%u", a->line[0].asn);
	char *argv[] = {
		a->conf->whois_path, host_option, host, port_option, port, end, question, NULL};
	const struct child_opts opts = {.argv = argv,
					.timeout_us = a->conf->timeout_s * USEC_PER_SEC,
					.output_max = AUT_NUM_BYTES_MAX};
	return child_start(&opts, now, why, why_len);
}

static void fail(const struct aut_num_ask *a, const char *why, struct finding *out)
{
	*out = (struct finding){.reason = ""};
	finding_say(out, FINDING_ERROR, "", "AS%u could not be asked for: %s", a->line[0].asn, why);
}

/* What whois says on stderr, or else how it ended. */
static const char *complaint(const struct child *c, char *buf, size_t size)
{
	const char *said = child_complaints(c);
	int len = (int)strcspn(said, "\r\n");
	(void)snprintf(buf, size, "whois: %.*s", len > 0 ? len : 160,
		       len > 0 ? said : child_why(c));
	return buf;
}

/* True with the finding about the first in the line. */
static bool finish(struct aut_num_ask *a, usec_t now, struct finding *out)
{
	char why[200];
	size_t len;
	const struct aut_num_claim claim = {.asn = a->line[0].asn,
					    .token = a->line[0].token,
					    .sources = a->conf->aut_num_sources};
	if (a->conf->aut_num_sources[0] == '\0') {
		fail(a, "no source of aut-num objects is configured", out);
		return true;
	}
	if (a->child == NULL) {
		a->child = start(a, now, why, sizeof(why));
	}
	if (a->child == NULL) {
		fail(a, why, out);
		return true;
	}
	switch (child_serve(a->child, now)) {
	case CHILD_RUNS:
		return false;
	case CHILD_DONE: {
		const char *text = child_output(a->child, &len);
		aut_num_check(text, len, &claim, out);
		break;
	}
	case CHILD_FAILED:
		fail(a, complaint(a->child, why, sizeof(why)), out);
		break;
	}
	child_free(a->child);
	a->child = NULL;
	return true;
}

bool aut_num_ask_step(struct aut_num_ask *a, usec_t now, struct aut_num_done *out)
{
	if (a->count == 0 || !finish(a, now, &out->finding)) {
		return false;
	}
	out->id = a->line[0].id;
	out->failures = a->line[0].failures;
	memmove(a->line, a->line + 1, --a->count * sizeof(a->line[0]));
	return true;
}
