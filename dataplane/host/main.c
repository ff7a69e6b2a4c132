/* xfergate-dataplane: start-up is one ladder, shutdown its mirror. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <rte_eal.h>
#include <rte_mbuf.h>
#include "eal.h"
#include "host.h"
#include "log.h"
#include "loop.h"
#include "options.h"
#include "sysctl.h"
#include "telemetry.h"
#include "wire.h"

/* An AF_XDP queue keeps up to 4,096 buffers; the rest is for rings, bursts and reassembly. */
#define MAIN_MBUFS_QUEUE 6144
#define MAIN_MBUFS_REST	 8192
#define MAIN_MBUF_CACHE	 256

static int main_signals_start(struct host *host)
{
	sigset_t set;

	/* Before any thread exists, so that all threads inherit it and signals come to the main thread's loop only. */
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	signal(SIGPIPE, SIG_IGN);
	host->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return host->signals < 0 ? -errno : 0;
}

static int main_config_start(struct host *host, const char *file)
{
	int r = config_load_without_secrets(&host->config, file, stderr);

	if (r < 0) {
		log_error("config-failed", "file=%s", file);
		return r;
	}
	if (host->config->workers == 0 || host->config->workers > WORKER_MAX || host->config->port_count == 0 ||
	    host->config->port_count > WORKER_MAX_PORTS) {
		log_error("config-failed", "workers=%u workers_max=%u ports=%u ports_max=%u", host->config->workers,
			  WORKER_MAX, host->config->port_count, WORKER_MAX_PORTS);
		r = -EINVAL;
		config_destroy(host->config);
	}
	return r;
}

/* Most virtual devices have one queue. */
static uint32_t main_queues(const struct config *config, const char *device)
{
	return eal_device_is_pci(device) ? config->workers : 1;
}

static int main_pool_start(struct host *host)
{
	const struct config *config = host->config;
	uint32_t frame = RTE_MBUF_DEFAULT_DATAROOM, count = MAIN_MBUFS_REST;

	for (uint32_t p = 0; p < config->port_count; p++) {
		int r = pcap_port_look(&host->ports[p].pcap, &config->ports[p]);
		if (r < 0)
			return r;
		count += host->ports[p].pcap.frames;
		/* A bonded device's queues are those of its members. */
		if (config->ports[p].member_count == 0)
			count += MAIN_MBUFS_QUEUE * main_queues(config, config->ports[p].device);
		for (uint32_t m = 0; m < config->ports[p].member_count; m++)
			count += MAIN_MBUFS_QUEUE * main_queues(config, config->ports[p].members[m]);
		if (port_frame_size(config->ports[p].mtu) > frame)
			frame = port_frame_size(config->ports[p].mtu);
	}
	host->pool = rte_pktmbuf_pool_create("packets", count, MAIN_MBUF_CACHE, 0,
					     (uint16_t)(RTE_PKTMBUF_HEADROOM + frame), SOCKET_ID_ANY);
	if (host->pool)
		return 0;
	log_error("packets-failed", "error=\"%s\" hint=\"raise dataplane.memory\"", rte_strerror(rte_errno));
	return -ENOMEM;
}

static void main_ports_stop(struct host *host)
{
	ports_stop(host->ports, host->ports_started);
	host->ports_started = 0;
}

static int main_ports_start(struct host *host)
{
	for (uint32_t p = 0; p < host->config->port_count; p++) {
		int r = port_start(&host->ports[p], host->config, p, host->pool);
		if (r < 0) {
			main_ports_stop(host);
			return r;
		}
		host->ports_started++;
	}
	return 0;
}

static void main_kernel_ifs_stop(struct host *host)
{
	while (host->kernel_ifs_open > 0)
		tap_close(&host->kernel_ifs[--host->kernel_ifs_open].tap);
}

static int main_kernel_ifs_start(struct host *host)
{
	const struct config *config = host->config;
	int r = sysctl_ports_reserve(config->media_port_first, config->media_port_last);

	for (uint32_t p = 0; p < config->port_count && r == 0; p++) {
		struct kernel_if *k = &host->kernel_ifs[p];
		*k = (struct kernel_if){
		    .pool = host->pool, .lcores = &host->lcores, .port = p, .vlan = config->ports[p].vlan};
		r = tap_open(&k->tap, &host->netlink, &config->ports[p], host->ports[p].mac);
		if (r == 0)
			host->kernel_ifs_open++;
	}
	if (r < 0)
		main_kernel_ifs_stop(host);
	return r;
}

