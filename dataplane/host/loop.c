#include "loop.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>
#include "clock.h"
#include "log.h"

#define LOOP_EVENTS	   16
#define LOOP_SLEEP_NS	   200000
#define LOOP_IDLE_SLEEP_NS 1000000 /* unless workers poll, when nothing has come for some turns */
#define LOOP_IDLE_TURNS	   100
#define LOOP_COMMANDS_MAX  4096 /* posted and not done; more are left in the link's socket */

enum loop_source {
	LOOP_SIGNAL,
	LOOP_LISTENER,
	LOOP_CLIENT,
	LOOP_NEIGHBOURS,
	LOOP_RELOAD,
	LOOP_TAP, /* and on: one for each port */
};

struct loop {
	struct host *host;
	int epoll;
	uint64_t client; /* connection that is registered; 0: none */
	bool client_paused;
	bool begun; /* no capture waits any more */
	unsigned idle_turns;
	bool end;
};

static int loop_add(struct loop *loop, int fd, unsigned source)
{
	struct epoll_event e = {.events = EPOLLIN, .data.u32 = source};

	return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

static int loop_init(struct loop *loop)
{
	struct host *host = loop->host;

	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll < 0)
		return -errno;
	int r = loop_add(loop, host->signals, LOOP_SIGNAL);
	if (r == 0)
		r = loop_add(loop, host->link.listener, LOOP_LISTENER);
	if (r == 0)
		r = loop_add(loop, neighbour_fd(&host->neighbours), LOOP_NEIGHBOURS);
	if (r == 0)
		r = loop_add(loop, host->reload.done, LOOP_RELOAD);
	for (unsigned p = 0; p < host->config->port_count && r == 0; p++)
		r = loop_add(loop, host->kernel_ifs[p].tap.fd, LOOP_TAP + p);
	return r;
}

static void loop_signal(struct loop *loop)
{
	struct signalfd_siginfo info;

	if (read(loop->host->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP) {
		log_info("signal", "name=SIGHUP");
		reload_start(&loop->host->reload);
		return;
	}
	log_info("signal", "name=%s", info.ssi_signo == SIGINT ? "SIGINT" : "SIGTERM");
	loop->end = true;
}

static void loop_reload(struct loop *loop)
{
	struct reloaded reloaded;

	if (!reload_finish(&loop->host->reload, &reloaded))
		return;
	if (reloaded.have_signatures)
		dplane_signatures(loop->host->dplane, reloaded.signatures);
	if (reloaded.have_sounds)
		dplane_sounds(loop->host->dplane, &reloaded.sounds);
}

static void loop_accept(struct loop *loop)
{
	if (!link_server_accept(&loop->host->link))
		return;
	loop->client_paused = false;
	dplane_link_up(loop->host->dplane, clock_now_ns());
	if (loop_add(loop, loop->host->link.client, LOOP_CLIENT) < 0)
		log_error("link-not-watched", "error=\"%s\"", strerror(errno));
}

/* While the workers have more than enough to do, commands wait in the socket, and at last in the control plane. */
static void loop_pace_client(struct loop *loop)
{
	bool pause = dplane_outstanding(loop->host->dplane) > LOOP_COMMANDS_MAX;
	struct epoll_event e = {.events = pause ? 0 : EPOLLIN, .data.u32 = LOOP_CLIENT};

	if (loop->host->link.client < 0 || pause == loop->client_paused)
		return;
	if (epoll_ctl(loop->epoll, EPOLL_CTL_MOD, loop->host->link.client, &e) == 0)
		loop->client_paused = pause;
}

static void loop_event(struct loop *loop, unsigned source)
{
	struct host *host = loop->host;

	switch (source) {
	case LOOP_SIGNAL:
		loop_signal(loop);
		break;
	case LOOP_LISTENER:
		loop_accept(loop);
		break;
	case LOOP_CLIENT:
		link_server_read(&host->link);
		break;
	case LOOP_NEIGHBOURS:
		neighbour_read(&host->neighbours);
		break;
	case LOOP_RELOAD:
		loop_reload(loop);
		break;
	default:
		kernel_if_read(&host->kernel_ifs[source - LOOP_TAP]);
	}
}

/* A capture is there once and at once: it begins when somebody has said whom to listen to. */
static void loop_begin_captures(struct loop *loop)
{
	struct dplane_counts counts;

	if (loop->begun)
		return;
	dplane_counts(loop->host->dplane, &counts);
	if (counts.source_commits == 0)
		return;
	for (unsigned p = 0; p < loop->host->config->port_count; p++)
		if (port_waits(&loop->host->ports[p]))
			port_begin(&loop->host->ports[p]);
	loop->begun = true;
}

/* What no file descriptor tells of. How much was done. */
static unsigned loop_rings(struct loop *loop)
{
	struct host *host = loop->host;
	unsigned done = 0;

	for (unsigned p = 0; p < host->config->port_count; p++)
		done += kernel_if_drain(&host->kernel_ifs[p]);
	done += dplane_main(host->dplane, clock_now_ns());
	loop_begin_captures(loop);
	loop_pace_client(loop);
	return done;
}

static long loop_sleep_ns(const struct loop *loop)
{
	if (loop->idle_turns == 0)
		return 0;
	if (loop->host->config->idle != CONFIG_IDLE_POLL && loop->idle_turns > LOOP_IDLE_TURNS &&
	    dplane_outstanding(loop->host->dplane) == 0)
		return LOOP_IDLE_SLEEP_NS;
	return LOOP_SLEEP_NS;
}

int loop_run(struct host *host)
{
	struct loop loop = {.host = host};
	struct epoll_event events[LOOP_EVENTS];

	prctl(PR_SET_TIMERSLACK, 1000);
	int r = loop_init(&loop);
	while (r == 0 && !loop.end) {
		const struct timespec sleep = {.tv_nsec = loop_sleep_ns(&loop)};
		int n = epoll_pwait2(loop.epoll, events, LOOP_EVENTS, &sleep, NULL);
		if (n < 0 && errno != EINTR)
			r = -errno;
		for (int i = 0; i < n; i++)
			loop_event(&loop, events[i].data.u32);
		unsigned done = loop_rings(&loop);
		loop.idle_turns = n > 0 || done > 0 ? 0 : loop.idle_turns + 1;
	}
	if (r < 0)
		log_error("loop-failed", "error=\"%s\"", strerror(-r));
	if (loop.epoll >= 0)
		close(loop.epoll);
	return r;
}
