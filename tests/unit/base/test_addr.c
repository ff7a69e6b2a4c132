#include "xfergate/addr.h"

#include <criterion/criterion.h>

Test(addr, parse_and_format)
{
	static const struct {
		const char *text, *printed; /* printed NULL: refused */
		uint8_t family;
	} cases[] = {
	    {"192.0.2.1", "192.0.2.1", 4},
	    {"2001:db8::1", "2001:db8::1", 6},
	    {"2001:DB8:0:0::1", "2001:db8::1", 6},
	    {"::ffff:192.0.2.1", "192.0.2.1", 4}, /* RFC 5118 4.9: one address, one form */
	    {"::", "::", 6},
	    {"", NULL, 0},
	    {"192.0.2", NULL, 0},
	    {"192.0.2.256", NULL, 0},
	    {"192.0.2.1 ", NULL, 0},
	    {"[::1]", NULL, 0},
	    {"localhost", NULL, 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct xf_addr a;
		char buf[XF_ADDR_STRLEN];
		int r = xf_addr_parse(&a, cases[i].text);
		cr_expect_eq(r, cases[i].printed ? 0 : -EINVAL, "%s: %d", cases[i].text, r);
		if (r < 0)
			continue;
		cr_expect_eq(a.family, cases[i].family);
		cr_expect_str_eq(xf_addr_format(&a, buf), cases[i].printed);
	}
}

Test(addr, prefixes)
{
	static const struct {
		const char *text;
		int result;
		const char *in, *out; /* an address that it holds, and one that it does not */
	} cases[] = {
	    {"192.0.2.0/24", 0, "192.0.2.255", "192.0.3.0"},
	    {"192.0.2.0/25", 0, "192.0.2.127", "192.0.2.128"},
	    {"192.0.2.4/31", 0, "192.0.2.5", "192.0.2.6"},
	    {"192.0.2.4", 0, "192.0.2.4", "192.0.2.5"},
	    {"0.0.0.0/0", 0, "255.255.255.255", "::1"},
	    {"2001:db8::/33", 0, "2001:db8:7fff::1", "2001:db8:8000::1"},
	    {"2001:db8::1/128", 0, "2001:db8::1", "2001:db8::2"},
	    {"::ffff:192.0.2.4/32", 0, "192.0.2.4", "192.0.2.5"},
	    {"192.0.2.1/24", -EDOM, NULL, NULL},
	    {"192.0.2.0/33", -ERANGE, NULL, NULL},
	    {"2001:db8::/129", -ERANGE, NULL, NULL},
	    {"192.0.2.0/", -EINVAL, NULL, NULL},
	    {"192.0.2.0/-1", -EINVAL, NULL, NULL},
	    {"192.0.2.0/24x", -EINVAL, NULL, NULL},
	    {"/24", -EINVAL, NULL, NULL},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct xf_prefix p;
		struct xf_addr a;
		int r = xf_prefix_parse(&p, cases[i].text);
		cr_expect_eq(r, cases[i].result, "%s: %d", cases[i].text, r);
		if (r < 0)
			continue;
		cr_assert_eq(xf_addr_parse(&a, cases[i].in), 0);
		cr_expect(xf_prefix_contains(&p, &a), "%s does not hold %s", cases[i].text, cases[i].in);
		cr_assert_eq(xf_addr_parse(&a, cases[i].out), 0);
		cr_expect_not(xf_prefix_contains(&p, &a), "%s holds %s", cases[i].text, cases[i].out);
	}
}

Test(addr, to_the_operating_system_and_back)
{
	static const char *const texts[] = {"192.0.2.1", "2001:db8::1"};
	for (size_t i = 0; i < 2; i++) {
		struct xf_sockaddr a = {.port = 5060}, b;
		struct sockaddr_storage os;
		char buf[XF_SOCKADDR_STRLEN];
		cr_assert_eq(xf_addr_parse(&a.addr, texts[i]), 0);
		xf_sockaddr_to_os(&a, &os);
		cr_expect_eq(xf_sockaddr_from_os(&b, &os), 0);
		cr_expect(xf_sockaddr_eq(&a, &b));
		cr_expect_str_eq(xf_sockaddr_format(&a, buf), i ? "[2001:db8::1]:5060" : "192.0.2.1:5060");
	}
	struct sockaddr_storage other = {.ss_family = AF_UNIX};
	struct xf_sockaddr none;
	cr_expect_eq(xf_sockaddr_from_os(&none, &other), -EAFNOSUPPORT);
}
