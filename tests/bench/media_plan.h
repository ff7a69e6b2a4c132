/* Who is who in the dataplane's benchmarks: N senders, each with an endpoint of the gateway, half of them talking with
 * the other half through it. All are beyond one router, which is the next hop of every endpoint. */
#pragma once

#include <stdint.h>
#include <string.h>
#include "xfergate/endpoint.h"

#define MEDIA_PLAN_FRAME_LEN 214
#define MEDIA_PLAN_RTP_LEN   172	 /* 20 ms of G.711 with its RTP header */
#define MEDIA_PLAN_STEP	     160	 /* of the timestamp, a packet */
#define MEDIA_PLAN_MEDIA     0x0a000001u /* 10.0.0.1, the first media address */
#define MEDIA_PLAN_NEXT_HOP  0x0a0000feu /* 10.0.0.254 */
#define MEDIA_PLAN_SENDER    0x64400000u /* 100.64.0.0, the first sender's */
#define MEDIA_PLAN_FLOWS_MAX (123u * XF_PORT_PAIRS)
#define MEDIA_PLAN_SSRC	     0x51000000u

/* Offsets in a frame. The payload begins with its sender's number, big-endian. */
enum media_plan_offset {
	MEDIA_PLAN_IP = 14,
	MEDIA_PLAN_UDP = 34,
	MEDIA_PLAN_RTP = 42,
	MEDIA_PLAN_NUMBER = 54,
	MEDIA_PLAN_COUNT = 58, /* 8 bytes, if the journal is on */
};

static const uint8_t media_plan_gateway_mac[6] = {2, 0, 0, 0, 0, 1}, media_plan_router_mac[6] = {2, 0, 0, 0, 0, 0xfe};

/* Host byte order, all of them. */
static inline uint32_t media_plan_sender_addr(uint32_t i)
{
	return MEDIA_PLAN_SENDER + i;
}

static inline uint16_t media_plan_sender_port(uint32_t i)
{
	return (uint16_t)(20000 + i % 10000 * 2);
}

/* Its endpoint has index i. */
static inline uint32_t media_plan_media_addr(uint32_t i)
{
	return MEDIA_PLAN_MEDIA + xf_endpoint_local_addr(i);
}

/* Whom sender i hears, and who hears it. */
static inline uint32_t media_plan_partner(uint32_t i, uint32_t flows)
{
	return i < flows / 2 ? i + flows / 2 : i - flows / 2;
}

/* The owner of sender i's endpoint and of its partner's. */
static inline uint32_t media_plan_worker(uint32_t i, uint32_t flows, uint32_t workers)
{
	return i % (flows / 2) % workers;
}

static inline void media_plan_put16(uint8_t *to, uint16_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

static inline void media_plan_put32(uint8_t *to, uint32_t value)
{
	media_plan_put16(to, (uint16_t)(value >> 16));
	media_plan_put16(to + 2, (uint16_t)value);
}

static inline uint16_t media_plan_get16(const uint8_t *from)
{
	return (uint16_t)(from[0] << 8 | from[1]);
}

static inline uint32_t media_plan_get32(const uint8_t *from)
{
	return (uint32_t)media_plan_get16(from) << 16 | media_plan_get16(from + 2);
}

/* The one's complement sum of so many bytes (an even number), not folded: at most 64 KB of them. */
static inline uint32_t media_plan_sum(const uint8_t *bytes, unsigned len)
{
	uint32_t sum = 0;
	for (unsigned i = 0; i < len; i += 2)
		sum += media_plan_get16(bytes + i);
	return sum;
}

/* Adding the two halves the other way round leaves their sum in the upper one, with the carry of the lower one. */
static inline uint16_t media_plan_fold(uint64_t sum)
{
	uint32_t half = (uint32_t)((sum + (sum << 32 | sum >> 32)) >> 32);
	return (uint16_t)((half + (half << 16 | half >> 16)) >> 16);
}

/* Of addresses, protocol, length, UDP header and payload; 0xffff if the checksum that stands in the frame is right. */
static inline uint16_t media_plan_udp_sum(const uint8_t *frame)
{
	const unsigned len = 8 + MEDIA_PLAN_RTP_LEN;
	return media_plan_fold(media_plan_sum(frame + MEDIA_PLAN_IP + 12, 8) + 17 + len +
			       media_plan_sum(frame + MEDIA_PLAN_UDP, len));
}
