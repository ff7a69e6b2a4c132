#include "rig.h"

#define CALLER "203.0.113.10"
#define AGENT  "203.0.113.20"

/* One index, several lives. */
Test(worker, generations)
{
	static struct rig rig;
	rig_init(&rig, 1);
	struct xf_endpoint_settings settings = rig_settings(CALLER, 4000);
	struct xf_endpoint_id first = rig_open(&rig, 0, RIG_V4, 20000, &settings, 1, 1), second;
	struct endpoint_config config = {.id = first, .settings = settings};
	struct command open = {.type = COMMAND_OPEN}, close = {.type = COMMAND_CLOSE, .id = first};

	config.id.generation++;
	rig_prepare(&rig, &open, &config);
	cr_expect_eq(rig_command(&rig, 0, &open), -EEXIST);
	cr_expect_eq(rig_command(&rig, 0, &close), 0);
	cr_expect_eq(rig_command(&rig, 0, &close), -ENOENT);
	cr_expect_eq(rig_command(&rig, 0, &open), 0);
	second = config.id;
	cr_expect_eq(flow_at(rig.flows, first.index)->id.generation, second.generation);

	/* Commands for the first life do not hit the second. */
	struct command late[] = {
	    {.type = COMMAND_CLOSE, .id = first},
	    {.type = COMMAND_UPDATE, .id = first, .settings = settings},
	    {.type = COMMAND_HEADER, .id = first},
	    {.type = COMMAND_PATCH, .patch = {.count = 1, .moves = {{first, second}}}},
	    {.type = COMMAND_PATCH, .patch = {.count = 1, .moves = {{second, first}}}},
	};
	for (unsigned i = 0; i < sizeof(late) / sizeof(late[0]); i++)
		cr_expect_eq(rig_command(&rig, 0, &late[i]), -ESTALE, "command %u", i);
	close.id = second;
	cr_expect_eq(rig_command(&rig, 0, &close), 0);
	/* A generation that was there already does not come back. */
	cr_expect_eq(rig_command(&rig, 0, &open), -ESTALE);
	rig_fini(&rig);
}

Test(worker, open_checks)
{
	static struct rig rig;
	rig_init(&rig, 1);
	struct endpoint_config ok = {.id = {xf_endpoint_index(RIG_V4, 20000), 1},
				     .settings = rig_settings(CALLER, 4000)};
	struct xf_endpoint_settings bad[7];
	for (unsigned i = 0; i < 7; i++)
		bad[i] = ok.settings;
	bad[0].remote = rig_sockaddr("2001:db8::7", 4000);
	bad[1].pt_count = XF_ENDPOINT_PTS + 1;
	bad[2].pts[1].pt = 128;
	bad[3].dscp = 64;
	bad[4].port = WORKER_MAX_PORTS;
	bad[5].learn = 2;
	bad[6].remote.port = 0;
	for (unsigned i = 0; i < 7; i++)
		cr_expect_eq(endpoint_check(&bad[i], &rig.flows->media[RIG_V4], WORKER_MAX_PORTS), -EINVAL, "%u", i);
	cr_expect_eq(flow_provide(rig.flows, RIG_MEDIA_COUNT * XF_PORT_PAIRS), -EINVAL);
	/* A port that is none of the worker's; another worker's endpoint. */
	struct command command = {.type = COMMAND_OPEN};
	ok.settings.port = RIG_PORTS;
	rig_prepare(&rig, &command, &ok);
	cr_expect_eq(rig_command(&rig, 0, &command), -EINVAL);
	ok.settings.port = 0;
	ok.owner = 1;
	rig_prepare(&rig, &command, &ok);
	cr_expect_eq(rig_command(&rig, 0, &command), -EXDEV);
	rig_fini(&rig);
}

