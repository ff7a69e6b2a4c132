#include "daemon/privileges.h"

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

int privileges_look_up(struct identity *identity, const struct config *config, const char **missing)
{
	const struct passwd *user = getpwnam(config->user);
	*missing = config->user;
	if (!user)
		return -ENOENT;
	identity->uid = user->pw_uid;
	const struct group *group = getgrnam(config->group);
	*missing = config->group;
	if (!group)
		return -ENOENT;
	identity->gid = group->gr_gid;
	*missing = NULL;
	return 0;
}

static int privileges_seal(void)
{
	const struct rlimit none = {0, 0};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
	    setrlimit(RLIMIT_CORE, &none) < 0)
		return -errno;
	return 0;
}

int privileges_drop(const struct identity *identity)
{
	if (geteuid() != 0)
		return privileges_seal();
	gid_t groups[] = {identity->gid};
	if (setgroups(1, groups) < 0 || setresgid(identity->gid, identity->gid, identity->gid) < 0 ||
	    setresuid(identity->uid, identity->uid, identity->uid) < 0)
		return -errno;
	/* setresuid from 0 cleared the capabilities; had it not, this would succeed. */
	if (identity->uid != 0 && (setuid(0) == 0 || setegid(0) == 0))
		return -EPERM;
	return privileges_seal();
}
