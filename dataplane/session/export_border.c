/* Where a member's routes are complete: End-of-RIB after a join (RFC 4724 §2), BoRR and EoRR around
 * the answer to a refresh (RFC 7313 §4).  See export.h for whose marks are waited for. */
#include "dataplane/session/export_own.h"

#include "rib/base/check.h"
#include "rib/wire/refresh.h"

bool export_is_complete(const struct export *ex, enum family family)
{
	if (ex->cursor == NULL || !ex->is_joined[family]) {
		return false;
	}
	for (unsigned s = 0; s < ex->shard_count; s++) {
		const struct export_cursor *c = &ex->cursor[family * ex->shard_count + s];
		if (!c->is_complete || c->pending != NULL) {
			return false;
		}
	}
	return true;
}

static bool pump_eor(struct export *ex, const struct export_sink *sink)
{
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (!ex->is_joined[f] || ex->is_eor_sent[f] ||
		    !export_is_complete(ex, (enum family)f)) {
			continue;
		}
		uint8_t buf[64];
		size_t len = update_eor_encode((enum family)f, buf, sizeof(buf));
		if (!sink->push_copy(sink->queue, span_of(buf, len))) {
			return false;
		}
		ex->is_eor_sent[f] = true;
		metric_add(&ex->stats.updates_sent, 1);
	}
	return true;
}

static bool push_border(const struct export_sink *sink, enum family family, enum refresh_kind kind)
{
	uint8_t buf[64];
	const struct refresh m = {.family = family, .kind = kind};
	size_t len = refresh_encode(&m, buf, sizeof(buf));
	ASSERT(len > 0);
	return sink->push_copy(sink->queue, span_of(buf, len));
}

/* RFC 7313 §4: BoRR "before the speaker starts"; and it "MUST NOT send a BoRR ... before it sends
 * the EoR". */
static bool answer_begin(struct export *ex, const struct export_sink *sink, enum family family)
{
	if (!ex->is_asked[family] || ex->is_answering[family] || !ex->is_eor_sent[family]) {
		return true;
	}
	if (!push_border(sink, family, REFRESH_BEGIN)) {
		return false;
	}
	ex->is_asked[family] = false;
	ex->is_answering[family] = true;
	ex->rescan |= 1u << family;
	for (unsigned s = 0; s < ex->shard_count; s++) {
		struct export_cursor *c = &ex->cursor[family * ex->shard_count + s];
		ASSERT(c->is_complete);
		c->is_complete = false;
	}
	return true;
}

static bool answer_end(struct export *ex, const struct export_sink *sink, enum family family)
{
	if (!ex->is_answering[family] || !export_is_complete(ex, family)) {
		return true;
	}
	if (!push_border(sink, family, REFRESH_END)) {
		return false;
	}
	ex->is_answering[family] = false;
	metric_add(&ex->stats.refreshes, 1);
	return true;
}

static bool pump_answers(struct export *ex, const struct export_sink *sink)
{
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (!answer_end(ex, sink, (enum family)f) ||
		    !answer_begin(ex, sink, (enum family)f)) {
			return false;
		}
	}
	return true;
}

bool export_borders(struct export *ex, const struct export_sink *sink)
{
	return pump_eor(ex, sink) && pump_answers(ex, sink);
}
