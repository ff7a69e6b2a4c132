/* The two real planes in one process, told what to do by frames alone. */
#include <criterion/criterion.h>
#include <jansson.h>
#include "stage.h"

static struct stage stage;

static void expect_nothing_left(void)
{
	struct sip_counts sip;
	struct dplane_counts data;
	struct world_counts counts;
	world_run(stage.world, world_now(stage.world) + 100 * NS_PER_S);
	sip_stack_counts(shard_sip(plane_shard(world_plane(stage.world))), &sip);
	dplane_counts(world_dplane(stage.world), &data);
	world_counts(stage.world, &counts);
	cr_expect_eq(sip.transactions, 0);
	cr_expect_eq(data.endpoints, 0);
	cr_expect_eq(data.in_limbo, 0);
	cr_expect_eq(data.admitted, 0);
	cr_expect_eq(counts.mbufs, 0);
	cr_expect_eq(world_next(stage.world), UINT64_MAX, "something is still due");
	cr_expect_eq(stage.wrong, 0);
}

/* Half way, the agent has the caller on its line: the caller has not heard our 200 yet. */
static void until_both_are_connected(void)
{
	for (unsigned turn = 0; turn < 100 && !stage.media_port[0]; turn++) {
		world_run(stage.world, world_now(stage.world) + NS_PER_MS);
		for (; stage.sip_heard < stage.sip_count && !stage.media_port[0]; stage.sip_heard++) {
			const struct stage_sip *sip = &stage.sip[stage.sip_heard];
			parties_hear(&stage.parties, &sip->to, sip->text, sip->len);
		}
	}
	cr_assert(stage.media_port[0] && stage.media_port[1]);
}

Test(world, a_call_with_media_both_ways)
{
	stage_create(&stage, 1);
	parties_begin(&stage.parties, 1, false);
	until_both_are_connected();
	stage_media(&stage, 50);
	cr_expect_eq(stage.rtp_out[0], 50);
	cr_expect_eq(stage.rtp_out[1], 50);
	stage_talk(&stage);
	parties_end(&stage.parties);
	expect_nothing_left();
	stage_destroy(&stage);
}

Test(world, calls_that_are_transferred_with_credentials)
{
	stage_create(&stage, 2);
	parties_begin(&stage.parties, 5, true);
	stage_talk(&stage);
	parties_end(&stage.parties);
	expect_nothing_left();
	stage_destroy(&stage);
}

static uint64_t history(uint64_t seed)
{
	stage_create(&stage, seed);
	parties_begin(&stage.parties, 2, true);
	until_both_are_connected();
	stage_media(&stage, 20);
	stage_talk(&stage);
	parties_end(&stage.parties);
	uint64_t digest = stage.digest;
	stage_destroy(&stage);
	return digest;
}

Test(world, one_seed_gives_one_history)
{
	uint64_t first = history(7), second = history(7), other = history(8);
	cr_expect_eq(first, second);
	cr_expect_neq(first, other);
}

Test(world, strangers_get_no_answer)
{
	static const char options[] = "OPTIONS sip:x@192.0.2.1 SIP/2.0\r\n"
				      "Via: SIP/2.0/UDP 192.0.2.200;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n"
				      "From: <sip:a@b>;tag=1\r\nTo: <sip:x@192.0.2.1>\r\nCall-ID: 1\r\n"
				      "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
	struct xf_sockaddr stranger = {.port = 5060}, known = {.port = 5060};
	struct world_counts counts;
	stage_create(&stage, 3);
	xf_addr_parse(&stranger.addr, "192.0.2.200");
	xf_addr_parse(&known.addr, "192.0.2.20");
	world_datagram(stage.world, 0, &stranger, &stage.config->networks[0].sip, options, sizeof(options) - 1);
	world_run(stage.world, world_now(stage.world) + NS_PER_S);
	cr_expect_eq(stage.sip_count, 0);
	world_counts(stage.world, &counts);
	cr_expect_eq(counts.drops[XF_DROP_SIP_SOURCE], 1);
	cr_expect_eq(counts.sip_in, 0);
	world_datagram(stage.world, 0, &known, &stage.config->networks[0].sip, options, sizeof(options) - 1);
	world_run(stage.world, world_now(stage.world) + NS_PER_S);
	cr_expect_eq(stage.sip_count, 1);
	expect_nothing_left();
	stage_destroy(&stage);
}

