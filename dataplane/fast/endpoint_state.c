/* What other threads see of an endpoint while its owner works on it, or gives its place to another. */
#include <sched.h>
#include "endpoint.h"
#include "flow.h"
#include "xfergate/prompt.h"

/* While it is being changed the reader tries again; the writer needs some tens of nanoseconds. If its thread sleeps in
 * between it may want this processor, and gets it so many times. Then it is not waited for: the state may be that of
 * half a batch, and what was sent is told to be nothing, for it may lack its source's share. */
#define STATE_TRIES  1000
#define STATE_YIELDS 100

static struct xf_endpoint_id state_id(const struct flow_table *flows, uint32_t index)
{
	if (index == XF_ENDPOINT_NONE)
		return (struct xf_endpoint_id){XF_ENDPOINT_NONE, 0};
	/* Of another life only if the patch is gone, and then the version tells. */
	return (struct xf_endpoint_id){index, counter32_get(&flow_at(flows, index)->id.generation)};
}

static uint16_t state_prompt_number(const struct endpoint *e)
{
	return shown16_get(&endpoint_rest(e)->prompt_number) & (uint16_t)~ENDPOINT_PROMPT_HEARD;
}

static struct xf_endpoint_id state_source(const struct flow_table *flows, const struct endpoint *e)
{
	uint16_t prompt = state_prompt_number(e) & (uint16_t)~ENDPOINT_PROMPT_ENDED;
	uint32_t source = counter32_get(&e->source);
	return prompt && source == XF_ENDPOINT_NONE ? xf_prompt_id(prompt) : state_id(flows, source);
}

/* Beside a source. */
static uint32_t state_prompt(const struct endpoint *e)
{
	uint16_t prompt = state_prompt_number(e);
	bool plays = counter32_get(&e->source) != XF_ENDPOINT_NONE && !(prompt & ENDPOINT_PROMPT_ENDED);
	return plays ? prompt : XF_PROMPT_NONE;
}

static struct xf_sockaddr state_sockaddr(uint8_t family, const uint8_t *bytes, uint16_t port)
{
	struct xf_sockaddr sockaddr = {.port = port};
	if (port == 0)
		return sockaddr;
	sockaddr.addr.family = family;
	for (unsigned i = 0; i < endpoint_addr_len(family); i++)
		sockaddr.addr.bytes[i] = shown8_get(&bytes[i]);
	return sockaddr;
}

/* Where the header leads is what is locked. */
static struct xf_sockaddr state_locked(const struct endpoint *e)
{
	uint8_t len = shown8_get(&e->header.len);
	if (!shown8_get(&e->locked) || len < 8u + endpoint_addr_len(e->family) || len > ENDPOINT_HEADER_MAX)
		return (struct xf_sockaddr){0};
	const uint8_t *udp = e->header.bytes + len - 8;
	uint16_t port = (uint16_t)(shown8_get(udp + 2) << 8 | shown8_get(udp + 3));
	return state_sockaddr(e->family, udp - endpoint_addr_len(e->family), port);
}

/* What its sequences say that was sent. A new SSRC may be taken up while this is read; the next reading is right. */
static uint64_t state_expected(const struct endpoint *e)
{
	uint32_t before = counter32_get(&e->expected_before);
	uint32_t span = counter32_get(&e->seq_ext) - counter32_get(&e->seq_first);
	return counter32_get(&e->rx_packets) ? (uint64_t)before + span + 1 : 0;
}

static uint32_t state_jitter_us(const struct endpoint *e)
{
	uint8_t rate_khz = shown8_get(&e->rate_khz);
	return rate_khz ? (uint32_t)(counter32_get(&e->jitter) * 1000ull / (16u * rate_khz)) : 0;
}

