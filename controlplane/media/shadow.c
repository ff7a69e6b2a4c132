#include "media/shadow.h"

static const struct xf_endpoint_id nobody = {.index = XF_ENDPOINT_NONE};

int shadow_init(struct shadow *shadow, uint32_t addr_count)
{
	*shadow = (struct shadow){.room = addr_count * XF_PORT_PAIRS};
	TAILQ_INIT(&shadow->all);
	/* calloc of so much is a mapping of which only the touched pages exist. */
	shadow->by_index = calloc((size_t)shadow->room + 1, sizeof(struct shadow_endpoint *));
	return shadow->by_index ? 0 : -ENOMEM;
}

void shadow_fini(struct shadow *shadow)
{
	while (!TAILQ_EMPTY(&shadow->all))
		shadow_del(shadow, TAILQ_FIRST(&shadow->all));
	free(shadow->by_index);
	shadow->by_index = NULL;
	shadow->room = 0;
}

struct shadow_endpoint *shadow_add(struct shadow *shadow, struct xf_endpoint_id id)
{
	if (id.index >= shadow->room || shadow->by_index[id.index])
		return NULL;
	struct shadow_endpoint *endpoint = calloc(1, sizeof(*endpoint));
	if (!endpoint)
		return NULL;
	endpoint->id = id;
	endpoint->commanded = endpoint->acknowledged = (struct shadow_feed){.source = nobody, .armed = nobody};
	shadow->by_index[id.index] = endpoint;
	TAILQ_INSERT_TAIL(&shadow->all, endpoint, all);
	shadow->count++;
	return endpoint;
}

struct shadow_endpoint *shadow_find(const struct shadow *shadow, struct xf_endpoint_id id)
{
	struct shadow_endpoint *endpoint = id.index < shadow->room ? shadow->by_index[id.index] : NULL;
	return endpoint && endpoint->id.generation == id.generation ? endpoint : NULL;
}

void shadow_del(struct shadow *shadow, struct shadow_endpoint *endpoint)
{
	if (shadow->cursor == endpoint)
		shadow->cursor = TAILQ_NEXT(endpoint, all);
	TAILQ_REMOVE(&shadow->all, endpoint, all);
	shadow->by_index[endpoint->id.index] = NULL;
	shadow->count--;
	free(endpoint);
}

int shadow_check_moves(const struct shadow *shadow, const struct xf_link_move *moves, unsigned count)
{
	const struct shadow_endpoint *first = NULL;
	if (count == 0 || count > XF_LINK_MOVES_MAX)
		return -EINVAL;
	for (unsigned i = 0; i < count; i++) {
		const struct shadow_endpoint *to = shadow_find(shadow, moves[i].to), *from = to;
		bool prompt = moves[i].from.index == XF_ENDPOINT_PROMPT;
		if ((prompt && xf_move_prompt(&moves[i]) == XF_PROMPT_NONE) || !xf_move_ok(&moves[i]))
			return -EINVAL;
		if (!prompt && moves[i].from.index != XF_ENDPOINT_NONE)
			from = shadow_find(shadow, moves[i].from);
		else if (moves[i].armed_limit_ns > 0)
			return -EINVAL;
		if (!to || !from)
			return -ENOENT;
		if (!first)
			first = to;
		if (to->worker != first->worker || from->worker != first->worker)
			return -EXDEV;
	}
	return 0;
}

void shadow_move(struct shadow_feed *feed, const struct xf_link_move *move)
{
	feed->paused = move->paused != 0;
	if (move->armed_limit_ns > 0) {
		feed->armed = move->from;
		feed->armed_limit_ns = move->armed_limit_ns;
	} else {
		feed->source = move->from;
		feed->while_silent = move->while_silent;
		feed->armed = nobody;
		feed->armed_limit_ns = 0;
	}
}

struct shadow_feed shadow_feed_living(const struct shadow *shadow, const struct shadow_feed *feed)
{
	struct shadow_feed living = *feed;
	if (living.source.index != XF_ENDPOINT_PROMPT && !shadow_find(shadow, living.source))
		living.source = living.while_silent ? xf_prompt_id(living.while_silent) : nobody;
	if (!shadow_find(shadow, living.source))
		living.while_silent = XF_PROMPT_NONE;
	if (!shadow_find(shadow, living.armed)) {
		living.armed = nobody;
		living.armed_limit_ns = 0;
	}
	return living;
}

static void feed_fired(struct shadow_feed *feed)
{
	if (feed->armed.index == XF_ENDPOINT_NONE)
		return;
	feed->source = feed->armed;
	feed->while_silent = XF_PROMPT_NONE;
	feed->armed = nobody;
	feed->armed_limit_ns = 0;
}

void shadow_armed_fired(struct shadow_endpoint *endpoint)
{
	feed_fired(&endpoint->acknowledged);
	/* With a patch under way the event may tell of the arming that the patch replaces. */
	if (endpoint->patch_sequence == 0)
		feed_fired(&endpoint->commanded);
}
