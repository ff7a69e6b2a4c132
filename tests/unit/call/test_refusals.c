/* What policy refuses is refused on the REFER itself, with the reason, before anything is dialled. */
#include "net.h"

#include <criterion/criterion.h>

static const struct {
	const char *refer_to; /* header lines */
	int status;
	const char *reason; /* in the Warning */
} cases[] = {
    {"", 400, "needs a Refer-To"},
    {"Refer-To: <tel:+12025550143>\r\nRefer-To: <tel:+12025550144>\r\n", 400, NULL},
    {"Refer-To: <sip:12@agent.lab>\r\n", 400, "too short"},
    {"Refer-To: <https://example.com/>\r\n", 400, NULL},
    {"Refer-To: <tel:+442079460000>\r\n", 403, "may"},
    {"Refer-To: <sip:someone@elsewhere.example>\r\n", 403, "may"},
    {"Refer-To: <sip:someone@10.0.0.1>\r\n", 403, NULL},
    {"Refer-To: <sip:someone@127.0.0.1>\r\n", 403, NULL},
    {"Refer-To: <sip:someone@192.0.2.1>\r\n", 403, NULL},
    {"Refer-To: <sip:plan-none@198.51.100.1>\r\n", 403, "plan"},
    {"Refer-To: <sip:x@pbx.lab;method=BYE>\r\n", 400, "method"},
};

Test(refusals, of_the_agents_refer)
{
	struct net *net = net_create();
	struct phone caller, agent;
	net_connect(net, &caller, &agent, "+12025550100");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char what[32];
		phone_request(&agent, "REFER", cases[i].refer_to, NULL);
		snprintf(what, sizeof(what), "%d REFER", cases[i].status);
		const struct sip_message *refusal = net_hear(net, agent.address, what);
		cr_expect_not_null(refusal, "case %zu: %s", i, cases[i].refer_to);
		const char *warning = refusal ? sip_message_header(refusal, "Warning", NULL) : NULL;
		if (refusal && cases[i].reason) {
			cr_assert_not_null(warning, "case %zu has no Warning", i);
			cr_expect_not_null(strstr(warning, cases[i].reason), "case %zu: %s", i, warning);
		}
	}
	cr_expect_eq(net_count(net, agent.address, "NOTIFY"), 0);
	cr_expect_eq(net_count(net, "192.0.2.10", "INVITE"), 0);
	cr_expect_eq(net_count(net, "203.0.113.10", "INVITE"), 0);
	cr_expect_eq(net_counts(net).transfers_total, 0);
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
	net_destroy(net);
}

Test(refusals, of_the_callers_refer)
{
	struct net *net = net_create();
	struct phone caller, agent;
	net_connect(net, &caller, &agent, "+12025550100");
	phone_request(&caller, "REFER", "Refer-To: <tel:+12025550143>\r\n", NULL);
	const struct sip_message *refusal = net_hear(net, caller.address, "403 REFER");
	cr_assert_not_null(refusal);
	cr_expect_not_null(strstr(sip_message_header(refusal, "Warning", NULL), "only the agent"));
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
	net_destroy(net);
}

/* The operator's caller IDs: each is refused for its own reason. */
Test(refusals, of_caller_ids)
{
	static const struct {
		const char *caller_id, *reason;
	} ids[] = {
	    {"bogus", "caller ID 'bogus'"}, {"(202) 555-0101", "verified"}, {"+12025550109", "registered"},
	    {"+12025550101", "verified"},   {"+12025550102", "active"},	    {"+12025550103", "authoris"},
	    {"+12025550104", "acme"},
	};
	struct net *net = net_create();
	struct phone caller, agent;
	net_connect(net, &caller, &agent, "+12025550100");
	struct shard *shard = (struct shard *)plane_shard(net->plane);
	const struct call *call = shard_next_call(shard, NULL);
	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		uint64_t id;
		char why[256] = "";
		int status = shard_transfer_start(shard, call->id, "+12025550143", NULL, ids[i].caller_id, &id, why,
						  sizeof(why));
		cr_expect_eq(status, strcmp(ids[i].caller_id, "bogus") ? 403 : 400, "%s: %d", ids[i].caller_id, status);
		cr_expect_not_null(strstr(why, ids[i].reason), "%s: %s", ids[i].caller_id, why);
	}
	net_pass(net, 100);
	cr_expect_eq(net_count(net, "192.0.2.10", "INVITE"), 0);
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
	net_destroy(net);
}

Test(refusals, an_operators_caller_id_may_be_the_dialled_number)
{
	struct net *net = net_create();
	struct phone caller, agent, pbx;
	uint64_t id;
	char why[256] = "";
	phone_init(&pbx, net, "203.0.113.10");
	net_connect(net, &caller, &agent, "+12025550100");
	struct shard *shard = (struct shard *)plane_shard(net->plane);
	int status = shard_transfer_start(shard, shard_next_call(shard, NULL)->id, "sip:reception@pbx.lab", NULL,
					  "dialled", &id, why, sizeof(why));
	cr_assert_eq(status, 0, "%s", why);
	net_pass(net, 20);
	cr_expect_str_eq(phone_rung(&pbx)->from.uri.user, "+12025550100");
	phone_answer(&pbx, pbx.invite, 486, NULL, NULL);
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
	net_destroy(net);
}

static void invite_with(struct net *net, struct phone *caller, const char *extra)
{
	phone_init(caller, net, "192.0.2.20");
	phone_invite(caller, "+14155550143", "+12025550100", phone_sdp(caller, "sendrecv"), extra);
}

Test(refusals, of_an_answer_that_we_cannot_give)
{
	struct net *net = net_create();
	struct phone caller;
	invite_with(net, &caller, "Accept: text/plain\r\nAccept: application/simple-message\r\n");
	cr_expect_not_null(net_hear(net, caller.address, "406 INVITE"));
	invite_with(net, &caller, "Accept: text/plain, application/SDP;level=1\r\n");
	cr_expect_null(net_hear(net, caller.address, "406 INVITE"));
	cr_expect_not_null(net_hear(net, "198.51.100.10", "INVITE"));
	net_destroy(net);
}

Test(refusals, of_options_that_require_what_we_do_not_speak)
{
	struct net *net = net_create();
	net_say(net, "192.0.2.20",
		"OPTIONS sip:192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.20;branch=z9hG4bKo1\r\n"
		"From: <sip:a@192.0.2.20>;tag=1\r\nTo: <sip:192.0.2.1>\r\nCall-ID: o1\r\nCSeq: 1 OPTIONS\r\n"
		"Max-Forwards: 70\r\nRequire: one\r\nRequire: two\r\nContent-Length: 0\r\n\r\n");
	const struct sip_message *refusal = net_hear(net, "192.0.2.20", "420 OPTIONS");
	cr_assert_not_null(refusal);
	cr_expect(sip_message_lists(refusal, "Unsupported", "one"));
	cr_expect(sip_message_lists(refusal, "Unsupported", "two"));
	net_destroy(net);
}
