/* Caller IDs, numbers as they are read, and the whole decision before a number is dialled. */
#include <string.h>
#include "policy/caller_id.h"
#include "policy/dial.h"
#include "policy/number.h"
#include "policy_config.h"

static const struct caller_id_case {
	const char *number;
	uint32_t provider;
	const char *owner;
	const char *refusal; /* part of it; NULL: allowed */
} caller_id_cases[] = {
    {"+12025550100", TWILIO, "acme", NULL},
    {"+12025550100", XF_NONE, "acme", NULL},
    {"+442079460000", TELNYX, "acme", NULL},
    {NULL, TWILIO, "acme", "no caller ID: set caller-id"},
    {"", TWILIO, "acme", "no caller ID"},
    {"+12025550199", TWILIO, "acme", "+12025550199 is not registered as a number of acme: add it to numbers[]"},
    {"+12025550103", TWILIO, "acme", "+12025550103 is not registered as a number of acme: add it to numbers[]"},
    {"+12025550100", TWILIO, "rival", "not registered as a number of rival"},
    {"+12025550101", TWILIO, "acme", "is not verified: set its verified: operator"},
    {"+12025550102", TWILIO, "acme", "is not active: set its active: true"},
    {"+12025550100", TELNYX, "acme", "is not authorised at provider telnyx: add it to numbers[].providers"},
};

Test(caller_id, refusals_in_order)
{
	struct config *c = policy_config();

	for (size_t i = 0; i < sizeof(caller_id_cases) / sizeof(caller_id_cases[0]); i++) {
		const struct caller_id_case *k = &caller_id_cases[i];
		struct verdict v;
		bool allowed = caller_id_check(c, k->number, k->provider, k->owner, &v);
		cr_expect_eq(allowed, !k->refusal, "%s: %s", k->number, v.reason);
		cr_expect_eq(v.allowed, allowed);
		cr_expect_eq(v.sip_code, k->refusal ? 403 : 0);
		cr_expect(!k->refusal || strstr(v.reason, k->refusal), "%s: %s", k->number, v.reason);
	}
	config_destroy(c);
}

/* Someone else's number and one that nobody has are refused in the same words. */
Test(caller_id, tells_nothing_of_other_owners)
{
	struct config *c = policy_config();
	struct verdict theirs, nobodys;

	caller_id_check(c, "+12025550103", TWILIO, "acme", &theirs);
	caller_id_check(c, "+12025550109", TWILIO, "acme", &nobodys);
	for (char *p = nobodys.reason; (p = strstr(p, "50109")); p += 5)
		memcpy(p, "50103", 5);
	cr_expect_str_eq(theirs.reason, nobodys.reason);
	cr_expect_null(strstr(theirs.reason, "rival"));
	config_destroy(c);
}

Test(caller_id, plan_then_agent_then_nothing)
{
	struct config *c = policy_config();
	const struct config_target *sales = &c->plans[SALES].targets[0], *bare = &c->plans[BARE].targets[0];
	struct config_target silent = *sales;

	silent.caller_id = NULL;
	cr_expect_str_eq(caller_id_choose(c, sales, BOT, "+12025550100"), "+442079460000");
	cr_expect_str_eq(caller_id_choose(c, NULL, BOT, "+12025550100"), "+12025550100");
	cr_expect_str_eq(caller_id_choose(c, &silent, FOE, "+12025550100"), "+12025550103");
	cr_expect_null(caller_id_choose(c, NULL, MUTE, "+12025550100"));
	cr_expect_null(caller_id_choose(c, &silent, MUTE, "+12025550100"));
	cr_expect_str_eq(caller_id_choose_sip(bare, "+12025550100", "+13125550100"), "+12025550100");
	cr_expect_str_eq(caller_id_choose_sip(NULL, "+12025550100", "+13125550100"), "+13125550100");
	config_destroy(c);
}

