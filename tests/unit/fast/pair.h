/* Two endpoints patched both ways, and what they are expected to send. */
#pragma once

#include "rig.h"

#define CALLER	"203.0.113.10"
#define AGENT	"203.0.113.20"
#define AGENT6	"2001:db8:77::20"
#define FOREIGN "203.0.113.66"

/* Caller on 192.0.2.1:20000, agent on the given local address:20002, patched both ways. */
struct pair {
	struct rig rig;
	struct xf_endpoint_id caller, agent;
};

/* The agent numbers the caller's codecs differently. */
void pair_init(struct pair *p, const struct xf_endpoint_settings *caller, unsigned agent_local, const char *agent);
void caller_says(struct pair *p, const char *from, uint16_t port, uint8_t pt, uint16_t seq);
/* One packet of the caller's, whole and well formed, from and to these addresses. */
void expect_frame(const struct seen *s, const char *src, uint16_t sport, const char *dst, uint16_t dport);
