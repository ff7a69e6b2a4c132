#include "watch.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <rte_ethdev.h>
#include "media_plan.h"

/* What a receiver got last. */
struct watch_receiver {
	uint32_t timestamp, ssrc;
	uint16_t sequence;
	uint16_t heard; /* 0: nothing yet */
};

#define WATCH_QUEUES 16

/* What a queue sends, and what it sends to a receiver: written by the one worker that does. */
struct watch_queue {
	struct watch_seen seen;
	const struct rte_eth_rxtx_callback *callback;
	bool busy; /* somebody is in the callback */
} __rte_cache_aligned;

static struct watch {
	uint32_t flows;
	uint16_t queues;
	struct watch_receiver
	    *receivers; /* kept for good: a burst may be in the callback for as long as its core is away */
	struct watch_queue queue[WATCH_QUEUES];
} watch;

/* RTP; RTCP goes to an odd port. */
static bool watch_is_media(const struct rte_mbuf *mbuf, const uint8_t *frame)
{
	return rte_pktmbuf_data_len(mbuf) >= MEDIA_PLAN_RTP && media_plan_get16(frame + 12) == 0x0800 &&
	       frame[MEDIA_PLAN_IP + 9] == 17 && media_plan_get16(frame + MEDIA_PLAN_UDP + 2) % 2 == 0;
}

/* The receiver that the packet's destination means; only if all of the header is as it must be. */
static bool watch_receiver(const struct rte_mbuf *mbuf, const uint8_t *frame, uint32_t *to)
{
	const uint8_t *ip = frame + MEDIA_PLAN_IP, *udp = frame + MEDIA_PLAN_UDP, *rtp = frame + MEDIA_PLAN_RTP;
	*to = media_plan_get32(ip + 16) - MEDIA_PLAN_SENDER;
	return rte_pktmbuf_data_len(mbuf) == MEDIA_PLAN_FRAME_LEN && mbuf->nb_segs == 1 && *to < watch.flows &&
	       memcmp(frame, media_plan_router_mac, 6) == 0 && memcmp(frame + 6, media_plan_gateway_mac, 6) == 0 &&
	       ip[0] == 0x45 && ip[8] > 0 && media_plan_get16(ip + 2) == MEDIA_PLAN_FRAME_LEN - MEDIA_PLAN_IP &&
	       media_plan_get32(ip + 12) == media_plan_media_addr(*to) &&
	       media_plan_get16(udp) == xf_endpoint_port(*to) &&
	       media_plan_get16(udp + 2) == media_plan_sender_port(*to) &&
	       media_plan_get16(udp + 4) == 8 + MEDIA_PLAN_RTP_LEN && rtp[0] == 0x80 && (rtp[1] & 0x7f) == 0;
}

static void watch_stream(struct watch_seen *seen, struct watch_receiver *r, const uint8_t *rtp)
{
	struct watch_receiver now = {.timestamp = media_plan_get32(rtp + 4),
				     .ssrc = media_plan_get32(rtp + 8),
				     .sequence = media_plan_get16(rtp + 2),
				     .heard = 1};
	int16_t step = (int16_t)(now.sequence - r->sequence);
	if (!r->heard)
		seen->receivers++;
	else if (now.ssrc != r->ssrc)
		seen->ssrcs++;
	else if (step < 1)
		seen->repeated++;
	else if (step > 1)
		seen->lost += (uint64_t)step - 1;
	else if (now.timestamp - r->timestamp != MEDIA_PLAN_STEP)
		seen->timestamps++;
	*r = now;
}

static void watch_packet(struct watch_seen *seen, const struct rte_mbuf *mbuf)
{
	const uint8_t *frame = rte_pktmbuf_mtod(mbuf, const uint8_t *);
	uint32_t to;
	if (!watch_is_media(mbuf, frame)) {
		seen->others++;
		return;
	}
	seen->packets++;
	if (!watch_receiver(mbuf, frame, &to)) {
		seen->malformed++;
		return;
	}
	if (media_plan_fold(media_plan_sum(frame + MEDIA_PLAN_IP, 20)) != 0xffff || media_plan_udp_sum(frame) != 0xffff)
		seen->checksums++;
	if (media_plan_get32(frame + MEDIA_PLAN_NUMBER) != media_plan_partner(to, watch.flows))
		seen->misdelivered++;
	watch_stream(seen, &watch.receivers[to], frame + MEDIA_PLAN_RTP);
}

static uint16_t watch_burst(uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n, void *arg)
{
	struct watch_queue *q = arg;
	__atomic_store_n(&q->busy, true, __ATOMIC_SEQ_CST);
	for (uint16_t i = 0; i < n; i++)
		watch_packet(&q->seen, pkts[i]);
	__atomic_store_n(&q->busy, false, __ATOMIC_RELEASE);
	return n;
}

int watch_start(uint16_t port, uint32_t flows)
{
	struct rte_eth_dev_info info;
	int r = rte_eth_dev_info_get(port, &info);
	if (r < 0 || info.nb_tx_queues > WATCH_QUEUES)
		return r < 0 ? r : -E2BIG;
	if (!watch.receivers)
		watch.receivers = malloc(flows * sizeof(*watch.receivers));
	if (!watch.receivers)
		return -ENOMEM;
	memset(watch.receivers, 0, flows * sizeof(*watch.receivers));
	watch.flows = flows;
	for (watch.queues = 0; watch.queues < info.nb_tx_queues; watch.queues++) {
		struct watch_queue *q = &watch.queue[watch.queues];
		*q = (struct watch_queue){0};
		q->callback = rte_eth_add_tx_callback(port, watch.queues, watch_burst, q);
		if (!q->callback)
			return -ENOTSUP;
	}
	return 0;
}

static void watch_add(struct watch_seen *to, const struct watch_seen *seen)
{
	uint64_t sum[sizeof(*to) / sizeof(uint64_t)], more[sizeof(*to) / sizeof(uint64_t)];
	memcpy(sum, to, sizeof(sum));
	memcpy(more, seen, sizeof(more));
	for (unsigned i = 0; i < sizeof(sum) / sizeof(sum[0]); i++)
		sum[i] += more[i];
	memcpy(to, sum, sizeof(sum));
}

void watch_stop(uint16_t port, struct watch_seen *seen)
{
	const struct timespec moment = {.tv_nsec = 20000000};
	*seen = (struct watch_seen){0};
	for (uint16_t q = 0; q < watch.queues; q++)
		rte_eth_remove_tx_callback(port, q, watch.queue[q].callback);
	for (uint16_t q = 0; q < watch.queues; q++) {
		do
			nanosleep(&moment, NULL);
		while (__atomic_load_n(&watch.queue[q].busy, __ATOMIC_ACQUIRE));
		watch_add(seen, &watch.queue[q].seen);
	}
}
