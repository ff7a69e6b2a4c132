/* What the reports of RTCP say of an endpoint's two streams, on one line each across moves of its patches (RFC 3550
 * 6.4), and the round trip to its peer. docs/decisions.md says why.
 *
 * Few endpoints of many have RTCP, and an endpoint's own memory has no room for it. So a worker has a table of what is
 * known of those that it heard or spoke for last: as many as there can be endpoints, up to REPORT_MAX. Whoever falls
 * out of it begins anew: nothing is lost but what earlier reports said.
 *
 * Owner worker only. No clock: now_ns comes in.
 */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include "xfergate/endpoint.h"

#define REPORT_WAYS 4
#define REPORT_MAX  106496 /* a port of 10 Gbit/s full of two-way calls with G.711 has 104,000 */

#define REPORT_INDEX_BITS 20
#define REPORT_AGE_BITS	  11

struct endpoint;
struct rtcp;
struct rtcp_block;

/* 40 bytes. Times are the middle 32 bits of NTP time, as reports have them: units of 1/65536 s. */
struct report {
	uint32_t generation; /* whose, with `index`; 0: nobody's */
	uint32_t index : REPORT_INDEX_BITS;
	uint32_t used : REPORT_AGE_BITS; /* when last, in units of 4 s; modulo two hours */
	uint32_t based : 1;
	uint32_t ssrc;		 /* of the peer's stream that lost_told is of */
	uint32_t heard_ntp;	 /* in the peer's sender report that came last; 0: none came */
	uint32_t heard;		 /* when it came */
	uint32_t line;		 /* number of the first packet of the source that lost_base is of */
	uint32_t lost_base;	 /* what the peer says that it has lost, less this, is the source's to know; if based */
	uint32_t lost_told;	 /* cumulative loss that the peer was told of its own stream, signed */
	uint32_t expected, lost; /* of the peer's stream up to here when it was told; lost: signed */
};

static_assert(sizeof(struct report) == 40, "memory of endpoints: see endpoint.h");
static_assert(XF_MAX_MEDIA_ADDRS * XF_PORT_PAIRS <= 1u << REPORT_INDEX_BITS, "every index");

struct report_table {
	struct report (*sets)[REPORT_WAYS];
	uint32_t set_count;
	uint64_t wall_offset_ns;
};

/* Bytes of the sets for so many endpoints, whose number is left in set_count. */
uint64_t report_table_size(struct report_table *table, uint32_t endpoints);

/* A report of the endpoint's peer has come, checked and from the right source: notes its time, and the round trip. */
void report_heard(struct report_table *table, struct endpoint *endpoint, const struct rtcp *rtcp, uint64_t now_ns);
/* Whether the endpoint's peer speaks for what it sends: its last sender report is not too old. */
bool report_is_heard(const struct report_table *table, const struct endpoint *endpoint, uint64_t now_ns);
/* What `endpoint`'s peer says of the stream that it gets, as `to`'s peer may see it, who feeds that stream. False: it
 * says nothing of what this one sent. */
bool report_translate(struct report_table *table, struct endpoint *endpoint, struct endpoint *to,
		      struct rtcp_block *block, uint64_t now_ns);
/* The time of a sender report that goes out now. */
void report_time(const struct report_table *table, struct rtcp *rtcp, uint64_t now_ns);

/* Is a report of our own due, where nobody else's can pass? True once for each; to be asked at least once in
 * REPORT_LATE_MS. */
bool report_due(struct endpoint *endpoint, uint64_t now_ns);
/* A report of our own, as of now_ns. source: feeds the endpoint; NULL: none does. */
void report_own(struct report_table *table, struct endpoint *endpoint, const struct endpoint *source, struct rtcp *rtcp,
		uint64_t now_ns);
