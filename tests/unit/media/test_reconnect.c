#include "world.h"

#include <criterion/criterion.h>

static struct world *world;

static void setup(void)
{
	world = world_create(16384 + 63);
}

static void teardown(void)
{
	world_destroy(world);
}

TestSuite(reconnect, .init = setup, .fini = teardown);

static struct xf_endpoint_id opened(uint32_t network, uint64_t owner)
{
	struct xf_endpoint_id id;
	cr_assert_eq(media_open(world->media, network, 1, owner, &id), 0);
	return id;
}

Test(reconnect, nothing_opens_without_a_link)
{
	struct xf_endpoint_id id;
	cr_assert_eq(media_open(world->media, 0, 1, 1, &id), -ENOTCONN);
	cr_assert_not(media_ready(world->media));
	world_connect(world);
	cr_assert(media_ready(world->media));
	cr_assert_eq(world->ups, 1);
	opened(0, 1);
	world_disconnect(world);
	cr_assert_eq(world->downs, 1);
	cr_assert_eq(media_open(world->media, 0, 1, 1, &id), -ENOTCONN);
	media_link_down(world->media);
	cr_assert_eq(world->downs, 1, "it went down once");
}

Test(reconnect, another_version_is_said_once)
{
	world->dp.version = XF_LINK_VERSION + 1;
	for (unsigned i = 0; i < 3; i++) {
		world_connect(world);
		cr_assert_not(media_ready(world->media));
		world_disconnect(world);
	}
	cr_assert_eq(world->errors, 1);
	cr_assert_not_null(strstr(world->error, "version"));
	world->dp.version = XF_LINK_VERSION;
	world_connect(world);
	cr_assert(media_ready(world->media));
	cr_assert_eq(world->downs, 0, "what was never up cannot go down");
}

Test(reconnect, other_media_addresses_are_refused)
{
	struct xf_addr first = world->dp.addr[0];
	world->dp.addr[0] = world->dp.addr[1];
	world->dp.addr[1] = first;
	world_connect(world);
	cr_assert_not(media_ready(world->media));
	cr_assert_not_null(strstr(world->error, "addresses-differ number=0"));
	world_disconnect(world);
	world->dp.addr[1] = world->dp.addr[0];
	world->dp.addr[0] = first;
	world->dp.addr_count--;
	world_connect(world);
	cr_assert_not(media_ready(world->media), "one is missing");
	world->dp.addr_count++;
	world_disconnect(world);
	world_connect(world);
	cr_assert(media_ready(world->media));
}

Test(reconnect, a_restarted_dataplane_gets_it_all_again)
{
	struct media_remote remote = world_remote("203.0.113.50", 4000);
	world_connect(world);
	struct xf_endpoint_id a = opened(0, 1), b = opened(1, 1), c = opened(1, 1);
	media_set_remote(world->media, a, &remote);
	struct xf_link_move moves[] = {world_move(a, b), world_move(b, a), world_move(a, c)};
	moves[1].paused = 1;
	moves[2].armed_limit_ns = 500 * NS_PER_MS;
	media_patch(world->media, moves, 3, 1);
	world_settle(world);
	world_disconnect(world);
	fake_restart(&world->dp);
	world->dp.workers = 1;
	world_connect(world);
	cr_assert_eq(fake_open_count(&world->dp), 3);
	struct fake_endpoint *ea = fake_find(&world->dp, a), *eb = fake_find(&world->dp, b);
	cr_assert_eq(ea->worker, 0, "as many workers as the new one has");
	cr_assert(xf_sockaddr_eq(&ea->settings.remote, &remote.rtp));
	cr_assert_eq(ea->source.index, b.index);
	cr_assert_eq(ea->armed.index, c.index);
	cr_assert_not(ea->paused);
	cr_assert_eq(eb->source.index, a.index);
	cr_assert(eb->paused);
	cr_assert_eq(world->dp.source_count, 4);
	cr_assert_eq(world->refused, 0);
}

