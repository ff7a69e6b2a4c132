/* The inside of the judge. One thread. */
#pragma once

#include "judge/canon.h"
#include "judge/judge.h"
#include "judge/streams.h"
#include "judge/strmap.h"

/* What is kept of a packet that the gateway sent. */
struct sent_packet {
	uint32_t at_ms; /* since the capture's first packet */
	uint32_t payload_hash;
	uint32_t timestamp_step; /* from the packet before in its stream; of the first one 0 */
	int16_t sequence_step;
	uint8_t payload_type;
	bool marker;
};

/* One SSRC toward one address: what a listener has heard. */
struct sent_stream {
	struct xf_sockaddr to;
	struct xf_addr from;
	uint32_t ssrc;
	uint32_t timestamp; /* of the last packet */
	uint16_t sequence;
	struct sent_packet *packets;
	uint32_t count, room;
};

/* Who hears what is sent from one address and port of the gateway: one end of a call, wherever it is. */
struct listener {
	struct xf_sockaddr own;
	uint64_t *at_ns; /* of every packet of audio that was sent from there */
	uint32_t count, room;
};

struct judge {
	bool keep, failed; /* failed: no memory; what is here is not all */
	struct streams captured, received, sent;
	struct media_names names;
	struct listener *listeners;
	uint32_t listener_count, listener_room, listener_last; /* last: of the packet before */
	struct strmap listener_of;
	struct canon canon;
	struct sent_stream *streams;
	uint32_t stream_count, stream_room, stream_last; /* last: of the packet before */
	struct strmap stream_of;			 /* by addresses and SSRC */
	char **outcomes;
	uint32_t outcome_count;
};

/* A record of sip.txt or rtp.txt, or what takes its place in memory: a line that names it, and lines. */
struct expectation {
	char *head;
	char **lines;
	uint32_t line_count;
};

struct expectations {
	struct expectation *items;
	uint32_t count;
};

/* ---- accept.c: what came out, as records; and records to files and back */
int judge_sip_records(const struct judge *judge, struct expectations *out);
int judge_rtp_records(const struct judge *judge, struct expectations *out);
int judge_outcome_records(const struct judge *judge, struct expectations *out);
struct expectation *expectations_add(struct expectations *list, const char *head);
int expectation_add_line(struct expectation *item, const char *line, size_t len);
void expectations_fini(struct expectations *list);

/* ---- differ.c: each says what differs; how many differences */
unsigned differ_sip(const struct expectations *expected, const struct expectations *got, FILE *out);
unsigned differ_rtp(const struct expectations *expected, const struct expectations *got, FILE *out);
unsigned differ_outcome(const struct expectations *expected, const struct expectations *got, FILE *out);
