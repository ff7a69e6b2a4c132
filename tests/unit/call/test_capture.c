/* What a capture of a call, or of all, gets: every message once, in order, and nothing of others. */
#include "net.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <stdlib.h>

static struct net *net;
static struct phone caller, agent;

static void setup(void)
{
	net = net_create();
	phone_init(&caller, net, "192.0.2.20");
	phone_init(&agent, net, "198.51.100.10");
}

static void teardown(void)
{
	net_destroy(net);
}

TestSuite(capture, .init = setup, .fini = teardown);

struct packet {
	const char *from, *to;
	char *data;
};

/* The next notification; false: it is a capture.end (or there is none). */
static bool next(unsigned i, struct packet *packet, json_t **json)
{
	*json = i < net->notified_count ? json_loads(net->notified[i], 0, NULL) : NULL;
	json_t *params = json_object_get(*json, "params");
	const char *data = json_string_value(json_object_get(params, "data"));
	*packet = (struct packet){json_string_value(json_object_get(params, "from")),
				  json_string_value(json_object_get(params, "to")), NULL};
	if (!data)
		return false;
	packet->data = calloc(1, strlen(data) + 1);
	EVP_DecodeBlock((unsigned char *)packet->data, (const unsigned char *)data, (int)strlen(data));
	return true;
}

static void expect_packet(unsigned i, const char *from, const char *to, const char *start)
{
	struct packet packet;
	json_t *json;
	cr_assert(next(i, &packet, &json), "no packet %u of %u", i, net->notified_count);
	cr_expect(strcmp(packet.from, from) == 0 && strcmp(packet.to, to) == 0 &&
		      strncmp(packet.data, start, strlen(start)) == 0,
		  "packet %u: %s -> %s %.40s", i, packet.from, packet.to, packet.data);
	free(packet.data);
	json_decref(json);
}

#define CALLER	"192.0.2.20:5060"
#define CARRIER "192.0.2.1:5060"
#define AGENT	"198.51.100.10:5060"
#define AGENTS	"198.51.100.1:5060"

static void capture(const char *params)
{
	char line[256];
	snprintf(line, sizeof(line), "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"capture.start\",\"params\":%s}",
		 params);
	const char *reply = net_rpc(net, line);
	cr_assert(reply && strstr(reply, "\"result\""), "%s", reply);
}

Test(capture, everything_from_the_first_invite)
{
	capture("{\"all\":true}");
	net_connect(net, &caller, &agent, "+12025550100");
	expect_packet(0, CALLER, CARRIER, "INVITE ");
	expect_packet(1, CARRIER, CALLER, "SIP/2.0 100 ");
	expect_packet(2, AGENTS, AGENT, "INVITE ");
	expect_packet(3, AGENT, AGENTS, "SIP/2.0 180 ");
	expect_packet(4, CARRIER, CALLER, "SIP/2.0 180 ");
	expect_packet(5, AGENT, AGENTS, "SIP/2.0 200 ");
	expect_packet(6, AGENTS, AGENT, "ACK ");
	expect_packet(7, CARRIER, CALLER, "SIP/2.0 200 ");
	expect_packet(8, CALLER, CARRIER, "ACK ");
	cr_expect_eq(net->notified_count, 9);
}

Test(capture, what_is_of_no_call)
{
	net_connect(net, &caller, &agent, "+12025550100");
	capture("{\"call\":\"+12025550177\"}");
	capture("{\"all\":true}");
	struct phone other;
	phone_init(&other, net, "192.0.2.30");
	phone_invite(&other, "+12025550188", "+12025559999", NULL, NULL);
	expect_packet(0, "192.0.2.30:5060", CARRIER, "INVITE ");
	expect_packet(1, CARRIER, "192.0.2.30:5060", "SIP/2.0 100 ");
	expect_packet(2, CARRIER, "192.0.2.30:5060", "SIP/2.0 404 ");
	net_say(net, "192.0.2.30",
		"OPTIONS sip:192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.30;branch=z9hG4bKo\r\nMax-Forwards: 70\r\n"
		"From: <sip:a@b>;tag=1\r\nTo: <sip:192.0.2.1>\r\nCall-ID: o\r\nCSeq: 1 OPTIONS\r\n\r\n");
	net->damaged = true;
	net_say(net, "192.0.2.30", "NONSENSE\r\n\r\n");
	expect_packet(3, "192.0.2.30:5060", CARRIER, "OPTIONS ");
	expect_packet(4, CARRIER, "192.0.2.30:5060", "SIP/2.0 200 ");
	expect_packet(5, "192.0.2.30:5060", CARRIER, "NONSENSE");
	cr_expect_eq(net->notified_count, 6);
}

