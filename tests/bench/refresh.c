#include "refresh.h"

#include <errno.h>
#include <rte_ethdev.h>
#include "media_plan.h"

#define REFRESH_QUEUES 16

/* Of a queue; written by whoever polls it. */
struct refresh {
	uint64_t frames;
	uint64_t at; /* in the file */
	uint64_t pass;
} __rte_cache_aligned;

static struct refresh refresh_queues[REFRESH_QUEUES];
static bool refresh_is_shut; /* written by the probe's thread */

void refresh_shut(void)
{
	__atomic_store_n(&refresh_is_shut, true, __ATOMIC_RELAXED);
}

/* RFC 1624, equation 3, over three words, in the order in which they stand in memory. */
static void refresh_packet(uint8_t *frame, uint64_t pass)
{
	uint16_t old[3], new[3], checksum;
	uint8_t *changed = frame + MEDIA_PLAN_RTP + 2, *at = frame + MEDIA_PLAN_UDP + 6;
	memcpy(old, changed, sizeof(old));
	memcpy(&checksum, at, sizeof(checksum));
	uint32_t timestamp;
	memcpy(&timestamp, &old[1], sizeof(timestamp));
	new[0] = rte_cpu_to_be_16((uint16_t)(rte_be_to_cpu_16(old[0]) + pass));
	timestamp = rte_cpu_to_be_32(rte_be_to_cpu_32(timestamp) + (uint32_t)pass * MEDIA_PLAN_STEP);
	memcpy(&new[1], &timestamp, sizeof(timestamp));
	uint32_t sum = (uint16_t)~checksum;
	for (unsigned i = 0; i < 3; i++)
		sum += (uint32_t)(uint16_t)~old[i] + new[i];
	checksum = (uint16_t)~media_plan_fold(sum);
	if (checksum == 0)
		checksum = 0xffff;
	memcpy(changed, new, sizeof(new));
	memcpy(at, &checksum, sizeof(checksum));
}

static uint16_t refresh_burst(uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n, uint16_t max,
			      void *arg)
{
	struct refresh *r = arg;
	if (unlikely(__atomic_load_n(&refresh_is_shut, __ATOMIC_RELAXED))) {
		rte_pktmbuf_free_bulk(pkts, n);
		return 0;
	}
	for (uint16_t i = 0; i < n; i++) {
		refresh_packet(rte_pktmbuf_mtod(pkts[i], uint8_t *), r->pass);
		if (++r->at == r->frames) {
			r->at = 0;
			r->pass++;
		}
	}
	return n;
}

int refresh_add(uint16_t port, uint64_t frames)
{
	struct rte_eth_dev_info info;
	int r = rte_eth_dev_info_get(port, &info);
	if (r < 0 || info.nb_rx_queues > REFRESH_QUEUES)
		return r < 0 ? r : -E2BIG;
	for (uint16_t q = 0; q < info.nb_rx_queues; q++) {
		refresh_queues[q] = (struct refresh){.frames = frames};
		if (!rte_eth_add_rx_callback(port, q, refresh_burst, &refresh_queues[q]))
			return -ENOTSUP;
	}
	return 0;
}