/* Prompts are sources that outlive every dataplane; an armed source waits beside one. */
Test(reconnect, prompts_are_played_again)
{
	struct media_prompt prompt;
	cr_assert_eq(media_prompt(world->media, "ringback-us", &prompt), -ENOENT, "nobody has told of it yet");
	world_connect(world);
	cr_assert_eq(media_prompt(world->media, "ringback-de", &prompt), 0);
	struct xf_endpoint_id us, eu = prompt.source;
	cr_assert_eq(media_prompt(world->media, "ringback-us", &prompt), 0);
	us = prompt.source;
	cr_assert_eq(prompt.length_ms, 6000);
	struct xf_endpoint_id a = opened(0, 1), b = opened(1, 1), c = opened(1, 1);
	struct xf_link_move moves[] = {world_move(a, us), world_move(b, eu), world_move(b, c)};
	moves[0].paused = 1;
	moves[2].armed_limit_ns = 500 * NS_PER_MS;
	cr_assert_eq(media_patch(world->media, moves, 3, 1), 0);
	world_settle(world);
	cr_assert_eq(world->cookie_result[1], 0);
	/* Left in peace by a connection to the same one. */
	memset(world->dp.seen, 0, sizeof(world->dp.seen));
	world_disconnect(world);
	world_connect(world);
	cr_assert_eq(world->dp.seen[XF_LINK_PATCH], 0);
	world_disconnect(world);
	/* Another life has other numbers for them. */
	fake_restart(&world->dp);
	world_connect(world);
	struct fake_endpoint *ea = fake_find(&world->dp, a), *eb = fake_find(&world->dp, b);
	cr_assert_eq(ea->source.index, XF_ENDPOINT_PROMPT);
	cr_assert_str_eq(fake_prompt_name(&world->dp, ea->source.generation), "ringback-us");
	cr_assert(ea->paused);
	cr_assert_eq(eb->source.index, XF_ENDPOINT_PROMPT);
	cr_assert_str_eq(fake_prompt_name(&world->dp, eb->source.generation), "ringback-de");
	cr_assert_eq(eb->armed.index, c.index);
	/* What changed while it was away is brought over: another prompt, and none. */
	world_disconnect(world);
	moves[0] = world_move(a, eu);
	moves[1] = world_move(b, world_nobody);
	cr_assert_eq(media_patch(world->media, moves, 2, 0), -ENOTCONN);
	world_connect(world);
	cr_assert_str_eq(fake_prompt_name(&world->dp, ea->source.generation), "ringback-de");
	cr_assert_not(ea->paused);
	cr_assert_eq(eb->source.index, XF_ENDPOINT_NONE);
	cr_assert_eq(eb->armed.index, XF_ENDPOINT_NONE);
	/* No such prompt, and nothing to wait for. */
	moves[0] = world_move(a, xf_prompt_id(100));
	cr_assert_eq(media_patch(world->media, moves, 1, 0), -EINVAL);
	moves[0] = world_move(a, us);
	moves[0].armed_limit_ns = 1;
	cr_assert_eq(media_patch(world->media, moves, 1, 0), -EINVAL);
}

/* A prompt that came to its end while we were away is told then; so is what is heard while another is silent. */
Test(reconnect, prompts_that_ended)
{
	struct media_prompt sorry, music;
	world_connect(world);
	cr_assert_eq(media_prompt(world->media, "sorry", &sorry), 0);
	cr_assert_eq(sorry.times, 1);
	cr_assert_eq(media_prompt(world->media, "music", &music), 0);
	struct xf_endpoint_id a = opened(0, 1), b = opened(1, 1);
	struct xf_link_move moves[] = {world_move(a, sorry.source), world_move(b, a)};
	moves[1].while_silent = music.source.generation;
	cr_assert_eq(media_patch(world->media, moves, 2, 1), 0);
	world_settle(world);
	struct fake_endpoint *ea = fake_find(&world->dp, a), *eb = fake_find(&world->dp, b);
	cr_assert_str_eq(fake_prompt_name(&world->dp, eb->while_silent), "music");
	unsigned events = world->events[XF_EVENT_PROMPT_ENDED];
	world_disconnect(world);
	ea->prompt_ended = true;
	memset(world->dp.seen, 0, sizeof(world->dp.seen));
	world_connect(world);
	cr_assert_eq(world->dp.seen[XF_LINK_PATCH], 0, "nothing is played again");
	cr_assert_eq(world->events[XF_EVENT_PROMPT_ENDED], events + 1);
	cr_assert_eq(world->event_owner, 1);
	world_disconnect(world);
	fake_restart(&world->dp);
	world_connect(world);
	cr_assert_str_eq(fake_prompt_name(&world->dp, fake_find(&world->dp, b)->while_silent), "music");
	cr_assert_eq(fake_find(&world->dp, b)->source.index, a.index);
	/* One that the next dataplane does not have is not played, and can be wanted no more. */
	world_disconnect(world);
	fake_restart(&world->dp);
	world->dp.no_announcements = true;
	world_connect(world);
	cr_assert_eq(fake_find(&world->dp, a)->source.index, XF_ENDPOINT_NONE);
	cr_assert_eq(media_prompt(world->media, "sorry", &sorry), -ENOENT);
	cr_assert_eq(media_patch(world->media, moves, 1, 0), -ENOENT);
}