/* The endpoints belong to worker 1, the packets come to worker 0. */
Test(worker, handover)
{
	static struct rig rig;
	rig_init(&rig, 2);
	struct xf_endpoint_settings a = rig_settings(CALLER, 4000), b = rig_settings(AGENT, 5000);
	struct xf_endpoint_id caller = rig_open(&rig, 1, RIG_V4, 20000, &a, 1, 1);
	struct xf_endpoint_id agent = rig_open(&rig, 1, RIG_V6, 20002, &(struct xf_endpoint_settings){0}, 1, 1);
	struct xf_endpoint_id other = rig_open(&rig, 0, RIG_V4, 20004, &b, 1, 1);
	struct command command = {.type = COMMAND_PATCH, .patch = {.count = 1, .moves = {{other, caller}}}};
	cr_expect_eq(rig_command(&rig, 1, &command), -EXDEV, "patched together only with one owner");
	cr_expect_eq(rig_command(&rig, 0, &command), -EXDEV);
	command.patch.moves[0] = (struct xf_link_move){agent, caller};
	cr_expect_eq(rig_command(&rig, 1, &command), 0);
	struct command update = {.type = COMMAND_UPDATE,
				 .id = agent,
				 .settings = rig_settings("2001:db8:77::1", 9),
				 .egress = {.resolved = true}};
	cr_expect_eq(rig_command(&rig, 1, &update), 0);

	for (uint16_t i = 0; i < 5; i++)
		rig_rtp(&rig, CALLER, 4000, "192.0.2.1", 20000, 0, i, i * 160u, 7, 0x33);
	cr_expect_eq(rig.sent_count, 0u);
	cr_expect_eq(worker_stats(rig.worker[0])->handed_over, 5);
	cr_expect_eq(worker_turn(rig.worker[1], rig.now_ns), 5u);
	worker_flush(rig.worker[1]);
	cr_expect_eq(rig.sent_count, 5u);
	for (uint16_t i = 0; i < 5; i++)
		cr_expect_eq(rig_seen(&rig, i).seq, 1 + i, "in order");
	cr_expect_eq(worker_turn(rig.worker[1], rig.now_ns), 0u, "idle");
	/* A ring of 64 holds 63. */
	for (uint16_t i = 0; i < 70; i++)
		rig_rtp(&rig, CALLER, 4000, "192.0.2.1", 20000, 0, (uint16_t)(5 + i), i * 160u, 7, 0x33);
	cr_expect_eq(rig_drops(&rig, XF_DROP_HANDOVER_FULL), 7);
	rig_turns(&rig);
	rig_turns(&rig);
	cr_expect_eq(rig.sent_count, 68u);
	rig_fini(&rig);
}

Test(worker, media_timeout)
{
	static struct rig rig;
	rig_init(&rig, 1);
	struct xf_endpoint_settings settings = rig_settings(CALLER, 4000);
	settings.timeout_ns = 1000 * RIG_MS;
	uint64_t opened = rig.now_ns;
	struct xf_endpoint_id id = rig_open(&rig, 0, RIG_V4, 20000, &settings, 1, 1);
	settings.remote = (struct xf_sockaddr){0};
	rig_open(&rig, 0, RIG_V4, 20002, &settings, 1, 1);
	rig.now_ns = opened + 1000 * RIG_MS - 1;
	rig_turns(&rig);
	cr_expect_eq(rig.event_count, 0u);
	rig.now_ns++;
	rig_turns(&rig);
	rig_turns(&rig);
	cr_expect_eq(rig_events(&rig, XF_EVENT_MEDIA_TIMEOUT), 1u, "once, and only for who has a remote");
	cr_expect_eq(rig.events[0].id.index, id.index);
	/* A wrong source does not count as life; a right one does, and arms it again. */
	rig.now_ns += 5000 * RIG_MS;
	rig_rtp(&rig, "203.0.113.66", 4000, "192.0.2.1", 20000, 0, 1, 1, 1, 1);
	rig_turns(&rig);
	cr_expect_eq(rig_events(&rig, XF_EVENT_MEDIA_TIMEOUT), 1u);
	rig_rtp(&rig, CALLER, 4000, "192.0.2.1", 20000, 0, 1, 1, 1, 1);
	rig.now_ns += 1000 * RIG_MS - 1;
	rig_turns(&rig);
	cr_expect_eq(rig_events(&rig, XF_EVENT_MEDIA_TIMEOUT), 1u);
	rig.now_ns++;
	rig_turns(&rig);
	cr_expect_eq(rig_events(&rig, XF_EVENT_MEDIA_TIMEOUT), 2u);
	rig_fini(&rig);
}