Test(number, regions_in_order)
{
	static const struct {
		const char *text;
		const char *regions[3];
		const char *e164; /* NULL: refused */
	} cases[] = {
	    {"020 7946 0018", {"GB", "US", "US"}, "+442079460018"},
	    {"020 7946 0018", {NULL, "GB", "US"}, "+442079460018"},
	    {"020 7946 0018", {NULL, "", "GB"}, "+442079460018"},
	    {"020 7946 0018", {"US", "GB", "GB"}, NULL},
	    {"+44 20 7946 0018", {"US", NULL, NULL}, "+442079460018"},
	    {"020 7946 0018", {NULL, NULL, NULL}, NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct number n;
		struct verdict v;
		char *regions[3];
		memcpy(regions, cases[i].regions, sizeof(regions));
		bool allowed = number_read(&n, cases[i].text, regions, 3, CONFIG_VALIDITY_POSSIBLE, &v);
		cr_expect_eq(allowed, cases[i].e164 != NULL, "case %zu: %s", i, v.reason);
		cr_expect(!allowed || strcmp(n.e164.text, cases[i].e164) == 0, "case %zu: %s", i, n.e164.text);
		cr_expect(allowed || v.sip_code == 400);
	}
}

Test(number, possible_but_not_valid)
{
	struct number n;
	struct verdict v;

	cr_expect(number_read(&n, "+15550100000", NULL, 0, CONFIG_VALIDITY_POSSIBLE, &v));
	cr_expect(strstr(n.warning, "numbering data of"), "%s", n.warning);
	cr_expect(!number_read(&n, "+15550100000", NULL, 0, CONFIG_VALIDITY_STRICT, &v));
	cr_expect_eq(v.sip_code, 403);
	cr_expect(strstr(v.reason, "validity: possible"), "%s", v.reason);
	cr_expect(number_read(&n, "+12025550143", NULL, 0, CONFIG_VALIDITY_STRICT, &v));
	cr_expect_str_empty(n.warning);
}

Test(number, inbound_by_the_providers_format)
{
	static const struct {
		uint32_t provider;
		const char *text, *e164;
	} cases[] = {
	    {TWILIO, "+12025550143", "+12025550143"},  {TWILIO, "2025550143", "+12025550143"},
	    {TWILIO, "12025550143", "+12025550143"},   {TWILIO, "442079460018", NULL},
	    {TELNYX, "442079460018", "+442079460018"}, {TELNYX, "12025550143", "+12025550143"},
	    {TELNYX, "02079460018", "+442079460018"},  {TELNYX, "anonymous", NULL},
	};
	struct config *c = policy_config();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct number n;
		struct verdict v;
		bool ok = number_read_inbound(&n, cases[i].text, &c->providers[cases[i].provider], 0, &v);
		cr_expect_eq(ok, cases[i].e164 != NULL, "%s: %s", cases[i].text, v.reason);
		cr_expect(!ok || strcmp(n.e164.text, cases[i].e164) == 0, "%s: %s", cases[i].text, n.e164.text);
	}
	cr_expect_str_eq(number_format("+12025550143", &c->providers[TWILIO]), "+12025550143");
	cr_expect_str_eq(number_format("+12025550143", &c->providers[TELNYX]), "12025550143");
	config_destroy(c);
}

Test(verdict, reasons_break_no_line)
{
	struct verdict v;

	cr_expect(!verdict_refuse(&v, 400, "a\"b\\c\r\nd\xc3\xa9"));
	cr_expect_str_eq(v.reason, "a'b'c??d??");
	cr_expect(!verdict_refuse(&v, 400, "%500s", "x"));
	cr_expect_eq(strlen(v.reason), sizeof(v.reason) - 1);
}

