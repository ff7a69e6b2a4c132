/* The configuration that the policy tests decide by: policy.yaml. */
#pragma once

#include <criterion/criterion.h>
#include "xfergate/config.h"

enum { TWILIO, TELNYX, RIVAL };
enum { BOT, MUTE, FOE };
enum { SALES, HIDDEN, SPY, BARE };

static inline struct config *policy_config(void)
{
	struct config *config;

	cr_assert_eq(config_load(&config, POLICY_YAML, stderr), 0);
	return config;
}

static inline struct xf_addr policy_addr(const char *text)
{
	struct xf_addr addr;

	cr_assert_eq(xf_addr_parse(&addr, text), 0, "%s", text);
	return addr;
}