/* Who rings for longer than silence may last is not late when it answers. */
Test(worker, media_timeout_switched_on)
{
	static struct rig rig;
	rig_init(&rig, 1);
	struct xf_endpoint_settings settings = rig_settings(CALLER, 4000);
	struct xf_endpoint_id id = rig_open(&rig, 0, RIG_V4, 20000, &settings, 1, 1);
	struct command update = {.type = COMMAND_UPDATE, .id = id, .egress = {.resolved = true}};
	for (unsigned round = 1; round <= 2; round++) {
		rig.now_ns += 5000 * RIG_MS;
		rig_turns(&rig);
		settings.timeout_ns = 1000 * RIG_MS;
		update.settings = settings;
		cr_expect_eq(rig_command(&rig, 0, &update), 0);
		rig.now_ns += 500 * RIG_MS;
		cr_expect_eq(rig_command(&rig, 0, &update), 0);
		rig.now_ns += 500 * RIG_MS - 1;
		rig_turns(&rig);
		cr_expect_eq(rig_events(&rig, XF_EVENT_MEDIA_TIMEOUT), round - 1);
		rig.now_ns++;
		rig_turns(&rig);
		rig_turns(&rig);
		cr_expect_eq(rig_events(&rig, XF_EVENT_MEDIA_TIMEOUT), round);
		update.settings.timeout_ns = 0;
		cr_expect_eq(rig_command(&rig, 0, &update), 0);
	}
	rig_fini(&rig);
}

static unsigned told_of_silence(struct rig *rig)
{
	for (unsigned i = rig->event_count; i-- > 0;)
		if (rig->events[i].event == XF_EVENT_MEDIA_TIMEOUT)
			return rig->events[i].duration_ms;
	return UINT32_MAX;
}

/* Whoever is told of silence also learns whether there was anything since the time-out was set. */
Test(worker, media_timeout_tells_how_long_media_came)
{
	static struct rig rig;
	rig_init(&rig, 1);
	struct xf_endpoint_settings settings = rig_settings(CALLER, 4000);
	struct xf_endpoint_id id = rig_open(&rig, 0, RIG_V4, 20000, &settings, 1, 1);
	struct command update = {.type = COMMAND_UPDATE, .id = id, .egress = {.resolved = true}};
	rig.now_ns += 500 * RIG_MS;
	rig_rtp(&rig, CALLER, 4000, "192.0.2.1", 20000, 0, 1, 160, 7, 1);
	rig.now_ns += 500 * RIG_MS;
	settings.timeout_ns = 1000 * RIG_MS;
	update.settings = settings;
	cr_expect_eq(rig_command(&rig, 0, &update), 0);
	rig.now_ns += 1000 * RIG_MS;
	rig_turns(&rig);
	cr_expect_eq(told_of_silence(&rig), 0u, "before it was set does not count");
	rig_rtp(&rig, CALLER, 4000, "192.0.2.1", 20000, 0, 2, 320, 7, 1);
	rig.now_ns += 1000 * RIG_MS;
	rig_turns(&rig);
	cr_expect_eq(told_of_silence(&rig), 1000u);
	rig.now_ns += 70000 * RIG_MS;
	rig_rtp(&rig, CALLER, 4000, "192.0.2.1", 20000, 0, 3, 480, 7, 1);
	rig.now_ns += 1000 * RIG_MS;
	rig_turns(&rig);
	cr_expect_eq(told_of_silence(&rig), UINT16_MAX);
	rig_fini(&rig);
}

/* More endpoints than one turn looks at: each is told of once, some turns later; closing them in between is safe. */
Test(worker, many_timeouts)
{
	static struct rig rig;
	struct xf_endpoint_id ids[50];
	rig_init(&rig, 1);
	struct xf_endpoint_settings settings = rig_settings(CALLER, 4000);
	settings.timeout_ns = RIG_MS;
	for (unsigned i = 0; i < 50; i++)
		ids[i] = rig_open(&rig, 0, RIG_V4, (uint16_t)(20000 + 2 * i), &settings, 1, 1);
	rig.now_ns += RIG_MS;
	for (unsigned i = 0; i < 8; i++) {
		rig_turns(&rig);
		struct command close = {.type = COMMAND_CLOSE, .id = ids[i * 3]};
		cr_assert_eq(rig_command(&rig, 0, &close), 0);
	}
	rig_turns(&rig);
	cr_expect_geq(rig_events(&rig, XF_EVENT_MEDIA_TIMEOUT), 42u);
	for (unsigned i = 0; i < rig.event_count; i++)
		for (unsigned j = 0; j < i; j++)
			cr_assert_neq(rig.events[i].id.index, rig.events[j].id.index);
	rig_fini(&rig);
}