/* Whose silence nobody could be told of: told at the next connection, once. */
Test(reconnect, a_time_out_while_down)
{
	world_connect(world);
	struct xf_endpoint_id a = opened(0, 1), b = opened(0, 2);
	media_watch(world->media, a, 60000);
	media_watch(world->media, b, 60000);
	world_settle(world);
	world_disconnect(world);
	fake_silence(&world->dp, a, 4321);
	world_connect(world);
	cr_assert_eq(world->events[XF_EVENT_MEDIA_TIMEOUT], 1);
	cr_expect_eq(world->event_owner, 1);
	cr_expect_eq(world->heard_ms, 4321);
	/* It may still have been on its way. */
	fake_silence_at(&world->dp, a, 4321, world->dp.now_ns - 1);
	world_settle(world);
	cr_expect_eq(world->events[XF_EVENT_MEDIA_TIMEOUT], 1);
	for (unsigned i = 0; i < 2; i++) {
		world_disconnect(world);
		world_connect(world);
	}
	cr_expect_eq(world->events[XF_EVENT_MEDIA_TIMEOUT], 1, "and not at each connection");
	/* It spoke again, and fell silent again. */
	world_disconnect(world);
	fake_find(&world->dp, a)->last_rx_ns = ++world->dp.now_ns;
	fake_silence(&world->dp, a, 9000);
	world_connect(world);
	cr_expect_eq(world->events[XF_EVENT_MEDIA_TIMEOUT], 2);
	cr_expect_eq(world->heard_ms, 9000);
}

Test(reconnect, a_time_out_that_was_told_before)
{
	world_connect(world);
	struct xf_endpoint_id a = opened(0, 1);
	media_watch(world->media, a, 60000);
	world_settle(world);
	fake_silence(&world->dp, a, 4321);
	world_settle(world);
	cr_assert_eq(world->events[XF_EVENT_MEDIA_TIMEOUT], 1);
	world_disconnect(world);
	world_connect(world);
	cr_expect_eq(world->events[XF_EVENT_MEDIA_TIMEOUT], 1);
	/* Told anew by whom it is set anew at. */
	media_watch(world->media, a, 0);
	media_watch(world->media, a, 60000);
	world_settle(world);
	world_disconnect(world);
	fake_silence(&world->dp, a, 1);
	world_connect(world);
	cr_expect_eq(world->events[XF_EVENT_MEDIA_TIMEOUT], 2);
}

/* The settings that it is told now ask anew, and it answers itself. */
Test(reconnect, a_time_out_before_a_hold)
{
	world_connect(world);
	struct xf_endpoint_id a = opened(0, 1);
	media_watch(world->media, a, 60000);
	world_settle(world);
	world_disconnect(world);
	fake_silence(&world->dp, a, 4321);
	media_watch(world->media, a, 0);
	unsigned switched_on = fake_find(&world->dp, a)->switched_on;
	media_watch(world->media, a, 60000);
	world_connect(world);
	cr_expect_eq(world->events[XF_EVENT_MEDIA_TIMEOUT], 0);
	cr_expect_eq(fake_find(&world->dp, a)->switched_on, switched_on + 1, "counts from the end of the hold");
	world_disconnect(world);
	fake_silence(&world->dp, a, 4321);
	media_watch(world->media, a, 0);
	world_connect(world);
	cr_expect_eq(world->events[XF_EVENT_MEDIA_TIMEOUT], 0);
}

