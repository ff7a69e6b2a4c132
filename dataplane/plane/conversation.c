#include "conversation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "note.h"

int conversation_init(struct conversation *c, const struct dplane_seam *seam,
		      void (*command)(const struct link_view *view, void *arg), void *arg)
{
	*c = (struct conversation){.seam = seam, .command = command, .arg = arg};
	STAILQ_INIT(&c->backlog);
	c->out = malloc(XF_LINK_PACKET_MAX);
	return c->out ? 0 : -ENOMEM;
}

void conversation_fini(struct conversation *c)
{
	if (c->out == NULL)
		return;
	conversation_down(c);
	free(c->out);
	c->out = NULL;
}

void conversation_up(struct conversation *c)
{
	conversation_down(c);
	c->up = true;
	c->connection++;
}

void conversation_down(struct conversation *c)
{
	struct conversation_packet *packet;

	c->up = c->greeted = c->closing = c->stalled = false;
	c->out_len = 0;
	while ((packet = STAILQ_FIRST(&c->backlog)) != NULL) {
		STAILQ_REMOVE_HEAD(&c->backlog, link);
		free(packet);
	}
	c->backlog_count = 0;
}

/* Whoever closes the connection may tell of it from inside: it is over before it is asked to. */
static void conversation_drop(struct conversation *c, const char *reason)
{
	conversation_down(c);
	c->seam->hang_up(c->seam->arg, reason);
}

static void conversation_refuse(struct conversation *c, const struct link_view *view, int result)
{
	struct xf_link_ack ack = {.result = result};

	conversation_send(c, c->connection, XF_LINK_ACK, view->sequence, &ack, sizeof(ack));
}

static void conversation_record(struct conversation *c, const struct link_view *view)
{
	int r = link_record_check(view);

	if (!c->greeted && view->type != XF_LINK_HELLO)
		r = -EPROTO;
	else if (c->greeted && view->sequence != c->sequence + 1)
		r = -EPROTO;
	c->sequence = view->sequence;
	if (r == 0) {
		c->command(view, c->arg);
		return;
	}
	note_warning(c->seam, "link-bad-record", "connection=%lu type=%u length=%u sequence=%u error=\"%s\"",
		     (unsigned long)c->connection, view->type, view->body_len, view->sequence, strerror(-r));
	conversation_refuse(c, view, r);
	if (r == -EPROTO)
		c->closing = true;
}

void conversation_packet(struct conversation *c, const void *packet, size_t len)
{
	struct link_cursor cursor = link_cursor(packet, len);
	struct link_view view;
	int r = 0;

	/* A record's answer may have been too much for the control plane: then the rest is nobody's. */
	while (c->up && !c->closing && (r = link_record_next(&cursor, &view)) > 0)
		conversation_record(c, &view);
	if (c->up && !c->closing && r < 0)
		conversation_drop(c, "record reaches beyond its packet");
}

static void conversation_queue(struct conversation *c)
{
	struct conversation_packet *packet = NULL;

	if (c->out_len == 0)
		return;
	if (c->backlog_count < CONVERSATION_BACKLOG_MAX)
		packet = malloc(sizeof(*packet) + c->out_len);
	if (packet == NULL) {
		conversation_drop(c, "it does not take what it is sent");
		return;
	}
	packet->len = c->out_len;
	memcpy(packet->bytes, c->out, c->out_len);
	STAILQ_INSERT_TAIL(&c->backlog, packet, link);
	c->backlog_count++;
	c->out_len = 0;
}

/* 0; -EAGAIN: not now; else it is over. */
static int conversation_write(struct conversation *c, const void *bytes, size_t len)
{
	int r = c->seam->send_link(c->seam->arg, bytes, len);

	c->stalled = r == -EAGAIN;
	if (r < 0 && r != -EAGAIN)
		conversation_down(c);
	return r;
}

static int conversation_write_backlog(struct conversation *c, unsigned *sent)
{
	struct conversation_packet *packet;

	while ((packet = STAILQ_FIRST(&c->backlog)) != NULL) {
		int r = conversation_write(c, packet->bytes, packet->len);
		if (r < 0)
			return r;
		STAILQ_REMOVE_HEAD(&c->backlog, link);
		c->backlog_count--;
		free(packet);
		++*sent;
	}
	return 0;
}

/* Sends the gathered records; where no more is taken they go on gathering. */
static unsigned conversation_push(struct conversation *c)
{
	unsigned sent = 0;

	if (conversation_write_backlog(c, &sent) == 0 && c->out_len > 0 &&
	    conversation_write(c, c->out, c->out_len) == 0) {
		c->out_len = 0;
		sent++;
	}
	return sent;
}

void conversation_send(struct conversation *c, uint64_t connection, uint16_t type, uint32_t sequence, const void *body,
		       uint16_t body_len)
{
	if (!c->up || connection != c->connection)
		return;
	if (xf_link_record_size(body_len) > XF_LINK_PACKET_MAX - c->out_len) {
		conversation_push(c);
		if (c->up)
			conversation_queue(c);
	}
	if (!c->up)
		return;
	int n = link_record_put(c->out + c->out_len, XF_LINK_PACKET_MAX - c->out_len, type, sequence, body, body_len);
	if (n > 0)
		c->out_len += (size_t)n;
}

unsigned conversation_flush(struct conversation *c)
{
	unsigned sent = 0;

	if (!c->up)
		return 0;
	if (c->out_len > 0 || c->backlog_count > 0)
		sent = conversation_push(c);
	if (c->up && c->closing)
		conversation_drop(c, "protocol error");
	return sent;
}

void conversation_end(struct conversation *c)
{
	c->closing = true;
}

bool conversation_pending(const struct conversation *c)
{
	if (!c->up)
		return false;
	return c->closing || (!c->stalled && (c->out_len > 0 || c->backlog_count > 0));
}