/* The endpoint that would be looked at next is closed: it is not looked at. */
Test(worker, close_under_the_cursor)
{
	static struct rig rig;
	struct xf_endpoint_id ids[50];
	rig_init(&rig, 1);
	struct xf_endpoint_settings settings = rig_settings(CALLER, 4000);
	settings.timeout_ns = RIG_MS;
	for (unsigned i = 0; i < 50; i++)
		ids[i] = rig_open(&rig, 0, RIG_V4, (uint16_t)(20000 + 2 * i), &settings, 1, 1);
	rig.now_ns += RIG_MS;
	rig_turns(&rig);
	cr_assert_geq(rig.event_count, 1u);
	cr_assert_lt(rig.event_count, 50u);
	uint32_t next = (rig.events[rig.event_count - 1].id.index - ids[0].index + 1) % 50;
	struct command close = {.type = COMMAND_CLOSE, .id = ids[next]};
	cr_assert_eq(rig_command(&rig, 0, &close), 0);
	cr_expect_null(flow_get(rig.flows, ids[next].index));
	for (unsigned i = 0; i < 20; i++)
		rig_turns(&rig);
	cr_expect_eq(rig.event_count, 49u);
	for (unsigned i = 0; i < rig.event_count; i++)
		cr_expect_neq(rig.events[i].id.index, ids[next].index);
	rig_fini(&rig);
}

/* What is not media goes to the kernel in two classes; SIP is counted by peer; the source table is swapped whole. */
Test(worker, kernel_and_sources)
{
	static struct rig rig;
	rig_init(&rig, 1);
	struct frame known = {
	    .src = "198.51.100.7", .dst = "192.0.2.1", .sport = 5060, .dport = 5060, .payload = "x", .payload_len = 1};
	struct frame later = {
	    .src = "203.0.113.5", .dst = "192.0.2.1", .sport = 5060, .dport = 5060, .payload = "x", .payload_len = 1};
	struct frame ping = {.src = "203.0.113.5",
			     .dst = "192.0.2.1",
			     .proto = IPPROTO_ICMP,
			     .raw = true,
			     .payload = "12345678",
			     .payload_len = 8};
	rig_receive(&rig, &known);
	rig_receive(&rig, &later);
	rig_receive(&rig, &ping);
	cr_expect_eq(rig.kernel_count, 1u);
	cr_expect_eq(rig.urgent_count, 1u);
	cr_expect_eq(worker_stats(rig.worker[0])->peer_passed[1], 1);
	cr_expect_eq(worker_stats(rig.worker[0])->to_kernel, 2);
	cr_expect_eq(rig_drops(&rig, XF_DROP_SIP_SOURCE), 1);

	struct xf_source source = {.peer = 9, .role = XF_ROLE_AGENT};
	struct source_table *table;
	cr_assert_eq(xf_prefix_parse(&source.block, "203.0.113.0/24"), 0);
	cr_assert_eq(source_table_create(&table, &source, 1), 0);
	struct command swap = {.type = COMMAND_SOURCES, .sources = table};
	cr_assert_eq(rig_command(&rig, 0, &swap), 0);
	cr_expect_eq(swap.sources, rig.sources, "the old one comes back");
	rig_receive(&rig, &known);
	rig_receive(&rig, &later);
	cr_expect_eq(rig_drops(&rig, XF_DROP_SIP_SOURCE), 2);
	cr_expect_eq(worker_stats(rig.worker[0])->peer_passed[9], 1);
	cr_expect_eq(worker_stats(rig.worker[0])->peer_passed[1], 1);
	struct xf_addr addr = rig_addr("198.51.100.7");
	cr_assert_eq(admitted_add(rig.admitted, &addr), 0);
	rig_receive(&rig, &known);
	cr_expect_eq(rig.kernel_count, 3u);
	cr_assert_eq(admitted_del(rig.admitted, &addr), 0);
	rig_receive(&rig, &known);
	cr_expect_eq(rig_drops(&rig, XF_DROP_SIP_SOURCE), 3);
	swap.sources = NULL;
	cr_assert_eq(rig_command(&rig, 0, &swap), 0);
	source_table_destroy((struct source_table *)(uintptr_t)swap.sources);
	rig_receive(&rig, &later);
	cr_expect_eq(rig_drops(&rig, XF_DROP_SIP_SOURCE), 4, "without a table nobody is known");
	rig_fini(&rig);
}

