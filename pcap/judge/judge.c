#include "judge/judge.h"

#include <stdlib.h>
#include "judge/inside.h"

int judge_create(struct judge **out, bool keep)
{
	struct judge *judge = calloc(1, sizeof(*judge));
	if (!judge)
		return -ENOMEM;
	judge->keep = keep;
	if (streams_init(&judge->captured) < 0 || streams_init(&judge->received) < 0 ||
	    streams_init(&judge->sent) < 0) {
		judge_destroy(judge);
		return -ENOMEM;
	}
	*out = judge;
	return 0;
}

void judge_destroy(struct judge *judge)
{
	if (!judge)
		return;
	streams_fini(&judge->captured);
	streams_fini(&judge->received);
	streams_fini(&judge->sent);
	media_names_fini(&judge->names);
	canon_fini(&judge->canon);
	for (uint32_t i = 0; i < judge->listener_count; i++)
		free(judge->listeners[i].at_ns);
	for (uint32_t i = 0; i < judge->stream_count; i++)
		free(judge->streams[i].packets);
	for (uint32_t i = 0; i < judge->outcome_count; i++)
		free(judge->outcomes[i]);
	free(judge->listeners);
	free(judge->streams);
	strmap_fini(&judge->stream_of);
	strmap_fini(&judge->listener_of);
	free(judge->outcomes);
	free(judge);
}

void judge_captured_sip(struct judge *judge, uint64_t ns, const struct xf_sockaddr *from, const struct xf_sockaddr *to,
			const void *data, size_t len)
{
	media_names_learn(&judge->names, data, len);
	judge->failed |= judge->names.failed;
}

void judge_captured(struct judge *judge, uint64_t ns, const struct xf_sockaddr *from, const struct xf_sockaddr *to,
		    const void *data, size_t len)
{
	struct rtp_packet packet;
	if (!rtp_read(&packet, data, len)) {
		media_names_learn(&judge->names, data, len);
		return;
	}
	const struct streams *known = &judge->captured;
	bool again = known->last < known->count && known->stream[known->last].ssrc == packet.ssrc &&
		     xf_sockaddr_eq(&known->stream[known->last].to, to);
	if (again || media_names_has(&judge->names, to) || media_names_has(&judge->names, from))
		judge->failed |= !streams_add(&judge->captured, ns, from, to, &packet);
}

void judge_received(struct judge *judge, uint64_t ns, const struct xf_sockaddr *from, const struct xf_sockaddr *to,
		    const void *data, size_t len)
{
	struct rtp_packet packet;
	if (rtp_read(&packet, data, len))
		judge->failed |= !streams_add(&judge->received, ns, from, to, &packet);
}

void judge_sent_sip(struct judge *judge, uint64_t ns, const struct xf_sockaddr *from, const struct xf_sockaddr *to,
		    const void *data, size_t len)
{
	if (judge->keep)
		judge->failed |= canon_add(&judge->canon, ns, from, to, data, len) < 0;
}

static struct listener *listener_get(struct judge *judge, const struct xf_sockaddr *own)
{
	if (judge->listener_last < judge->listener_count &&
	    xf_sockaddr_eq(&judge->listeners[judge->listener_last].own, own))
		return &judge->listeners[judge->listener_last];
	uint32_t known = strmap_get(&judge->listener_of, own, sizeof(*own));
	if (known != STRMAP_NONE) {
		judge->listener_last = known;
		return &judge->listeners[known];
	}
	if (judge->listener_count == judge->listener_room) {
		uint32_t room = judge->listener_room ? judge->listener_room * 2 : 64;
		struct listener *grown = reallocarray(judge->listeners, room, sizeof(*grown));
		if (!grown)
			return NULL;
		judge->listeners = grown;
		judge->listener_room = room;
	}
	if (strmap_set(&judge->listener_of, own, sizeof(*own), judge->listener_count) < 0)
		return NULL;
	judge->listener_last = judge->listener_count++;
	judge->listeners[judge->listener_last] = (struct listener){.own = *own};
	return &judge->listeners[judge->listener_last];
}

static void listener_add(struct judge *judge, const struct xf_sockaddr *own, uint64_t ns)
{
	struct listener *l = listener_get(judge, own);
	if (l && l->count == l->room) {
		uint32_t room = l->room ? l->room * 2 : 1024;
		uint64_t *grown = reallocarray(l->at_ns, room, sizeof(*grown));
		if (grown) {
			l->at_ns = grown;
			l->room = room;
		} else {
			l = NULL;
		}
	}
	if (!l) {
		judge->failed = true;
		return;
	}
	l->at_ns[l->count++] = ns;
}

