#include "against_osip.h"

#include <strings.h>

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static void same(const char *what, const char *ours, const char *theirs)
{
	fuzz_check(strcmp(or_empty(ours), or_empty(theirs)) == 0, "%s: '%s' or '%s'", what, or_empty(ours),
		   or_empty(theirs));
}

static void same_host(const char *what, const char *ours, const char *theirs)
{
	fuzz_check(strcasecmp(ours, or_empty(theirs)) == 0, "host of %s: '%s' or '%s'", what, ours, or_empty(theirs));
}

static void same_port(const char *what, unsigned ours, const char *theirs)
{
	fuzz_check(theirs ? (unsigned long)ours == strtoul(theirs, NULL, 10) : ours == 0, "port of %s: %u or '%s'",
		   what, ours, or_empty(theirs));
}

/* libosip2 unescapes parameters. We do not: an escaped name or value is none that we know, and is refused where it
 * matters. */
static void same_uri_param(const struct sip_uri *uri, const char *name, const char *ours, const osip_uri_t *theirs)
{
	osip_uri_param_t *param = NULL;
	osip_uri_uparam_get_byname((osip_uri_t *)theirs, (char *)name, &param);
	const char *value = param ? or_empty(param->gvalue) : "";
	fuzz_check(strcasecmp(ours, value) == 0 || strchr(uri->text, '%'), "%s in %s: '%s' or '%s'", name, uri->text,
		   ours, value);
}

void against_osip_uri(const char *what, const struct sip_uri *ours, const osip_uri_t *theirs)
{
	bool sip = ours->scheme == SIP_SCHEME_SIP || ours->scheme == SIP_SCHEME_SIPS;
	if (ours->scheme == SIP_SCHEME_OTHER && !ours->text[0])
		return; /* not routed by: too long for us, or it escapes control characters */
	fuzz_check(theirs && theirs->scheme, "%s: no URI", what);
	size_t scheme = strcspn(ours->text, ":");
	fuzz_check(strlen(theirs->scheme) == scheme && strncasecmp(theirs->scheme, ours->text, scheme) == 0,
		   "scheme of %s: '%s' or '%s'", what, ours->text, theirs->scheme);
	if (!sip)
		return;
	same("user", ours->user, theirs->username);
	same_host(what, ours->host, theirs->host);
	same_port(what, ours->port, theirs->port);
	same_uri_param(ours, "transport", ours->transport, theirs);
	same_uri_param(ours, "method", ours->method, theirs);
	/* A "?" without a whole header behind it is none there, and refused all the same here. */
	fuzz_check(ours->headers || osip_list_size(&theirs->url_headers) == 0, "%s: headers or none", what);
}

void against_osip_address(const char *what, const struct sip_address *ours, const osip_from_t *theirs)
{
	osip_generic_param_t *tag = NULL;
	fuzz_check(theirs, "%s: none", what);
	against_osip_uri(what, &ours->uri, theirs->url);
	osip_generic_param_get_byname((osip_list_t *)&theirs->gen_params, (char *)"tag", &tag);
	same("tag", ours->tag, tag ? tag->gvalue : NULL);
}

static void start_line(const struct sip_message *ours, const osip_message_t *theirs)
{
	fuzz_check(ours->request == MSG_IS_REQUEST(theirs));
	if (!ours->request) {
		fuzz_check(ours->status == theirs->status_code, "%d or %d", ours->status, theirs->status_code);
		return;
	}
	same("method", ours->method_name, theirs->sip_method);
	against_osip_uri("Request-URI", &ours->ruri, theirs->req_uri);
}

static void vias(const struct sip_message *ours, const osip_message_t *theirs)
{
	fuzz_check(ours->via_count == (unsigned)osip_list_size(&theirs->vias), "%u or %d Vias", ours->via_count,
		   osip_list_size(&theirs->vias));
	for (unsigned i = 0; i < ours->via_count; i++) {
		osip_via_t *via = osip_list_get(&theirs->vias, (int)i);
		osip_generic_param_t *branch = NULL, *rport = NULL;
		/* Many blanks behind "SIP/2.0/" make it take the transport for a part of the host, or for nothing if
		 * the host stands in brackets. Unfolded, as we hold the value, it reads what we read, or the message
		 * would have been refused. */
		if (strpbrk(or_empty(via->host), " \t"))
			continue;
		same_host("Via", ours->via[i].host, via->host);
		same_port("Via", ours->via[i].port, via->port);
		const char *transport = or_empty(via->protocol);
		fuzz_check(strcasecmp(ours->via[i].transport, transport) == 0 ||
			       (!transport[0] && strchr(ours->via[i].host, ':')),
			   "transport '%s' or '%s'", ours->via[i].transport, transport);
		osip_via_param_get_byname(via, (char *)"branch", &branch);
		same("branch", ours->via[i].branch, branch ? branch->gvalue : NULL);
		osip_via_param_get_byname(via, (char *)"rport", &rport);
		fuzz_check(ours->via[i].rport == (rport != NULL), "rport of Via %u", i);
	}
}

