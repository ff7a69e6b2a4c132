/* A call on a worker: caller and agent talk, a target waits; each says its next packet. */
#pragma once

#include "rig.h"

#define CALLER "203.0.113.10"
#define AGENT  "203.0.113.20"
#define TARGET "203.0.113.30"

/* A call as the control plane would patch it: caller and agent talk, the target's endpoint is open. */
struct call {
	struct rig rig;
	struct xf_endpoint_id caller, agent, target;
	uint16_t caller_seq, agent_seq, target_seq;
};

static const struct xf_endpoint_id none = {XF_ENDPOINT_NONE, 0};

static inline void call_init(struct call *c)
{
	struct xf_endpoint_settings caller = rig_settings(CALLER, 4000), agent = rig_settings(AGENT, 5000),
				    target = rig_settings(TARGET, 6000);
	memset(c, 0, sizeof(*c));
	rig_init(&c->rig, 1);
	/* The caller's send stream wraps in both numbers while the test runs. */
	c->caller = rig_open(&c->rig, 0, RIG_V4, 20000, &caller, 65530, 0xfffffe00);
	c->agent = rig_open(&c->rig, 0, RIG_V4, 20002, &agent, 10, 100);
	c->target = rig_open(&c->rig, 0, RIG_V4, 20004, &target, 20, 200);
	cr_assert_eq(rig_move(&c->rig, c->agent, c->caller, 0, false), 0);
	cr_assert_eq(rig_move(&c->rig, c->caller, c->agent, 0, false), 0);
	c->agent_seq = 7000;
	c->target_seq = 65535;
	c->caller_seq = 42;
}

static inline void caller_says(struct call *c)
{
	rig_rtp(&c->rig, CALLER, 4000, "192.0.2.1", 20000, 0, c->caller_seq, c->caller_seq * 160u, 0xca, 0xc0);
	c->caller_seq++;
}

static inline void agent_says(struct call *c)
{
	rig_rtp(&c->rig, AGENT, 5000, "192.0.2.1", 20002, 0, c->agent_seq, c->agent_seq * 160u, 0xa6, 0xa0);
	c->agent_seq++;
}

static inline void target_says(struct call *c)
{
	rig_rtp(&c->rig, TARGET, 6000, "192.0.2.1", 20004, 0, c->target_seq,
		0xfffff000 + (uint16_t)(c->target_seq + 1) * 160u, 0x7a, 0x70);
	c->target_seq++;
}

static inline int move(struct call *c, uint32_t *detail, const struct xf_link_move *moves, uint32_t n)
{
	struct command command = {.type = COMMAND_PATCH, .patch = {.count = n}};
	memcpy(command.patch.moves, moves, n * sizeof(moves[0]));
	int ret = rig_command(&c->rig, 0, &command);
	if (detail)
		*detail = command.detail;
	return ret;
}

#define MOVE(c, detail, ...)                                                                                           \
	move(c, detail, (const struct xf_link_move[]){__VA_ARGS__},                                                    \
	     sizeof((const struct xf_link_move[]){__VA_ARGS__}) / sizeof(struct xf_link_move))
