#include "replay.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM "xfergate-replay"

/* Where this program lies: "/usr/bin". false: it cannot be told. */
static bool own_folder(char folder[static PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", folder, PATH_MAX - 1);
	char *slash = NULL;
	if (n > 0) {
		folder[n] = 0;
		slash = strrchr(folder, '/');
	}
	if (slash)
		*slash = 0;
	return slash != NULL;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);
	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

int replay_exec(char **argv, char *why, size_t why_size)
{
	static char name[] = PROGRAM;
	char folder[PATH_MAX], path[PATH_MAX + 64];
	argv[0] = name;
	if (own_folder(folder)) {
		/* not installed: that of the same build */
		bool built = ends_with(folder, "/controlplane/cli");
		snprintf(path, sizeof(path), "%s/%s", folder,
			 built ? "../../pcap/replay/" PROGRAM : "../libexec/xfergate/" PROGRAM);
		execv(path, argv);
	}
	execv(XF_LIBEXECDIR "/" PROGRAM, argv);
	int error = errno;
	snprintf(why, why_size,
		 "replay needs %s, which is not installed (%s); it comes with the dataplane, for it has "
		 "both planes in it",
		 XF_LIBEXECDIR "/" PROGRAM, strerror(error));
	return -error;
}
