#include "probe.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include "busy.h"
#include "journal.h"
#include "refresh.h"
#include "watch.h"

_Static_assert(sizeof(struct watch_seen) <= sizeof(struct probe_answer), "UNWATCH");
_Static_assert(sizeof(struct busy_seen) <= sizeof(struct probe_answer), "UNBUSY");

static struct probe {
	int fd;
	uint16_t port;
	uint32_t flows;
} probe;

static void probe_fail(const char *what)
{
	fprintf(stderr, "probe: %s\n", what);
	_exit(70);
}

/* The clock of a thread of this process, as the kernel numbers them: exact while it runs, where /proc is a tick late.
 */
static uint64_t probe_thread_ns(uint32_t tid)
{
	const clockid_t clock = (clockid_t)((~tid << 3) | 6);
	struct timespec ts = {0};
	if (clock_gettime(clock, &ts) < 0)
		probe_fail("no such thread");
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void probe_sample(const uint32_t *threads, struct probe_answer *answer)
{
	struct rte_eth_stats stats;
	for (unsigned i = 0; i < PROBE_THREADS; i++)
		answer->value[0] += threads[i] ? probe_thread_ns(threads[i]) : 0;
	if (rte_eth_stats_get(probe.port, &stats) != 0)
		probe_fail("the port does not count");
	answer->value[1] = stats.ipackets;
	answer->value[2] = stats.opackets;
}

static void probe_pool_look(struct rte_mempool *pool, void *arg)
{
	struct probe_answer *answer = arg;
	if (pool->private_data_size < sizeof(struct rte_pktmbuf_pool_private) || pool->size <= answer->value[0])
		return;
	answer->value[0] = pool->size;
	answer->value[1] = pool->cache_size;
	answer->value[2] = rte_pktmbuf_data_room_size(pool);
}

static void probe_answer(const struct probe_ask *ask, struct probe_answer *answer)
{
	struct watch_seen seen;
	struct busy_seen cost;
	switch (ask->question) {
	case PROBE_SAMPLE:
		probe_sample(ask->threads, answer);
		break;
	case PROBE_POOL:
		rte_mempool_walk(probe_pool_look, answer);
		answer->value[3] = (uint64_t)rte_eal_has_hugepages();
		break;
	case PROBE_WATCH:
		if (watch_start(probe.port, probe.flows) < 0)
			probe_fail("what is sent cannot be watched");
		break;
	case PROBE_UNWATCH:
		watch_stop(probe.port, &seen);
		memcpy(answer->value, &seen, sizeof(seen));
		break;
	case PROBE_SHUT:
		refresh_shut();
		break;
	case PROBE_BUSY:
		busy_start();
		break;
	case PROBE_UNBUSY:
		busy_stop(&cost);
		memcpy(answer->value, &cost, sizeof(cost));
		break;
	default:
		probe_fail("a question that nobody knows");
	}
}

static void *probe_run(void *arg)
{
	struct probe_ask ask;
	while (read(probe.fd, &ask, sizeof(ask)) == (ssize_t)sizeof(ask)) {
		struct probe_answer answer = {{0}};
		probe_answer(&ask, &answer);
		if (write(probe.fd, &answer, sizeof(answer)) != (ssize_t)sizeof(answer))
			break;
	}
	return NULL;
}

/* Signals are the program's own. */
static void probe_thread_start(void)
{
	pthread_t thread;
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&thread, NULL, probe_run, NULL) != 0)
		probe_fail("no thread");
	pthread_detach(thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static uint64_t probe_number(const char *name)
{
	const char *text = getenv(name);
	return text ? strtoull(text, NULL, 10) : 0;
}

/* testpmd runs without telemetry, so the daemon does. Its start would also wait for the telemetry of a program that is
 * stopped at that moment (a daemon asks the owner of a socket whether it lives). */
int rte_telemetry_init(const char *runtime_dir, const char *version, rte_cpuset_t *cpus);

int rte_telemetry_init(const char *runtime_dir, const char *version, rte_cpuset_t *cpus)
{
	(void)runtime_dir;
	(void)version;
	(void)cpus;
	return 0;
}

int rte_eth_dev_start(uint16_t port)
{
	static int (*start)(uint16_t port);
	uint64_t frames = probe_number("XFG_PROBE_FRAMES");
	if (!start)
		*(void **)&start = dlsym(RTLD_NEXT, "rte_eth_dev_start");
	if (!start)
		probe_fail("no rte_eth_dev_start");
	int r = start(port);
	if (r < 0 || !getenv("XFG_PROBE_FD"))
		return r;
	probe.fd = (int)probe_number("XFG_PROBE_FD");
	probe.port = port;
	probe.flows = (uint32_t)probe_number("XFG_PROBE_FLOWS");
	if (frames && refresh_add(port, frames) < 0)
		probe_fail("packets cannot be refreshed");
	if (getenv("XFG_PROBE_BUSY") && busy_add(port) < 0)
		probe_fail("what a packet costs cannot be counted");
	if (getenv("XFG_PROBE_JOURNAL") && journal_start((int)probe_number("XFG_PROBE_JOURNAL"), port, probe.flows) < 0)
		probe_fail("no journal");
	/* What the program says is seen at once, though nobody's terminal. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	probe_thread_start();
	return 0;
}
