/* Copies of what captured endpoints receive and send. */
#include "pair.h"

static int capture(struct pair *p, struct xf_endpoint_id id, bool on)
{
	struct command command = {.type = COMMAND_CAPTURE, .id = id, .on = on};
	return rig_command(&p->rig, 0, &command);
}

static void expect_copy(const struct pair *p, unsigned i, struct xf_endpoint_id id, bool sent, const char *src,
			uint16_t sport, const char *dst, uint16_t dport)
{
	const struct xf_link_captured *copy = &p->rig.copies[i];
	struct xf_sockaddr from = rig_sockaddr(src, sport), to = rig_sockaddr(dst, dport);
	cr_assert_lt(i, p->rig.copy_count);
	cr_expect(copy->id.index == id.index && copy->id.generation == id.generation, "copy %u", i);
	cr_expect(copy->sent == sent && xf_sockaddr_eq(&copy->from, &from) && xf_sockaddr_eq(&copy->to, &to), "copy %u",
		  i);
	cr_expect_eq(copy->now_ns, p->rig.now_ns);
}

/* Both sides of both endpoints, each as it was on the wire; the packet itself goes on as ever. */
Test(capture, what_comes_and_what_goes)
{
	static struct pair p;
	struct xf_endpoint_settings settings = rig_settings(CALLER, 4000);
	pair_init(&p, &settings, RIG_V6, AGENT6);
	caller_says(&p, CALLER, 4000, 0, 1);
	cr_expect_eq(p.rig.copy_count, 0);
	cr_assert_eq(capture(&p, p.caller, true), 0);
	cr_assert_eq(capture(&p, p.agent, true), 0);
	rig_forget(&p.rig);
	p.rig.now_ns += 20 * RIG_MS;
	caller_says(&p, CALLER, 4000, 0, 2);
	cr_expect_eq(p.rig.sent_count, 1);
	cr_assert_eq(p.rig.copy_count, 2);
	expect_copy(&p, 0, p.caller, false, CALLER, 4000, "192.0.2.1", 20000);
	expect_copy(&p, 1, p.agent, true, "2001:db8::1", 20002, AGENT6, 5000);
	cr_expect_eq(p.rig.copies[0].len, 172);
	cr_expect_eq(p.rig.copies[0].bytes[1], 0, "as the caller numbers PCMU");
	struct seen seen = rig_last(&p.rig);
	cr_expect_eq(p.rig.copies[1].len, seen.payload_len);
	cr_expect_eq(memcmp(p.rig.copies[1].bytes, seen.payload, seen.payload_len), 0);

	cr_assert_eq(capture(&p, p.agent, false), 0);
	caller_says(&p, CALLER, 4000, 0, 3);
	cr_expect_eq(p.rig.copy_count, 3);
	expect_copy(&p, 2, p.caller, false, CALLER, 4000, "192.0.2.1", 20000);
	rig_fini(&p.rig);
}

/* Before anything is dropped: somebody else's packets, and what is no RTP. */
Test(capture, what_is_dropped)
{
	static struct pair p;
	static const uint8_t stun[20] = {0, 1};
	struct xf_endpoint_settings settings = rig_settings(CALLER, 4000);
	pair_init(&p, &settings, RIG_V4, AGENT);
	cr_assert_eq(capture(&p, p.caller, true), 0);
	caller_says(&p, CALLER, 4000, 0, 1);
	p.rig.now_ns += 3600000 * RIG_MS;
	caller_says(&p, FOREIGN, 4000, 0, 1);
	rig_receive(&p.rig, &(struct frame){.src = CALLER,
					    .sport = 4001,
					    .dst = "192.0.2.1",
					    .dport = 20001,
					    .payload = stun,
					    .payload_len = sizeof(stun)});
	cr_assert_eq(p.rig.copy_count, 3);
	expect_copy(&p, 1, p.caller, false, FOREIGN, 4000, "192.0.2.1", 20000);
	expect_copy(&p, 2, p.caller, false, CALLER, 4001, "192.0.2.1", 20001);
	cr_expect_eq(rig_drops(&p.rig, XF_DROP_WRONG_SOURCE), 1);
	cr_expect_eq(rig_drops(&p.rig, XF_DROP_STUN), 1);
	rig_fini(&p.rig);
}