uint64_t judge_longest_gap(const struct judge *judge, const struct xf_sockaddr *own, uint64_t from_ns,
			   uint64_t until_ns)
{
	uint32_t known = strmap_get(&judge->listener_of, own, sizeof(*own));
	uint64_t longest = 0;
	if (known == STRMAP_NONE)
		return UINT64_MAX;
	const struct listener *l = &judge->listeners[known];
	for (uint32_t n = 0; n < l->count && l->at_ns[n] <= until_ns; n++) {
		uint64_t next = n + 1 < l->count ? l->at_ns[n + 1] : until_ns;
		if (next >= from_ns && next - l->at_ns[n] > longest)
			longest = next - l->at_ns[n];
	}
	return longest;
}

static bool sent_stream_is(const struct sent_stream *s, const struct xf_addr *from, const struct xf_sockaddr *to,
			   uint32_t ssrc)
{
	return s->ssrc == ssrc && xf_sockaddr_eq(&s->to, to) && xf_addr_eq(&s->from, from);
}

static struct sent_stream *sent_stream_get(struct judge *judge, const struct xf_sockaddr *from,
					   const struct xf_sockaddr *to, uint32_t ssrc)
{
	uint8_t key[sizeof(from->addr.bytes) + sizeof(to->addr.bytes) + sizeof(to->port) + sizeof(ssrc)], *p = key;
	if (judge->stream_last < judge->stream_count &&
	    sent_stream_is(&judge->streams[judge->stream_last], &from->addr, to, ssrc))
		return &judge->streams[judge->stream_last];
	p = mempcpy(p, from->addr.bytes, sizeof(from->addr.bytes));
	p = mempcpy(p, to->addr.bytes, sizeof(to->addr.bytes));
	p = mempcpy(p, &to->port, sizeof(to->port));
	memcpy(p, &ssrc, sizeof(ssrc));
	uint32_t known = strmap_get(&judge->stream_of, key, sizeof(key));
	if (known != STRMAP_NONE) {
		judge->stream_last = known;
		return &judge->streams[known];
	}
	if (judge->stream_count == judge->stream_room) {
		uint32_t room = judge->stream_room ? judge->stream_room * 2 : 64;
		struct sent_stream *grown = reallocarray(judge->streams, room, sizeof(*grown));
		if (!grown)
			return NULL;
		judge->streams = grown;
		judge->stream_room = room;
	}
	if (strmap_set(&judge->stream_of, key, sizeof(key), judge->stream_count) < 0)
		return NULL;
	judge->stream_last = judge->stream_count++;
	judge->streams[judge->stream_last] = (struct sent_stream){.to = *to, .from = from->addr, .ssrc = ssrc};
	return &judge->streams[judge->stream_last];
}

static void sent_packet_keep(struct judge *judge, uint64_t ns, const struct xf_sockaddr *from,
			     const struct xf_sockaddr *to, const struct rtp_packet *p)
{
	struct sent_stream *s = sent_stream_get(judge, from, to, p->ssrc);
	if (s && s->count == s->room) {
		uint32_t room = s->room ? s->room * 2 : 256;
		struct sent_packet *grown = reallocarray(s->packets, room, sizeof(*grown));
		if (grown) {
			s->packets = grown;
			s->room = room;
		} else {
			s = NULL;
		}
	}
	if (!s) {
		judge->failed = true;
		return;
	}
	uint32_t hash = 2166136261u;
	for (size_t i = 0; i < p->payload_len; i++)
		hash = (hash ^ p->payload[i]) * 16777619u;
	s->packets[s->count] = (struct sent_packet){
	    .at_ms = (uint32_t)(ns / 1000000),
	    .payload_hash = hash,
	    .timestamp_step = s->count ? p->timestamp - s->timestamp : 0,
	    .sequence_step = s->count ? (int16_t)(p->sequence - s->sequence) : 1,
	    .payload_type = p->payload_type,
	    .marker = p->marker,
	};
	s->count++;
	s->timestamp = p->timestamp;
	s->sequence = p->sequence;
}

void judge_sent(struct judge *judge, uint64_t ns, const struct xf_sockaddr *from, const struct xf_sockaddr *to,
		const void *data, size_t len)
{
	struct rtp_packet packet;
	if (!rtp_read(&packet, data, len))
		return;
	judge->failed |= !streams_add(&judge->sent, ns, from, to, &packet);
	listener_add(judge, from, ns);
	if (judge->keep)
		sent_packet_keep(judge, ns, from, to, &packet);
}

void judge_outcome(struct judge *judge, const char *line)
{
	char **grown = reallocarray(judge->outcomes, judge->outcome_count + 1, sizeof(*grown));
	char *copy = grown ? strdup(line) : NULL;
	if (grown)
		judge->outcomes = grown;
	if (copy)
		judge->outcomes[judge->outcome_count++] = copy;
	else
		judge->failed = true;
}

json_t *judge_captured_streams(const struct judge *judge)
{
	return streams_json(&judge->captured);
}

json_t *judge_received_streams(const struct judge *judge)
{
	return streams_json(&judge->received);
}

json_t *judge_sent_streams(const struct judge *judge)
{
	return streams_json(&judge->sent);
}
