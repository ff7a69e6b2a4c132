/* A SIP message: what we and libosip2 both accept says the same to both; what is accepted is within its limits, is
 * accepted by the scan that the dataplane screens with, in the same reading, and says the same again when it is printed
 * from its header lines and read once more. */
#include <errno.h>
#include "../unit/scan/same.h"
#include "against_osip.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	return parser_init();
}

static void one_line(const char *text, size_t size)
{
	fuzz_check(strlen(text) < size);
	for (const char *p = text; *p; p++)
		fuzz_check((unsigned char)*p >= 0x20 || *p == '\t', "control character %02x in '%s'", *p, text);
}

static void within_limits(const struct sip_message *m)
{
	fuzz_check(m->via_count > 0 && m->via_count <= SIP_VIA_MAX && m->record_route_count <= SIP_ROUTE_MAX);
	fuzz_check(m->header_count <= SIP_HEADERS_MAX && m->call_id && m->call_id[0]);
	fuzz_check(m->body[m->body_len] == 0 && m->max_forwards >= -1 && m->max_forwards <= 65535);
	if (m->request)
		fuzz_check(strcmp(m->method_name, m->cseq_method) == 0);
	else
		fuzz_check(m->status >= 100 && m->status <= 699);
	for (unsigned i = 0; i < m->header_count; i++) {
		one_line(m->headers[i].name, SIP_MESSAGE_MAX);
		fuzz_check(strlen(m->headers[i].value) == m->headers[i].wire_len);
		fuzz_check(!memchr(m->headers[i].value, '\n', m->headers[i].wire_len));
	}
	const struct sip_address *all[] = {&m->from, &m->to, &m->contact};
	for (unsigned i = 0; i < 3; i++) {
		one_line(all[i]->display, SIP_MESSAGE_MAX);
		one_line(all[i]->tag, SIP_MESSAGE_MAX);
		one_line(all[i]->uri.user, sizeof(all[i]->uri.user));
		one_line(all[i]->uri.host, sizeof(all[i]->uri.host));
	}
}

static char *print(const struct sip_message *m, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);
	fuzz_check(out);
	if (m->request)
		fprintf(out, "%s %s SIP/2.0\r\n", m->method_name, m->ruri_text);
	else
		fprintf(out, "SIP/2.0 %03d %s\r\n", m->status, m->reason);
	for (unsigned i = 0; i < m->header_count; i++) {
		fprintf(out, "%s: ", m->headers[i].name);
		fwrite(m->headers[i].wire, 1, m->headers[i].wire_len, out);
		fputs("\r\n", out);
	}
	fputs("\r\n", out);
	fwrite(m->body, 1, m->body_len, out);
	fclose(out);
	return text;
}

static void same_uri(const struct sip_uri *a, const struct sip_uri *b)
{
	fuzz_check(memcmp(a, b, sizeof(*a)) == 0, "'%s' became '%s'", a->text, b->text);
}

static void same_address(const struct sip_address *a, const struct sip_address *b)
{
	same_uri(&a->uri, &b->uri);
	fuzz_check(strcmp(a->display, b->display) == 0 && strcmp(a->tag, b->tag) == 0 && strcmp(a->text, b->text) == 0);
}

static void same_message(const struct sip_message *a, const struct sip_message *b)
{
	fuzz_check(a->request == b->request && a->method == b->method && strcmp(a->method_name, b->method_name) == 0);
	if (a->request)
		same_uri(&a->ruri, &b->ruri);
	else
		fuzz_check(a->status == b->status && strcmp(a->reason, b->reason) == 0);
	fuzz_check(strcmp(a->call_id, b->call_id) == 0 && a->cseq == b->cseq &&
		   strcmp(a->cseq_method, b->cseq_method) == 0);
	same_address(&a->from, &b->from);
	same_address(&a->to, &b->to);
	same_address(&a->contact, &b->contact);
	fuzz_check(a->via_count == b->via_count && a->contact_count == b->contact_count &&
		   a->record_route_count == b->record_route_count && a->route_count == b->route_count);
	for (unsigned i = 0; i < a->via_count; i++)
		fuzz_check(strcmp(a->via[i].text, b->via[i].text) == 0 && strcmp(a->via[i].host, b->via[i].host) == 0 &&
			   a->via[i].port == b->via[i].port && strcmp(a->via[i].branch, b->via[i].branch) == 0 &&
			   a->via[i].rport == b->via[i].rport);
	for (unsigned i = 0; i < a->record_route_count; i++)
		fuzz_check(strcmp(a->record_route[i], b->record_route[i]) == 0);
	fuzz_check(a->max_forwards == b->max_forwards && strcmp(a->content_type, b->content_type) == 0);
	fuzz_check(a->body_len == b->body_len && memcmp(a->body, b->body, a->body_len) == 0);
	fuzz_check(a->header_count == b->header_count);
	for (unsigned i = 0; i < a->header_count; i++)
		fuzz_check(strcmp(a->headers[i].name, b->headers[i].name) == 0 &&
			   a->headers[i].wire_len == b->headers[i].wire_len &&
			   memcmp(a->headers[i].wire, b->headers[i].wire, a->headers[i].wire_len) == 0);
}

/* A compact name becomes a long one, and ": " may be longer than what stood there. */
static bool has_longer_line(const struct sip_message *m)
{
	for (unsigned i = 0; i < m->header_count; i++)
		if (strlen(m->headers[i].name) + 2 + m->headers[i].wire_len > SIP_LINE_MAX)
			return true;
	return false;
}

static void again(const struct sip_message *m)
{
	struct sip_message *second;
	char why[160];
	size_t len = 0;
	char *text = print(m, &len);
	int rc = sip_message_parse(&second, text, len, why, sizeof(why));
	if (rc == -E2BIG && (len > SIP_MESSAGE_MAX || has_longer_line(m))) {
		free(text);
		return;
	}
	fuzz_check(rc == 0, "%s\n%s", why, text);
	same_message(m, second);
	sip_message_destroy(second);
	free(text);
}

static void against_osip(const struct sip_message *m, const uint8_t *data, size_t len)
{
	osip_message_t *theirs;
	/* It loses memory over broken parts; we never let it read bodies. */
	if (strncmp(m->content_type, "multipart/", 10) == 0)
		return;
	fuzz_check(osip_message_init(&theirs) == 0);
	if (osip_message_parse(theirs, (const char *)data, len) == 0)
		against_osip_message(m, theirs);
	osip_message_free(theirs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct sip_message *m;
	char why[160];
	int rc = sip_message_parse(&m, (const char *)data, len, why, sizeof(why));
	fuzz_check((rc < 0) == (why[0] != 0), "a reason, and only on failure");
	fuzz_check(rc == 0 || rc == -EBADMSG || rc == -E2BIG || rc == -EPROTONOSUPPORT, "%d", rc);
	if (rc == 0) {
		within_limits(m);
		again(m);
		against_osip(m, data, len);
	} else if (m) {
		fuzz_check(m->request && m->via_count > 0 && m->via[0].host[0] && m->call_id && m->from.text &&
			   m->to.text);
	}
	sip_message_destroy(m);
	const char *differs = same_as_controlplane(data, len, NULL);
	fuzz_check(!differs, "scan and control plane: %s", differs);
	return 0;
}
