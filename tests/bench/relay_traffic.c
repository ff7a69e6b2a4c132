#include "relay_traffic.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include "relay_ring.h"

#define RELAY_BURST	  32
#define RELAY_DRAIN_NS	  50000000ull /* how long what is under way is waited for */
#define RELAY_PCAP_HEAD	  24
#define RELAY_PCAP_RECORD 16

struct relay_stream {
	uint8_t frame[MEDIA_PLAN_FRAME_LEN];
	uint32_t sum; /* of all that the UDP checksum is of, but the checksum, sequence and timestamp */
	uint32_t sent;
	uint16_t seq, seq_seen; /* seen: of what its partner got last */
	bool seen;
};

struct relay_traffic {
	int out; /* sends */
	struct relay_ring *in;
	uint32_t flows, next;
	struct relay_stream streams[RELAY_FLOWS_MAX];
	struct mmsghdr messages[RELAY_BURST];
	struct iovec pieces[RELAY_BURST];
	uint8_t frames[RELAY_BURST][MEDIA_PLAN_FRAME_LEN];
};

static uint64_t relay_now_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void relay_stream_init(struct relay_stream *s, const uint8_t *frame, uint16_t port)
{
	memcpy(s->frame, frame, sizeof(s->frame));
	media_plan_put16(s->frame + MEDIA_PLAN_UDP + 2, port);
	media_plan_put16(s->frame + MEDIA_PLAN_UDP + 6, 0);
	s->seq = media_plan_get16(frame + MEDIA_PLAN_RTP + 2);
	media_plan_put16(s->frame + MEDIA_PLAN_RTP + 2, 0);
	media_plan_put32(s->frame + MEDIA_PLAN_RTP + 4, 0);
	s->sum = media_plan_udp_sum(s->frame);
}

static int relay_load(struct relay_traffic *t, const char *capture, const uint16_t *ports)
{
	uint8_t record[RELAY_PCAP_RECORD], frame[MEDIA_PLAN_FRAME_LEN];
	uint32_t loaded = 0;
	FILE *f = fopen(capture, "rbe");
	if (!f)
		return -errno;
	fseek(f, RELAY_PCAP_HEAD, SEEK_SET);
	while (fread(record, sizeof(record), 1, f) == 1 && fread(frame, sizeof(frame), 1, f) == 1) {
		uint32_t number = media_plan_get32(frame + MEDIA_PLAN_NUMBER);
		if (number >= t->flows)
			break;
		relay_stream_init(&t->streams[number], frame, ports[number]);
		loaded++;
	}
	fclose(f);
	return loaded == t->flows ? 0 : -EBADMSG;
}

static int relay_open_out(struct relay_traffic *t, unsigned interface)
{
	const struct sockaddr_ll where = {.sll_family = AF_PACKET, .sll_ifindex = (int)interface};
	const int on = 1;
	t->out = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (t->out < 0)
		return -errno;
	setsockopt(t->out, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on));
	if (bind(t->out, (const struct sockaddr *)&where, sizeof(where)) < 0)
		return -errno;
	for (unsigned i = 0; i < RELAY_BURST; i++) {
		t->pieces[i] = (struct iovec){t->frames[i], MEDIA_PLAN_FRAME_LEN};
		t->messages[i].msg_hdr = (struct msghdr){.msg_iov = &t->pieces[i], .msg_iovlen = 1};
	}
	return 0;
}

int relay_traffic_create(struct relay_traffic **out, const char *interface, const char *capture, uint32_t flows,
			 const uint16_t *ports)
{
	unsigned index = if_nametoindex(interface);
	struct relay_traffic *t = calloc(1, sizeof(*t));
	*out = NULL;
	if (!t)
		return -ENOMEM;
	t->out = -1;
	t->flows = flows;
	int r = index ? relay_load(t, capture, ports) : -ENODEV;
	if (r == 0)
		r = relay_open_out(t, index);
	if (r == 0)
		r = relay_ring_create(&t->in, index);
	if (r < 0) {
		relay_traffic_destroy(t);
		return r;
	}
	*out = t;
	return 0;
}

void relay_traffic_destroy(struct relay_traffic *t)
{
	if (!t)
		return;
	relay_ring_destroy(t->in);
	if (t->out >= 0)
		close(t->out);
	free(t);
}

