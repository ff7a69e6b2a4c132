/* Refer-To and --to as they are read, and the guard over what they name. */
#include <string.h>
#include "policy/guard.h"
#include "policy/refer_to.h"
#include "policy_config.h"

#define SIP(u, h) .scheme = "sip", .user = u, .host = h, .method = ""

static const struct refer_case {
	struct refer_uri uri;
	int code; /* of a refusal */
	uint8_t kind;
	const char *what; /* number, host, or part of the refusal */
	uint32_t agent;
	bool by_operator;
} refer_cases[] = {
    /* (1) plans */
    {{SIP("plan-sales", "anywhere.example")}, 0, DESTINATION_PLAN, ""},
    {{SIP("plan-sales", "203.0.113.7"), .user_phone = true}, 0, DESTINATION_PLAN, ""},
    {{SIP("plan-hidden", "x")}, 403, 0, "agent bot may not use plan hidden: add it to its may.plans"},
    {{SIP("plan-hidden", "x")}, 0, DESTINATION_PLAN, "", BOT, true},
    {{SIP("plan-spy", "x")}, 403, 0, "there is no plan spy of owner acme"},
    {{SIP("plan-spy", "x")}, 403, 0, "there is no plan spy of owner acme", BOT, true},
    {{SIP("plan-sales", "x")}, 403, 0, "there is no plan sales of owner rival", FOE},
    {{SIP("plan-sales", "x")}, 403, 0, "agent mute may not use plan sales", MUTE},
    {{SIP("plan-", "x")}, 403, 0, "there is no plan"},
    /* (2) numbers */
    {{.scheme = "tel", .user = "+1-202-555-0143", .host = "", .method = ""}, 0, DESTINATION_NUMBER, "+1-202-555-0143"},
    {{.scheme = "TEL", .user = "+12025550143;phone-context=+1", .host = "", .method = ""},
     0,
     DESTINATION_NUMBER,
     "+12025550143"},
    {{.scheme = "tel", .user = "5550143;phone-context=+1202", .host = "", .method = ""}, 400, 0, "local to a context"},
    {{.scheme = "tel", .user = "+12025550143;ext=5", .host = "", .method = ""}, 400, 0, "has an extension"},
    {{.scheme = "tel", .user = "", .host = "", .method = ""}, 400, 0, "is no telephone number"},
    {{SIP("+12025550143", "elsewhere.example"), .user_phone = true}, 0, DESTINATION_NUMBER, "+12025550143"},
    {{SIP("2025550143", "192.0.2.1")}, 0, DESTINATION_NUMBER, "2025550143"},
    {{SIP("2025550143", "203.0.113.7")}, 0, DESTINATION_NUMBER, "2025550143"},
    {{SIP("2025550143", "2001:db8:1::1")}, 0, DESTINATION_NUMBER, "2025550143"},
    {{SIP("2025550143", "Agent.Example.")}, 0, DESTINATION_NUMBER, "2025550143"},
    {{SIP("2025550143", "198.51.100.10")}, 0, DESTINATION_NUMBER, "2025550143"},
    {{SIP("2025550143", "acme.pstn.example")}, 0, DESTINATION_NUMBER, "2025550143"},
    {{SIP("2025550143;phone-context=x", "acme.pstn.example")}, 400, 0, "local to a context"},
    {{SIP("2025550143", "54.1.1.1")}, 0, DESTINATION_NUMBER, "2025550143"},
    /* (3) SIP targets: another host, another owner's provider, a block of several, no number */
    {{SIP("2025550143", "pbx.example"), .port = 5070}, 0, DESTINATION_SIP, "pbx.example"},
    {{SIP("2025550143", "rival.example")}, 0, DESTINATION_SIP, "rival.example"},
    {{SIP("100", "54.172.60.2")}, 0, DESTINATION_SIP, "54.172.60.2"},
    {{SIP("100", "198.51.100.77")}, 0, DESTINATION_SIP, "198.51.100.77", MUTE},
    {{SIP("reception", "agent.example")}, 0, DESTINATION_SIP, "agent.example"},
    {{SIP("", "pbx.example")}, 0, DESTINATION_SIP, "pbx.example"},
    /* else 400 */
    {{SIP("x", "")}, 400, 0, "without a host"},
    {{.scheme = "sip", .user = "x", .host = "pbx.example", .method = "BYE"}, 400, 0, "method BYE is not called"},
    {{.scheme = "sip", .user = "x", .host = "pbx.example", .method = "INVITE"}, 0, DESTINATION_SIP, "pbx.example"},
    {{.scheme = "sips", .user = "x", .host = "pbx.example", .method = ""}, 400, 0, "only SIP over UDP is spoken here"},
    {{.scheme = "mailto", .user = "x", .host = "y", .method = ""}, 400, 0, "scheme mailto is not called"},
};

