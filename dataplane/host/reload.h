/* Signatures and sounds read anew on SIGHUP: compiled and encoded on a thread of their own, for that takes seconds. Of
 * the configuration, which is read for it again, only the sounds are taken up; peers' limits are not, and the log says
 * whose. The main thread starts it, sees its end at the descriptor, and takes what came of it. Who ends before the
 * thread does leaves it its work, and nobody waits. Main thread. */
#pragma once

#include <stdbool.h>
#include "sound/sound.h"

struct config;
struct signatures;
struct reload_job;

struct reload {
	const char *file;	 /* of signatures; NULL: the configuration names none */
	const char *config_file; /* with the sounds; NULL: there are none */
	bool sounds_expected;	 /* there are some, or were */
	/* What the dataplane runs with, set by the caller: what is not taken up of another one is in the log. NULL:
	 * nothing is compared. */
	const struct config *running;
	int done;		/* eventfd: readable when the thread has ended */
	struct reload_job *job; /* under way; NULL: none */
	bool again;		/* asked for while one ran */
};

/* What came of it. */
struct reloaded {
	bool have_signatures, have_sounds; /* else the former ones stay, and why is in the log */
	struct signatures *signatures;	   /* the caller's */
	struct sound_list sounds;	   /* likewise */
};

/* The files outlive it. sounds_expected: the configuration had sounds at the start. 0 or -errno, logged. */
int reload_init(struct reload *reload, const char *file, const char *config_file, bool sounds_expected);
/* At once. True: a thread is left that still compiles, with nothing but memory of its own. The process may end, but not
 * by way of exit(), which takes the libraries' own memory away from below it. */
bool reload_fini(struct reload *reload);

/* SIGHUP. */
void reload_start(struct reload *reload);
/* `done` is readable. False: nothing has ended. */
bool reload_finish(struct reload *reload, struct reloaded *reloaded);
