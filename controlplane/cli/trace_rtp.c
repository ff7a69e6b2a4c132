#include "trace_rtp.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>

#define AHEAD_MAX 32 /* how far the next sequence number may be, for packets get lost */

struct trace_rtp {
	void *flows; /* tree of struct trace_rtp_flow */
};

bool trace_rtp_parse(struct trace_rtp_header *header, const void *data, size_t len)
{
	const uint8_t *p = data;
	if (len < 12 || p[0] >> 6 != 2 || len < 12u + 4u * (p[0] & 15u))
		return false;
	uint8_t type = p[1] & 0x7f;
	if (type >= 64 && type < 96)
		return false;
	*header = (struct trace_rtp_header){
	    .payload_type = type,
	    .sequence = (uint16_t)(p[2] << 8 | p[3]),
	    .ssrc = (uint32_t)p[8] << 24 | (uint32_t)p[9] << 16 | (uint32_t)p[10] << 8 | p[11],
	};
	return true;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, offsetof(struct trace_rtp_flow, sequence));
}

int trace_rtp_create(struct trace_rtp **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

void trace_rtp_destroy(struct trace_rtp *rtp)
{
	if (rtp)
		tdestroy(rtp->flows, free);
	free(rtp);
}

static struct trace_rtp_flow *find_or_make(struct trace_rtp *rtp, const struct trace_rtp_flow *key)
{
	void *const *node = tfind(key, &rtp->flows, compare);
	if (node)
		return *node;
	struct trace_rtp_flow *flow = malloc(sizeof(*flow));
	if (!flow)
		return NULL;
	*flow = *key;
	if (tsearch(flow, &rtp->flows, compare))
		return flow;
	free(flow);
	return NULL;
}

const struct trace_rtp_flow *trace_rtp_add(struct trace_rtp *rtp, uint64_t ns, const struct xf_sockaddr *from,
					   const struct xf_sockaddr *to, const struct trace_rtp_header *header,
					   bool known, unsigned *waiting)
{
	const struct trace_rtp_flow key = {.from = *from, .to = *to, .ssrc = header->ssrc};
	struct trace_rtp_flow *flow = find_or_make(rtp, &key);
	*waiting = 0;
	if (!flow)
		return NULL;
	uint16_t ahead = (uint16_t)(header->sequence - flow->sequence);
	if (flow->known || ahead == 0 || ahead > AHEAD_MAX)
		flow->count = 0;
	flow->sequence = header->sequence;
	flow->waiting[flow->count].ns = ns;
	flow->waiting[flow->count].payload_type = header->payload_type;
	flow->count++;
	flow->known = flow->known || known || flow->count == TRACE_RTP_STABLE;
	if (flow->known)
		*waiting = flow->count;
	return flow;
}