static void expect_destination(const struct destination *d, bool ok, const struct verdict *v, int code, uint8_t kind,
			       const char *what, const char *name)
{
	cr_expect_eq(ok, code == 0, "%s: %s", name, v->reason);
	cr_expect_eq(v->sip_code, code, "%s: %d %s", name, v->sip_code, v->reason);
	if (code) {
		cr_expect(strstr(v->reason, what), "%s: %s", name, v->reason);
		return;
	}
	cr_expect_eq(d->kind, kind, "%s: kind %u", name, d->kind);
	if (kind == DESTINATION_NUMBER)
		cr_expect_str_eq(d->number, what);
	else if (kind == DESTINATION_SIP)
		cr_expect_str_eq(d->host, what);
	cr_expect_eq(d->plan == XF_NONE, kind != DESTINATION_PLAN, "%s", name);
}

Test(refer_to, in_the_stated_order)
{
	struct config *c = policy_config();

	for (size_t i = 0; i < sizeof(refer_cases) / sizeof(refer_cases[0]); i++) {
		const struct refer_case *k = &refer_cases[i];
		struct destination d;
		struct verdict v;
		char name[300];
		bool ok = refer_to_read(&d, c, k->agent, k->by_operator, &k->uri, &v);
		snprintf(name, sizeof(name), "%zu %s:%s@%s", i, k->uri.scheme, k->uri.user, k->uri.host);
		expect_destination(&d, ok, &v, k->code, k->kind, k->what, name);
		if (ok && d.kind == DESTINATION_SIP) {
			cr_expect_str_eq(d.user, k->uri.user);
			cr_expect_eq(d.port, k->uri.port);
		}
	}
	config_destroy(c);
}

Test(refer_to, what_an_operator_types)
{
	static const struct {
		const char *text;
		int code;
		uint8_t kind;
		const char *what, *user;
		uint16_t port;
	} cases[] = {
	    {"+12025550143", 0, DESTINATION_NUMBER, "+12025550143"},
	    {"(202) 555-0143", 0, DESTINATION_NUMBER, "(202) 555-0143"},
	    {"tel:+1-202-555-0143", 0, DESTINATION_NUMBER, "+1-202-555-0143"},
	    {"sip:reception@pbx.lab", 0, DESTINATION_SIP, "pbx.lab", "reception", 0},
	    {"SIP:reception@pbx.lab:5070;transport=udp", 0, DESTINATION_SIP, "pbx.lab", "reception", 5070},
	    {"sip:a@[2001:db8::5]:5062", 0, DESTINATION_SIP, "2001:db8::5", "a", 5062},
	    {"sip:a@[2001:db8::5]", 0, DESTINATION_SIP, "2001:db8::5", "a", 0},
	    {"sip:a@pbx.lab?Replaces=x", 0, DESTINATION_SIP, "pbx.lab", "a", 0},
	    {"sip:2025550143@192.0.2.1", 0, DESTINATION_NUMBER, "2025550143"},
	    {"sip:plan-hidden@x", 0, DESTINATION_PLAN, ""},
	    {"", 400, 0, "is no destination"},
	    {"reception", 400, 0, "is no destination"},
	    {"sip:", 400, 0, "is no destination"},
	    {"sip:@pbx", 400, 0, "is no destination"},
	    {"sip:a@", 400, 0, "is no destination"},
	    {"sip:a@b:0", 400, 0, "is no destination"},
	    {"sip:a@b:70000", 400, 0, "is no destination"},
	    {"sip:a@b c", 400, 0, "is no destination"},
	    {"sip:a:secret@b", 400, 0, "is no destination"},
	    {"sip:a@[2001:db8::5", 400, 0, "is no destination"},
	    {"sip:a\x0f@b", 400, 0, "is no destination"},
	    {"sip:a@b{c", 400, 0, "is no destination"},
	    {"sip:a@.b", 400, 0, "is no destination"},
	    {"sip:a@[b]", 400, 0, "is no destination"},
	    {"sip:a@[192.0.2.1]", 400, 0, "is no destination"},
	    {"sip:a@b\xc3\xa4", 400, 0, "is no destination"},
	    {"sip:a@b;transport=tls", 400, 0, "only SIP over UDP is spoken here: leave out sips: and ;transport="},
	    {"sip:a@b;Transport=TCP", 400, 0, "only SIP over UDP is spoken here"},
	    {"sip:a@b;transport=udp2", 400, 0, "only SIP over UDP is spoken here"},
	    {"sips:a@b", 400, 0, "only SIP over UDP is spoken here"},
	};
	struct config *c = policy_config();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct destination d;
		struct verdict v;
		bool ok = refer_to_read_text(&d, c, BOT, cases[i].text, &v);
		expect_destination(&d, ok, &v, cases[i].code, cases[i].kind, cases[i].what, cases[i].text);
		if (ok && d.kind == DESTINATION_SIP) {
			cr_expect_str_eq(d.user, cases[i].user);
			cr_expect_eq(d.port, cases[i].port);
		}
	}
	config_destroy(c);
}

