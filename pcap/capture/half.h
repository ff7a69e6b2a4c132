/* One direction of a TCP stream: segments in, SIP messages out. */
#pragma once

#include "sip.h"

struct capture_half_segment;

struct capture_half {
	bool started;  /* next is known */
	bool from_syn; /* seen from its beginning */
	bool judged;   /* its first bytes have been looked at */
	bool tls;      /* nothing to read */
	uint32_t syn;  /* its sequence number, if from_syn */
	uint32_t next; /* sequence number that comes next */
	/* bytes in order, not cut yet: data[start] … data[end - 1] */
	uint8_t *data;
	size_t start, end, size;
	struct capture_sip sip;
	struct capture_half_segment *held; /* behind a hole, by sequence number */
	size_t held_bytes, held_count;
	uint64_t held_ns; /* since when */
	uint64_t gaps;
	uint64_t number; /* of the last packet with payload */
	uint8_t ttl, dscp;
};

void capture_half_fini(struct capture_half *half); /* and it is as new */
/* A SYN with this number is of another stream than the one known. */
bool capture_half_renewed(const struct capture_half *half, uint32_t syn);
/* Where it begins, if that is not known better. */
void capture_half_begin(struct capture_half *half, uint32_t syn);
/* len > 0. 0 or -ENOMEM. */
int capture_half_add(struct capture_half *half, uint32_t seq, const uint8_t *data, size_t len, uint64_t ns);
/* The other side acknowledged all before ack. 0 or -ENOMEM. */
int capture_half_ack(struct capture_half *half, uint32_t ack);
/* The other side has a FIN of this one: it takes a sequence number. */
void capture_half_fin(struct capture_half *half, uint32_t seq);
/* A hole is given up, if there is one. 0 or -ENOMEM. */
int capture_half_give_up(struct capture_half *half);
/* 1: *message, valid until the next call; 0: none. */
int capture_half_cut(struct capture_half *half, const uint8_t **message, size_t *len);
