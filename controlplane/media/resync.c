#include "media/media_internal.h"

/* At connect the dataplane is told all that does not depend on what it has (sources, admitted addresses), then asked
 * for its endpoints. The comparison with the shadow is the same for a dataplane that kept them, lost them all, or holds
 * those of a control plane before us:
 *
 *   in the shadow, not there   was acknowledged in this life of the dataplane: it closed it, the owner hears of it;
 *                              else it is opened again
 *   in both                    settings and feed are told where they differ
 *   there, not in the shadow   ours by its generation: closed meanwhile, told now; else an orphan
 */

static bool addresses_agree(struct media *media, const struct xf_link_hello_ok *hello)
{
	char ours[XF_ADDR_STRLEN], theirs[XF_ADDR_STRLEN];
	for (uint32_t i = 0; i < media->addr_count || i < hello->media_addrs; i++) {
		struct xf_addr none = {0};
		const struct xf_addr *our = i < media->addr_count ? &media->addr[i] : &none;
		const struct xf_addr *their = i < hello->media_addrs ? &hello->media_addr[i] : &none;
		if (xf_addr_eq(our, their))
			continue;
		log_event(media->env, LOG_LEVEL_ERROR,
			  "event=link-media-addresses-differ number=%u ours=%s theirs=%s "
			  "what=\"start both planes with the same configuration\"",
			  i, xf_addr_format(our, ours), xf_addr_format(their, theirs));
		return false;
	}
	return true;
}

static int resync_sources(struct media *media)
{
	struct xf_link_empty empty = {0};
	struct link_command begin = {.type = XF_LINK_SOURCES_BEGIN}, add = {.type = XF_LINK_SOURCE_ADD};
	struct link_command commit = {.type = XF_LINK_SOURCES_COMMIT};
	int result = link_client_send(&media->client, &begin, &empty, sizeof(empty), NULL);
	for (uint32_t i = 0; i < media->sources.count && result == 0; i++)
		result =
		    link_client_send(&media->client, &add, &media->sources.source[i], sizeof(struct xf_source), NULL);
	if (result == 0)
		result = link_client_send(&media->client, &commit, &empty, sizeof(empty), NULL);
	return result;
}

void resync_greeted(struct media *media, const struct xf_link_hello_ok *hello)
{
	if (!addresses_agree(media, hello))
		return;
	bool fresh = !media->known || hello->instance != media->instance;
	media->greeted_instance = hello->instance;
	media->workers = hello->workers;
	if (media->generation_last < hello->generation_last)
		media->generation_last = hello->generation_last;
	if (media->generation_first == 0)
		media->generation_first = media->generation_last + 1;
	int result = resync_sources(media);
	if (result == 0) {
		admission_replay(media->admission, fresh);
		result = query_start(media, XF_LINK_DUMP, QUERY_COMPARE, NULL, 0);
	}
	if (result < 0)
		log_event(media->env, LOG_LEVEL_ERROR, "event=link-greeting-failed error=\"%s\"", strerror(-result));
}

void resync_row(struct media *media, const struct xf_endpoint_state *row)
{
	if (media->row_count == media->row_room) {
		uint32_t room = media->row_room ? media->row_room * 2 : 256;
		struct compare_row *rows = reallocarray(media->rows, room, sizeof(*rows));
		if (!rows) {
			/* Not compared is taken for an orphan that nobody minds, and its port for free: the dataplane
			 * refuses that one. */
			log_event(media->env, LOG_LEVEL_ERROR, "event=link-compare-failed error=\"out of memory\"");
			return;
		}
		media->rows = rows;
		media->row_room = room;
	}
	media->rows[media->row_count++] = (struct compare_row){
	    .id = row->id,
	    .feed = {.source = prompt_names_source_ours(&media->prompts, row->source),
		     .armed = row->armed,
		     .while_silent = prompt_names_ours(&media->prompts, row->prompt),
		     .paused = row->paused != 0},
	    .prompt_ended = row->prompt_ended != 0,
	    .timed_out = row->timed_out != 0,
	    .heard_ms = row->heard_ms,
	    .last_rx_ns = row->last_rx_ns,
	    .remote = row->remote,
	};
}

static void resync_foreign(struct media *media, const struct compare_row *row, bool fresh)
{
	bool ours =
	    !fresh && row->id.generation >= media->generation_first && row->id.generation <= media->generation_last;
	if (ours)
		endpoint_tell_close(media, row->id);
	else if (orphans_add(&media->orphans, row->id) < 0)
		log_event(media->env, LOG_LEVEL_ERROR, "event=link-compare-failed error=\"out of memory\"");
}

static const struct compare_row *resync_find(const struct media *media, struct xf_endpoint_id id)
{
	uint32_t low = 0, high = media->row_count;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		if (media->rows[mid].id.index < id.index)
			low = mid + 1;
		else
			high = mid;
	}
	return low < media->row_count && xf_endpoint_id_eq(media->rows[low].id, id) ? &media->rows[low] : NULL;
}

