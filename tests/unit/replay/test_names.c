#include <criterion/criterion.h>
#include "replay/names.h"

static struct sip_text_span span(const char *text)
{
	return (struct sip_text_span){text, strlen(text)};
}

static struct xf_addr addr(const char *text)
{
	struct xf_addr a;
	cr_assert_eq(xf_addr_parse(&a, text), 0);
	return a;
}

static const char *told(const struct names *names, const char *host)
{
	static char text[XF_ADDR_STRLEN];
	const struct name *name = names_find(names, host);
	return name ? xf_addr_format(&name->addrs[name->count - 1], text) : "nobody";
}

Test(names, who_counts)
{
	struct names names = {0};
	struct xf_addr a = addr("192.0.2.1"), b = addr("192.0.2.2"), c = addr("192.0.2.3");
	cr_expect_eq(names_add(&names, span("PBX.lab"), &a, NAME_REQUEST), 0);
	cr_expect_eq(names_add(&names, span("pbx.lab"), &b, NAME_GUESSED), 0);
	cr_expect_str_eq(told(&names, "pbx.LAB"), "192.0.2.1");
	cr_expect_eq(names_add(&names, span("pbx.lab"), &b, NAME_REQUEST), 0);
	cr_expect_eq(names_find(&names, "pbx.lab")->count, 2);
	cr_expect_eq(names_add(&names, span("pbx.lab"), &c, NAME_USER), 0);
	cr_expect_eq(names_find(&names, "pbx.lab")->count, 1);
	cr_expect_str_eq(told(&names, "pbx.lab"), "192.0.2.3");
	/* addresses are no names */
	names_add(&names, span("192.0.2.9"), &a, NAME_USER);
	names_add(&names, span("[2001:db8::1]"), &a, NAME_USER);
	cr_expect_eq(names.count, 1);
	names_fini(&names);
}

/* A capture may hold the answers to all that a busy network asks. */
Test(names, very_many, .timeout = 10)
{
	struct names names = {0};
	struct xf_addr addr = {.family = 4};
	char host[32];
	for (unsigned i = 0; i < 100000; i++) {
		int n = snprintf(host, sizeof(host), "h%u.example.com", i);
		memcpy(addr.bytes, &i, 4);
		cr_assert_eq(names_add(&names, (struct sip_text_span){host, (size_t)n}, &addr, NAME_DNS), 0);
	}
	cr_expect_eq(names.count, 100000);
	const struct name *name = names_find(&names, "H4711.Example.COM");
	cr_assert_not_null(name);
	unsigned number;
	memcpy(&number, name->addrs[0].bytes, 4);
	cr_expect_eq(number, 4711);
	names_fini(&names);
}

Test(names, of_the_user)
{
	static const char *const bad[] = {"a", "=192.0.2.1", "a=", "a=b", "192.0.2.1=192.0.2.2", "a=192.0.2.1:5060"};
	struct names names = {0};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_eq(names_add_user(&names, bad[i]), -EINVAL, "%s", bad[i]);
	cr_expect_eq(names_add_user(&names, "a.lab=2001:db8::1"), 0);
	cr_expect_str_eq(told(&names, "a.lab"), "2001:db8::1");
	names_fini(&names);
}

/* "www.x.lab": CNAME "y.lab" (compressed), A 192.0.2.7, AAAA 2001:db8::7. */
static const uint8_t answer[] = {
    0x12, 0x34, 0x81, 0x80, 0, 1,   0, 3,   0,	 0,   0, 0,			  /* header */
    3,	  'w',	'w',  'w',  1, 'x', 3, 'l', 'a', 'b', 0, 0,  1,	   0,	1,	  /* question at 12 */
    0xc0, 12,	0,    5,    0, 1,   0, 0,   0,	 60,  0, 4,  1,	   'y', 0xc0, 18, /* y.lab at 39 */
    0xc0, 39,	0,    1,    0, 1,   0, 0,   0,	 60,  0, 4,  192,  0,	2,    7,  /* */
    0xc0, 39,	0,    28,   0, 1,   0, 0,   0,	 60,  0, 16, 0x20, 1,	0xd,  0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7,
};

Test(names, of_the_domain_name_system)
{
	struct names names = {0};
	cr_expect_eq(names_add_dns(&names, answer, sizeof(answer)), 0);
	cr_expect_str_eq(told(&names, "www.x.lab"), "2001:db8::7");
	cr_expect_str_eq(told(&names, "y.lab"), "2001:db8::7");
	cr_expect_eq(names_find(&names, "y.lab")->count, 2);
	names_fini(&names);
	/* cut and damaged ones teach nothing wrong and end */
	for (size_t len = 0; len < sizeof(answer); len++) {
		cr_expect_eq(names_add_dns(&names, answer, len), 0);
		for (uint32_t i = 0; i < names.count; i++)
			cr_expect(names.items[i].addrs[0].family == 4);
		names_fini(&names);
	}
	for (size_t at = 0; at < sizeof(answer); at++) {
		uint8_t copy[sizeof(answer)];
		memcpy(copy, answer, sizeof(copy));
		copy[at] = 0xc0;
		names_add_dns(&names, copy, sizeof(copy));
		names_fini(&names);
	}
}
