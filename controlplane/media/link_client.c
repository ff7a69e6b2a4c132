#include "media/link_client.h"

static void flush_expired(void *arg, struct timer *timer)
{
	struct link_client *client = arg;
	if (client->state == LINK_CLIENT_BROKEN)
		client->user.lost(client->user.arg);
	else
		link_client_flush(client);
}

void link_client_init(struct link_client *client, struct env *env, const struct link_client_user *user)
{
	client->env = env;
	client->user = *user;
	client->instance = env_random64(env);
	client->flush_timer = (struct timer){.expired = flush_expired, .arg = client};
	client->state = LINK_CLIENT_DOWN;
	client->version_logged = client->protocol_logged = false;
	client->pending = NULL;
	client->room = client->waiting = 0;
	client->first_sequence = 1;
	client->last_sequence = 0;
	client->writer.len = 0;
}

void link_client_fini(struct link_client *client)
{
	link_client_down(client);
	timer_stop(&client->env->timers, &client->flush_timer);
	free(client->pending);
	client->pending = NULL;
	client->room = 0;
}

void link_client_flush(struct link_client *client)
{
	timer_stop(&client->env->timers, &client->flush_timer);
	if (client->writer.len == 0 || client->state == LINK_CLIENT_DOWN || client->state == LINK_CLIENT_BROKEN)
		return;
	const struct seam *seam = client->env->seam;
	int result = seam->send_link(seam->arg, client->writer.packet, client->writer.len);
	client->writer.len = 0;
	if (result == 0)
		return;
	/* Whoever called may be in the middle of something: the news comes by the timer. If that cannot be set, the
	 * world's own link-down brings it. */
	client->state = LINK_CLIENT_BROKEN;
	timer_set(&client->env->timers, &client->flush_timer, client->env->now_ns);
}

static int pending_reserve(struct link_client *client)
{
	uint32_t used = client->last_sequence - client->first_sequence + 1;
	if (used < client->room)
		return 0;
	uint32_t room = client->room ? client->room * 2 : 64;
	struct link_command *pending = calloc(room, sizeof(*pending));
	if (!pending)
		return -ENOMEM;
	for (uint32_t i = 0; i < used; i++) {
		uint32_t s = client->first_sequence + i;
		pending[s & (room - 1)] = client->pending[s & (client->room - 1)];
	}
	free(client->pending);
	client->pending = pending;
	client->room = room;
	return 0;
}

static struct link_command *pending_find(struct link_client *client, uint32_t sequence)
{
	if (sequence - client->first_sequence > client->last_sequence - client->first_sequence || client->waiting == 0)
		return NULL;
	struct link_command *command = &client->pending[sequence & (client->room - 1)];
	return command->waiting ? command : NULL;
}

static struct link_command pending_take(struct link_client *client, struct link_command *command)
{
	struct link_command taken = *command;
	command->waiting = false;
	client->waiting--;
	while (client->first_sequence != client->last_sequence + 1 &&
	       !client->pending[client->first_sequence & (client->room - 1)].waiting)
		client->first_sequence++;
	return taken;
}

static int client_append(struct link_client *client, const struct link_command *command, const void *body,
			 size_t body_len, uint32_t *sequence)
{
	if (pending_reserve(client) < 0)
		return -ENOMEM;
	uint32_t s = client->last_sequence + 1;
	int result = link_writer_add(&client->writer, command->type, s, body, body_len);
	if (result == -ENOBUFS) {
		link_client_flush(client);
		if (client->state == LINK_CLIENT_BROKEN)
			return -ENOTCONN;
		result = link_writer_add(&client->writer, command->type, s, body, body_len);
	}
	if (result < 0)
		return result;
	client->last_sequence = s;
	client->pending[s & (client->room - 1)] = *command;
	client->pending[s & (client->room - 1)].waiting = true;
	client->waiting++;
	if (sequence)
		*sequence = s;
	if (!timer_is_set(&client->flush_timer) &&
	    timer_set(&client->env->timers, &client->flush_timer, client->env->now_ns) < 0)
		link_client_flush(client);
	return 0;
}

int link_client_send(struct link_client *client, const struct link_command *command, const void *body, size_t body_len,
		     uint32_t *sequence)
{
	return client->state == LINK_CLIENT_UP ? client_append(client, command, body, body_len, sequence) : -ENOTCONN;
}

void link_client_up(struct link_client *client)
{
	struct xf_link_hello hello = {.version = XF_LINK_VERSION, .instance = client->instance};
	struct link_command command = {.type = XF_LINK_HELLO};
	link_client_down(client);
	client->state = LINK_CLIENT_GREETING;
	client->protocol_logged = false;
	client->first_sequence = 1;
	client->last_sequence = 0;
	if (client_append(client, &command, &hello, sizeof(hello), NULL) < 0)
		log_event(client->env, LOG_LEVEL_ERROR, "event=link-hello-failed");
}

void link_client_down(struct link_client *client)
{
	if (client->state == LINK_CLIENT_DOWN)
		return;
	client->state = LINK_CLIENT_DOWN;
	client->writer.len = 0;
	timer_stop(&client->env->timers, &client->flush_timer);
	/* Nothing is sent in this state, so the callbacks add no commands. */
	struct xf_link_ack ack = {.result = -ENOTCONN};
	while (client->waiting) {
		uint32_t sequence = client->first_sequence;
		struct link_command command = pending_take(client, &client->pending[sequence & (client->room - 1)]);
		if (command.type != XF_LINK_HELLO)
			client->user.answered(client->user.arg, &command, sequence, &ack);
	}
}

