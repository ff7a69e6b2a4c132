#include "refresh.h"

#include <errno.h>
#include <rte_ethdev.h>
#include "journal.h"
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

/* Other bytes in place of those (an even number, at most 8), and the UDP checksum by what has changed (RFC 1624,
 * equation 3). All words in the order in which they stand in memory. */
static inline void refresh_replace(uint8_t *frame, unsigned at, const void *bytes, unsigned len)
{
	uint16_t old[4], new[4], checksum;
	memcpy(old, frame + at, len);
	memcpy(new, bytes, len);
	memcpy(frame + at, bytes, len);
	memcpy(&checksum, frame + MEDIA_PLAN_UDP + 6, sizeof(checksum));
	uint32_t sum = (uint16_t)~checksum;
	for (unsigned i = 0; i < len / 2; i++)
		sum += (uint32_t)(uint16_t)~old[i] + new[i];
	checksum = (uint16_t)~media_plan_fold(sum);
	if (checksum == 0)
		checksum = 0xffff;
	memcpy(frame + MEDIA_PLAN_UDP + 6, &checksum, sizeof(checksum));
}

/* What a pass through the file adds to the numbers of each packet, and to the sum of its words as they stand in memory:
 * the same for all, but that 2^16 and 2^32 are 1 in one's complement, and 1 of a number as it is sent is 0x100 of such
 * a word. Every packet of every run pays for it. */
struct refresh_step {
	uint32_t timestamp;
	uint16_t sequence, sum;
};

static struct refresh_step refresh_step(uint64_t pass)
{
	struct refresh_step step = {.timestamp = (uint32_t)pass * MEDIA_PLAN_STEP, .sequence = (uint16_t)pass};
	step.sum = media_plan_fold((uint64_t)__builtin_bswap16(step.sequence) + __builtin_bswap32(step.timestamp));
	return step;
}

static inline void refresh_packet(uint8_t *frame, const struct refresh_step *step)
{
	uint32_t word[2];
	uint16_t checksum;
	memcpy(word, frame + MEDIA_PLAN_RTP, sizeof(word));
	memcpy(&checksum, frame + MEDIA_PLAN_UDP + 6, sizeof(checksum));
	const uint32_t before = __builtin_bswap32(word[0]), time = __builtin_bswap32(word[1]);
	const uint16_t sequence = (uint16_t)(before + step->sequence);
	const uint32_t timestamp = time + step->timestamp;
	const uint32_t carries = (uint32_t)(sequence < (uint16_t)before) + (timestamp < time);
	uint32_t sum = (uint16_t)~checksum + 0xffffu + step->sum - carries * 0x100;
	sum = (sum & 0xffff) + (sum >> 16);
	checksum = (uint16_t) ~(sum + (sum >> 16));
	if (checksum == 0)
		checksum = 0xffff;
	word[0] = __builtin_bswap32((before & 0xffff0000) | sequence);
	word[1] = __builtin_bswap32(timestamp);
	memcpy(frame + MEDIA_PLAN_RTP, word, sizeof(word));
	memcpy(frame + MEDIA_PLAN_UDP + 6, &checksum, sizeof(checksum));
}

static uint16_t refresh_burst(uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n, uint16_t max,
			      void *arg)
{
	struct refresh *r = arg;
	uint64_t at = r->at, pass = r->pass;
	if (unlikely(__atomic_load_n(&refresh_is_shut, __ATOMIC_RELAXED))) {
		rte_pktmbuf_free_bulk(pkts, n);
		return 0;
	}
	bool numbered = journal_on();
	struct refresh_step step = refresh_step(pass);
	for (uint16_t i = 0; i < n; i++) {
		uint8_t *frame = rte_pktmbuf_mtod(pkts[i], uint8_t *);
		refresh_packet(frame, &step);
		if (unlikely(numbered)) {
			const uint64_t number = pass * r->frames + at;
			refresh_replace(frame, MEDIA_PLAN_COUNT, &number, sizeof(number));
		}
		if (++at == r->frames) {
			at = 0;
			step = refresh_step(++pass);
		}
	}
	r->at = at;
	r->pass = pass;
	if (unlikely(numbered))
		journal_burst(pass * r->frames + at);
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
