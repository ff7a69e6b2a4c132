#include <criterion/criterion.h>
#include "tap.h"

static struct xf_prefix prefix(const char *addr, uint8_t len)
{
	struct xf_prefix p = {.prefix_len = len};
	cr_assert_eq(xf_addr_parse(&p.addr, addr), 0);
	return p;
}

Test(tap, addrs_missing)
{
	struct xf_prefix wanted[] = {prefix("192.0.2.1", 24), prefix("2001:db8::1", 64), prefix("192.0.2.2", 24)};
	struct netlink_addr have[] = {
	    {5, prefix("fe80::1", 64)},
	    {5, prefix("192.0.2.1", 25)}, /* another prefix length is another address */
	    {5, prefix("2001:db8::1", 64)},
	    {5, prefix("10.0.0.1", 8)},
	};
	bool missing[3];

	cr_expect_eq(tap_addrs_missing(missing, wanted, 3, have, 4), 2);
	cr_expect(missing[0] && !missing[1] && missing[2]);
	cr_expect_eq(tap_addrs_missing(missing, wanted, 3, have, 0), 3);
	have[1].prefix.prefix_len = 24;
	have[3].prefix = wanted[2];
	cr_expect_eq(tap_addrs_missing(missing, wanted, 3, have, 4), 0);
}