/* The next packet of the stream. */
static void relay_packet(struct relay_stream *s, uint8_t *frame)
{
	uint32_t timestamp = s->sent * MEDIA_PLAN_STEP;
	uint16_t seq = s->seq++;
	uint16_t checksum = (uint16_t)~media_plan_fold(s->sum + seq + (timestamp >> 16) + (timestamp & 0xffff));
	s->sent++;
	memcpy(frame, s->frame, MEDIA_PLAN_FRAME_LEN);
	media_plan_put16(frame + MEDIA_PLAN_RTP + 2, seq);
	media_plan_put32(frame + MEDIA_PLAN_RTP + 4, timestamp);
	media_plan_put16(frame + MEDIA_PLAN_UDP + 6, checksum ? checksum : 0xffff);
}

/* 0 or -errno. What finds no room in the device is sent again: it is not the relay's loss. */
static int relay_send(struct relay_traffic *t, unsigned n, struct relay_seen *seen)
{
	for (unsigned i = 0; i < n; i++) {
		relay_packet(&t->streams[t->next], t->frames[i]);
		t->next = (t->next + 1) % t->flows;
	}
	for (unsigned done = 0; done < n;) {
		int sent = sendmmsg(t->out, t->messages + done, n - done, MSG_DONTWAIT);
		if (sent < 0 && errno != EAGAIN && errno != ENOBUFS && errno != EINTR)
			return -errno;
		done += sent > 0 ? (unsigned)sent : 0;
	}
	seen->sent += n;
	return 0;
}

/* ip: the packet without its Ethernet header, len bytes. */
static void relay_received(struct relay_traffic *t, const uint8_t *ip, uint32_t len, struct relay_seen *seen)
{
	const uint8_t *udp = ip + MEDIA_PLAN_UDP - MEDIA_PLAN_IP, *rtp = ip + MEDIA_PLAN_RTP - MEDIA_PLAN_IP;
	uint32_t number;
	if (len < MEDIA_PLAN_FRAME_LEN - MEDIA_PLAN_IP || ip[0] != 0x45 || ip[9] != 17)
		return;
	number = media_plan_get32(ip + MEDIA_PLAN_NUMBER - MEDIA_PLAN_IP);
	uint32_t to = number < t->flows ? media_plan_partner(number, t->flows) : 0;
	if (number >= t->flows || media_plan_get32(ip + 16) != media_plan_sender_addr(to) ||
	    media_plan_get16(udp + 2) != media_plan_sender_port(to)) {
		seen->astray++;
		return;
	}
	struct relay_stream *s = &t->streams[number];
	uint16_t seq = media_plan_get16(rtp + 2);
	seen->disorder += s->seen && (int16_t)(seq - s->seq_seen) <= 0;
	s->seq_seen = seq;
	s->seen = true;
	seen->received++;
}

static unsigned relay_receive(struct relay_traffic *t, struct relay_seen *seen)
{
	unsigned n = 0;
	uint32_t len;
	for (const uint8_t *ip; n < RELAY_BURST && (ip = relay_ring_next(t->in, &len)) != NULL; n++) {
		relay_received(t, ip, len, seen);
		relay_ring_give_back(t->in);
	}
	return n;
}

int relay_traffic_run(struct relay_traffic *t, uint32_t rate, uint32_t ms, struct relay_seen *seen)
{
	const uint64_t total = (uint64_t)rate * ms / 1000, begun = relay_now_ns();
	uint64_t now = begun;
	memset(seen, 0, sizeof(*seen));
	while (seen->sent < total) {
		uint64_t due = (now - begun) * rate / 1000000000u;
		due = due < total ? due : total;
		int r = due > seen->sent
			    ? relay_send(t, due - seen->sent < RELAY_BURST ? (unsigned)(due - seen->sent) : RELAY_BURST,
					 seen)
			    : 0;
		if (r < 0)
			return r;
		relay_receive(t, seen);
		now = relay_now_ns();
	}
	uint64_t planned = begun + (uint64_t)ms * 1000000u;
	seen->behind_us = now > planned ? (now - planned) / 1000 : 0;
	for (uint64_t last = now; now - last < RELAY_DRAIN_NS; now = relay_now_ns())
		if (relay_receive(t, seen) > 0)
			last = now;
	return 0;
}