Test(guard, numbers)
{
	static const struct {
		uint32_t agent;
		const char *number;
		const char *refusal;
	} cases[] = {
	    {BOT, "+12025550143", NULL},
	    {BOT, "+442079460018", NULL},
	    {BOT, "+15550100000", NULL}, /* by its prefix */
	    {BOT, "+13125550143", "agent bot may not call +13125550143: add a prefix to its may.prefixes, or US"},
	    {BOT, "+4930123456", "or DE to its may.countries"},
	    {BOT, "+14440100000", "whose country is not known: add a prefix"},
	    {MUTE, "+12025550143", "agent mute may not call"},
	    {XF_NONE, "+13125550143", NULL},
	};
	struct config *c = policy_config();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct e164 n;
		struct verdict v;
		cr_assert_eq(e164_parse(&n, cases[i].number, NULL), E164_OK, "%s", cases[i].number);
		bool ok = guard_number(c, cases[i].agent, &n, &v);
		cr_expect_eq(ok, !cases[i].refusal, "%s: %s", cases[i].number, v.reason);
		cr_expect(ok || (strstr(v.reason, cases[i].refusal) && v.sip_code == 403), "%s: %s", cases[i].number,
			  v.reason);
	}
	config_destroy(c);
}

Test(guard, hosts)
{
	static const struct {
		uint32_t agent;
		const char *host;
		bool allowed;
	} cases[] = {
	    {BOT, "pbx.example", true},
	    {BOT, "PBX.Example.", true},
	    {BOT, "a.corp.example", true},
	    {BOT, "a.b.corp.example", true},
	    {BOT, "corp.example", false},
	    {BOT, ".corp.example", false},
	    {BOT, "evilcorp.example", false},
	    {BOT, "xpbx.example", false},
	    {BOT, "pbx.example.evil", false},
	    {BOT, "198.51.100.70", true},
	    {BOT, "8.8.8.8", true},
	    {BOT, "2001:db8:9::5", true},
	    {BOT, "2001:db8:8::5", false},
	    {BOT, "10.1.2.3", true},
	    {BOT, "10.2.2.3", false},
	    {BOT, "::ffff:10.2.2.3", false},
	    {BOT, "192.168.1.1", false},
	    {BOT, "172.20.0.1", false},
	    {BOT, "100.64.0.1", false},
	    {BOT, "169.254.1.1", false},
	    {BOT, "127.0.0.1", true},
	    {BOT, "127.0.0.2", false},
	    {BOT, "::1", false},
	    {BOT, "fe80::1", false},
	    {BOT, "fd00::1", false},
	    {BOT, "64:ff9b::a01:203", false},
	    {BOT, "2002:a01:203::1", false},
	    {BOT, "10.9.0.1", true},
	    {BOT, "192.0.2.1", false},
	    {BOT, "203.0.113.7", false},
	    {BOT, "0.1.2.3", false},
	    {BOT, "224.0.0.1", false},
	    {BOT, "255.255.255.255", false},
	    {BOT, "192.0.2.255", false},
	    {BOT, "ff02::1", false},
	    {BOT, "::", false},
	    {MUTE, "pbx.example", false},
	    {MUTE, "8.8.8.8", false},
	    {XF_NONE, "anything.example", true},
	    {XF_NONE, "10.2.2.3", true},
	    {XF_NONE, "127.0.0.1", false},
	    {XF_NONE, "::1", false},
	    {XF_NONE, "169.254.1.1", true},
	    {XF_NONE, "192.0.2.1", false},
	    {XF_NONE, "203.0.113.7", false},
	    {XF_NONE, "0.0.0.0", false},
	    {XF_NONE, "239.1.1.1", false},
	    {XF_NONE, "192.0.2.255", false},
	    {XF_NONE, "ff0e::1", false},
	    {XF_NONE, "2001:db8:1::1", false},
	};
	struct config *c = policy_config();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct verdict v;
		bool ok = guard_host(c, cases[i].agent, cases[i].host, &v);
		cr_expect_eq(ok, cases[i].allowed, "%u %s: %s", cases[i].agent, cases[i].host, v.reason);
		cr_expect(ok || (v.sip_code == 403 && v.reason[0]));
		bool loopback = strcmp(cases[i].host, "127.0.0.1") == 0 || strcmp(cases[i].host, "::1") == 0;
		if (cases[i].agent == XF_NONE && loopback)
			cr_expect(strstr(v.reason, "which is a loopback address of this machine"), "%s", v.reason);
	}
	config_destroy(c);
}

