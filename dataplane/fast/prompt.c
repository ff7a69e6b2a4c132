#include <rte_ip.h>
#include "header.h"
#include "loop.h"

#define PROMPT_MS_NS   1000000ull
#define PROMPT_LATE_MS 100 /* what is later than this is left out: nobody waits for it any more */

const struct prompt *prompt_get(const struct worker *w, const struct xf_endpoint_id *source)
{
	enum xf_prompt number = xf_prompt_of(*source);
	return w->prompts && number != XF_PROMPT_NONE ? &w->prompts->prompts[number] : NULL;
}

static struct endpoint_rest *prompt_rest(const struct worker *w, uint32_t index)
{
	return endpoint_rest(flow_at(w->flows, index));
}

static void prompt_enter(struct worker *w, const struct endpoint *e, unsigned slot)
{
	struct prompt_wheel *wheel = &w->prompt_wheel;
	struct endpoint_rest *rest = endpoint_rest(e);
	rest->prompt_next = wheel->slots[slot];
	rest->prompt_prev = XF_ENDPOINT_NONE;
	if (rest->prompt_next != XF_ENDPOINT_NONE)
		prompt_rest(w, rest->prompt_next)->prompt_prev = e->id.index;
	wheel->slots[slot] = e->id.index;
	wheel->slot_count[slot]++;
	wheel->count++;
}

static void prompt_leave(struct worker *w, const struct endpoint *e)
{
	struct prompt_wheel *wheel = &w->prompt_wheel;
	const struct endpoint_rest *rest = endpoint_rest(e);
	unsigned slot = rest->prompt_since_ms % PROMPT_MS;
	if (rest->prompt_prev != XF_ENDPOINT_NONE)
		prompt_rest(w, rest->prompt_prev)->prompt_next = rest->prompt_next;
	else
		wheel->slots[slot] = rest->prompt_next;
	if (rest->prompt_next != XF_ENDPOINT_NONE)
		prompt_rest(w, rest->prompt_next)->prompt_prev = rest->prompt_prev;
	if (wheel->next == e->id.index)
		wheel->next = rest->prompt_next;
	wheel->slot_count[slot]--;
	wheel->count--;
}

static void prompt_set(struct endpoint_rest *rest, const struct prompt *prompt)
{
	rest->prompt = prompt;
	shown16_set(&rest->prompt_number, prompt ? (uint16_t)prompt->number : XF_PROMPT_NONE);
}

/* The first millisecond that the wheel has yet to come to. */
static uint64_t prompt_soonest(struct prompt_wheel *wheel, uint64_t now_ns)
{
	uint64_t now_ms = (now_ns + PROMPT_MS_NS - 1) / PROMPT_MS_NS;
	if (wheel->count == 0) {
		wheel->ms = now_ms;
		wheel->begun = false;
	}
	return RTE_MAX(now_ms, wheel->ms + wheel->begun);
}

/* The slot with the fewest gets the endpoint; of equals the one that comes first. */
static uint64_t prompt_emptiest(const struct prompt_wheel *wheel, uint64_t soonest)
{
	uint64_t best = soonest;
	for (uint64_t ms = soonest + 1; ms < soonest + PROMPT_MS; ms++)
		if (wheel->slot_count[ms % PROMPT_MS] < wheel->slot_count[best % PROMPT_MS])
			best = ms;
	return best;
}

void prompt_play(struct worker *w, struct endpoint *e, const struct prompt *prompt, uint64_t now_ns)
{
	struct prompt_wheel *wheel = &w->prompt_wheel;
	struct endpoint_rest *rest = endpoint_rest(e);
	if (rest->prompt == prompt)
		return;
	if (!prompt) {
		prompt_leave(w, e);
		return prompt_set(rest, NULL);
	}
	uint64_t since = prompt_soonest(wheel, now_ns);
	if (rest->prompt)
		/* One prompt after another: in the same slot, so that the packets keep their distance. */
		since += (rest->prompt_since_ms + PROMPT_MS - since % PROMPT_MS) % PROMPT_MS;
	else
		prompt_enter(w, e, (since = prompt_emptiest(wheel, since)) % PROMPT_MS);
	prompt_set(rest, prompt);
	rest->prompt_since_ms = (uint32_t)(since % PROMPT_WRAP_MS);
}

/* The law that the endpoint's peer can hear, and its payload type. False: none. */
static bool prompt_law(const struct endpoint *e, enum prompt_law *law, uint8_t *pt)
{
	int mu = endpoint_pt(e, XF_CODEC_PCMU), a = endpoint_pt(e, XF_CODEC_PCMA);
	*law = mu >= 0 ? PROMPT_MU : PROMPT_A;
	*pt = (uint8_t)(mu >= 0 ? mu : a);
	return mu >= 0 || a >= 0;
}