static bool resync_settings_agree(const struct shadow_endpoint *endpoint, const struct compare_row *row)
{
	return endpoint->settings_told && xf_sockaddr_eq(&row->remote, &endpoint->settings.remote);
}

/* A time-out that was off meanwhile counts from now. */
static void resync_tell_settings(struct media *media, struct shadow_endpoint *endpoint)
{
	const uint64_t timeout_ns = endpoint->settings.timeout_ns;
	if (timeout_ns && endpoint->watch_anew) {
		endpoint->settings.timeout_ns = 0;
		endpoint_tell_settings(media, endpoint, false);
		endpoint->settings.timeout_ns = timeout_ns;
	}
	endpoint_tell_settings(media, endpoint, endpoint->settings.relearn);
}

/* 0, or why this endpoint cannot go on. */
static int resync_settings(struct media *media, struct shadow_endpoint *endpoint, const struct compare_row *row,
			   bool fresh)
{
	static const struct shadow_feed silence = {.source = {XF_ENDPOINT_NONE, 0}, .armed = {XF_ENDPOINT_NONE, 0}};
	if (row) {
		endpoint->open_told = true;
		endpoint->acknowledged = row->feed;
		if (!resync_settings_agree(endpoint, row))
			resync_tell_settings(media, endpoint);
		return 0;
	}
	if (endpoint->open_refused)
		return 0; /* its owner has heard of it */
	if (endpoint->open_told && !fresh)
		return -ENOENT;
	endpoint->open_told = false;
	endpoint->settings_told = false;
	endpoint->acknowledged = silence;
	endpoint->copies_lost = 0;
	endpoint->patched_ns = endpoint->settled_ns = endpoint->silent_ns = 0;
	endpoint_tell_open(media, endpoint);
	return 0;
}

static void resync_move(struct media *media, const struct shadow_endpoint *endpoint, const struct shadow_feed *want,
			bool armed)
{
	struct xf_link_move move = {.to = endpoint->id, .from = want->source, .paused = want->paused};
	if (armed) {
		move.from = want->armed;
		move.armed_limit_ns = want->armed_limit_ns;
	} else {
		move.while_silent = want->while_silent;
	}
	endpoint_tell_moves(media, &move, 1, 0);
}

/* One that the dataplane does not have is nobody. */
static bool resync_same_source(const struct media *media, struct xf_endpoint_id want, struct xf_endpoint_id have)
{
	if (want.index == XF_ENDPOINT_PROMPT && have.index == XF_ENDPOINT_PROMPT)
		return prompt_names_same(&media->prompts, want.generation, have.generation);
	return xf_endpoint_id_eq(prompt_names_source_theirs(&media->prompts, want),
				 prompt_names_source_theirs(&media->prompts, have));
}

/* Each endpoint's feed is a patch of its own, so that one that is refused takes no other with it. */
static void resync_feed(struct media *media, struct shadow_endpoint *endpoint)
{
	struct shadow_feed want = shadow_feed_living(&media->shadow, &endpoint->commanded);
	struct shadow_feed have = endpoint->acknowledged;
	bool armed_done = want.armed.index != XF_ENDPOINT_NONE && have.armed.index == XF_ENDPOINT_NONE &&
			  xf_endpoint_id_eq(have.source, want.armed);
	if (armed_done) {
		want.source = want.armed;
		want.armed = have.armed;
		want.armed_limit_ns = 0;
		want.while_silent = XF_PROMPT_NONE;
	}
	endpoint->commanded = want;
	bool plain = !resync_same_source(media, want.source, have.source) ||
		     !prompt_names_same(&media->prompts, want.while_silent, have.while_silent) ||
		     want.paused != have.paused ||
		     (want.armed.index == XF_ENDPOINT_NONE && have.armed.index != XF_ENDPOINT_NONE);
	if (plain)
		resync_move(media, endpoint, &want, false);
	if (want.armed.index != XF_ENDPOINT_NONE && (plain || !xf_endpoint_id_eq(want.armed, have.armed)))
		resync_move(media, endpoint, &want, true);
}

/* An event that nobody could be told of. */
struct told_event {
	struct xf_endpoint_id id;
	uint16_t event, heard_ms;
};

#define TOLD_EVENTS 2 /* of an endpoint */

/* Whose owners have something to hear. */
struct told {
	uint32_t lost_count, event_count;
	struct told_event *events;
	struct xf_endpoint_id lost[]; /* endpoints; as many as the shadow has, and behind them the events */
};