/* Another life has another clock, whose events are not old for that. */
Test(reconnect, a_time_out_in_another_life)
{
	world_connect(world);
	struct xf_endpoint_id a = opened(0, 1);
	media_watch(world->media, a, 60000);
	world_settle(world);
	fake_silence(&world->dp, a, 1);
	world_settle(world);
	world_disconnect(world);
	fake_restart(&world->dp);
	world->dp.now_ns = 0;
	world_connect(world);
	fake_silence(&world->dp, a, 2);
	world_settle(world);
	cr_expect_eq(world->events[XF_EVENT_MEDIA_TIMEOUT], 2);
}

Test(reconnect, a_dataplane_that_lived_on_is_left_in_peace)
{
	struct media_remote remote = world_remote("203.0.113.50", 4000);
	world_connect(world);
	struct xf_endpoint_id a = opened(0, 1), b = opened(1, 1);
	media_set_remote(world->media, a, &remote);
	struct xf_link_move move = world_move(a, b);
	media_patch(world->media, &move, 1, 1);
	world_settle(world);
	memset(world->dp.seen, 0, sizeof(world->dp.seen));
	world_disconnect(world);
	world_connect(world);
	cr_assert_eq(world->dp.seen[XF_LINK_OPEN] + world->dp.seen[XF_LINK_UPDATE] + world->dp.seen[XF_LINK_PATCH] +
			 world->dp.seen[XF_LINK_CLOSE],
		     0);
}

Test(reconnect, what_changed_while_down_is_brought_over)
{
	struct media_remote remote = world_remote("203.0.113.50", 4000);
	world_connect(world);
	struct xf_endpoint_id a = opened(0, 1), b = opened(1, 1), c = opened(1, 1);
	struct xf_link_move move = world_move(a, b);
	media_patch(world->media, &move, 1, 0);
	world_settle(world);
	world_disconnect(world);
	remote.relearn = true;
	cr_assert_eq(media_set_remote(world->media, a, &remote), 0);
	move = world_move(a, c);
	cr_assert_eq(media_patch(world->media, &move, 1, 1), -ENOTCONN);
	media_close(world->media, b);
	world_connect(world);
	cr_assert_eq(fake_open_count(&world->dp), 2);
	cr_assert_null(fake_find(&world->dp, b));
	cr_assert_eq(fake_find(&world->dp, a)->source.index, c.index);
	cr_assert_eq(fake_find(&world->dp, a)->relearned, 1);
	cr_assert_eq(world->cookie_calls[1], 0, "media_patch's result was the answer");
	world_disconnect(world);
	world_connect(world);
	cr_assert_eq(fake_find(&world->dp, a)->relearned, 1, "relearned once only");
}

Test(reconnect, answers_lost_with_the_link)
{
	struct media_remote remote = world_remote("203.0.113.50", 4000);
	world_connect(world);
	struct xf_endpoint_id a = opened(0, 1), b = opened(1, 1);
	struct xf_link_move move = world_move(a, b);
	media_set_remote(world->media, a, &remote);
	cr_assert_eq(media_patch(world->media, &move, 1, 4), 0);
	media_flush(world->media); /* applied, but nobody hears of it */
	world_disconnect(world);
	cr_assert_eq(world->cookie_calls[4], 1);
	cr_assert_eq(world->cookie_result[4], -ENOTCONN);
	struct xf_endpoint_id c = b;
	world_connect(world);
	cr_assert_eq(fake_find(&world->dp, a)->source.index, c.index);
	cr_assert_eq(world->cookie_calls[4], 1);
	cr_assert_eq(world->refused, 0);
}

Test(reconnect, commands_lost_with_the_link)
{
	struct media_remote remote = world_remote("203.0.113.50", 4000);
	world_connect(world);
	struct xf_endpoint_id a = opened(0, 1), b = opened(1, 1);
	struct xf_link_move move = world_move(a, b);
	media_set_remote(world->media, a, &remote);
	media_patch(world->media, &move, 1, 4);
	world->connected = false; /* nobody has told us */
	world_settle(world);
	cr_assert_not(media_ready(world->media), "the failing send tells");
	cr_assert_eq(world->downs, 1);
	cr_assert_eq(world->cookie_calls[4], 1);
	world_disconnect(world);
	world_connect(world);
	cr_assert_eq(fake_open_count(&world->dp), 2);
	cr_assert(xf_sockaddr_eq(&fake_find(&world->dp, a)->settings.remote, &remote.rtp));
	cr_assert_eq(fake_find(&world->dp, a)->source.index, b.index);
}

