/* Captures: what passes between the gateway and the network, copied to a client that asked for it. Nobody waits for
 * such a client: what it is too slow for is lost, counted, and said at the end. */
#include "captures.h"

#include <openssl/evp.h>
#include "handlers.h"
#include "row.h"

#define END_RETRY_NS (100 * NS_PER_MS)

static void id_format(char *buf, size_t size, const struct capture *capture)
{
	snprintf(buf, size, "k-%llu", (unsigned long long)capture->id);
}

static void put_id(struct row *row, const struct capture *capture)
{
	char text[32];
	id_format(text, sizeof(text), capture);
	row_text(row, "capture", text);
}

static void put_counts(struct row *row, const struct capture *capture)
{
	put_id(row, capture);
	row_count(row, "packets", capture->packets);
	row_count(row, "lost", capture->lost);
}

static void capture_close(struct capture *capture)
{
	struct api *api = capture->api;
	if (capture->media)
		shard_capture_media(api->shard, capture->call, false);
	timer_stop(&api->env->timers, &capture->end);
	*capture = (struct capture){0};
	api->capture_count--;
}

/* `params` is taken over. 0 or -errno: the client did not get it. */
static int notify(const struct capture *capture, const char *method, json_t *params)
{
	const struct seam *seam = capture->api->env->seam;
	struct row row;
	int result = 0;
	row_init(&row);
	row_text(&row, "jsonrpc", "2.0");
	row_text(&row, "method", method);
	row_set(&row, "params", params);
	json_t *json = row_take(&row);
	char *text = json ? json_dumps(json, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
	json_decref(json);
	if (!text)
		return -ENOMEM;
	if (seam->notify)
		result = seam->notify(seam->arg, capture->client, text, strlen(text));
	else
		seam->reply(seam->arg, capture->client, text, strlen(text));
	free(text);
	return result;
}

/* Its end is told for certain, however long the client takes; if it goes, so does the capture. */
static void capture_end(struct capture *capture)
{
	struct timers *timers = &capture->api->env->timers;
	struct row row;
	row_init(&row);
	put_counts(&row, capture);
	capture->ended = true;
	if (notify(capture, XF_RPC_CAPTURE_END, row_take(&row)) == 0 ||
	    timer_set(timers, &capture->end, capture->api->env->now_ns + END_RETRY_NS) < 0)
		capture_close(capture);
}

static void end_again(void *arg, struct timer *timer)
{
	capture_end(arg);
}

static json_t *base64(const void *data, size_t len)
{
	char *text = malloc(len / 3 * 4 + 5);
	if (!text)
		return NULL;
	EVP_EncodeBlock((unsigned char *)text, data, (int)len);
	json_t *value = json_string(text);
	free(text);
	return value;
}

static void capture_packet(struct capture *capture, const struct shard_traffic *packet)
{
	struct row row;
	capture->lost += packet->lost;
	row_init(&row);
	put_id(&row, capture);
	row_count(&row, "ns", packet->ns);
	row_text(&row, "network", name_network(capture->api->config, packet->network));
	row_sockaddr(&row, "from", &packet->from);
	row_sockaddr(&row, "to", &packet->to);
	row_set(&row, "data", base64(packet->data, packet->len));
	if (notify(capture, XF_RPC_CAPTURE_PACKET, row_take(&row)) == 0)
		capture->packets++;
	else
		capture->lost++;
}

static bool takes(const struct capture *capture, uint64_t call)
{
	return capture->id && !capture->ended && (!capture->call || capture->call == call);
}

void captures_traffic(struct api *api, const struct shard_traffic *traffic)
{
	for (unsigned i = 0; api->capture_count && i < CAPTURES_MAX; i++)
		if (takes(&api->captures[i], traffic->call) && (api->captures[i].media || !traffic->media))
			capture_packet(&api->captures[i], traffic);
}

void captures_call_gone(struct api *api, uint64_t call)
{
	for (unsigned i = 0; i < CAPTURES_MAX; i++)
		if (api->captures[i].call && takes(&api->captures[i], call))
			capture_end(&api->captures[i]);
}

void captures_client_gone(struct api *api, uint64_t client)
{
	for (unsigned i = 0; i < CAPTURES_MAX; i++)
		if (api->captures[i].id && api->captures[i].client == client)
			capture_close(&api->captures[i]);
}

void captures_all_gone(struct api *api)
{
	for (unsigned i = 0; i < CAPTURES_MAX; i++)
		if (api->captures[i].id)
			capture_close(&api->captures[i]);
}

static struct capture *capture_open(struct api *api, uint64_t client, uint64_t call, bool media)
{
	struct capture *capture = api->captures;
	while (capture->id)
		capture++;
	*capture =
	    (struct capture){.id = ++api->captures_opened, .client = client, .call = call, .media = media, .api = api};
	capture->end.expired = end_again;
	capture->end.arg = capture;
	api->capture_count++;
	if (media)
		shard_capture_media(api->shard, call, true);
	return capture;
}

void captures_start(struct api *api, struct ask *ask, const json_t *params)
{
	const char *text = params_text(params, "call");
	bool all = json_is_true(json_object_get(params, "all"));
	const struct call *call = NULL;
	if (all == (text != NULL)) {
		ask_fail(api, ask, XF_RPC_INVALID_PARAMS, 0, "give either a call, or all: true");
		return;
	}
	if (text && !(call = calls_find(api, ask, params)))
		return;
	if (api->capture_count == CAPTURES_MAX) {
		ask_refuse(api, ask, 503, "%d captures are running, and more would slow calls down: end one first",
			   CAPTURES_MAX);
		return;
	}
	struct capture *capture =
	    capture_open(api, ask_client(ask), call ? call->id : 0, json_is_true(json_object_get(params, "media")));
	struct row row;
	row_init(&row);
	put_id(&row, capture);
	row_text_or_null(&row, "call", call ? call->text_id : NULL);
	row_count(&row, "ns", api->env->now_ns);
	json_t *result = row_take(&row);
	if (!result)
		capture_close(capture);
	ask_answer(api, ask, result);
}

void captures_stop(struct api *api, struct ask *ask, const json_t *params)
{
	const char *wanted = params_text(params, "capture");
	char text[32];
	for (unsigned i = 0; i < CAPTURES_MAX; i++) {
		struct capture *capture = &api->captures[i];
		struct row row;
		if (!capture->id || capture->client != ask_client(ask))
			continue;
		id_format(text, sizeof(text), capture);
		if (strcmp(text, wanted) != 0)
			continue;
		row_init(&row);
		put_counts(&row, capture);
		capture_close(capture);
		ask_answer(api, ask, row_take(&row));
		return;
	}
	ask_refuse(api, ask, 404, "'%.32s' is no capture that this client has running", wanted);
}