Test(capture, a_prompt)
{
	static struct pair p;
	struct xf_endpoint_settings settings = rig_settings(CALLER, 4000);
	pair_init(&p, &settings, RIG_V4, AGENT);
	cr_assert_eq(capture(&p, p.caller, true), 0);
	cr_assert_eq(rig_move(&p.rig, p.caller, (struct xf_endpoint_id){XF_ENDPOINT_PROMPT, 1}, 0, false), 0);
	for (unsigned ms = 0; ms < 100; ms += 20) {
		p.rig.now_ns += 20 * RIG_MS;
		rig_turns(&p.rig);
	}
	cr_assert_gt(p.rig.sent_count, 3);
	cr_expect_eq(p.rig.copy_count, p.rig.sent_count);
	struct seen seen = rig_last(&p.rig);
	cr_expect_eq(memcmp(p.rig.copies[p.rig.copy_count - 1].bytes, seen.payload, seen.payload_len), 0);
	rig_fini(&p.rig);
}

/* The ring is full, or no buffer is left: the copy is lost, by name, and the packet is not. */
Test(capture, no_room)
{
	static struct pair p;
	static struct rte_mbuf *held[4096];
	unsigned count = 0;
	struct xf_endpoint_settings settings = rig_settings(CALLER, 4000);
	pair_init(&p, &settings, RIG_V4, AGENT);
	cr_assert_eq(capture(&p, p.caller, true), 0);
	p.rig.copies_refused = true;
	caller_says(&p, CALLER, 4000, 0, 1);
	cr_expect_eq(p.rig.sent_count, 1);
	p.rig.copies_refused = false;
	while (rte_mempool_avail_count(p.rig.pool) > 1)
		held[count++] = rte_pktmbuf_alloc(p.rig.pool);
	caller_says(&p, CALLER, 4000, 0, 2);
	cr_expect_eq(p.rig.sent_count, 2);
	rte_pktmbuf_free_bulk(held, count);
	cr_expect_eq(rig_drops(&p.rig, XF_DROP_CAPTURE_LOST), 2);
	cr_expect_eq(rig_state(&p.rig, p.caller).rx_dropped, 0);
	caller_says(&p, CALLER, 4000, 0, 3);
	cr_assert_eq(p.rig.copy_count, 1);
	cr_expect_eq(p.rig.copies[0].lost, 2);
	rig_fini(&p.rig);
}

/* As long as a frame of the usual size holds. */
Test(capture, long_packets)
{
	static struct pair p;
	static uint8_t payload[1472];
	struct xf_endpoint_settings settings = rig_settings(CALLER, 4000);
	pair_init(&p, &settings, RIG_V4, AGENT);
	cr_assert_eq(capture(&p, p.caller, true), 0);
	memset(payload, 0xaa, sizeof(payload));
	rig_receive(&p.rig, &(struct frame){.src = CALLER,
					    .sport = 4000,
					    .dst = "192.0.2.1",
					    .dport = 20000,
					    .payload = payload,
					    .payload_len = sizeof(payload)});
	cr_assert_eq(p.rig.copy_count, 1);
	cr_expect_eq(p.rig.copies[0].len, sizeof(payload));
	cr_expect_eq(memcmp(p.rig.copies[0].bytes, payload, sizeof(payload)), 0);
	cr_expect_eq(capture(&p, (struct xf_endpoint_id){p.caller.index, p.caller.generation + 1}, true), -ESTALE);
	rig_fini(&p.rig);
}