Test(reconnect, an_armed_patch_that_fired_meanwhile)
{
	world_connect(world);
	struct xf_endpoint_id a = opened(0, 1), b = opened(1, 1), c = opened(1, 1);
	struct xf_link_move moves[] = {world_move(a, b), world_move(a, c)};
	moves[1].armed_limit_ns = 500 * NS_PER_MS;
	media_patch(world->media, moves, 2, 0);
	world_settle(world);
	world_disconnect(world);
	fake_event(&world->dp, a, XF_EVENT_ARMED_FIRED); /* lost with the connection */
	world->dp.seen[XF_LINK_PATCH] = 0;
	world_connect(world);
	cr_assert_eq(world->dp.seen[XF_LINK_PATCH], 0, "it is as it should be");
	cr_assert_eq(fake_find(&world->dp, a)->source.index, c.index);
}

Test(reconnect, an_armed_patch_that_fired_before)
{
	world_connect(world);
	struct xf_endpoint_id a = opened(0, 1), b = opened(1, 1), c = opened(1, 1);
	struct xf_link_move moves[] = {world_move(a, b), world_move(a, c)};
	moves[1].armed_limit_ns = 500 * NS_PER_MS;
	media_patch(world->media, moves, 2, 0);
	world_settle(world);
	fake_event(&world->dp, a, XF_EVENT_ARMED_LIMIT);
	world_settle(world);
	world_disconnect(world);
	fake_restart(&world->dp);
	world_connect(world);
	cr_assert_eq(fake_find(&world->dp, a)->source.index, c.index);
	cr_assert_eq(fake_find(&world->dp, a)->armed.index, XF_ENDPOINT_NONE);
}

Test(reconnect, closed_by_the_dataplane_meanwhile)
{
	world_connect(world);
	struct xf_endpoint_id a = opened(0, 1), b = opened(1, 2);
	world_settle(world);
	world_disconnect(world);
	fake_shut(&world->dp, a);
	world_connect(world);
	cr_assert_eq(world->refused, 1);
	cr_assert_eq(world->refused_owner, 1);
	cr_assert_eq(world->refused_result, -ENOENT);
	cr_assert_not(media_knows(world->media, a, NULL));
	cr_assert(media_knows(world->media, b, NULL));
}

static uint32_t orphans(void)
{
	struct media_counts counts;
	media_counts(world->media, &counts);
	return counts.orphans;
}

Test(reconnect, orphans_keep_their_ports)
{
	struct media_counts counts;
	struct xf_endpoint_id id;
	world_connect(world);
	struct xf_endpoint_id old[32];
	for (unsigned i = 0; i < 32; i++)
		old[i] = opened(1, i);
	world_settle(world);
	world_replace_media(world);
	world_connect(world);
	cr_assert_eq(orphans(), 32);
	cr_assert_eq(fake_open_count(&world->dp), 32, "they go on forwarding");
	cr_assert_not(media_knows(world->media, old[0], NULL));
	cr_assert_eq(media_open(world->media, 1, 1, 1, &id), -ENOSPC);
	cr_assert_eq(media_open(world->media, 0, 1, 1, &id), 0);
	cr_assert_gt(id.generation, old[31].generation);

	/* One is closed with a hint, another without: the next look finds it. */
	fake_shut(&world->dp, old[3]);
	fake_event(&world->dp, old[3], XF_EVENT_CLOSED_ORPHAN);
	fake_shut(&world->dp, old[4]);
	world_settle(world);
	cr_assert_eq(orphans(), 31);
	cr_assert_eq(media_open(world->media, 1, 1, 1, &id), -ENOSPC, "it rests first");
	world_pass(world, NS_PER_S);
	cr_assert_eq(media_open(world->media, 1, 1, 1, &id), 0);
	cr_assert_eq(id.index, old[3].index);
	world_pass(world, 5 * NS_PER_S);
	cr_assert_eq(orphans(), 30);
	for (unsigned i = 0; i < 32; i++)
		if (fake_find(&world->dp, old[i]))
			fake_shut(&world->dp, old[i]);
	world_pass(world, 5 * NS_PER_S);
	cr_assert_eq(orphans(), 0);
	unsigned dumps = world->dp.seen[XF_LINK_DUMP];
	world_pass(world, 60 * NS_PER_S);
	cr_assert_eq(world->dp.seen[XF_LINK_DUMP], dumps, "without orphans nobody looks");
	media_counts(world->media, &counts);
	cr_assert_eq(counts.ports_used, 2);
	cr_assert_eq(counts.ports_resting, 0);
}