/* Fragments are put together, screened, and answered. */
Test(world, a_message_in_fragments_arrives)
{
	char text[4096];
	struct xf_sockaddr known = {.port = 5060};
	int n = snprintf(text, sizeof(text),
			 "OPTIONS sip:x@192.0.2.1 SIP/2.0\r\n"
			 "Via: SIP/2.0/UDP 192.0.2.20;branch=z9hG4bK1\r\nMax-Forwards: 70\r\nFrom: <sip:a@b>;tag=1\r\n"
			 "To: <sip:x@192.0.2.1>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nSubject: %02500d\r\n"
			 "Content-Length: 0\r\n\r\n",
			 7);
	stage_create(&stage, 4);
	xf_addr_parse(&known.addr, "192.0.2.20");
	world_datagram(stage.world, 0, &known, &stage.config->networks[0].sip, text, (size_t)n);
	world_run(stage.world, world_now(stage.world) + NS_PER_S);
	cr_assert_eq(stage.sip_count, 1);
	cr_expect_eq(strncmp(stage.sip[0].text, "SIP/2.0 200 ", 12), 0);
	expect_nothing_left();
	stage_destroy(&stage);
}

static void first_packet_only(void *arg, const void *packet, size_t len)
{
	unsigned *count = arg;
	if ((*count)++ == 0)
		world_packet(stage.world, 0, packet, len);
}

/* Nothing else moves the clock; the fragment is given up in its time. */
Test(world, a_lonely_fragment_is_given_up)
{
	static const char text[3000] = "OPTIONS sip:x@192.0.2.1 SIP/2.0";
	struct xf_sockaddr known = {.port = 5060};
	struct world_counts counts;
	unsigned count = 0;
	stage_create(&stage, 4);
	xf_addr_parse(&known.addr, "192.0.2.20");
	uint64_t start = world_now(stage.world);
	capture_build_udp(&known, &stage.config->networks[0].sip, 64, 0, 1, 1500, text, sizeof(text), first_packet_only,
			  &count);
	cr_assert_eq(count, 3);
	world_run(stage.world, start + NS_PER_S - 1);
	world_counts(stage.world, &counts);
	cr_expect_eq(counts.drops[XF_DROP_FRAGMENT_TIMEOUT], 0);
	world_run(stage.world, start + NS_PER_S);
	world_counts(stage.world, &counts);
	cr_expect_eq(counts.drops[XF_DROP_FRAGMENT_TIMEOUT], 1);
	expect_nothing_left();
	stage_destroy(&stage);
}

/* Media goes on while the control plane is dead; a new one finds the endpoints and gives them up in the end. */
Test(world, the_control_plane_dies_and_returns)
{
	stage_create(&stage, 5);
	parties_begin(&stage.parties, 1, false);
	until_both_are_connected();
	stage_media(&stage, 10);
	world_control(stage.world, false);
	stage_media(&stage, 50);
	cr_expect_eq(stage.rtp_out[0], 60);
	cr_expect_eq(stage.rtp_out[1], 60);
	world_control(stage.world, true);
	stage_media(&stage, 50);
	cr_expect_eq(stage.rtp_out[0], 110);
	expect_nothing_left();
	stage_destroy(&stage);
}

Test(world, the_dataplane_dies_and_is_told_all_again)
{
	stage_create(&stage, 6);
	parties_begin(&stage.parties, 1, false);
	until_both_are_connected();
	stage_media(&stage, 10);
	world_dataplane(stage.world, false);
	stage_media(&stage, 10);
	cr_expect_eq(stage.rtp_out[0], 10);
	world_dataplane(stage.world, true);
	world_run(stage.world, world_now(stage.world) + NS_PER_S);
	stage.rtp_out[0] = stage.rtp_out[1] = 0; /* its streams begin anew */
	stage_media(&stage, 10);
	cr_expect_eq(stage.rtp_out[0], 10);
	cr_expect_eq(stage.rtp_out[1], 10);
	stage_talk(&stage);
	parties_end(&stage.parties);
	expect_nothing_left();
	stage_destroy(&stage);
}

Test(world, a_link_that_breaks_loses_no_packet)
{
	stage_create(&stage, 9);
	parties_begin(&stage.parties, 1, false);
	until_both_are_connected();
	stage_media(&stage, 5);
	world_link(stage.world, false);
	stage_media(&stage, 20);
	world_link(stage.world, true);
	stage_media(&stage, 20);
	cr_expect_eq(stage.rtp_out[0], 45);
	stage_talk(&stage);
	parties_end(&stage.parties);
	expect_nothing_left();
	stage_destroy(&stage);
}

Test(world, an_operator_asks)
{
	static const char line[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.calls\"}";
	stage_create(&stage, 10);
	parties_begin(&stage.parties, 1, false);
	until_both_are_connected();
	world_rpc(stage.world, 1, line, sizeof(line) - 1);
	world_run(stage.world, world_now(stage.world) + NS_PER_MS);
	cr_assert_eq(stage.rpc_replies, 1);
	json_t *answer = json_loads(stage.reply, 0, NULL);
	cr_assert_not_null(json_object_get(answer, "result"), "%s", stage.reply);
	json_decref(answer);
	stage_talk(&stage);
	expect_nothing_left();
	stage_destroy(&stage);
}
