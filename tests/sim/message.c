#include "message.h"
#include "sim.h"

#include <ctype.h>

static const struct {
	const char *compact, *name;
} compact_forms[] = {{"v", "Via"},     {"f", "From"},	      {"t", "To"},	 {"i", "Call-ID"},
		     {"m", "Contact"}, {"c", "Content-Type"}, {"r", "Refer-To"}, {"o", "Event"}};

const char *message_header(const struct message *message, const char *name)
{
	for (unsigned i = 0; i < message->header_count; i++)
		if (strcasecmp(message->headers[i].name, name) == 0)
			return message->headers[i].value;
	return NULL;
}

bool message_is(const struct message *message, const char *method)
{
	return strcmp(message->method, method) == 0;
}

bool message_has_sdp(const struct message *message)
{
	const char *type = message_header(message, "Content-Type");
	return message->body_len && type && strncasecmp(type, "application/sdp", 15) == 0;
}

bool message_param(const char *value, const char *name, char *buf, size_t size)
{
	size_t len = strlen(name), n = 0;
	for (const char *p = value; p && (p = strcasestr(p, name)); p += len) {
		if (p[len] != '=' || (p > value && !strchr("; ,\t", p[-1])))
			continue;
		p += len + 1;
		bool quoted = *p == '"';
		p += quoted;
		while (*p && (quoted ? *p != '"' : !strchr(";, \t>", *p)) && n + 1 < size)
			buf[n++] = *p++;
		buf[n] = 0;
		return true;
	}
	return false;
}

static const char *uri_start(const char *uri)
{
	const char *start = strchr(uri, '<');
	start = start ? start + 1 : uri;
	const char *colon = strchr(start, ':');
	return colon ? colon + 1 : start;
}

void message_uri_user(const char *uri, char *buf, size_t size)
{
	const char *start = uri_start(uri), *end = start + strcspn(start, "@>;?");
	*buf = 0;
	if (*end == '@' || strncmp(uri, "tel:", 4) == 0)
		snprintf(buf, size, "%.*s", (int)(end - start), start);
}

void message_uri_host(const char *uri, char *buf, size_t size, uint16_t *port)
{
	const char *start = uri_start(uri), *at = start + strcspn(start, "@>;?");
	if (*at == '@')
		start = at + 1;
	const char *end;
	*port = 5060;
	if (*start == '[') {
		end = start + strcspn(start, "]");
		snprintf(buf, size, "%.*s", (int)(end - start - 1), start + 1);
		end += *end != 0;
	} else {
		end = start + strcspn(start, ":>;?");
		snprintf(buf, size, "%.*s", (int)(end - start), start);
	}
	if (*end == ':')
		*port = (uint16_t)atoi(end + 1);
}

/* The URI of a name-addr or addr-spec, and the header's tag. */
static void read_address(struct sim *sim, const char *value, const char **uri, const char **tag)
{
	char text[600] = "";
	const char *open = strchr(value, '<'), *start = open ? open + 1 : value;
	const char *end = start + strcspn(start, open ? ">" : ";> ");
	*uri = sim_copy(sim, start, (size_t)(end - start));
	if (tag) {
		message_param(end, "tag", text, sizeof(text));
		*tag = sim_copy(sim, text, strlen(text));
	}
}

static void read_start(struct sim *sim, struct message *m)
{
	m->request = strncmp(m->start, "SIP/2.0 ", 8) != 0;
	if (!m->request) {
		m->status = atoi(m->start + 8);
		m->bad = m->status < 100 || m->status > 699;
		return;
	}
	const char *uri = strchr(m->start, ' ');
	const char *end = uri ? strchr(uri + 1, ' ') : NULL;
	m->bad = !end || strcmp(end + 1, "SIP/2.0") != 0;
	if (m->bad)
		return;
	m->method = sim_copy(sim, m->start, (size_t)(uri - m->start));
	m->ruri = sim_copy(sim, uri + 1, (size_t)(end - uri - 1));
}

static void read_line(struct sim *sim, struct message *m, char *line)
{
	char *colon = strchr(line, ':');
	if (!colon || m->header_count == MESSAGE_HEADERS) {
		m->bad = true;
		return;
	}
	char *end = colon;
	while (end > line && isspace((unsigned char)end[-1]))
		end--;
	*end = 0;
	char *value = colon + 1 + strspn(colon + 1, " \t");
	const char *name = line;
	for (size_t i = 0; i < sizeof(compact_forms) / sizeof(*compact_forms); i++)
		if (strcasecmp(compact_forms[i].compact, name) == 0)
			name = compact_forms[i].name;
	m->headers[m->header_count].name = name;
	m->headers[m->header_count++].value = value;
}

static void read_known(struct sim *sim, struct message *m)
{
	const char *cseq = message_header(m, "CSeq"), *length = message_header(m, "Content-Length");
	const char *contact = message_header(m, "Contact");
	char branch[256] = "";
	m->via = message_header(m, "Via");
	m->from = message_header(m, "From");
	m->to = message_header(m, "To");
	m->call_id = message_header(m, "Call-ID");
	if (!m->via || !m->from || !m->to || !m->call_id || !cseq) {
		m->bad = true;
		return;
	}
	message_param(m->via, "branch", branch, sizeof(branch));
	m->branch = sim_copy(sim, branch, strlen(branch));
	m->cseq = (uint32_t)strtoul(cseq, NULL, 10);
	const char *method = cseq + strspn(cseq, "0123456789 ");
	if (!m->request)
		m->method = method;
	read_address(sim, m->from, &m->from_uri, &m->from_tag);
	read_address(sim, m->to, &m->to_uri, &m->to_tag);
	if (contact)
		read_address(sim, contact, &m->contact, NULL);
	if (length && strtoul(length, NULL, 10) != m->body_len)
		m->bad = true;
}

struct message *message_read(struct sim *sim, const void *data, size_t len)
{
	struct message *m = sim_alloc(sim, sizeof(*m));
	char *lines = sim_copy(sim, data, len);
	m->text = sim_copy(sim, data, len);
	m->len = len;
	m->method = m->ruri = m->branch = m->contact = m->from_tag = m->to_tag = m->from_uri = m->to_uri = "";
	char *body = strstr(lines, "\r\n\r\n");
	if (!body || memchr(data, 0, len)) {
		m->bad = true;
		return m;
	}
	*body = 0;
	m->body = body + 4;
	m->body_len = len - (size_t)(m->body - lines);
	char *line = lines, *next;
	m->start = line;
	for (bool first = true; line; line = next, first = false) {
		next = strstr(line, "\r\n");
		if (next) {
			*next = 0;
			next += 2;
		}
		if (!first)
			read_line(sim, m, line);
	}
	read_start(sim, m);
	read_known(sim, m);
	return m;
}
