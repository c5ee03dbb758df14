/* Where the registry is kept: SQLite in state_dir, or PostgreSQL with a local copy there.
 *
 * One thread of the store's own talks to the database and waits for it; the control thread gives it
 * changes to keep and questions, and takes news, through two locked queues, and never waits.
 *
 * (a) A change is one transaction: the next revision, its objects and the change, or nothing.
 * (b) The database's revision only follows the one before: who plans on an older registry than the
 *     database's gets STORE_CONFLICT, after the changes that it did not know.
 * (c) Each change has a mark made of the one before and its own text.  So what follows is known to
 *     follow from what we have: a database that was put back, or is another, is refused.
 * (d) A change whose fate is unknown (the database went away under it) is looked for when the
 *     database is back, and only then reported as kept or not.
 *
 * The registry and changes are built in the store's thread and handed over whole. */
#pragma once

#include "control/registry/change.h"
#include "control/store/keys.h"

struct registry;
struct store;

#define STORE_TEXT_MAX	    400
#define STORE_DOCUMENT_MAX  ((size_t)1024 * 1024) /* Of a document, decoded. */
#define STORE_QUESTIONS_MAX 256			  /* Waiting at a time. */
#define STORE_PAGE_MAX	    1000		  /* Changes of one answer, */
#define STORE_ITEMS_MAX	    10000 /* and objects in them; a change alone may have more. */

struct store_opts {
	const char *url;       /* "sqlite:PATH", relative to state_dir; or "postgresql://…" */
	const char *state_dir; /* For the file, or for the copy registry-copy.db. */
};

enum store_news_kind {
	STORE_LOADED,	 /* `registry`, in place of what there was; taken. */
	STORE_KEYS,	 /* Request keys that were used, in place of those that are known. */
	STORE_COMMITTED, /* The change under way is kept. */
	STORE_CONFLICT,	 /* It was not, for others came first: they were told as STORE_CHANGE. */
	STORE_FAILED,	 /* It was not done; `text` says why. */
	STORE_CHANGE,	 /* Somebody else's, the next in order: `change`, taken. */
	STORE_AWAY,	 /* The database cannot be used since `at_s`: `text`. */
	STORE_BACK,	 /* It can; all that was missed was told. */
	STORE_DUTY,	 /* From now until it is away this server has the duty (`has_duty`). */
	STORE_NOTE,	 /* Something to log: `text`. */
	STORE_ANSWER,	 /* To the question `ticket`. */
};

struct store_news {
	enum store_news_kind kind;
	uint64_t revision;
	int64_t at_s;
	char text[STORE_TEXT_MAX]; /* Never has a password. */
	struct registry *registry;
	struct registry_change *change;
	struct request_key *key; /* KEYS: those of the last day; taken. */
	size_t key_count;
	bool has_duty;	  /* BACK: of several servers this one does what one alone should do. */
	bool is_copy;	  /* LOADED: from the local copy, perhaps older than the database. */
	uint64_t took_us; /* COMMITTED: from the beginning of the transaction to its end. */
	uint64_t ticket;
	struct registry_change **found; /* ANSWER: changes, the newest first. */
	size_t found_count;
	uint64_t next;	/* There are more before this revision; 0: no. */
	char *data;	/* ANSWER: a document's, base64; NULL: there is none. */
	bool is_failed; /* ANSWER: could not be asked: `text`. */
};

/* Open, make or bring up to date the database.  The caller has dropped its privileges, so that the
 * files are the server's.  NULL with `why` and the remedy: a newer format, a damaged file, a
 * folder that is not ours.  PostgreSQL is not waited for.  Control thread; SQLite's file is opened
 * and migrated before it returns. */
struct store *store_open(const struct store_opts *o, char *why, size_t why_size);
/* Ends what is under way (seconds at most) and the thread.  NULL does nothing. */
void store_close(struct store *s);
int store_fd(const struct store *s); /* Readable when there is news. */
/* Keep a change whose revision is the next.  `c` is copied.  False: one is under way already. */
bool store_commit(struct store *s, const struct registry_change *c);
/* The next news; false when there is none.  Control thread. */
bool store_take(struct store *s, struct store_news *out);
void store_news_fini(struct store_news *n); /* What was not taken (set to NULL). */

struct store_question {
	const char *document;	     /* The data of this one; or changes: */
	uint64_t revision;	     /* this one; or */
	uint64_t before;	     /* those before this revision (0: the newest), */
	const char *object, *tenant; /* about these; NULL: any; */
	unsigned limit;		     /* so many, or fewer where they are large. */
};
/* Its ticket, with which an ANSWER comes; 0: too many are waiting. */
uint64_t store_ask(struct store *s, const struct store_question *q);
/* What the database is, for people: "sqlite:/var/lib/causeway/registry.db", a URL without its
 * password. */
const char *store_name(const struct store *s);
