/* media-capture FILE FLOWS: writes what the dataplane's benchmarks receive. One packet of each of FLOWS senders (see
 * media_plan.h), shuffled, the same at every call: 214-byte Ethernet frames, IPv4, UDP with its checksum, 20 ms of
 * PCMU. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include "media_plan.h"

#define MEDIA_CAPTURE_SEED 88172645463325252ull

/* Which of the senders. */
struct media_capture_part {
	uint32_t flows, queue, queues;
	bool spread;
};

struct media_capture_file {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy, length, linktype;
};

struct media_capture_record {
	uint32_t s, us, caught, length;
};

static uint64_t media_capture_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static uint32_t *media_capture_order(uint32_t flows, uint64_t *random)
{
	uint32_t *order = malloc(flows * sizeof(*order));
	if (!order)
		return NULL;
	for (uint32_t i = 0; i < flows; i++)
		order[i] = i;
	for (uint32_t i = flows; i-- > 1;) {
		uint32_t j = (uint32_t)(media_capture_random(random) % (i + 1)), swapped = order[i];
		order[i] = order[j];
		order[j] = swapped;
	}
	return order;
}

static void media_capture_rtp(uint8_t *rtp, uint32_t i, uint64_t *random)
{
	rtp[0] = 0x80;
	media_plan_put16(rtp + 2, (uint16_t)(i * 7));
	media_plan_put32(rtp + 4, i * 1000);
	media_plan_put32(rtp + 8, MEDIA_PLAN_SSRC + i);
	media_plan_put32(rtp + 12, i);
	for (unsigned at = 16; at < MEDIA_PLAN_RTP_LEN; at++)
		rtp[at] = (uint8_t)(media_capture_random(random) >> 24);
}

static void media_capture_frame(uint8_t *frame, uint32_t i, uint64_t *random)
{
	uint8_t *ip = frame + MEDIA_PLAN_IP, *udp = frame + MEDIA_PLAN_UDP;
	memset(frame, 0, MEDIA_PLAN_FRAME_LEN);
	memcpy(frame, media_plan_gateway_mac, 6);
	memcpy(frame + 6, media_plan_router_mac, 6);
	media_plan_put16(frame + 12, 0x0800);
	ip[0] = 0x45;
	media_plan_put16(ip + 2, MEDIA_PLAN_FRAME_LEN - MEDIA_PLAN_IP);
	ip[8] = 64;
	ip[9] = 17;
	media_plan_put32(ip + 12, media_plan_sender_addr(i));
	media_plan_put32(ip + 16, media_plan_media_addr(i));
	media_plan_put16(ip + 10, (uint16_t)~media_plan_fold(media_plan_sum(ip, 20)));
	media_plan_put16(udp, media_plan_sender_port(i));
	media_plan_put16(udp + 2, xf_endpoint_port(i));
	media_plan_put16(udp + 4, 8 + MEDIA_PLAN_RTP_LEN);
	media_capture_rtp(frame + MEDIA_PLAN_RTP, i, random);
	uint16_t checksum = (uint16_t)~media_plan_udp_sum(frame);
	media_plan_put16(udp + 6, checksum ? checksum : 0xffff);
}

static bool media_capture_takes(const struct media_capture_part *part, uint32_t place, uint32_t sender)
{
	uint32_t queue = part->spread ? place % part->queues : media_plan_worker(sender, part->flows, part->queues);
	return queue == part->queue;
}

static int media_capture_write(FILE *f, const struct media_capture_part *part)
{
	const struct media_capture_file head = {0xa1b2c3d4, 2, 4, 0, 0, 65535, 1};
	struct media_capture_record record = {.s = 1, .caught = MEDIA_PLAN_FRAME_LEN, .length = MEDIA_PLAN_FRAME_LEN};
	uint8_t frame[MEDIA_PLAN_FRAME_LEN];
	uint64_t random = MEDIA_CAPTURE_SEED;
	uint32_t *order = media_capture_order(part->flows, &random);
	if (!order)
		return -ENOMEM;
	fwrite(&head, sizeof(head), 1, f);
	for (uint32_t n = 0; n < part->flows; n++) {
		if (!media_capture_takes(part, n, order[n]))
			continue;
		media_capture_frame(frame, order[n], &random);
		fwrite(&record, sizeof(record), 1, f);
		fwrite(frame, sizeof(frame), 1, f);
	}
	free(order);
	return ferror(f) ? -EIO : 0;
}

static bool media_capture_parse(struct media_capture_part *part, int argc, char **argv)
{
	*part = (struct media_capture_part){.queues = 1};
	if (argc != 3 && argc != 6)
		return false;
	part->flows = (uint32_t)strtoul(argv[2], NULL, 10);
	if (argc == 6) {
		part->queue = (uint32_t)strtoul(argv[3], NULL, 10);
		part->queues = (uint32_t)strtoul(argv[4], NULL, 10);
		part->spread = strcmp(argv[5], "spread") == 0;
		if (!part->spread && strcmp(argv[5], "own") != 0)
			return false;
	}
	return part->flows >= 2 && part->flows <= MEDIA_PLAN_FLOWS_MAX && part->flows % 2 == 0 && part->queues > 0 &&
	       part->queue < part->queues;
}

int main(int argc, char **argv)
{
	struct media_capture_part part;
	if (!media_capture_parse(&part, argc, argv)) {
		fprintf(stderr, "usage: media-capture FILE FLOWS [QUEUE QUEUES own|spread]\nFLOWS: even, 2 to %u\n",
			MEDIA_PLAN_FLOWS_MAX);
		return 2;
	}
	FILE *f = fopen(argv[1], "wbe");
	int r = f ? media_capture_write(f, &part) : -errno;
	if (f && fclose(f) != 0 && r == 0)
		r = -errno;
	if (r < 0)
		fprintf(stderr, "media-capture: %s: %s\n", argv[1], strerror(-r));
	return r < 0;
}