/* A full burst, mixed: each packet to its place, media in order. */
Test(worker, burst)
{
	static struct rig rig;
	uint8_t buf[2048], rtp[20] = {0x80};
	rig_init(&rig, 1);
	struct xf_endpoint_settings a = rig_settings(CALLER, 4000), b = rig_settings(AGENT, 5000);
	struct xf_endpoint_id caller = rig_open(&rig, 0, RIG_V4, 20000, &a, 1, 1),
			      agent = rig_open(&rig, 0, RIG_V4, 20002, &b, 50, 1);
	cr_assert_eq(rig_move(&rig, agent, caller, 0, false), 0);
	for (unsigned round = 0; round < 3; round++) {
		struct rte_mbuf *pkts[WORKER_BURST];
		for (unsigned i = 0; i < WORKER_BURST; i++) {
			struct frame media = {.src = CALLER,
					      .sport = 4000,
					      .dst = "192.0.2.1",
					      .dport = 20000,
					      .payload = rtp,
					      .payload_len = 20};
			struct frame sip = {.src = "198.51.100.7", .dst = "192.0.2.1", .sport = 5060, .dport = 5060};
			if (i % 4 != 3)
				rtp[3]++;
			pkts[i] = rig_mbuf(&rig, buf, rig_frame(buf, i % 4 == 3 ? &sip : &media));
		}
		worker_receive(rig.worker[0], 0, pkts, WORKER_BURST, rig.now_ns);
	}
	worker_flush(rig.worker[0]);
	cr_expect_eq(rig.sent_count, 72u);
	cr_expect_eq(rig.kernel_count, 24u);
	for (unsigned i = 0; i < 72; i++)
		cr_assert_eq(rig_seen(&rig, i).seq, 50 + i);
	worker_turn(rig.worker[0], rig.now_ns);
	worker_turn(rig.worker[0], rig.now_ns);
	cr_expect_eq(worker_stats(rig.worker[0])->busy_turns, 1, "only the turn that received");
	cr_expect_eq(worker_stats(rig.worker[0])->turns, 2 + 3, "and those of three commands");
	cr_expect_eq(worker_stats(rig.worker[0])->rx_packets, 96);
	cr_expect_eq(worker_stats(rig.worker[0])->forwarded, 72);
	cr_expect_eq(rig_all_drops(&rig), 0);
	rig_fini(&rig);
}

/* No command is lost or answered twice, however many are posted at once. */
Test(worker, many_commands)
{
	static struct rig rig;
	static struct command commands[600];
	rig_init(&rig, 1);
	for (unsigned i = 0; i < 600; i++) {
		commands[i] = (struct command){.type = COMMAND_HEADER, .id = {i, 1}, .sequence = i};
		cr_assert_eq(rte_ring_enqueue(worker_command_ring(rig.worker[0]), &commands[i]), 0);
	}
	unsigned got = 0;
	for (unsigned turn = 0; turn < 100; turn++) {
		void *done;
		worker_turn(rig.worker[0], rig.now_ns);
		while (rte_ring_dequeue(worker_done_ring(rig.worker[0]), &done) == 0) {
			cr_assert_eq(done, &commands[got], "in order");
			cr_assert_eq(commands[got].result, -ENOENT);
			got++;
		}
	}
	cr_expect_eq(got, 600u);
	rig_fini(&rig);
}