Test(capture, of_one_call_to_its_end)
{
	net_connect(net, &caller, &agent, "+12025550100");
	capture("{\"call\":\"+12025550177\"}");
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&agent, "BYE");
	net_pass(net, 100);
	expect_packet(0, CALLER, CARRIER, "BYE ");
	expect_packet(1, CARRIER, CALLER, "SIP/2.0 200 ");
	expect_packet(2, AGENTS, AGENT, "BYE ");
	expect_packet(3, AGENT, AGENTS, "SIP/2.0 200 ");
	cr_assert_eq(net->notified_count, 5);
	cr_expect_not_null(strstr(net->notified[4], "\"capture.end\""));
	cr_expect_not_null(strstr(net->notified[4], "\"packets\":4,\"lost\":0"));
	net_expect_nothing_left(net);
}

static struct fake_endpoint *endpoint_of(const struct sip_message *with_sdp, struct xf_endpoint_id *id)
{
	*id = net_endpoint(net, with_sdp);
	return fake_find(&net->dp, *id);
}

/* Its endpoints, those that are opened later too, from when it is asked for until nobody asks any more. */
Test(capture, media_of_one_call)
{
	struct phone other, other_agent, pbx;
	struct xf_endpoint_id id, pbx_id, other_id;
	net_connect(net, &caller, &agent, "+12025550100");
	phone_init(&other, net, "192.0.2.20");
	phone_init(&other_agent, net, "198.51.100.10");
	phone_invite(&other, "+12025550188", "+12025550100", phone_sdp(&other, "sendrecv"), NULL);
	net_pass(net, 20);
	endpoint_of(phone_rung(&other_agent), &other_id);
	cr_expect_not(endpoint_of(agent.invite, &id)->captured);
	capture("{\"call\":\"+12025550177\",\"media\":true}");
	net_pass(net, 1);
	cr_expect(endpoint_of(agent.invite, &id)->captured);
	cr_expect_not(fake_find(&net->dp, other_id)->captured);
	fake_copy(&net->dp, id, true, "198.51.100.1", "198.51.100.10", "rtp", 0);
	fake_copy(&net->dp, other_id, true, "198.51.100.1", "198.51.100.10", "not asked for", 0);
	net_pass(net, 1);
	cr_assert_eq(net->notified_count, 1);
	cr_expect_not_null(strstr(net->notified[0], "\"data\":\"cnRw\""), "%s", net->notified[0]);
	cr_expect_not_null(strstr(net->notified[0], "\"network\":\"agents\""));

	phone_init(&pbx, net, "203.0.113.10");
	phone_request(&agent, "REFER", "Refer-To: <sip:sales@pbx.lab>\r\n", NULL);
	net_pass(net, 20);
	cr_expect(endpoint_of(phone_rung(&pbx), &pbx_id)->captured, "a leg that came later");

	plane_rpc_gone(net->plane, net->now_ns, 1);
	net_pass(net, 1);
	cr_expect_not(fake_find(&net->dp, id)->captured);
	cr_expect_not(fake_find(&net->dp, pbx_id)->captured);
}

/* A dataplane that has come back copies nothing until it is told to, and its clock is another. */
Test(capture, media_of_all_over_a_reconnect)
{
	struct xf_endpoint_id id;
	capture("{\"all\":true,\"media\":true}");
	net_connect(net, &caller, &agent, "+12025550100");
	cr_expect(endpoint_of(agent.invite, &id)->captured);
	endpoint_of(agent.invite, &id)->captured = false;
	plane_link_down(net->plane, net->now_ns);
	fake_connected(&net->dp);
	plane_link_up(net->plane, net->now_ns);
	net_pass(net, 5);
	cr_expect(endpoint_of(agent.invite, &id)->captured);
	unsigned before = net->notified_count;
	net->dp.now_ns = net->now_ns - 3 * NS_PER_S;
	fake_copy(&net->dp, id, false, "198.51.100.10", "198.51.100.1", "rtp", 0);
	net_pass(net, 0);
	cr_assert_eq(net->notified_count, before + 1);
	char wanted[64];
	snprintf(wanted, sizeof(wanted), "\"ns\":%llu,", (unsigned long long)net->now_ns);
	cr_expect_not_null(strstr(net->notified[before], wanted), "%s in %s", wanted, net->notified[before]);
}
