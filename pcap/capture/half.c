#include "half.h"

#define HALF_HELD_MAX	   (64 * 1024)
#define HALF_HELD_SEGMENTS 256
#define HALF_HELD_NS	   10000000000u
/* Sequence numbers further off are of another stream, or forged. */
#define HALF_WINDOW (16 * 1024 * 1024)

struct capture_half_segment {
	struct capture_half_segment *next;
	uint32_t seq;
	size_t len;
	uint8_t data[];
};

static int64_t half_diff(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

static void half_unhold(struct capture_half *half)
{
	struct capture_half_segment *segment = half->held;
	half->held = segment->next;
	half->held_bytes -= segment->len;
	half->held_count--;
	free(segment);
}

void capture_half_fini(struct capture_half *half)
{
	while (half->held)
		half_unhold(half);
	free(half->data);
	*half = (struct capture_half){0};
}

bool capture_half_renewed(const struct capture_half *half, uint32_t syn)
{
	if (!half->started)
		return false;
	if (half->from_syn)
		return half->syn != syn;
	/* A SYN that comes after the first data of its stream. */
	int64_t sent = half_diff(half->next, syn + 1);
	return sent < 0 || sent > HALF_HELD_MAX;
}

void capture_half_begin(struct capture_half *half, uint32_t syn)
{
	if (half->started)
		return;
	half->started = half->from_syn = half->sip.synced = true;
	half->syn = syn;
	half->next = syn + 1;
}

static int half_append(struct capture_half *half, const uint8_t *data, size_t len)
{
	half->next += (uint32_t)len;
	if (half->tls)
		return 0;
	if (half->start) {
		memmove(half->data, half->data + half->start, half->end - half->start);
		half->end -= half->start;
		half->start = 0;
	}
	if (half->size - half->end < len) {
		size_t size = (half->end + len + 4095) & ~(size_t)4095;
		uint8_t *grown = realloc(half->data, size);
		if (!grown)
			return -ENOMEM;
		half->data = grown;
		half->size = size;
	}
	memcpy(half->data + half->end, data, len);
	half->end += len;
	return 0;
}

/* From seq on, as far as it is new. */
static int half_take(struct capture_half *half, uint32_t seq, const uint8_t *data, size_t len)
{
	int64_t old = half_diff(half->next, seq);
	return old < (int64_t)len ? half_append(half, data + old, len - (size_t)old) : 0;
}

static int half_take_held(struct capture_half *half)
{
	while (half->held && half_diff(half->held->seq, half->next) <= 0) {
		int rc = half_take(half, half->held->seq, half->held->data, half->held->len);
		half_unhold(half);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Goes on at seq, whatever was before it. */
static int half_jump(struct capture_half *half, uint32_t seq)
{
	half->gaps++;
	half->start = half->end = 0;
	half->sip = (struct capture_sip){0};
	half->next = seq;
	return half_take_held(half);
}

int capture_half_give_up(struct capture_half *half)
{
	return half->held ? half_jump(half, half->held->seq) : 0;
}

static int half_hold(struct capture_half *half, uint32_t seq, const uint8_t *data, size_t len, uint64_t ns)
{
	struct capture_half_segment **at = &half->held;
	while (*at && half_diff((*at)->seq, seq) < 0)
		at = &(*at)->next;
	if (*at && (*at)->seq == seq && (*at)->len >= len)
		return 0;
	struct capture_half_segment *segment = malloc(sizeof(*segment) + len);
	if (!segment)
		return -ENOMEM;
	segment->next = *at;
	segment->seq = seq;
	segment->len = len;
	memcpy(segment->data, data, len);
	if (!half->held)
		half->held_ns = ns;
	*at = segment;
	half->held_bytes += len;
	half->held_count++;
	return 0;
}

int capture_half_add(struct capture_half *half, uint32_t seq, const uint8_t *data, size_t len, uint64_t ns)
{
	if (!half->started) {
		half->started = true;
		half->next = seq;
	}
	int64_t ahead = half_diff(seq, half->next);
	int rc = 0;
	if (ahead > HALF_WINDOW || ahead < -HALF_WINDOW) {
		while (half->held)
			half_unhold(half);
		rc = half_jump(half, seq);
		ahead = 0;
	}
	if (rc == 0)
		rc = ahead > 0 ? half_hold(half, seq, data, len, ns) : half_take(half, seq, data, len);
	if (rc == 0)
		rc = half_take_held(half);
	if (rc == 0 && half->held &&
	    (half->held_bytes > HALF_HELD_MAX || half->held_count > HALF_HELD_SEGMENTS ||
	     (ns > half->held_ns && ns - half->held_ns > HALF_HELD_NS)))
		rc = capture_half_give_up(half);
	return rc;
}

int capture_half_ack(struct capture_half *half, uint32_t ack)
{
	if (!half->started)
		return 0;
	int rc = 0;
	while (rc == 0 && half->held && half_diff(ack, half->held->seq) >= 0)
		rc = capture_half_give_up(half);
	int64_t ahead = half_diff(ack, half->next);
	if (rc == 0 && !half->held && ahead > 0 && ahead < HALF_WINDOW)
		rc = half_jump(half, ack);
	return rc;
}

void capture_half_fin(struct capture_half *half, uint32_t seq)
{
	if (half->started && half->next == seq)
		half->next++;
}

/* A connection whose beginning the capture does not have may begin with any record of TLS. */
static bool half_is_tls(const struct capture_half *half)
{
	const uint8_t *p = half->data + half->start;
	return p[1] == 3 && (p[0] == 0x16 || (!half->from_syn && p[0] >= 0x14 && p[0] <= 0x17));
}

int capture_half_cut(struct capture_half *half, const uint8_t **message, size_t *len)
{
	size_t skip;

	if (!half->judged && half->end - half->start >= 2) {
		half->judged = true;
		half->tls = half_is_tls(half);
	}
	if (half->tls || half->start == half->end) {
		free(half->data);
		half->data = NULL;
		half->start = half->end = half->size = 0;
		return 0;
	}
	enum capture_sip_cut cut =
	    capture_sip_cut(&half->sip, half->data + half->start, half->end - half->start, &skip, len);
	half->start += skip;
	if (cut != CAPTURE_SIP_MESSAGE)
		return 0;
	*message = half->data + half->start;
	half->start += *len;
	return 1;
}
