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
