#include "tcp.h"

#include "half.h"

#define TCP_STREAMS 1024
#define TCP_BUCKETS 2048
#define TCP_NONE    UINT16_MAX

enum {
	TCP_FIN = 1,
	TCP_SYN = 2,
	TCP_ACK = 16,
};

struct tcp_stream {
	/* the smaller end first, so that both directions find it; halves[i] is what ends[i] sends */
	struct xf_sockaddr ends[2];
	struct capture_half halves[2];
	bool sip, tls;
	uint16_t chain;	       /* in its bucket */
	uint16_t older, newer; /* by the last packet */
};

struct capture_tcp {
	struct capture_notes *notes;
	uint64_t ns;
	uint16_t count, oldest, newest;
	uint16_t pending; /* that may have messages */
	uint16_t ending;  /* capture_tcp_end: the streams before it are done; else TCP_NONE */
	uint16_t buckets[TCP_BUCKETS];
	struct tcp_stream streams[TCP_STREAMS];
};

int capture_tcp_create(struct capture_tcp **out, struct capture_notes *notes)
{
	struct capture_tcp *tcp = calloc(1, sizeof(*tcp));
	if (!tcp)
		return -ENOMEM;
	tcp->notes = notes;
	tcp->oldest = tcp->newest = tcp->pending = tcp->ending = TCP_NONE;
	memset(tcp->buckets, 0xff, sizeof(tcp->buckets));
	*out = tcp;
	return 0;
}

void capture_tcp_destroy(struct capture_tcp *tcp)
{
	if (!tcp)
		return;
	for (unsigned i = 0; i < tcp->count; i++)
		for (unsigned half = 0; half < 2; half++)
			capture_half_fini(&tcp->streams[i].halves[half]);
	free(tcp);
}

static uint16_t *tcp_bucket(struct capture_tcp *tcp, const struct xf_sockaddr ends[2])
{
	const uint8_t *p = (const uint8_t *)ends;
	uint32_t hash = 2166136261u; /* FNV-1a */
	for (size_t i = 0; i < 2 * sizeof(ends[0]); i++)
		hash = (hash ^ p[i]) * 16777619u;
	return &tcp->buckets[(hash ^ hash >> 16) % TCP_BUCKETS];
}

static void tcp_unlink(struct capture_tcp *tcp, uint16_t i)
{
	struct tcp_stream *s = &tcp->streams[i];
	*(s->older == TCP_NONE ? &tcp->oldest : &tcp->streams[s->older].newer) = s->newer;
	*(s->newer == TCP_NONE ? &tcp->newest : &tcp->streams[s->newer].older) = s->older;
}

static void tcp_link(struct capture_tcp *tcp, uint16_t i)
{
	struct tcp_stream *s = &tcp->streams[i];
	s->older = tcp->newest;
	s->newer = TCP_NONE;
	*(s->older == TCP_NONE ? &tcp->oldest : &tcp->streams[s->older].newer) = i;
	tcp->newest = i;
}

static void tcp_renew(struct capture_tcp *tcp, struct tcp_stream *s)
{
	for (unsigned half = 0; half < 2; half++) {
		tcp->notes->tcp_gaps += s->halves[half].held != NULL;
		capture_half_fini(&s->halves[half]);
	}
	s->sip = s->tls = false;
	tcp->notes->tcp_streams++;
}

/* A stream to use for new ends: the next unused one, or the oldest. */
static uint16_t tcp_take(struct capture_tcp *tcp)
{
	if (tcp->count < TCP_STREAMS)
		return tcp->count++;
	uint16_t i = tcp->oldest, *at = tcp_bucket(tcp, tcp->streams[i].ends);
	while (*at != i)
		at = &tcp->streams[*at].chain;
	*at = tcp->streams[i].chain;
	tcp_unlink(tcp, i);
	return i;
}

static uint16_t tcp_find(struct capture_tcp *tcp, const struct xf_sockaddr ends[2])
{
	uint16_t *bucket = tcp_bucket(tcp, ends);
	uint16_t i = *bucket;

	while (i != TCP_NONE && memcmp(tcp->streams[i].ends, ends, 2 * sizeof(ends[0])) != 0)
		i = tcp->streams[i].chain;
	if (i != TCP_NONE) {
		tcp_unlink(tcp, i);
	} else {
		i = tcp_take(tcp);
		struct tcp_stream *s = &tcp->streams[i];
		memcpy(s->ends, ends, sizeof(s->ends));
		tcp_renew(tcp, s);
		s->chain = *bucket;
		*bucket = i;
	}
	tcp_link(tcp, i);
	return i;
}

/* One packet's header. */
struct tcp_packet {
	struct xf_sockaddr ends[2]; /* as in the stream */
	unsigned from;		    /* which of them sent it */
	uint32_t seq, ack;
	uint8_t flags;
	const uint8_t *data;
	size_t len;
};

