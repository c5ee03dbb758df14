/* The mailbox mesh: see mailbox.h.
 *
 * Waking: a sleeper sets its flag, then looks at its inboxes once more; a sender publishes, then
 * looks at the flag.  Both sides put a full barrier in between, so one of them sees the other.
 */
#include "dataplane/core/mailbox.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "rib/base/check.h"

struct sleeper {
	_Alignas(CACHE_LINE) int fd;
	bool is_sleeping; /* Atomic. */
};

struct mesh {
	unsigned count;
	size_t reserve;
	struct spsc **op;   /* [from * count + to] */
	struct spsc **mail; /* [from * count + to] */
	bool *is_touched;   /* [from * count + to]: pushed to since the last flush; owner `from`. */
	struct sleeper sleeper[CORE_COUNT_MAX];
};

static size_t pair(const struct mesh *m, core_id_t from, core_id_t to)
{
	ASSERT(from < m->count && to < m->count);
	return (size_t)from * m->count + to;
}

static bool mesh_make_rings(struct mesh *m)
{
	size_t pairs = (size_t)m->count * m->count;
	size_t cells = m->reserve + (m->count <= RING_FEW ? OP_RING_FEW : OP_RING_MANY);
	m->op = calloc(pairs, sizeof(struct spsc *));
	m->mail = calloc(pairs, sizeof(struct spsc *));
	m->is_touched = calloc(pairs, sizeof(bool));
	if (m->op == NULL || m->mail == NULL || m->is_touched == NULL) {
		return false;
	}
	for (size_t i = 0; i < pairs; i++) {
		m->op[i] = spsc_new(cells, sizeof(struct op));
		m->mail[i] = spsc_new(MAIL_RING, sizeof(struct mail));
		if (m->op[i] == NULL || m->mail[i] == NULL) {
			return false;
		}
	}
	return true;
}

struct mesh *mesh_new(unsigned core_count, unsigned member_count)
{
	ASSERT(core_count >= 1 && core_count <= CORE_COUNT_MAX);
	struct mesh *m = aligned_alloc(CACHE_LINE, sizeof(*m));
	if (m == NULL) {
		return NULL;
	}
	*m = (struct mesh){.count = core_count,
			   .reserve = (size_t)OPS_PER_MEMBER * (member_count + 1)};
	bool is_ok = true;
	for (unsigned i = 0; i < core_count; i++) {
		m->sleeper[i].fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		is_ok = is_ok && m->sleeper[i].fd >= 0;
	}
	if (!mesh_make_rings(m) || !is_ok) {
		mesh_free(m);
		return NULL;
	}
	return m;
}

void mesh_free(struct mesh *m)
{
	if (m == NULL) {
		return;
	}
	for (size_t i = 0; i < (size_t)m->count * m->count; i++) {
		if (m->op != NULL) {
			spsc_free(m->op[i]);
		}
		if (m->mail != NULL) {
			spsc_free(m->mail[i]);
		}
	}
	for (unsigned i = 0; i < m->count; i++) {
		if (m->sleeper[i].fd >= 0) {
			close(m->sleeper[i].fd);
		}
	}
	free(m->op);
	free(m->mail);
	free(m->is_touched);
	free(m);
}

size_t mesh_room_to(struct mesh *m, core_id_t from, core_id_t to)
{
	size_t room = spsc_room(m->op[pair(m, from, to)]);
	return room > m->reserve ? room - m->reserve : 0;
}

size_t mesh_room(struct mesh *m, core_id_t from)
{
	size_t least = SIZE_MAX;
	for (unsigned to = 0; to < m->count; to++) {
		least = min_u64(least, mesh_room_to(m, from, (core_id_t)to));
	}
	return least;
}

void mesh_push(struct mesh *m, core_id_t from, core_id_t to, const struct op *op)
{
	struct op *cell = spsc_push(m->op[pair(m, from, to)]);
	ASSERT(cell != NULL);
	*cell = *op;
	m->is_touched[pair(m, from, to)] = true;
}

const struct op *mesh_pop(struct mesh *m, core_id_t from, core_id_t to)
{
	return spsc_pop(m->op[pair(m, from, to)]);
}

struct mail *mesh_mail(struct mesh *m, core_id_t from, core_id_t to)
{
	struct mail *cell = spsc_push(m->mail[pair(m, from, to)]);
	if (cell != NULL) {
		m->is_touched[pair(m, from, to)] = true;
	}
	return cell;
}

size_t mesh_mail_room(struct mesh *m, core_id_t from, core_id_t to)
{
	return spsc_room(m->mail[pair(m, from, to)]);
}

const struct mail *mesh_take(struct mesh *m, core_id_t from, core_id_t to)
{
	return spsc_pop(m->mail[pair(m, from, to)]);
}

void mesh_release(struct mesh *m, core_id_t core)
{
	for (unsigned from = 0; from < m->count; from++) {
		spsc_release(m->op[pair(m, (core_id_t)from, core)]);
		spsc_release(m->mail[pair(m, (core_id_t)from, core)]);
	}
}

void mesh_wake(struct mesh *m, core_id_t core)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&m->sleeper[core].is_sleeping, __ATOMIC_RELAXED)) {
		return;
	}
	uint64_t one = 1;
	/* Full means that a wake-up is already under way. */
	ssize_t n = write(m->sleeper[core].fd, &one, sizeof(one));
	(void)n;
}

void mesh_flush(struct mesh *m, core_id_t from)
{
	for (unsigned to = 0; to < m->count; to++) {
		size_t i = pair(m, from, (core_id_t)to);
		if (!m->is_touched[i]) {
			continue;
		}
		m->is_touched[i] = false;
		spsc_publish(m->op[i]);
		spsc_publish(m->mail[i]);
		if (to != from) {
			mesh_wake(m, (core_id_t)to);
		}
	}
}

bool mesh_has_ops(struct mesh *m, core_id_t core)
{
	for (unsigned from = 0; from < m->count; from++) {
		if (!spsc_is_empty(m->op[pair(m, (core_id_t)from, core)])) {
			return true;
		}
	}
	return false;
}

bool mesh_has_mail(struct mesh *m, core_id_t core)
{
	for (unsigned from = 0; from < m->count; from++) {
		if (!spsc_is_empty(m->mail[pair(m, (core_id_t)from, core)])) {
			return true;
		}
	}
	return mesh_has_ops(m, core);
}

int mesh_wake_fd(const struct mesh *m, core_id_t core)
{
	return m->sleeper[core].fd;
}

void mesh_sleep_begin(struct mesh *m, core_id_t core)
{
	__atomic_store_n(&m->sleeper[core].is_sleeping, true, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void mesh_sleep_end(struct mesh *m, core_id_t core)
{
	__atomic_store_n(&m->sleeper[core].is_sleeping, false, __ATOMIC_RELAXED);
	uint64_t drain;
	ssize_t n = read(m->sleeper[core].fd, &drain, sizeof(drain));
	(void)n;
}
