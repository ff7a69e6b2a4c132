#include "link_record.h"

#include <errno.h>

int link_record_next(struct link_cursor *cursor, struct link_view *view)
{
	struct xf_link_record record;
	size_t left = (size_t)(cursor->end - cursor->at);

	if (left == 0)
		return 0;
	if (left < sizeof(record))
		return -EBADMSG;
	memcpy(&record, cursor->at, sizeof(record));
	size_t size = xf_link_record_size(record.body_len);
	if (size > left)
		return -EBADMSG;
	*view = (struct link_view){record.type, record.body_len, record.sequence, cursor->at + sizeof(record)};
	cursor->at += size;
	return 1;
}

static int link_record_check_patch(const struct link_view *view)
{
	const struct xf_link_patch *patch = view->body;

	if (view->body_len < offsetof(struct xf_link_patch, moves) || patch->count > XF_LINK_MOVES_MAX)
		return -EMSGSIZE;
	size_t used = offsetof(struct xf_link_patch, moves) + patch->count * sizeof(patch->moves[0]);
	return view->body_len == used || view->body_len == sizeof(*patch) ? 0 : -EMSGSIZE;
}

int link_record_check(const struct link_view *view)
{
	size_t size = xf_link_body_size(view->type);

	if (size == 0 || view->type >= XF_LINK_HELLO_OK)
		return -ENOSYS;
	if (view->type == XF_LINK_PATCH)
		return link_record_check_patch(view);
	return view->body_len == size ? 0 : -EMSGSIZE;
}

int link_record_put(void *out, size_t size, uint16_t type, uint32_t sequence, const void *body, uint16_t body_len)
{
	struct xf_link_record record = {type, body_len, sequence};
	size_t total = xf_link_record_size(body_len);

	if (total > size)
		return -ENOSPC;
	memcpy(out, &record, sizeof(record));
	memcpy((uint8_t *)out + sizeof(record), body, body_len);
	memset((uint8_t *)out + sizeof(record) + body_len, 0, total - sizeof(record) - body_len);
	return (int)total;
}