static void client_violation(struct link_client *client, const char *what, unsigned type)
{
	if (client->protocol_logged)
		return;
	client->protocol_logged = true;
	log_event(client->env, LOG_LEVEL_ERROR, "event=link-protocol-error what=%s record=%s", what,
		  xf_link_type_name(type));
}

static void client_version(struct link_client *client, uint32_t theirs)
{
	if (client->version_logged)
		return;
	client->version_logged = true;
	log_event(client->env, LOG_LEVEL_ERROR,
		  "event=link-version-mismatch ours=%u theirs=%u what=\"install the same release of both planes\"",
		  XF_LINK_VERSION, theirs);
}

static void client_hello_ok(struct link_client *client, const struct link_record *record)
{
	struct xf_link_hello_ok hello;
	struct link_command *command = pending_find(client, record->sequence);
	if (link_record_body(record, &hello, sizeof(hello)) < 0 || client->state != LINK_CLIENT_GREETING || !command ||
	    command->type != XF_LINK_HELLO || hello.workers == 0 || hello.media_addrs > XF_MAX_MEDIA_ADDRS) {
		client_violation(client, "hello", record->type);
		return;
	}
	pending_take(client, command);
	if (hello.version != XF_LINK_VERSION) {
		client_version(client, hello.version);
		return;
	}
	client->version_logged = false;
	client->state = LINK_CLIENT_UP;
	client->user.greeted(client->user.arg, &hello);
}

static void client_ack(struct link_client *client, const struct link_record *record)
{
	struct xf_link_ack ack;
	struct link_command *waiting = pending_find(client, record->sequence);
	if (link_record_body(record, &ack, sizeof(ack)) < 0 || !waiting) {
		client_violation(client, "answer", record->type);
		return;
	}
	struct link_command command = pending_take(client, waiting);
	if (command.type != XF_LINK_HELLO)
		client->user.answered(client->user.arg, &command, record->sequence, &ack);
	else if (ack.result == -EPROTO)
		client_version(client, ack.detail);
	else
		client_violation(client, "hello", record->type);
}

static void client_row(struct link_client *client, const struct link_record *record)
{
	union {
		struct xf_endpoint_state endpoint;
		struct xf_link_port port;
		struct xf_link_drops drops;
		struct xf_link_worker worker;
		struct xf_link_peer peer;
		struct xf_link_screen screen;
		struct xf_link_signature signature;
		struct xf_link_stranger stranger;
	} row;
	struct link_command *waiting = pending_find(client, record->sequence);
	uint16_t asked = record->type == XF_LINK_ENDPOINT ? XF_LINK_DUMP : XF_LINK_STATS;
	size_t size = xf_link_body_size(record->type);
	if (!waiting || waiting->type != asked || size > sizeof(row) || link_record_body(record, &row, size) < 0) {
		client_violation(client, "row", record->type);
		return;
	}
	struct link_command command = *waiting; /* the callback may send, which may move the array */
	client->user.row(client->user.arg, &command, record->type, &row);
}

static void client_event(struct link_client *client, const struct link_record *record)
{
	struct xf_link_event event;
	if (link_record_body(record, &event, sizeof(event)) < 0 || event.event >= XF_EVENT_COUNT)
		client_violation(client, "event", record->type);
	else if (client->state == LINK_CLIENT_UP)
		client->user.event(client->user.arg, &event);
}

static void client_captured(struct link_client *client, const struct link_record *record)
{
	const size_t head = offsetof(struct xf_link_captured, bytes);
	struct xf_link_captured row;
	if (record->body_len < head || record->body_len > sizeof(row)) {
		client_violation(client, "captured", record->type);
		return;
	}
	memcpy(&row, record->body, record->body_len);
	if (record->body_len != head + row.len)
		client_violation(client, "captured", record->type);
	else if (client->state == LINK_CLIENT_UP)
		client->user.captured(client->user.arg, &row);
}

static void client_prompt(struct link_client *client, const struct link_record *record)
{
	struct xf_link_prompt row;
	if (link_record_body(record, &row, sizeof(row)) < 0)
		client_violation(client, "prompt", record->type);
	else if (client->state == LINK_CLIENT_UP)
		client->user.prompt(client->user.arg, &row);
}

void link_client_receive(struct link_client *client, const void *packet, size_t len)
{
	struct link_reader reader;
	struct link_record record;
	int result = 0;
	link_reader_init(&reader, packet, len);
	while (client->state != LINK_CLIENT_DOWN && (result = link_reader_next(&reader, &record)) > 0) {
		switch (record.type) {
		case XF_LINK_HELLO_OK:
			client_hello_ok(client, &record);
			break;
		case XF_LINK_ACK:
			client_ack(client, &record);
			break;
		case XF_LINK_EVENT:
			client_event(client, &record);
			break;
		case XF_LINK_CAPTURED:
			client_captured(client, &record);
			break;
		case XF_LINK_PROMPT:
			client_prompt(client, &record);
			break;
		case XF_LINK_ENDPOINT:
		case XF_LINK_PORT:
		case XF_LINK_DROPS:
		case XF_LINK_WORKER:
		case XF_LINK_PEER:
		case XF_LINK_SCREEN:
		case XF_LINK_SIGNATURE:
		case XF_LINK_STRANGER:
			client_row(client, &record);
			break;
		default:
			client_violation(client, "type", record.type);
		}
	}
	if (result < 0)
		client_violation(client, "packet", 0);
}