static int main_plane_start(struct host *host)
{
	struct dplane_seam seam = wire_seam(host);
	struct dplane_port ports[WORKER_MAX_PORTS] = {0};

	for (uint32_t p = 0; p < host->config->port_count; p++) {
		memcpy(ports[p].mac, host->ports[p].mac, sizeof(ports[p].mac));
		ports[p].mtu = (uint16_t)host->config->ports[p].mtu;
		ports[p].vlan = host->config->ports[p].vlan;
	}
	return dplane_create(&host->dplane, host->config, ports, host->pool, &seam);
}

static int main_link_start(struct host *host)
{
	host->link.packet = wire_link_packet;
	host->link.down = wire_link_down;
	host->link.arg = host;
	return link_server_start(&host->link, host->config->link_socket, host->config->user, host->config->group);
}

static unsigned main_media_addresses(const struct config *config)
{
	unsigned count = 0;

	for (uint32_t n = 0; n < config->network_count; n++)
		count += config->networks[n].media_count;
	return count;
}

/* The ladder. Each step logs why it failed, and undoes itself. thread_left: reload_fini says so. */
static int main_run(struct host *host, const char *file, bool *thread_left)
{
	int r;

	if ((r = main_signals_start(host)) < 0)
		return r;
	if ((r = main_config_start(host, file)) < 0)
		goto err_signals;
	if ((r = netlink_open(&host->netlink)) < 0)
		goto err_config;
	if ((r = log_dpdk_start()) < 0)
		goto err_netlink;
	if ((r = eal_start(host->config)) < 0)
		goto err_log;
	if ((r = main_pool_start(host)) < 0)
		goto err_eal;
	if ((r = main_ports_start(host)) < 0)
		goto err_pool;
	if ((r = main_kernel_ifs_start(host)) < 0)
		goto err_ports;
	if ((r = lcore_create(&host->lcores, host->config, host->ports)) < 0)
		goto err_kernel_ifs;
	if ((r = neighbour_init(&host->neighbours, &host->netlink, wire_neighbour_changed, host)) < 0)
		goto err_lcores;
	if ((r = main_plane_start(host)) < 0)
		goto err_neighbours;
	if ((r = reload_init(&host->reload, host->config->screen.signatures, host->config->file,
			     host->config->sound_count > 0)) < 0)
		goto err_plane;
	host->reload.running = host->config;
	if ((r = lcore_start(&host->lcores, host->dplane)) < 0)
		goto err_reload;
	if ((r = main_link_start(host)) < 0)
		goto err_workers;
	telemetry_start(host);

	log_info("ready", "version=%s workers=%u ports=%u media_addresses=%u", XF_VERSION, host->lcores.count,
		 host->config->port_count, main_media_addresses(host->config));
	r = loop_run(host);

	telemetry_stop();
	link_server_stop(&host->link);
err_workers:
	lcore_stop(&host->lcores);
err_reload:
	*thread_left = reload_fini(&host->reload);
err_plane:
	dplane_destroy(host->dplane);
err_neighbours:
	neighbour_fini(&host->neighbours);
err_lcores:
	lcore_destroy(&host->lcores);
err_kernel_ifs:
	main_kernel_ifs_stop(host);
err_ports:
	main_ports_stop(host);
err_pool:
	rte_mempool_free(host->pool);
err_eal:
	eal_stop();
err_log:
	log_dpdk_stop();
err_netlink:
	netlink_close(&host->netlink);
err_config:
	config_destroy(host->config);
err_signals:
	close(host->signals);
	return r;
}

int main(int argc, char **argv)
{
	static struct host host; /* large; zeroed */
	struct options options;

	if (options_parse(&options, argc, argv, stderr) < 0)
		return 2;
	switch (options.action) {
	case OPTIONS_HELP:
		options_help(stdout);
		return 0;
	case OPTIONS_VERSION:
		puts("xfergate-dataplane " XF_VERSION);
		return 0;
	case OPTIONS_RUN:
		break;
	}
	uint64_t probe;
	if (getrandom(&probe, sizeof(probe), 0) != (ssize_t)sizeof(probe)) {
		log_error("no-randomness", "error=\"%s\"", strerror(errno));
		return 1;
	}
	bool thread_left = false;
	int r = main_run(&host, options.config_file, &thread_left);
	log_info("ended", "exit=%d", r < 0);
	if (thread_left)
		_exit(r < 0);
	return r < 0;
}