/* The source in lockstep with it, from which what it has sent is counted then; or NULL. */
static const struct endpoint *state_leader(const struct flow_table *flows, const struct endpoint *e)
{
	uint32_t source = counter32_get(&e->source);
	const struct endpoint *from = source != XF_ENDPOINT_NONE ? flow_at(flows, source) : NULL;
	return from && shown8_get(&from->lockstep) ? from : NULL;
}

static void state_read(const struct flow_table *flows, const struct endpoint *e, struct xf_endpoint_state *state)
{
	const struct endpoint *leader = state_leader(flows, e);
	*state = (struct xf_endpoint_state){
	    .id = {e->id.index, counter32_get(&e->id.generation)},
	    .source = state_source(flows, e),
	    .armed = state_id(flows, counter32_get(&e->armed)),
	    .local = endpoint_local(flows, e),
	    .remote = state_sockaddr(e->family, endpoint_rest(e)->remotes, shown16_get(&e->remote_port)),
	    .locked = state_locked(e),
	    .neighbour_resolved = shown8_get(&e->neighbour),
	    .paused = shown8_get(&e->paused),
	    .worker = (uint8_t)endpoint_owner(e),
	    .prompt = state_prompt(e),
	    .prompt_ended = (state_prompt_number(e) & ENDPOINT_PROMPT_ENDED) != 0,
	    .ssrc_out = counter32_get(&e->stream.ssrc),
	    .ssrc_in = counter32_get(&e->ssrc_in),
	    .rx_packets = counter32_get(&e->rx_packets),
	    .rx_bytes = counter_get(&e->rx_bytes),
	    .rx_wrong_source = counter32_get(&e->rx_wrong_source),
	    .rx_dropped = counter32_get(&e->rx_dropped),
	    .rx_rtcp = counter32_get(&e->rx_rtcp),
	    .tx_rtcp = counter32_get(&e->tx_rtcp),
	    .tx_packets =
		(uint32_t)(counter32_get(&e->stream.packets) + (leader ? counter32_get(&leader->rx_packets) : 0)),
	    .tx_bytes = counter_get(&e->tx_bytes) + (leader ? counter_get(&leader->rx_bytes) : 0),
	    .last_rx_ns = counter_get(&e->last_rx_ns),
	    .opened_ns = counter_get(&e->opened_ns),
	    .gap_longest_ns = counter32_get(&e->gap_longest_us) * 1000ull,
	    .rx_expected = state_expected(e),
	    .rx_reordered = counter32_get(&e->rx_reordered),
	    .rx_duplicate = counter32_get(&e->rx_duplicate),
	    .jitter_us = state_jitter_us(e),
	    .rx_digits = shown8_get(&e->digits),
	    .rtt_us = shown16_get(endpoint_rtt(e)) * 100u,
	};
	/* Whoever speaks again is heard first, and then not timed out. */
	const uint16_t heard_ms = endpoint_heard_ms(e);
	state->timed_out = counter32_get(&e->timeout_ms) && shown8_get(&e->timed_out) == ENDPOINT_TIMEOUT_TOLD;
	state->heard_ms = state->timed_out ? heard_ms : 0;
}

bool endpoint_state(const struct flow_table *flows, uint32_t index, struct xf_endpoint_state *state)
{
	const struct endpoint *e = flow_get(flows, index);
	for (unsigned tries = 0; e && tries < STATE_TRIES + STATE_YIELDS; tries++) {
		if (tries >= STATE_TRIES)
			sched_yield();
		uint32_t version = __atomic_load_n(&e->version, __ATOMIC_ACQUIRE);
		if (endpoint_owner(e) < 0)
			return false;
		state_read(flows, e, state);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (!(version & 1) && __atomic_load_n(&e->version, __ATOMIC_RELAXED) == version)
			return true;
	}
	if (!e)
		return false;
	state->tx_packets = 0;
	state->tx_bytes = 0;
	return true;
}

uint64_t endpoint_timeout_ns(const struct endpoint *e)
{
	return counter32_get(&e->timeout_ms) * 1000000ull;
}
