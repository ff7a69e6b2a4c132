/* The lists that both planes share: every row has a name of its own, and what crosses the link has a size. */
#include "xfergate/link.h"
#include "xfergate/tone.h"

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
	cr_expect_eq(xf_prompt_of(xf_prompt_id(1)), 1);
	cr_expect_eq(xf_prompt_of(xf_prompt_id(XF_PROMPT_NUMBERS - 1)), XF_PROMPT_NUMBERS - 1);
	cr_expect_eq(xf_prompt_of(xf_prompt_id(XF_PROMPT_NUMBERS)), XF_PROMPT_NONE);
	cr_expect_eq(xf_prompt_of((struct xf_endpoint_id){XF_ENDPOINT_NONE, 1}), XF_PROMPT_NONE);
	cr_expect_eq(xf_prompt_of((struct xf_endpoint_id){1, 1}), XF_PROMPT_NONE);
}

static bool is_tone(const char *name)
{
	const struct xf_tone *tone;
	for (size_t i = 0; (tone = xf_tone(i)); i++)
		if (strcmp(tone->name, name) == 0)
			return true;
	return false;
}

/* Each tone has a sound and a silence that can be heard, within E.180's bounds, and no other sounds like it. */
Test(lists, tones)
{
	const struct xf_tone *tone, *other;
	for (size_t i = 0; (tone = xf_tone(i)); i++) {
		unsigned ms = 0;
		cr_expect(tone->hz[0] >= 340 && tone->hz[0] <= 500, "%s", tone->name);
		cr_expect(tone->hz[1] == 0 || (tone->hz[1] > tone->hz[0] && tone->hz[1] <= 620), "%s", tone->name);
		for (unsigned part = 0; part < XF_TONE_PARTS; part++) {
			ms += tone->part_ms[part];
			cr_expect_eq(!tone->part_ms[part], !tone->part_ms[part ^ 1], "%s: on without off", tone->name);
		}
		cr_expect(ms >= 330 && ms <= 6000, "%s lasts %u ms", tone->name, ms);
		cr_expect_lt(strlen(tone->name), XF_PROMPT_NAME_SIZE);
		for (size_t k = 0; k < i; k++) {
			other = xf_tone(k);
			cr_expect_str_neq(other->name, tone->name);
			cr_expect(memcmp(other->hz, tone->hz, sizeof(tone->hz)) || other->by_hz != tone->by_hz ||
				      memcmp(other->part_ms, tone->part_ms, sizeof(tone->part_ms)),
				  "%s sounds like %s", tone->name, other->name);
		}
	}
}

Test(lists, tones_of_regions)
{
	const struct xf_tone_region *row;
	size_t count;
	for (count = 0; (row = xf_tone_region(count)); count++) {
		cr_expect_eq(strlen(row->region), 2);
		for (unsigned kind = 0; kind < XF_TONE_KIND_COUNT; kind++)
			cr_expect(is_tone(row->tone[kind]), "%s", row->tone[kind]);
		cr_expect_eq(xf_tone_region_find(row->region), row, "%s twice", row->region);
	}
	cr_expect_geq(count, 40);
	cr_expect_str_eq(xf_tone_region_find("DE")->tone[XF_TONE_BUSY], "busy-de");
	cr_expect_str_eq(xf_tone_region_find("XK")->region, "eu");
	cr_expect(xf_tone_is_name("busy") && xf_tone_is_name("ringback-us") && xf_tone_is_name("busy-ca"));
	cr_expect(!xf_tone_is_name("busy-") && !xf_tone_is_name("busy-xx") && !xf_tone_is_name("engaged") &&
		  !xf_tone_is_name("busyness"));
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
