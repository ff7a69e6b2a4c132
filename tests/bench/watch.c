#include "watch.h"

#include <errno.h>
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

/* One queue sends while it is watched; written by who does. */
static struct watch {
	uint32_t flows;
	struct watch_receiver *receivers;
	struct watch_seen seen;
	const struct rte_eth_rxtx_callback *callback;
} watch;

static bool watch_is_media(const struct rte_mbuf *mbuf, const uint8_t *frame)
{
	return rte_pktmbuf_data_len(mbuf) >= MEDIA_PLAN_RTP && media_plan_get16(frame + 12) == 0x0800 &&
	       frame[MEDIA_PLAN_IP + 9] == 17;
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

static void watch_stream(struct watch_receiver *r, const uint8_t *rtp)
{
	struct watch_receiver now = {.timestamp = media_plan_get32(rtp + 4),
				     .ssrc = media_plan_get32(rtp + 8),
				     .sequence = media_plan_get16(rtp + 2),
				     .heard = 1};
	int16_t step = (int16_t)(now.sequence - r->sequence);
	if (!r->heard)
		watch.seen.receivers++;
	else if (now.ssrc != r->ssrc)
		watch.seen.ssrcs++;
	else if (step < 1)
		watch.seen.repeated++;
	else if (step > 1)
		watch.seen.lost += (uint64_t)step - 1;
	else if (now.timestamp - r->timestamp != MEDIA_PLAN_STEP)
		watch.seen.timestamps++;
	*r = now;
}

static void watch_packet(const struct rte_mbuf *mbuf)
{
	const uint8_t *frame = rte_pktmbuf_mtod(mbuf, const uint8_t *);
	uint32_t to;
	if (!watch_is_media(mbuf, frame)) {
		watch.seen.others++;
		return;
	}
	watch.seen.packets++;
	if (!watch_receiver(mbuf, frame, &to)) {
		watch.seen.malformed++;
		return;
	}
	if (media_plan_fold(media_plan_sum(frame + MEDIA_PLAN_IP, 20)) != 0xffff || media_plan_udp_sum(frame) != 0xffff)
		watch.seen.checksums++;
	if (media_plan_get32(frame + MEDIA_PLAN_NUMBER) != media_plan_partner(to, watch.flows))
		watch.seen.misdelivered++;
	watch_stream(&watch.receivers[to], frame + MEDIA_PLAN_RTP);
}

static uint16_t watch_burst(uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n, void *arg)
{
	for (uint16_t i = 0; i < n; i++)
		watch_packet(pkts[i]);
	return n;
}

int watch_start(uint16_t port, uint32_t flows)
{
	watch = (struct watch){.flows = flows, .receivers = calloc(flows, sizeof(*watch.receivers))};
	if (!watch.receivers)
		return -ENOMEM;
	watch.callback = rte_eth_add_tx_callback(port, 0, watch_burst, NULL);
	return watch.callback ? 0 : -ENOTSUP;
}

void watch_stop(uint16_t port, struct watch_seen *seen)
{
	const struct timespec while_a_burst_ends = {.tv_nsec = 20000000};
	*seen = (struct watch_seen){0};
	if (!watch.callback)
		return;
	rte_eth_remove_tx_callback(port, 0, watch.callback);
	/* The callback's own memory is kept by DPDK; the table is ours, and a burst may still be in it. */
	nanosleep(&while_a_burst_ends, NULL);
	*seen = watch.seen;
	free(watch.receivers);
	watch = (struct watch){0};
}