static void resync_missed(const struct media *media, const struct shadow_endpoint *endpoint,
			  const struct compare_row *row, struct told *told)
{
	if (row->prompt_ended && endpoint->commanded.source.index == XF_ENDPOINT_PROMPT &&
	    resync_same_source(media, endpoint->commanded.source, row->feed.source))
		told->events[told->event_count++] = (struct told_event){endpoint->id, XF_EVENT_PROMPT_ENDED, 0};
	/* Where settings are told the dataplane tells of it again, by these. */
	if (row->timed_out && endpoint->settings.timeout_ns && resync_settings_agree(endpoint, row) &&
	    (endpoint->silent_ns == 0 || row->last_rx_ns > endpoint->silent_ns))
		told->events[told->event_count++] =
		    (struct told_event){endpoint->id, XF_EVENT_MEDIA_TIMEOUT, row->heard_ms};
}

static void resync_compare(struct media *media, bool fresh, struct told *told)
{
	struct shadow_endpoint *endpoint;
	orphans_clear(&media->orphans, media->env->now_ns);
	for (uint32_t i = 0; i < media->row_count; i++)
		if (!shadow_find(&media->shadow, media->rows[i].id))
			resync_foreign(media, &media->rows[i], fresh);
	TAILQ_FOREACH(endpoint, &media->shadow.all, all)
	{
		const struct compare_row *row = resync_find(media, endpoint->id);
		int result = resync_settings(media, endpoint, row, fresh);
		if (result < 0) {
			endpoint->open_refused = true;
			told->lost[told->lost_count++] = endpoint->id;
		} else if (row) {
			resync_missed(media, endpoint, row, told);
		}
	}
	TAILQ_FOREACH(endpoint, &media->shadow.all, all)
	{
		if (!endpoint->open_refused)
			resync_feed(media, endpoint);
	}
}

/* The owners hear of it last: what they do now is sent at once. */
static void resync_tell(struct media *media, const struct told *told, uint64_t dataplane_ns)
{
	for (uint32_t i = 0; i < told->lost_count; i++) {
		struct shadow_endpoint *endpoint = shadow_find(&media->shadow, told->lost[i]);
		if (endpoint)
			endpoint_refused(media, endpoint, "compare", -ENOENT);
	}
	for (uint32_t i = 0; i < told->event_count; i++) {
		const struct told_event *what = &told->events[i];
		struct shadow_endpoint *endpoint = shadow_find(&media->shadow, what->id);
		const struct xf_link_event event = {
		    .id = what->id, .event = what->event, .duration_ms = what->heard_ms, .now_ns = dataplane_ns};
		if (!endpoint)
			continue;
		/* It may be on its way as well. */
		if (what->event == XF_EVENT_MEDIA_TIMEOUT)
			endpoint->silent_ns = dataplane_ns;
		media->user.event(media->user.arg, endpoint->owner, &event);
	}
}

void resync_done(struct media *media, int result, uint64_t dataplane_ns)
{
	struct told *told = NULL;
	if (result == 0)
		told = malloc(sizeof(*told) +
			      media->shadow.count * (sizeof(told->lost[0]) + TOLD_EVENTS * sizeof(told->events[0])));
	if (!told) {
		if (result != -ENOTCONN)
			log_event(media->env, LOG_LEVEL_ERROR, "event=link-compare-failed error=\"%s\"",
				  strerror(result < 0 ? -result : ENOMEM));
		return;
	}
	told->lost_count = told->event_count = 0;
	told->events = (struct told_event *)(void *)(told->lost + media->shadow.count);
	bool fresh = !media->known || media->greeted_instance != media->instance;
	resync_compare(media, fresh, told);
	resync_forget(media);
	media->known = true;
	media->instance = media->greeted_instance;
	media->ready = true;
	copies_resync(media);
	if (media->orphans.count)
		timer_set(&media->env->timers, &media->orphan_timer, media->env->now_ns + ORPHAN_LOOK_NS);
	log_event(media->env, LOG_LEVEL_INFO, "event=link-ready dataplane=%s endpoints=%u orphans=%u",
		  fresh ? "new" : "known", media->shadow.count, media->orphans.count);
	media->user.link_changed(media->user.arg, true);
	resync_tell(media, told, dataplane_ns);
	free(told);
}

void resync_forget(struct media *media)
{
	free(media->rows);
	media->rows = NULL;
	media->row_count = media->row_room = 0;
	media->orphan_look = false;
	timer_stop(&media->env->timers, &media->orphan_timer);
}

void resync_orphan_expired(void *arg, struct timer *timer)
{
	struct media *media = arg;
	if (!media->ready || media->orphans.count == 0)
		return;
	timer_set(&media->env->timers, timer, media->env->now_ns + ORPHAN_LOOK_NS);
	if (media->orphan_look || query_start(media, XF_LINK_DUMP, QUERY_ORPHANS, NULL, 0) < 0)
		return;
	media->orphan_look = true;
	orphans_look_begin(&media->orphans);
}

void resync_orphan_row(struct media *media, const struct xf_endpoint_state *row)
{
	orphans_look(&media->orphans, row->id);
}

void resync_orphan_done(struct media *media, int result)
{
	media->orphan_look = false;
	if (result == 0)
		orphans_look_end(&media->orphans, media->env->now_ns);
}
