#include "telemetry.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rte_telemetry.h>
#include "log.h"
#include "xfergate/counter_rows.h"

/* DPDK's threads hold the lock while they answer; the main thread takes it to come and to go. */
static struct {
	pthread_mutex_t lock;
	struct host *host; /* NULL: nobody is at home */
} telemetry = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Whole, below `end`; else -EINVAL. */
static long telemetry_index(const char *params, unsigned long end)
{
	char *rest;

	if (params == NULL || *params < '0' || *params > '9')
		return -EINVAL;
	errno = 0;
	unsigned long index = strtoul(params, &rest, 10);
	return errno || *rest || index >= end ? -EINVAL : (long)index;
}

/* DPDK takes letters, digits, '_' and '/'. */
static void telemetry_count(struct rte_tel_data *d, const char *name, uint64_t value)
{
	char plain[RTE_TEL_MAX_STRING_LEN];
	size_t i;

	for (i = 0; name[i] && i < sizeof(plain) - 1; i++)
		plain[i] = name[i] == '-' || name[i] == ' ' ? '_' : name[i];
	plain[i] = 0;
	rte_tel_data_add_dict_u64(d, plain, value);
}

static void telemetry_sockaddr(struct rte_tel_data *d, const char *name, const struct xf_sockaddr *address)
{
	char text[XF_SOCKADDR_STRLEN] = "";

	if (address->addr.family)
		xf_sockaddr_format(address, text);
	rte_tel_data_add_dict_string(d, name, text);
}

static int telemetry_list(struct rte_tel_data *d, unsigned count)
{
	rte_tel_data_start_array(d, RTE_TEL_U64_VAL);
	for (unsigned i = 0; i < count; i++)
		rte_tel_data_add_array_u64(d, i);
	return 0;
}

static int telemetry_info(struct host *host, const char *params, struct rte_tel_data *d)
{
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_string(d, "version", XF_VERSION);
	telemetry_count(d, "pid", (uint64_t)getpid());
	telemetry_count(d, "workers", host->lcores.count);
	telemetry_count(d, "ports", host->config->port_count);
	telemetry_count(d, "endpoints", dplane_endpoints_open(host->dplane));
	return 0;
}

static int telemetry_workers(struct host *host, const char *params, struct rte_tel_data *d)
{
	return telemetry_list(d, host->lcores.count);
}

static int telemetry_worker(struct host *host, const char *params, struct rte_tel_data *d)
{
	long index = telemetry_index(params, host->lcores.count);
	struct xf_link_worker row;

	if (index < 0)
		return -EINVAL;
	dplane_worker_row(host->dplane, (unsigned)index, &row);
	rte_tel_data_start_dict(d);
#define X(field) telemetry_count(d, #field, row.field);
	XF_WORKER_COUNTERS(X)
#undef X
	return 0;
}

static int telemetry_cycles(struct host *host, const char *params, struct rte_tel_data *d)
{
	long index = telemetry_index(params, host->lcores.count);
	struct xf_link_worker row;

	if (index < 0)
		return -EINVAL;
	dplane_worker_row(host->dplane, (unsigned)index, &row);
	rte_tel_data_start_dict(d);
	telemetry_count(d, "cycle_hz", row.cycle_hz);
	for (unsigned i = 0; i < XF_STAGE_COUNT; i++) {
		char name[RTE_TEL_MAX_STRING_LEN];
		snprintf(name, sizeof(name), "%s_cycles", xf_stage_name(i));
		telemetry_count(d, name, row.stages[i].cycles);
		snprintf(name, sizeof(name), "%s_items", xf_stage_name(i));
		telemetry_count(d, name, row.stages[i].items);
	}
	return 0;
}

static int telemetry_endpoints(struct host *host, const char *params, struct rte_tel_data *d)
{
	rte_tel_data_start_dict(d);
	telemetry_count(d, "open", dplane_endpoints_open(host->dplane));
	for (unsigned w = 0; w < host->lcores.count; w++) {
		struct xf_link_worker row;
		char name[32];
		dplane_worker_row(host->dplane, w, &row);
		snprintf(name, sizeof(name), "worker_%u", w);
		telemetry_count(d, name, row.endpoints);
	}
	return 0;
}

static int telemetry_endpoint(struct host *host, const char *params, struct rte_tel_data *d)
{
	long index = telemetry_index(params, UINT32_MAX);
	struct xf_endpoint_state state;

	if (index < 0)
		return -EINVAL;
	rte_tel_data_start_dict(d);
	/* Without fields: none is open there. */
	if (dplane_endpoint_row(host->dplane, (uint32_t)index, &state) < 0)
		return 0;
	telemetry_count(d, "generation", state.id.generation);
	telemetry_sockaddr(d, "local", &state.local);
	telemetry_sockaddr(d, "remote", &state.remote);
	telemetry_sockaddr(d, "locked", &state.locked);
	telemetry_count(d, "worker", state.worker);
	telemetry_count(d, "neighbour_resolved", state.neighbour_resolved);
	telemetry_count(d, "paused", state.paused);
#define X(field) telemetry_count(d, #field, state.field);
	XF_ENDPOINT_COUNTERS(X)
#undef X
	telemetry_count(d, "jitter_us", state.jitter_us);
	telemetry_count(d, "gap_longest_ns", state.gap_longest_ns);
	return 0;
}

static int telemetry_drops(struct host *host, const char *params, struct rte_tel_data *d)
{
	struct xf_link_drops row;

	dplane_drops_row(host->dplane, &row);
	rte_tel_data_start_dict(d);
	for (unsigned i = 0; i < XF_DROP_COUNT; i++)
		telemetry_count(d, xf_drop_name(i), row.count[i]);
	return 0;
}

