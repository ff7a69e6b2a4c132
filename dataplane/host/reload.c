#include "reload.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>
#include "log.h"
#include "screen/signatures.h"

#define RELOAD_NICE 10 /* it may stand on a worker's core */

int reload_init(struct reload *reload, const char *file)
{
	*reload = (struct reload){.file = file, .done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	if (reload->done >= 0)
		return 0;
	int r = -errno;
	log_error("reload-failed", "error=\"%s\"", strerror(errno));
	return r;
}

/* The thread. */
static void *reload_run(void *arg)
{
	struct reload *reload = arg;
	uint64_t one = 1;
	FILE *errors = open_memstream(&reload->errors, &reload->errors_len);

	setpriority(PRIO_PROCESS, (id_t)gettid(), RELOAD_NICE);
	reload->result = -ENOMEM;
	if (errors) {
		reload->result = signatures_load(&reload->signatures, reload->file, errors);
		fclose(errors);
	}
	if (write(reload->done, &one, sizeof(one)) != (ssize_t)sizeof(one))
		abort(); /* the counter is far from full */
	return NULL;
}

void reload_start(struct reload *reload)
{
	if (reload->file == NULL) {
		log_warning("reload-skipped", "reason=\"the configuration names no signatures\"");
		return;
	}
	reload->again = reload->running;
	if (reload->running)
		return;
	int r = pthread_create(&reload->thread, NULL, reload_run, reload);
	if (r != 0)
		log_error("reload-failed", "error=\"%s\"", strerror(r));
	else
		reload->running = true;
}

static void reload_join(struct reload *reload)
{
	pthread_join(reload->thread, NULL);
	reload->running = false;
}

static void reload_forget(struct reload *reload)
{
	free(reload->errors);
	reload->errors = NULL;
	reload->signatures = NULL;
}

static void reload_log(struct reload *reload)
{
	char *rest = NULL;

	for (char *line = reload->errors ? strtok_r(reload->errors, "\n", &rest) : NULL; line;
	     line = strtok_r(NULL, "\n", &rest))
		log_error("signatures-refused", "error=\"%s\"", line);
	log_error("reload-failed", "file=%s error=\"%s\" hint=\"the former signatures stay\"", reload->file,
		  strerror(-reload->result));
}

bool reload_finish(struct reload *reload, struct signatures **signatures)
{
	uint64_t count;

	if (read(reload->done, &count, sizeof(count)) != (ssize_t)sizeof(count) || !reload->running)
		return false;
	reload_join(reload);
	bool good = reload->result == 0;
	*signatures = reload->signatures;
	if (!good)
		reload_log(reload);
	reload_forget(reload);
	/* The file has changed since it was read. */
	if (reload->again)
		reload_start(reload);
	return good;
}

void reload_fini(struct reload *reload)
{
	if (reload->running) {
		reload_join(reload);
		signatures_destroy(reload->signatures);
		reload_forget(reload);
	}
	close(reload->done);
}
