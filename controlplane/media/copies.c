/* Copies of what captured endpoints receive and send. */
#include "media/media_internal.h"

#define DRIFT_PPM 100 /* more than two clocks of one machine part */

static void copies_tell(struct media *media, const struct shadow_endpoint *endpoint)
{
	struct xf_link_capture body = {.id = endpoint->id, .on = endpoint->captured};
	struct link_command command = {.type = XF_LINK_CAPTURE, .id = endpoint->id};
	link_client_send(&media->client, &command, &body, sizeof(body), NULL);
}

void media_capture(struct media *media, struct xf_endpoint_id id, bool on)
{
	struct shadow_endpoint *endpoint = shadow_find(&media->shadow, id);
	if (!endpoint || endpoint->captured == on)
		return;
	endpoint->captured = on;
	if (media->ready && !endpoint->open_refused)
		copies_tell(media, endpoint);
}

void copies_resync(struct media *media)
{
	const struct shadow_endpoint *endpoint;
	media->clock_known = false;
	TAILQ_FOREACH(endpoint, &media->shadow.all, all)
	{
		if (endpoint->captured && !endpoint->open_refused)
			copies_tell(media, endpoint);
	}
}

void copies_answered(struct media *media, const struct link_command *command, int result)
{
	if (result < 0 && result != -ENOTCONN && result != -ENOENT && result != -ESTALE)
		log_event(media->env, LOG_LEVEL_WARNING, "event=capture-refused endpoint=%u/%u error=\"%s\"",
			  command->id.index, command->id.generation, strerror(-result));
}

/* On our clock. A row is never here before it was made, so the least distance between the clocks that was ever seen is
 * nearest to the true one; it may grow only as fast as clocks drift. */
static uint64_t our_time(struct media *media, uint64_t dataplane_ns)
{
	uint64_t now = media->env->now_ns;
	int64_t distance = (int64_t)(now - dataplane_ns);
	int64_t most = media->clock_distance + (int64_t)((now - media->clock_ns) / 1000000 * DRIFT_PPM);
	media->clock_distance = media->clock_known && most < distance ? most : distance;
	media->clock_known = true;
	media->clock_ns = now;
	return dataplane_ns + (uint64_t)media->clock_distance;
}

void copies_row(struct media *media, const struct xf_link_captured *row)
{
	struct shadow_endpoint *endpoint = shadow_find(&media->shadow, row->id);
	if (!endpoint || !endpoint->captured || !media->user.copied)
		return;
	struct media_copy copy = {.ns = our_time(media, row->now_ns),
				  .network = ports_network(media->ports, row->id.index),
				  .from = row->from,
				  .to = row->to,
				  .sent = row->sent != 0,
				  .lost = row->lost - endpoint->copies_lost,
				  .data = row->bytes,
				  .len = row->len};
	endpoint->copies_lost = row->lost;
	media->user.copied(media->user.arg, endpoint->owner, &copy);
}