static int telemetry_ports(struct host *host, const char *params, struct rte_tel_data *d)
{
	return telemetry_list(d, host->config->port_count);
}

static int telemetry_port(struct host *host, const char *params, struct rte_tel_data *d)
{
	long index = telemetry_index(params, host->config->port_count);
	struct xf_link_port row;

	if (index < 0)
		return -EINVAL;
	dplane_port_row(host->dplane, (unsigned)index, &row);
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_string(d, "name", row.name);
	rte_tel_data_add_dict_string(d, "driver", row.driver);
	rte_tel_data_add_dict_string(d, "tap", row.tap);
	telemetry_count(d, "link_up", row.link_up);
#define X(field) telemetry_count(d, #field, row.field);
	XF_PORT_COUNTERS(X)
#undef X
	return 0;
}

static int telemetry_screen(struct host *host, const char *params, struct rte_tel_data *d)
{
	struct xf_link_screen row;

	dplane_screen_row(host->dplane, &row);
	rte_tel_data_start_dict(d);
	telemetry_count(d, "rules", row.rules);
	telemetry_count(d, "reloads", row.reloads);
	for (unsigned v = 0; v < SIP_SCAN_VERDICT_COUNT; v++) {
		char name[RTE_TEL_MAX_STRING_LEN];
		snprintf(name, sizeof(name), "scanned_%s", sip_scan_verdict_name(v));
		telemetry_count(d, name, row.scanned[v]);
	}
	return 0;
}

static int telemetry_peers(struct host *host, const char *params, struct rte_tel_data *d)
{
	unsigned room = RTE_TEL_MAX_ARRAY_ENTRIES;

	rte_tel_data_start_array(d, RTE_TEL_U64_VAL);
	for (unsigned peer = 0; peer < XF_PEER_ROWS && room > 0; peer++) {
		struct xf_link_peer row;
		dplane_peer_row(host->dplane, peer, &row);
		if (row.passed == 0 && row.dropped == 0)
			continue;
		rte_tel_data_add_array_u64(d, peer);
		room--;
	}
	return 0;
}

static int telemetry_peer(struct host *host, const char *params, struct rte_tel_data *d)
{
	long index = telemetry_index(params, XF_PEER_ROWS);
	struct xf_link_peer row;

	if (index < 0)
		return -EINVAL;
	dplane_peer_row(host->dplane, (unsigned)index, &row);
	rte_tel_data_start_dict(d);
#define X(field) telemetry_count(d, #field, row.field);
	XF_PEER_COUNTERS(X)
#undef X
	for (unsigned i = 0; i < XF_SCREEN_DROP_COUNT; i++)
		telemetry_count(d, xf_drop_name(XF_DROP_SCREEN_FIRST + i), row.drops[i]);
	return 0;
}

/* X(name, "what it answers") */
#define TELEMETRY_COMMANDS(X)                                                                                          \
	X(info, "Version and size of the dataplane. No parameters.")                                                   \
	X(workers, "Numbers of the workers. No parameters.")                                                           \
	X(worker, "Counters of a worker. Parameters: its number.")                                                     \
	X(cycles, "Cycles and items of each stage in a worker's measured turns. Parameters: its number.")              \
	X(endpoints, "How many endpoints are open, of all and by worker. No parameters.")                              \
	X(endpoint, "The endpoint open on an index; nothing if there is none. Parameters: the index.")                 \
	X(drops, "Packets dropped, by reason. No parameters.")                                                         \
	X(ports, "Numbers of the ports. No parameters.")                                                               \
	X(port, "Counters of a port. Parameters: its number.")                                                         \
	X(screen, "SIP packets by what the scan said, and the rules in use. No parameters.")                           \
	X(peers, "Numbers of the peers that have sent SIP. No parameters.")                                            \
	X(peer, "SIP packets of a peer. Parameters: its number.")

#define X(name, help)                                                                                                  \
	static int telemetry_##name##_run(const char *cmd, const char *params, struct rte_tel_data *d)                 \
	{                                                                                                              \
		pthread_mutex_lock(&telemetry.lock);                                                                   \
		int r = telemetry.host ? telemetry_##name(telemetry.host, params, d) : -ENODEV;                        \
		pthread_mutex_unlock(&telemetry.lock);                                                                 \
		return r;                                                                                              \
	}
TELEMETRY_COMMANDS(X)
#undef X

static const struct {
	const char *name, *help;
	telemetry_cb run;
} telemetry_commands[] = {
#define X(name, help) {"/xfergate/" #name, help, telemetry_##name##_run},
    TELEMETRY_COMMANDS(X)
#undef X
};

void telemetry_start(struct host *host)
{
	pthread_mutex_lock(&telemetry.lock);
	telemetry.host = host;
	pthread_mutex_unlock(&telemetry.lock);
	for (size_t i = 0; i < sizeof(telemetry_commands) / sizeof(telemetry_commands[0]); i++) {
		int r = rte_telemetry_register_cmd(telemetry_commands[i].name, telemetry_commands[i].run,
						   telemetry_commands[i].help);
		if (r < 0)
			log_warning("telemetry-failed", "command=%s error=\"%s\"", telemetry_commands[i].name,
				    strerror(-r));
	}
}

void telemetry_stop(void)
{
	pthread_mutex_lock(&telemetry.lock);
	telemetry.host = NULL;
	pthread_mutex_unlock(&telemetry.lock);
}