/* The whole decision: what goes out, or which of the reasons. */
Test(dial, decides)
{
	struct config *c = policy_config();
	const struct config_target *sales = &c->plans[SALES].targets[0], *hidden = &c->plans[HIDDEN].targets[0];
	const struct {
		struct dial_wish wish;
		const char *number, *caller_id;
		uint32_t provider;
		const char *refusal;
		int code;
	} cases[] = {
	    {{.text = "(202) 555-0143", .agent = BOT, .dialled = "+12025550100"},
	     "+12025550143",
	     "+12025550100",
	     TWILIO},
	    {{.text = "020 7946 0018", .target = sales, .agent = BOT, .dialled = "+12025550100"},
	     "+442079460018",
	     "+442079460000",
	     TELNYX},
	    {{.text = "+13125550143", .agent = BOT, .by_operator = true, .dialled = "+12025550100"},
	     "+13125550143",
	     "+12025550100",
	     TWILIO},
	    {{.text = "+12025550143",
	      .agent = MUTE,
	      .by_operator = true,
	      .dialled = "+12025550100",
	      .caller_id = "dialled"},
	     "+12025550143",
	     "+12025550100",
	     TWILIO},
	    {{.text = "+13125550143", .agent = BOT, .dialled = "+12025550100"},
	     .refusal = "agent bot may not call +13125550143",
	     .code = 403},
	    {{.text = "555-0143", .agent = BOT, .dialled = "+12025550100"},
	     .refusal = "'555-0143' is too short for a number of US",
	     .code = 400},
	    {{.text = "911", .agent = BOT, .dialled = "+12025550100"}, .refusal = "emergency", .code = 400},
	    {{.text = "+12025550143", .agent = MUTE, .by_operator = true, .dialled = "+12025550100"},
	     .refusal = "no caller ID",
	     .code = 403},
	    {{.text = "+12025550143", .agent = BOT, .dialled = "+12025550199"},
	     .refusal = "not registered",
	     .code = 403},
	    {{.text = "+12025550143", .target = hidden, .agent = BOT, .dialled = "+12025550100"},
	     .refusal = "not verified",
	     .code = 403},
	    {{.text = "+12025550143", .agent = BOT, .dialled = "+12025550100", .call_provider = TELNYX},
	     .refusal = "not authorised at provider telnyx",
	     .code = 403},
	    {{.text = "+15550100000", .agent = BOT, .dialled = "+12025550100", .call_provider = TELNYX},
	     .refusal = "not known to the numbering data",
	     .code = 403},
	    {{.text = "+12025550143", .agent = BOT, .dialled = "+12025550100", .call_provider = RIVAL},
	     .refusal = "provider rival is not one of acme",
	     .code = 403},
	    {{.text = "+12025550143", .agent = BOT, .dialled = "+12025550100", .call_provider = XF_NONE},
	     .refusal = "no provider",
	     .code = 403},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dial d;
		struct verdict v;
		bool ok = dial_number(&d, c, &cases[i].wish, &v);
		cr_expect_eq(ok, !cases[i].refusal, "case %zu: %s", i, v.reason);
		cr_expect_eq(v.sip_code, cases[i].code, "case %zu: %d", i, v.sip_code);
		if (!ok) {
			cr_expect(strstr(v.reason, cases[i].refusal), "case %zu: %s", i, v.reason);
			continue;
		}
		cr_expect_str_eq(d.number.e164.text, cases[i].number);
		cr_expect_str_eq(d.caller_id, cases[i].caller_id);
		cr_expect_eq(d.provider, cases[i].provider);
	}
	config_destroy(c);
}

/* With no region of its own, an agent's national spelling is read as that of the number that was called. */
Test(dial, region_of_the_dialled_number)
{
	struct config *c = policy_config();
	struct dial d;
	struct verdict v;
	struct dial_wish wish = {.text = "020 7946 0018",
				 .agent = MUTE,
				 .by_operator = true,
				 .dialled = "+442079460000",
				 .call_provider = TELNYX,
				 .caller_id = "+442079460000"};

	cr_expect(dial_number(&d, c, &wish, &v), "%s", v.reason);
	cr_expect_str_eq(d.number.e164.text, "+442079460018");
	config_destroy(c);
}
