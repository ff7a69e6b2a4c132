#include <criterion/criterion.h>
#include <errno.h>
#include <stdalign.h>
#include "plane/link_record.h"

static alignas(8) uint8_t packet[4096];

static size_t put(size_t at, uint16_t type, uint32_t sequence, uint16_t len)
{
	static const uint8_t body[2048];
	int n = link_record_put(packet + at, sizeof(packet) - at, type, sequence, body, len);
	cr_assert_geq(n, 0);
	return at + (size_t)n;
}

Test(link_record, several)
{
	struct link_view view;
	size_t len = put(0, XF_LINK_HELLO, 1, sizeof(struct xf_link_hello));
	len = put(len, XF_LINK_ADMIT, 2, 20); /* padded to 24 */
	len = put(len, XF_LINK_STATS, 3, sizeof(struct xf_link_empty));
	cr_assert_eq(len, 8 + 16 + 8 + 24 + 8 + 8);

	struct link_cursor cursor = link_cursor(packet, len);
	for (uint32_t sequence = 1; sequence <= 3; sequence++) {
		cr_assert_eq(link_record_next(&cursor, &view), 1);
		cr_expect_eq(view.sequence, sequence);
		cr_expect_eq((uintptr_t)view.body % 8, 0);
	}
	cr_expect_eq(link_record_next(&cursor, &view), 0);
	cr_expect_eq(link_record_next(&cursor, &view), 0);
}

/* However a packet is cut, no record reaches beyond it. */
Test(link_record, every_truncation)
{
	size_t len =
	    put(put(0, XF_LINK_HELLO, 1, sizeof(struct xf_link_hello)), XF_LINK_OPEN, 2, sizeof(struct xf_link_open));
	size_t first = xf_link_record_size(sizeof(struct xf_link_hello));

	for (size_t cut = 0; cut < len; cut++) {
		struct link_cursor cursor = link_cursor(packet, cut);
		struct link_view view;
		int r, count = 0;
		while ((r = link_record_next(&cursor, &view)) > 0) {
			cr_assert_leq((const uint8_t *)view.body + view.body_len, packet + cut);
			count++;
		}
		cr_expect_eq(r, cut == 0 || cut == first ? 0 : -EBADMSG, "cut at %zu", cut);
		cr_expect_eq(count, cut >= first ? 1 : 0, "cut at %zu", cut);
	}
}

Test(link_record, longest_body)
{
	struct xf_link_record record = {XF_LINK_HELLO, UINT16_MAX, 1};
	struct link_view view;

	memcpy(packet, &record, sizeof(record));
	struct link_cursor cursor = link_cursor(packet, sizeof(packet));
	cr_expect_eq(link_record_next(&cursor, &view), -EBADMSG);
}

Test(link_record, lengths)
{
	for (unsigned type = 0; type < 100; type++) {
		size_t size = xf_link_body_size(type);
		struct link_view view = {.type = (uint16_t)type, .body_len = (uint16_t)size, .body = packet};
		bool command = type >= XF_LINK_HELLO && type <= XF_LINK_CAPTURE;
		memset(packet, 0, sizeof(packet));
		cr_expect_eq(link_record_check(&view), command ? 0 : -ENOSYS, "type %u", type);
		if (!command)
			continue;
		view.body_len = (uint16_t)(size - 1);
		cr_expect_eq(link_record_check(&view), -EMSGSIZE, "type %u, one byte less", type);
		view.body_len = (uint16_t)(size + 1);
		cr_expect_eq(link_record_check(&view), -EMSGSIZE, "type %u, one byte more", type);
		view.body_len = 0;
		cr_expect_eq(link_record_check(&view), -EMSGSIZE, "type %u, empty", type);
	}
}

Test(link_record, patch_may_end_after_its_moves)
{
	struct xf_link_patch *patch = (void *)packet;
	struct link_view view = {.type = XF_LINK_PATCH, .body = packet};
	const size_t head = offsetof(struct xf_link_patch, moves), move = sizeof(struct xf_link_move);

	for (uint32_t count = 0; count <= XF_LINK_MOVES_MAX; count++) {
		patch->count = count;
		view.body_len = (uint16_t)(head + count * move);
		cr_expect_eq(link_record_check(&view), 0, "%u moves", count);
		view.body_len = (uint16_t)(head + count * move - 1);
		cr_expect_eq(link_record_check(&view), -EMSGSIZE, "%u moves, a byte short", count);
	}
	patch->count = XF_LINK_MOVES_MAX + 1;
	view.body_len = sizeof(*patch);
	cr_expect_eq(link_record_check(&view), -EMSGSIZE);
	patch->count = UINT32_MAX;
	cr_expect_eq(link_record_check(&view), -EMSGSIZE);
	view.body_len = 4;
	cr_expect_eq(link_record_check(&view), -EMSGSIZE);
}

Test(link_record, put_space)
{
	uint8_t out[32];
	static const uint8_t body[17];

	cr_expect_eq(link_record_put(out, sizeof(out), 1, 1, body, 17), 32);
	cr_expect_eq(link_record_put(out, 31, 1, 1, body, 17), -ENOSPC);
}
