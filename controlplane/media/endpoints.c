#include "media/media_internal.h"

/* The moves of a patch under way: what to acknowledge or to take back. */
struct sent_moves {
	unsigned count;
	struct xf_link_move moves[];
};

int endpoint_tell_open(struct media *media, struct shadow_endpoint *endpoint)
{
	endpoint->worker = (uint8_t)(endpoint->group % media->workers);
	struct xf_link_open body = {.id = endpoint->id, .worker = endpoint->worker, .settings = endpoint->settings};
	struct link_command command = {.type = XF_LINK_OPEN, .id = endpoint->id};
	body.settings.relearn = 0; /* a new endpoint has learned nothing that it could forget */
	return link_client_send(&media->client, &command, &body, sizeof(body), &endpoint->settings_sequence);
}

int endpoint_tell_settings(struct media *media, struct shadow_endpoint *endpoint, bool relearn)
{
	struct xf_link_update body = {.id = endpoint->id, .settings = endpoint->settings};
	struct link_command command = {.type = XF_LINK_UPDATE, .id = endpoint->id};
	body.settings.relearn = relearn;
	return link_client_send(&media->client, &command, &body, sizeof(body), &endpoint->settings_sequence);
}

int endpoint_tell_close(struct media *media, struct xf_endpoint_id id)
{
	struct xf_link_close body = {.id = id};
	struct link_command command = {.type = XF_LINK_CLOSE, .id = id};
	return link_client_send(&media->client, &command, &body, sizeof(body), NULL);
}

int endpoint_tell_moves(struct media *media, const struct xf_link_move *moves, unsigned count, uint64_t cookie)
{
	struct xf_link_patch body = {.count = count};
	struct sent_moves *sent = malloc(sizeof(*sent) + count * sizeof(*moves));
	uint32_t sequence;
	if (!sent)
		return -ENOMEM;
	sent->count = count;
	memcpy(sent->moves, moves, count * sizeof(*moves));
	for (unsigned i = 0; i < count; i++) {
		body.moves[i] = moves[i];
		body.moves[i].from = prompt_names_source_theirs(&media->prompts, moves[i].from);
		body.moves[i].while_silent = prompt_names_theirs(&media->prompts, moves[i].while_silent);
		memset(body.moves[i].zero, 0, sizeof(body.moves[i].zero));
	}
	struct link_command command = {.type = XF_LINK_PATCH, .cookie = cookie, .data = sent};
	int result = link_client_send(&media->client, &command, &body,
				      offsetof(struct xf_link_patch, moves) + count * sizeof(*moves), &sequence);
	if (result < 0) {
		free(sent);
		return result;
	}
	for (unsigned i = 0; i < count; i++) {
		struct shadow_endpoint *to = shadow_find(&media->shadow, moves[i].to);
		if (to)
			to->patch_sequence = sequence;
	}
	return 0;
}

void endpoint_refused(struct media *media, struct shadow_endpoint *endpoint, const char *what, int result)
{
	log_event(media->env, LOG_LEVEL_WARNING, "event=endpoint-refused endpoint=%u/%u what=%s error=\"%s\"",
		  endpoint->id.index, endpoint->id.generation, what, strerror(-result));
	media->user.refused(media->user.arg, endpoint->owner, endpoint->id, result);
}

static void settings_answered(struct media *media, const struct link_command *command, uint32_t sequence,
			      const struct xf_link_ack *ack)
{
	const int result = ack->result;
	struct shadow_endpoint *endpoint = shadow_find(&media->shadow, command->id);
	if (!endpoint)
		return;
	if (result == 0 && command->type == XF_LINK_OPEN)
		endpoint->open_told = true;
	if (result == 0) {
		endpoint->settled_ns = ack->now_ns;
		/* What was told before is told again if it is still so. */
		if (endpoint->silent_ns < ack->now_ns)
			endpoint->silent_ns = 0;
	}
	if (endpoint->settings_sequence == sequence) {
		endpoint->settings_sequence = 0;
		if (result == 0) {
			endpoint->settings_told = true;
			endpoint->settings.relearn = 0;
			endpoint->watch_anew = false;
		}
	}
	if (result == 0 || result == -ENOTCONN)
		return;
	if (command->type == XF_LINK_OPEN)
		endpoint->open_refused = true;
	if (!media->silent)
		endpoint_refused(media, endpoint, xf_link_type_name(command->type), result);
}

