/* The lists that both planes share: every row has a name of its own, and what crosses the link has a size. */
#include "xfergate/link.h"

#include <criterion/criterion.h>

static void expect_distinct(const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		cr_expect_gt(strlen(names[i]), 0);
		for (size_t j = 0; j < i; j++)
			cr_expect_str_neq(names[i], names[j]);
	}
}

Test(lists, drops)
{
	const char *names[XF_DROP_COUNT];
	for (unsigned i = 0; i < XF_DROP_COUNT; i++) {
		names[i] = xf_drop_name(i);
		cr_expect_gt(strlen(xf_drop_text(i)), 10, "%s says too little", names[i]);
	}
	expect_distinct(names, XF_DROP_COUNT);
	cr_expect_str_eq(xf_drop_name(XF_DROP_COUNT), "unknown");
}

Test(lists, events_and_roles)
{
	const char *names[XF_EVENT_COUNT];
	for (unsigned i = 0; i < XF_EVENT_COUNT; i++)
		names[i] = xf_link_event_name(i);
	expect_distinct(names, XF_EVENT_COUNT);
	const char *roles[XF_ROLE_COUNT];
	for (unsigned i = 0; i < XF_ROLE_COUNT; i++)
		roles[i] = xf_role_name(i);
	expect_distinct(roles, XF_ROLE_COUNT);
}

Test(lists, prompts)
{
	const char *names[XF_PROMPT_END - 1];
	for (unsigned i = XF_PROMPT_NONE + 1; i < XF_PROMPT_END; i++) {
		names[i - 1] = xf_prompt_name(i);
		cr_expect_eq(xf_prompt_of(xf_prompt_id((enum xf_prompt)i)), i);
	}
	expect_distinct(names, XF_PROMPT_END - 1);
	cr_expect_str_eq(xf_prompt_name(XF_PROMPT_END), "unknown");
	cr_expect_eq(xf_prompt_of((struct xf_endpoint_id){XF_ENDPOINT_PROMPT, XF_PROMPT_END}), XF_PROMPT_NONE);
	cr_expect_eq(xf_prompt_of((struct xf_endpoint_id){XF_ENDPOINT_NONE, 1}), XF_PROMPT_NONE);
	cr_expect_eq(xf_prompt_of((struct xf_endpoint_id){1, 1}), XF_PROMPT_NONE);
#define X(symbol, number, name, hz1, hz2, on1, off1, on2, off2)                                                        \
	cr_expect_eq((on1) % 20 + (off1) % 20 + (on2) % 20 + (off2) % 20, 0, name ": no whole frames");                \
	cr_expect_eq((on1) * (hz1) % 1000 + (on1) * (hz2) % 1000 + (on2) * (hz1) % 1000 + (on2) * (hz2) % 1000, 0,     \
		     name ": clicks");
	XF_PROMPTS(X)
#undef X
}

Test(lists, link_records_fit_a_packet)
{
#define X(symbol, number, name, body)                                                                                  \
	cr_expect_eq(xf_link_body_size(XF_LINK_##symbol), sizeof(body));                                               \
	cr_expect_leq(xf_link_record_size(sizeof(body)), XF_LINK_PACKET_MAX);                                          \
	cr_expect_leq(sizeof(body), UINT16_MAX);                                                                       \
	cr_expect_eq(xf_link_record_size(sizeof(body)) % 8, 0);                                                        \
	cr_expect_str_eq(xf_link_type_name(XF_LINK_##symbol), name);
	XF_LINK_TYPES(X)
#undef X
	cr_expect_eq(xf_link_body_size(0), 0);
	cr_expect_str_eq(xf_link_type_name(0), "unknown");
}

Test(lists, an_endpoints_index_is_its_place)
{
	const unsigned addrs[] = {0, 1, XF_MAX_MEDIA_ADDRS - 1};
	const uint16_t ports[] = {XF_MEDIA_PORT_FIRST, XF_MEDIA_PORT_FIRST + 2, XF_MEDIA_PORT_LAST - 1};
	for (size_t i = 0; i < 3; i++) {
		for (size_t j = 0; j < 3; j++) {
			uint32_t index = xf_endpoint_index(addrs[i], ports[j]);
			cr_expect_eq(xf_endpoint_local_addr(index), addrs[i]);
			cr_expect_eq(xf_endpoint_port(index), ports[j]);
		}
	}
	cr_expect_eq(xf_endpoint_index(1, XF_MEDIA_PORT_FIRST), XF_PORT_PAIRS);
}
