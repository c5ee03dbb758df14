/* Two dialects of the same tables.
 *
 *     registry_version   one row: the format
 *     registry_head      one row: which registry it is, its revision, that change's mark
 *     registry_object    each object as it is now
 *     registry_change    each change, whole
 *     registry_mention   which objects and tenants a change is about (format 2)
 *     registry_document  data of documents, base64, for ever: changes refer to them
 *
 * registry_version keeps its form in every format, so that any version can read which it is.
 * A step never changes; what comes later is a step of its own.
 */
#include "control/store/schema.h"

#include <stdio.h>

#include "control/store/store.h"
#include "rib/base/check.h"

/* `name` is the type of what rows are found by: compared byte by byte. */
#define HEAD(number, name)                                                                         \
	"CREATE TABLE registry_head (lineage TEXT NOT NULL, revision " number                      \
	" NOT NULL, mark " number " NOT NULL);"                                                    \
	"CREATE TABLE registry_object (id " name " PRIMARY KEY, kind " name                        \
	" NOT NULL, revision " number " NOT NULL, body TEXT NOT NULL);"                            \
	"CREATE INDEX registry_object_kind ON registry_object (kind, id);"                         \
	"CREATE TABLE registry_change (revision " number " PRIMARY KEY, mark " number              \
	" NOT NULL, at " number                                                                    \
	" NOT NULL, writer TEXT NOT NULL, request TEXT, request_hash " number                      \
	" NOT NULL, body TEXT NOT NULL);"                                                          \
	"CREATE INDEX registry_change_request ON registry_change (at) WHERE request IS NOT NULL;"  \
	"CREATE TABLE registry_document (id " name " PRIMARY KEY, data TEXT NOT NULL);"

#define MENTION(number, name, option)                                                              \
	"CREATE TABLE registry_mention (what " name " NOT NULL, revision " number                  \
	" NOT NULL, PRIMARY KEY (what, revision))" option ";"

const char *schema_sqlite(unsigned version)
{
	static const char *const steps[] = {
		(HEAD("INTEGER", "TEXT")),
		(MENTION("INTEGER", "TEXT", " WITHOUT ROWID") "INSERT INTO registry_mention (what, "
							      "revision) " SCHEMA_SQLITE_MENTIONED),
	};
	static_assert(sizeof(steps) / sizeof(steps[0]) == SCHEMA_VERSION, "one for each version");
	ASSERT(version >= 1 && version <= SCHEMA_VERSION);
	return steps[version - 1];
}

const char *schema_postgres(unsigned version)
{
	static const char *const steps[] = {
		(HEAD("BIGINT", "TEXT COLLATE \"C\"")),
		(MENTION("BIGINT", "TEXT COLLATE \"C\"",
			 "") "INSERT INTO registry_mention (what, "
			     "revision) " SCHEMA_POSTGRES_MENTIONED),
	};
	static_assert(sizeof(steps) / sizeof(steps[0]) == SCHEMA_VERSION, "one for each version");
	ASSERT(version >= 1 && version <= SCHEMA_VERSION);
	return steps[version - 1];
}

void schema_say_newer(const char *name, long version, char *why)
{
	snprintf(why, STORE_TEXT_MAX,
		 "%s has format %ld, and this version knows up to %d; run the newer version again, "
		 "or restore the backup from before the upgrade",
		 name, version, SCHEMA_VERSION);
}