Test(reconnect, orphans_survive_our_reconnect)
{
	world_connect(world);
	struct xf_endpoint_id old = opened(0, 1);
	world_settle(world);
	world_replace_media(world);
	world_connect(world);
	struct xf_endpoint_id ours = opened(0, 1);
	world_settle(world);
	world_disconnect(world);
	world_connect(world);
	cr_assert_eq(orphans(), 1);
	cr_assert_not_null(fake_find(&world->dp, old));
	cr_assert_not_null(fake_find(&world->dp, ours));
	world_disconnect(world);
	fake_restart(&world->dp);
	world_connect(world);
	cr_assert_eq(orphans(), 0, "they are gone with the old dataplane");
	cr_assert_not_null(fake_find(&world->dp, ours));
}

Test(reconnect, a_stranger_on_a_port_of_ours)
{
	world_connect(world);
	struct xf_endpoint_id ours = opened(0, 9);
	world_settle(world);
	world_disconnect(world);
	fake_restart(&world->dp);
	fake_foreign(&world->dp, ours.index, ours.generation + 100);
	world_connect(world);
	cr_assert_eq(world->refused, 1);
	cr_assert_eq(world->refused_result, -EEXIST);
	cr_assert_eq(orphans(), 1);
}

Test(reconnect, rubbish_from_the_dataplane)
{
	world_connect(world);
	struct xf_endpoint_id a = opened(0, 1);
	world_settle(world);
	struct link_writer *writer = calloc(1, sizeof(*writer));
	struct xf_link_ack ack = {0};
	struct xf_link_event event = {.id = a, .event = XF_EVENT_COUNT};
	struct xf_endpoint_state row = {.id = a};
	struct xf_link_hello_ok hello = {.version = XF_LINK_VERSION};
	link_writer_add(writer, XF_LINK_ACK, 0, &ack, sizeof(ack));
	link_writer_add(writer, XF_LINK_ACK, 1, &ack, sizeof(ack));
	link_writer_add(writer, XF_LINK_ACK, 4000000000u, &ack, sizeof(ack));
	link_writer_add(writer, XF_LINK_ACK, 2, &ack, sizeof(ack) - 1);
	link_writer_add(writer, XF_LINK_EVENT, 0, &event, sizeof(event));
	link_writer_add(writer, XF_LINK_ENDPOINT, 1, &row, sizeof(row));
	link_writer_add(writer, XF_LINK_HELLO_OK, 1, &hello, sizeof(hello));
	link_writer_add(writer, XF_LINK_OPEN, 1, &row, sizeof(row));
	link_writer_add(writer, 999, 1, &row, sizeof(row));
	media_link_receive(world->media, writer->packet, writer->len);
	for (size_t len = 0; len < 64; len++)
		media_link_receive(world->media, writer->packet, len);
	free(writer);
	cr_assert_eq(world->errors, 1, "said once a connection");
	cr_assert(media_knows(world->media, a, NULL));
	cr_assert(media_ready(world->media));
}

static void copied(struct xf_endpoint_id id, uint32_t lost)
{
	fake_copy(&world->dp, id, true, "192.0.2.1", "203.0.113.50", "x", lost);
	world_settle(world);
}

/* What the dataplane says is lost is counted since it opened the endpoint, by a connection to the same one or another.
 */
Test(reconnect, lost_copies_are_counted_once)
{
	world_connect(world);
	struct xf_endpoint_id id = opened(0, 1);
	media_capture(world->media, id, true);
	world_settle(world);
	copied(id, 5);
	copied(id, 7);
	cr_expect_eq(world->copies_lost, 7);
	world_disconnect(world);
	world_connect(world);
	copied(id, 8);
	cr_expect_eq(world->copies_lost, 8, "the same dataplane goes on counting");
	world_disconnect(world);
	fake_restart(&world->dp);
	world_connect(world);
	copied(id, 0);
	cr_expect_eq(world->copies_lost, 8, "another has lost none yet, not %llu",
		     (unsigned long long)world->copies_lost);
	copied(id, 2);
	cr_expect_eq(world->copies_lost, 10);
	cr_expect_eq(world->copies, 5);
}