static void moves_answered(struct media *media, const struct link_command *command, uint32_t sequence,
			   const struct xf_link_ack *ack)
{
	struct sent_moves *sent = command->data;
	for (unsigned i = 0; i < sent->count; i++) {
		struct shadow_endpoint *to = shadow_find(&media->shadow, sent->moves[i].to);
		if (!to)
			continue;
		if (ack->result == 0)
			shadow_move(&to->acknowledged, &sent->moves[i]);
		else if (ack->result != -ENOTCONN && to->patch_sequence == sequence)
			to->commanded = to->acknowledged;
	}
	for (unsigned i = 0; i < sent->count; i++) {
		struct shadow_endpoint *to = shadow_find(&media->shadow, sent->moves[i].to);
		if (to && to->patch_sequence == sequence)
			to->patch_sequence = 0;
		if (to && ack->result == 0)
			to->patched_ns = ack->now_ns;
	}
	free(sent);
	if (media->silent)
		return;
	if (ack->result < 0 && ack->result != -ENOTCONN)
		log_event(media->env, LOG_LEVEL_WARNING, "event=patch-refused move=%u error=\"%s\"", ack->detail,
			  strerror(-ack->result));
	if (command->cookie)
		media->user.patched(media->user.arg, command->cookie, ack->result, ack->now_ns);
}

void endpoint_answered(struct media *media, const struct link_command *command, uint32_t sequence,
		       const struct xf_link_ack *ack)
{
	switch (command->type) {
	case XF_LINK_OPEN:
	case XF_LINK_UPDATE:
		settings_answered(media, command, sequence, ack);
		break;
	case XF_LINK_PATCH:
		moves_answered(media, command, sequence, ack);
		break;
	case XF_LINK_CLOSE:
		/* -ENOENT and -ESTALE: gone already, which is what was wanted. */
		if (ack->result < 0 && ack->result != -ENOENT && ack->result != -ESTALE && ack->result != -ENOTCONN)
			log_event(media->env, LOG_LEVEL_WARNING, "event=close-refused endpoint=%u/%u error=\"%s\"",
				  command->id.index, command->id.generation, strerror(-ack->result));
		break;
	}
}

/* Whether what has ended is what it is to hear now. An event may be late: what the endpoint was to hear meanwhile may
 * be another prompt, or the same once more. */
static bool ended_now(const struct media *media, const struct shadow_endpoint *endpoint,
		      const struct xf_link_event *event)
{
	const struct shadow_feed *feed = &endpoint->commanded;
	bool alone = feed->source.index == XF_ENDPOINT_PROMPT;
	uint32_t ours = alone ? feed->source.generation : feed->while_silent;
	return endpoint->patch_sequence == 0 && event->now_ns >= endpoint->patched_ns &&
	       event->prompt == prompt_names_theirs(&media->prompts, ours);
}

/* Answers overtake events: what was commanded since may have made it untrue, and the dataplane tells again of a silence
 * that goes on. */
static bool event_is_old(const struct media *media, const struct shadow_endpoint *endpoint,
			 const struct xf_link_event *event)
{
	switch (event->event) {
	case XF_EVENT_ARMED_FIRED:
	case XF_EVENT_ARMED_LIMIT:
		return event->now_ns < endpoint->patched_ns;
	case XF_EVENT_MEDIA_TIMEOUT:
		return event->now_ns < endpoint->settled_ns || event->now_ns <= endpoint->silent_ns;
	case XF_EVENT_PROMPT_ENDED:
		return !ended_now(media, endpoint, event);
	default:
		return false;
	}
}

void endpoint_event(struct media *media, const struct xf_link_event *event)
{
	struct shadow_endpoint *endpoint = shadow_find(&media->shadow, event->id);
	if (!endpoint) {
		if (event->event == XF_EVENT_CLOSED_ORPHAN)
			orphans_gone(&media->orphans, event->id, media->env->now_ns);
		return;
	}
	if (event_is_old(media, endpoint, event))
		return;
	if (event->event == XF_EVENT_ARMED_FIRED || event->event == XF_EVENT_ARMED_LIMIT)
		shadow_armed_fired(endpoint);
	if (event->event == XF_EVENT_MEDIA_TIMEOUT)
		endpoint->silent_ns = event->now_ns;
	media->user.event(media->user.arg, endpoint->owner, event);
}