static int tcp_parse(struct tcp_packet *packet, const struct capture_ip *ip)
{
	const uint8_t *p = ip->payload;

	if (ip->payload_len < 20)
		return -ENODATA;
	size_t header = (p[12] >> 4) * 4u;
	if (header < 20)
		return -EBADMSG;
	if (ip->payload_len < header)
		return -ENODATA;
	struct xf_sockaddr from = {.port = (uint16_t)capture_be16(p)}, to = {.port = (uint16_t)capture_be16(p + 2)};
	from.addr = ip->family == 4 ? xf_addr_v4(ip->from) : xf_addr_v6(ip->from);
	to.addr = ip->family == 4 ? xf_addr_v4(ip->to) : xf_addr_v6(ip->to);
	*packet = (struct tcp_packet){
	    .from = memcmp(&from, &to, sizeof(from)) > 0,
	    .seq = capture_be32(p + 4),
	    .ack = capture_be32(p + 8),
	    .flags = p[13],
	    .data = p + header,
	    .len = ip->payload_len - header,
	};
	packet->ends[packet->from] = from;
	packet->ends[!packet->from] = to;
	return 0;
}

/* A SYN begins a stream anew when the ports were used before. */
static void tcp_syn(struct capture_tcp *tcp, struct tcp_stream *s, const struct tcp_packet *packet)
{
	struct capture_half *half = &s->halves[packet->from];
	if (capture_half_renewed(half, packet->seq)) {
		if (packet->flags & TCP_ACK)
			capture_half_fini(half);
		else
			tcp_renew(tcp, s);
	}
	capture_half_begin(half, packet->seq);
}

int capture_tcp_add(struct capture_tcp *tcp, const struct capture_ip *ip, uint64_t ns, uint64_t number)
{
	struct tcp_packet packet;
	int rc = tcp_parse(&packet, ip);

	if (rc < 0)
		return rc;
	tcp->ns = ns;
	tcp->pending = tcp_find(tcp, packet.ends);
	struct tcp_stream *s = &tcp->streams[tcp->pending];
	struct capture_half *half = &s->halves[packet.from], *other = &s->halves[!packet.from];
	uint64_t gaps = half->gaps + other->gaps;
	if (packet.flags & TCP_SYN) {
		tcp_syn(tcp, s, &packet);
		packet.seq++;
		gaps = half->gaps + other->gaps;
	}
	if (packet.len) {
		half->number = number;
		half->ttl = ip->ttl;
		half->dscp = ip->dscp;
		rc = capture_half_add(half, packet.seq, packet.data, packet.len, ns);
	}
	if (packet.flags & TCP_FIN)
		capture_half_fin(half, packet.seq + (uint32_t)packet.len);
	if (rc == 0 && packet.flags & TCP_ACK)
		rc = capture_half_ack(other, packet.ack);
	if (!s->tls)
		tcp->notes->tcp_gaps += half->gaps + other->gaps - gaps;
	return rc;
}

void capture_tcp_end(struct capture_tcp *tcp)
{
	tcp->ending = 0;
}

static int tcp_cut(struct capture_tcp *tcp, struct tcp_stream *s, struct capture_unit *unit)
{
	for (unsigned i = 0; i < 2; i++) {
		struct capture_half *half = &s->halves[i];
		const uint8_t *message;
		size_t len;
		int rc = capture_half_cut(half, &message, &len);
		if (half->tls && !s->tls) {
			s->tls = true;
			tcp->notes->tls_streams++;
		}
		if (rc == 0)
			continue;
		if (!s->sip)
			tcp->notes->tcp_streams_sip++;
		s->sip = true;
		*unit = (struct capture_unit){
		    .kind = CAPTURE_SIP_TCP,
		    .number = half->number,
		    .ns = tcp->ns,
		    .from = s->ends[i],
		    .to = s->ends[!i],
		    .data = message,
		    .len = len,
		    .ttl = half->ttl,
		    .dscp = half->dscp,
		};
		return 1;
	}
	return 0;
}

int capture_tcp_next(struct capture_tcp *tcp, struct capture_unit *unit)
{
	for (;;) {
		if (tcp->pending != TCP_NONE && tcp_cut(tcp, &tcp->streams[tcp->pending], unit))
			return 1;
		tcp->pending = TCP_NONE;
		if (tcp->ending >= tcp->count || tcp->ending == TCP_NONE)
			return 0;
		/* The holes of one stream after the other, one hole at a time: what was whole before it goes out first.
		 */
		struct tcp_stream *s = &tcp->streams[tcp->ending];
		unsigned half = s->halves[0].held ? 0 : 1;
		if (!s->halves[half].held) {
			tcp->ending++;
			continue;
		}
		tcp->pending = tcp->ending;
		tcp->notes->tcp_gaps += !s->tls;
		if (capture_half_give_up(&s->halves[half]) < 0)
			return -ENOMEM;
	}
}
