#include <criterion/criterion.h>
#include <errno.h>
#include "sysctl.h"

static const struct {
	const char *have;
	uint16_t first, last;
	int result;
	bool changed;
	const char *want;
} cases[] = {
    {"", 16384, 32767, 0, true, "16384-32767"},
    {"80", 16384, 32767, 0, true, "80,16384-32767"},
    {"80,16384-32767,40000-40001", 16384, 32767, 0, false, "80,16384-32767,40000-40001"},
    {"16000-17000", 16384, 32767, 0, true, "16000-32767"},
    {"16384-32766", 16384, 32767, 0, true, "16384-32767"},
    {"1-65535", 16384, 32767, 0, false, "1-65535"},
    {"65535", 65534, 65535, 0, true, "65534-65535"},
    {"x", 1, 2, -EINVAL, false, NULL},
    {"5-", 1, 2, -EINVAL, false, NULL},
    {"6-5", 1, 2, -EINVAL, false, NULL},
    {"65536", 1, 2, -EINVAL, false, NULL},
    {"1;2", 1, 2, -EINVAL, false, NULL},
};

Test(sysctl, ports_merge)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[256];
		bool changed;
		int r = sysctl_ports_merge(out, sizeof(out), cases[i].have, cases[i].first, cases[i].last, &changed);
		cr_expect_eq(r, cases[i].result, "'%s': %d", cases[i].have, r);
		if (r < 0)
			continue;
		cr_expect_str_eq(out, cases[i].want, "'%s': %s", cases[i].have, out);
		cr_expect_eq(changed, cases[i].changed, "'%s'", cases[i].have);
	}
}

Test(sysctl, ports_merge_space)
{
	char out[12];
	bool changed;

	cr_expect_eq(sysctl_ports_merge(out, 12, "", 16384, 32767, &changed), 0);
	cr_expect_eq(sysctl_ports_merge(out, 11, "", 16384, 32767, &changed), -ENOSPC);
}

Test(sysctl, get)
{
	char value[64];

	cr_expect_eq(sysctl_get("kernel/ostype", value, sizeof(value)), 0);
	cr_expect_str_eq(value, "Linux");
	cr_expect_eq(sysctl_get("kernel/ostype", value, 3), -ENOSPC);
	cr_expect_eq(sysctl_get("kernel/no-such-value", value, sizeof(value)), -ENOENT);
}