static void settings_init(const struct media *media, uint32_t network, struct xf_endpoint_settings *settings)
{
	*settings = (struct xf_endpoint_settings){
	    .port = (uint16_t)media->config->networks[network].port,
	    .dscp = media->config->networks[network].media_dscp,
	    .learn_window_ns = media->config->learn_window_ms * NS_PER_MS,
	};
}

int media_open(struct media *media, uint32_t network, uint64_t group, uint64_t owner, struct xf_endpoint_id *id)
{
	uint32_t index;
	if (!media->ready)
		return -ENOTCONN;
	if (media->generation_last == UINT32_MAX)
		return -ENOSPC;
	int result = ports_take(media->ports, network, media->env->now_ns, &index);
	if (result < 0)
		return result;
	struct xf_endpoint_id new = {.index = index, .generation = media->generation_last + 1};
	struct shadow_endpoint *endpoint = shadow_add(&media->shadow, new);
	if (!endpoint) {
		result = -ENOMEM;
		goto err_port;
	}
	endpoint->owner = owner;
	endpoint->group = group;
	settings_init(media, network, &endpoint->settings);
	result = endpoint_tell_open(media, endpoint);
	if (result < 0)
		goto err_shadow;
	media->generation_last = new.generation;
	*id = new;
	return 0;

err_shadow:
	shadow_del(&media->shadow, endpoint);
err_port:
	ports_release(media->ports, index, media->env->now_ns);
	return result;
}

int media_set_remote(struct media *media, struct xf_endpoint_id id, const struct media_remote *remote)
{
	struct shadow_endpoint *endpoint = shadow_find(&media->shadow, id);
	if (!endpoint)
		return -ENOENT;
	if (remote->pt_count > XF_ENDPOINT_PTS)
		return -EINVAL;
	struct xf_endpoint_settings settings = endpoint->settings;
	settings.remote = remote->rtp;
	settings.remote_rtcp = remote->rtcp;
	settings.learn = remote->learn;
	settings.pt_count = (uint8_t)remote->pt_count;
	memset(settings.pts, 0, sizeof(settings.pts));
	memcpy(settings.pts, remote->pts, remote->pt_count * sizeof(*remote->pts));
	if (remote->relearn)
		settings.relearn = 1;
	int result = routes_settings(media, id.index, &settings);
	if (result < 0)
		return result;
	endpoint->settings = settings;
	endpoint->unrouted = false;
	endpoint->settings_told = false;
	if (media->ready && !endpoint->open_refused)
		endpoint_tell_settings(media, endpoint, remote->relearn);
	return 0;
}

void media_watch(struct media *media, struct xf_endpoint_id id, uint32_t limit_ms)
{
	struct shadow_endpoint *endpoint = shadow_find(&media->shadow, id);
	uint64_t timeout_ns = limit_ms * NS_PER_MS;
	if (!endpoint || endpoint->settings.timeout_ns == timeout_ns)
		return;
	if (endpoint->settings.timeout_ns == 0)
		endpoint->watch_anew = true;
	endpoint->settings.timeout_ns = timeout_ns;
	endpoint->settings_told = false;
	if (media->ready && !endpoint->open_refused)
		endpoint_tell_settings(media, endpoint, false);
}

void media_close(struct media *media, struct xf_endpoint_id id)
{
	struct shadow_endpoint *endpoint = shadow_find(&media->shadow, id);
	if (!endpoint)
		return;
	/* While the link is down the next comparison finds it open and closes it. */
	if (media->ready && !endpoint->open_refused)
		endpoint_tell_close(media, id);
	shadow_del(&media->shadow, endpoint);
	ports_release(media->ports, id.index, media->env->now_ns);
}

int media_patch(struct media *media, const struct xf_link_move *moves, unsigned count, uint64_t cookie)
{
	int result = shadow_check_moves(&media->shadow, moves, count);
	if (result < 0)
		return result;
	for (unsigned i = 0; i < count; i++) {
		uint32_t prompt = xf_move_prompt(&moves[i]);
		if (prompt != XF_PROMPT_NONE && !prompt_names_get(&media->prompts, prompt))
			return -EINVAL;
		if (media->ready && prompt != XF_PROMPT_NONE && !prompt_names_theirs(&media->prompts, prompt))
			return -ENOENT;
	}
	result = media->ready ? endpoint_tell_moves(media, moves, count, cookie) : -ENOTCONN;
	if (result < 0 && result != -ENOTCONN)
		return result;
	for (unsigned i = 0; i < count; i++)
		shadow_move(&shadow_find(&media->shadow, moves[i].to)->commanded, &moves[i]);
	return result;
}