/* Whoever asks, and whatever is listed: a provider is called by number, with a caller ID that was checked. */
Test(guard, providers)
{
	static const struct {
		const char *host;
		bool allowed;
	} cases[] = {
	    {"54.1.1.1", false},	  {"54.172.0.9", false},	 {"::ffff:54.1.1.1", false},
	    {"2001:db8:7::5", false},	  {"54.172.61.7", false},	 {"54.9.9.9", false},
	    {"acme.pstn.example", false}, {"ACME.pstn.Example.", false}, {"rival.example", false},
	    {"54.9.9.8", true},		  {"x.acme.pstn.example", true}, {"54.172.60.1", true}, /* the agent's own */
	};
	static const char *const listed[] = {"54.1.1.1", "54.9.9.9", "acme.pstn.example"};
	struct config *c = policy_config();
	struct verdict v;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool ok = guard_host(c, XF_NONE, cases[i].host, &v);
		cr_expect_eq(ok, cases[i].allowed, "%s: %s", cases[i].host, v.reason);
		cr_expect(ok || (strstr(v.reason, "a provider's") && strstr(v.reason, "transfer to a number")), "%s",
			  v.reason);
	}
	for (size_t i = 0; i < sizeof(listed) / sizeof(listed[0]); i++) {
		cr_expect(!guard_host(c, BOT, listed[i], &v), "%s", listed[i]);
		cr_expect(strstr(v.reason, "transfer to a number"), "%s", v.reason);
	}
	struct xf_addr edge = policy_addr("54.1.1.1"), trunk = policy_addr("54.9.9.9");
	cr_expect(!guard_address(c, BOT, &edge, "pbx.example", &v));
	cr_expect(!guard_address(c, XF_NONE, &edge, "pbx.example", &v));
	cr_expect_str_eq(v.reason,
			 "pbx.example is at 54.1.1.1, which is a provider's: transfer to a number or to a plan "
			 "with one, so that its caller ID is checked");
	cr_expect(!guard_address(c, XF_NONE, &trunk, "pbx.example", &v));
	config_destroy(c);
}

/* A name that is allowed must not lead inside, whoever answers for it. */
Test(guard, resolved_addresses)
{
	struct config *c = policy_config();
	struct xf_addr inside = policy_addr("10.2.2.3"), listed = policy_addr("10.1.2.3"),
		       outside = policy_addr("8.8.8.8"), ours = policy_addr("192.0.2.1");
	struct verdict v;

	cr_expect(guard_host(c, BOT, "pbx.example", &v));
	cr_expect(guard_address(c, BOT, &outside, "pbx.example", &v));
	cr_expect(guard_address(c, BOT, &listed, "pbx.example", &v));
	cr_expect(!guard_address(c, BOT, &inside, "pbx.example", &v));
	cr_expect_str_eq(
	    v.reason,
	    "agent bot may not call pbx.example at 10.2.2.3 (private address): add 10.2.2.3 to its may.domains");
	cr_expect(!guard_address(c, BOT, &ours, "pbx.example", &v));
	cr_expect(strstr(v.reason, "(our own address)"), "%s", v.reason);
	cr_expect(guard_address(c, XF_NONE, &inside, "pbx.example", &v));
	cr_expect(!guard_address(c, XF_NONE, &ours, "pbx.example", &v));
	config_destroy(c);
}
