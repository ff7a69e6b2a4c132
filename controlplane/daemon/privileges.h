/* From root to the configuration's user, for good. */
#pragma once

#include "xfergate/config.h"

/* Ids of config->user and config->group. 0, -ENOENT (no such user or group; *missing says which name). */
struct identity {
	uid_t uid;
	gid_t gid;
};
int privileges_look_up(struct identity *identity, const struct config *config, const char **missing);

/* Drops root with all groups but identity->gid, and checks that there is no way back. Not started as root: keeps the
 * user it has. Either way: no new privileges, no core files (they would hold passwords). 0 or -errno. */
int privileges_drop(const struct identity *identity);
