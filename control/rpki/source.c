#include "control/rpki/source.h"

#include <stdio.h>
#include <stdlib.h>

#include "rib/base/check.h"

/* Sets this small shrink for good reasons, too; but never to nothing. */
#define SMALL_COUNT 20

static size_t count_of(const struct vrp_set *s)
{
	return s != NULL ? s->count : 0;
}

static bool is_plausible(size_t old, size_t now, unsigned shrink_max)
{
	if (old == 0 || now >= old || shrink_max >= 100) {
		return true;
	}
	if (now == 0) {
		return false;
	}
	return old < SMALL_COUNT || (old - now) * 100 <= old * (size_t)shrink_max;
}

bool source_offer(struct source *s, struct vrp_set *vrps, struct aspa_list *aspas,
		  unsigned shrink_max, char *why, size_t why_len)
{
	bool is_good = false;
	if (!is_plausible(count_of(s->vrps), count_of(vrps), shrink_max)) {
		(void)snprintf(why, why_len, "%zu VRPs, where %zu are in use", count_of(vrps),
			       count_of(s->vrps));
	} else if (!is_plausible(s->aspas.count, aspas->count, shrink_max)) {
		(void)snprintf(why, why_len, "%zu ASPAs, where %zu are in use", aspas->count,
			       s->aspas.count);
	} else {
		is_good = true;
	}
	if (!is_good) {
		vrp_set_put(vrps);
		aspa_list_fini(aspas);
		return false;
	}
	vrp_set_put(s->vrps);
	aspa_list_fini(&s->aspas);
	s->vrps = vrps;
	s->aspas = *aspas;
	*aspas = (struct aspa_list){0};
	s->version++;
	return true;
}

static bool has_data(const struct source *s, bool is_aspa)
{
	return is_aspa ? s->aspas.count > 0 : count_of(s->vrps) > 0;
}

uint32_t source_choose(const struct source *s, unsigned count, bool is_aspa, uint32_t before)
{
	uint32_t current = 0, any = 0, kept = 0;
	unsigned best_current = UINT8_MAX + 1, best_any = UINT8_MAX + 1;
	ASSERT(count <= RPKI_SOURCES_MAX);
	for (unsigned i = 0; i < count; i++) {
		if (!has_data(&s[i], is_aspa)) {
			continue;
		}
		uint32_t bit = UINT32_C(1) << i;
		kept |= before & bit;
		if (s[i].preference <= best_any) {
			any = s[i].preference < best_any ? bit : any | bit;
			best_any = s[i].preference;
		}
		if (s[i].is_current && s[i].preference <= best_current) {
			current = s[i].preference < best_current ? bit : current | bit;
			best_current = s[i].preference;
		}
	}
	return current != 0 ? current : kept != 0 ? kept : any;
}

const char *source_alarm_text(enum source_alarm alarm)
{
	static const char *const texts[SOURCE_ALARM_COUNT] = {
		[SOURCE_FINE] = "fine",	      [SOURCE_LOST] = "lost",
		[SOURCE_EXPIRED] = "expired", [SOURCE_MISSING] = "missing",
		[SOURCE_FAULTY] = "faulty",   [SOURCE_IMPLAUSIBLE] = "implausible",
		[SOURCE_OLD] = "old",
	};
	ASSERT(alarm < SOURCE_ALARM_COUNT && texts[alarm] != NULL);
	return texts[alarm];
}

void source_fini(struct source *s)
{
	free(s->name);
	vrp_set_put(s->vrps);
	aspa_list_fini(&s->aspas);
	*s = (struct source){0};
}
