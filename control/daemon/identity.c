/* Giving privileges up, once and for all.
 *
 * DPDK needs root to open its devices and nothing of it afterwards.  setgroups, setresgid and
 * setresuid work on all threads of the process (glibc sees to that), and leaving uid 0 empties the
 * capability sets; that it cannot be undone is checked, not believed.
 */
#include "control/daemon/identity.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_USER "causeway"

static int find_group(const char *name, gid_t otherwise, const char *key, gid_t *out, char *why,
		      size_t why_len)
{
	*out = otherwise;
	if (name == NULL) {
		return 0;
	}
	const struct group *g = getgrnam(name);
	if (g == NULL) {
		snprintf(why, why_len, "there is no group '%s'; make it or change control.%s", name,
			 key);
		return -ENOENT;
	}
	*out = g->gr_gid;
	return 0;
}

/* The user to become, NULL to stay; −errno for one that cannot be. */
static int find_user(const struct config *c, struct identity *out, char *why, size_t why_len)
{
	bool is_root = geteuid() == 0;
	const char *name = c->control.user != NULL ? c->control.user : DEFAULT_USER;
	const struct passwd *user = getpwnam(name);
	out->uid = geteuid();
	out->gid = getegid();
	if (user == NULL && c->control.user != NULL) {
		snprintf(why, why_len, "there is no user '%s'; make it or change control.user",
			 name);
		return -ENOENT;
	}
	if (user == NULL || (!is_root && c->control.user == NULL)) {
		out->stays_root = is_root;
		return 0;
	}
	if (!is_root && user->pw_uid != geteuid()) {
		snprintf(why, why_len,
			 "only root can become the user '%s'; start as root or remove control.user",
			 name);
		return -EPERM;
	}
	out->is_changing = is_root && user->pw_uid != 0;
	out->stays_root = is_root && user->pw_uid == 0;
	out->uid = user->pw_uid;
	out->gid = user->pw_gid;
	return 0;
}

int identity_resolve(const struct config *c, struct identity *out, char *why, size_t why_len)
{
	struct identity id = {0};
	int err = find_user(c, &id, why, why_len);
	if (err == 0) {
		err = find_group(c->control.operator_group, id.gid, "operator_group",
				 &id.operator_gid, why, why_len);
	}
	if (err == 0) {
		err = find_group(c->control.read_group, id.gid, "read_group", &id.read_gid, why,
				 why_len);
	}
	if (err == 0) {
		*out = id;
	}
	return err;
}

int identity_make_dir(const struct identity *id, const char *dir)
{
	if (mkdir(dir, 0755) != 0) {
		/* One that is there stays whose it is: it may be /run itself. */
		return errno == EEXIST ? 0 : -errno;
	}
	/* Whatever the umask says: the sockets in it have modes of their own. */
	if (chmod(dir, 0755) != 0) {
		return -errno;
	}
	return id->is_changing && chown(dir, id->uid, id->gid) != 0 ? -errno : 0;
}

void identity_hand_over(const struct identity *id, const char *dir)
{
	DIR *d = id->is_changing ? opendir(dir) : NULL;
	if (d == NULL) {
		return;
	}
	for (const struct dirent *e; (e = readdir(d)) != NULL;) {
		struct stat st;
		bool is_entry = strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
		/* Failing costs an empty folder in a directory that is emptied at boot. */
		if (is_entry && fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    st.st_uid == 0) {
			int err = fchownat(dirfd(d), e->d_name, id->uid, id->gid,
					   AT_SYMLINK_NOFOLLOW);
			(void)err;
		}
	}
	closedir(d);
}

int identity_assume(const struct identity *id)
{
	if (!id->is_changing) {
		return 0;
	}
	if (setgroups(0, NULL) != 0 || setresgid(id->gid, id->gid, id->gid) != 0 ||
	    setresuid(id->uid, id->uid, id->uid) != 0) {
		return -errno;
	}
	/* The way back must be shut. */
	return setuid(0) == 0 || geteuid() == 0 || getegid() != id->gid ? -EPERM : 0;
}