static void contacts(const struct sip_message *ours, const osip_message_t *theirs)
{
	fuzz_check(ours->contact_count == (unsigned)osip_list_size(&theirs->contacts), "%u or %d Contacts",
		   ours->contact_count, osip_list_size(&theirs->contacts));
	if (ours->contact_count == 0)
		return;
	const osip_contact_t *contact = osip_list_get(&theirs->contacts, 0);
	if (strcmp(ours->contact.text, "*") == 0)
		same("Contact", "*", contact->displayname);
	else
		against_osip_address("Contact", &ours->contact, contact);
}

/* A Route is not looked at: we are nobody's proxy. */
static void record_routes(const struct sip_message *ours, const osip_message_t *theirs)
{
	char scratch[SIP_MESSAGE_MAX + 2];
	struct sip_address address;
	fuzz_check(ours->record_route_count == (unsigned)osip_list_size(&theirs->record_routes),
		   "%u or %d Record-Routes", ours->record_route_count, osip_list_size(&theirs->record_routes));
	for (unsigned i = 0; i < ours->record_route_count; i++)
		if (sip_address_parse(&address, ours->record_route[i], scratch, sizeof(scratch)) == 0)
			against_osip_address("Record-Route", &address, osip_list_get(&theirs->record_routes, (int)i));
}

static void dialog(const struct sip_message *ours, const osip_message_t *theirs)
{
	char *call_id = NULL;
	against_osip_address("From", &ours->from, theirs->from);
	against_osip_address("To", &ours->to, theirs->to);
	fuzz_check(theirs->call_id && theirs->cseq);
	fuzz_check(osip_call_id_to_str(theirs->call_id, &call_id) == 0);
	same("Call-ID", ours->call_id, call_id);
	osip_free(call_id);
	fuzz_check(ours->cseq == strtoul(or_empty(theirs->cseq->number), NULL, 10), "%u or %s", ours->cseq,
		   or_empty(theirs->cseq->number));
	same("CSeq", ours->cseq_method, theirs->cseq->method);
}

/* Behind a header that ends in a folded line of blanks libosip2 takes the body for headers still, and unfolds it. The
 * body that is used is ours. */
static bool same_but_for_folds(const char *ours, const char *theirs, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (ours[i] != theirs[i] && !(theirs[i] == ' ' && ours[i] && strchr("\r\n\t", ours[i])))
			return false;
	return true;
}

static void body(const struct sip_message *ours, osip_message_t *theirs)
{
	osip_header_t *forwards = NULL;
	/* Without the header a body goes to the end of the datagram (RFC 3261 18.3); libosip2 puts in one of its own.
	 */
	if (theirs->content_length && sip_message_header(ours, "Content-Length", NULL))
		fuzz_check(ours->body_len == strtoul(or_empty(theirs->content_length->value), NULL, 10),
			   "%zu bytes or %s", ours->body_len, or_empty(theirs->content_length->value));
	/* A multipart body is several there. */
	const osip_body_t *first = osip_list_get(&theirs->bodies, 0);
	if (first && strncmp(ours->content_type, "multipart", 9) != 0) {
		fuzz_check(osip_list_size(&theirs->bodies) == 1);
		fuzz_check(ours->body_len == first->length, "%zu or %zu bytes", ours->body_len, first->length);
		fuzz_check(same_but_for_folds(ours->body, first->body, first->length));
	}
	if (theirs->content_type) {
		char type[SIP_MESSAGE_MAX * 2];
		snprintf(type, sizeof(type), "%s/%s", or_empty(theirs->content_type->type),
			 or_empty(theirs->content_type->subtype));
		fuzz_check(strcasecmp(ours->content_type, type) == 0, "'%s' or '%s'", ours->content_type, type);
	}
	osip_message_get_max_forwards(theirs, 0, &forwards);
	fuzz_check((ours->max_forwards >= 0) == (forwards != NULL));
	if (forwards)
		fuzz_check((unsigned long)ours->max_forwards == strtoul(or_empty(forwards->hvalue), NULL, 10));
}

void against_osip_message(const struct sip_message *ours, osip_message_t *theirs)
{
	start_line(ours, theirs);
	vias(ours, theirs);
	dialog(ours, theirs);
	contacts(ours, theirs);
	record_routes(ours, theirs);
	body(ours, theirs);
}