/* The next packet of the stream, with frame n. NULL: *drop says why not; the stream has not moved then. */
static struct rte_mbuf *prompt_packet(struct worker *w, struct endpoint *e, uint64_t n, uint64_t now_ns,
				      enum xf_drop *drop)
{
	enum prompt_law law;
	uint8_t pt;
	*drop = XF_DROP_PAYLOAD_TYPE;
	if (!prompt_law(e, &law, &pt))
		return NULL;
	*drop = XF_DROP_PAUSED;
	if (e->paused)
		return NULL;
	*drop = XF_DROP_NO_NEIGHBOUR;
	if (!e->resolved)
		return NULL;
	*drop = XF_DROP_NO_MBUF;
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(w->pool);
	if (!mbuf)
		return NULL;
	uint8_t *data = (uint8_t *)rte_pktmbuf_append(mbuf, RTP_HEADER_LEN + PROMPT_SAMPLES);
	struct stream_out out;
	/* A source without loss: its sequence counts what is sent, its timestamp what was due. */
	struct rtp in = {.seq = (uint16_t)(e->stream.in_ext + 1),
			 .timestamp = (uint32_t)(n * PROMPT_SAMPLES),
			 .payload_len = PROMPT_SAMPLES};
	if (!data || stream_map(&e->stream, &in, 8000, now_ns, &out) < 0) {
		rte_pktmbuf_free(mbuf);
		return NULL;
	}
	data[0] = 2 << 6; /* version 2, nothing else (RFC 3550 5.1) */
	rtp_write(data, pt, out.marker, out.seq, out.timestamp, e->stream.ssrc);
	const struct prompt *prompt = endpoint_rest(e)->prompt;
	memcpy(data + RTP_HEADER_LEN, prompt->payload[law][n % prompt->frames], PROMPT_SAMPLES);
	return mbuf;
}

static void prompt_send(struct worker *w, struct endpoint *e, uint64_t n, uint64_t now_ns)
{
	const uint16_t len = RTP_HEADER_LEN + PROMPT_SAMPLES;
	enum xf_drop drop;
	struct rte_mbuf *mbuf = prompt_packet(w, e, n, now_ns, &drop);
	if (!mbuf) {
		counter_add(&w->stats.drops[drop], 1);
		return;
	}
	uint16_t sum = rte_raw_cksum(rte_pktmbuf_mtod(mbuf, const void *), len);
	if (header_put(&e->header, mbuf, 0, len, sum, w->ports[e->port].mtu) < 0) {
		counter32_add(&e->tx_failed, 1);
		return loop_drop(w, mbuf, XF_DROP_TX_FULL);
	}
	counter_add(&e->tx_bytes, len);
	if (unlikely(e->captured_out))
		capture_rtp(w, e, mbuf, len);
	loop_transmit(w, e->port, mbuf);
}

/* How long its prompt has played at this millisecond; more than half of PROMPT_WRAP_MS: it is yet to begin. */
static uint32_t prompt_since(const struct endpoint_rest *rest, uint64_t ms)
{
	return (uint32_t)((ms + PROMPT_WRAP_MS - rest->prompt_since_ms) % PROMPT_WRAP_MS);
}

unsigned prompt_run(struct worker *w, uint64_t now_ns)
{
	struct prompt_wheel *wheel = &w->prompt_wheel;
	uint64_t now_ms = now_ns / PROMPT_MS_NS;
	unsigned done = 0, passed = 0;
	if (wheel->count == 0)
		return 0;
	if (now_ms > wheel->ms + PROMPT_LATE_MS) {
		wheel->ms = now_ms - PROMPT_LATE_MS;
		wheel->begun = false;
	}
	/* Twice round is two packets for each. */
	while (wheel->ms <= now_ms && done < LOOP_PROMPTS && passed < 2 * PROMPT_MS) {
		if (!wheel->begun)
			wheel->next = wheel->slots[wheel->ms % PROMPT_MS];
		wheel->begun = wheel->next != XF_ENDPOINT_NONE;
		if (!wheel->begun) {
			wheel->ms++;
			passed++;
			continue;
		}
		struct endpoint *e = flow_at(w->flows, wheel->next);
		const struct endpoint_rest *rest = endpoint_rest(e);
		wheel->next = rest->prompt_next;
		done++;
		uint32_t ms = prompt_since(rest, wheel->ms);
		if (ms < PROMPT_WRAP_MS / 2)
			prompt_send(w, e, ms / PROMPT_MS, now_ns);
	}
	return done;
}
