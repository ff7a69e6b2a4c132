/* RFC 3261 12.2.1: requests inside a dialog, with the credentials that its last challenge asks for. */
#include "call/shard.h"
#include "policy/guard.h"
#include "xfergate/fault.h"

#include <errno.h>

const char *leg_contact(const struct leg *leg, char *buf, size_t size)
{
	char text[XF_SOCKADDR_STRLEN];
	snprintf(buf, size, "<sip:xfergate@%s>", shard_own_address(leg->shard->config, leg->network, text));
	return buf;
}

/* Credentials belong to one peer and, if the configuration names it, one realm; a caller's leg has none. */
static const struct config_credentials *credentials(const struct leg *leg)
{
	const struct config *config = leg->shard->config;
	const struct config_credentials *c = NULL;
	if (leg->kind == LEG_TARGET && leg->provider != XF_NONE)
		c = &config->providers[leg->provider].credentials;
	else if (leg->kind == LEG_TARGET && leg->sip_server != XF_NONE)
		c = &config->sip_servers[leg->sip_server].credentials;
	else if (leg->kind == LEG_AGENT && leg->agent != XF_NONE)
		c = &config->agents[leg->agent].credentials;
	return c && c->username ? c : NULL;
}

static int add_authorization(struct leg *leg, char *headers, size_t size, const char *method, const char *uri)
{
	const struct config_credentials *c = credentials(leg);
	char cnonce[17];
	if (!leg->challenged || !c)
		return 0;
	env_random_token(leg->shard->env, cnonce, 16);
	return digest_answer(headers, size, &leg->challenge, c->username, c->password, method, uri, cnonce,
			     ++leg->nonce_count);
}

static void with_tag(char *buf, size_t size, const char *value, const char *tag)
{
	if (*tag)
		snprintf(buf, size, "%s;tag=%s", value, tag);
	else
		snprintf(buf, size, "%s", value);
}

struct filled {
	char from[LEG_VALUE_MAX + 32], to[LEG_VALUE_MAX + LEG_ID_MAX + 8], contact[128];
	char headers[LEG_HEADERS_MAX];
	struct sip_request request;
};

static int fill(struct leg *leg, struct filled *f, enum sip_method method, uint32_t cseq, const char *headers)
{
	with_tag(f->from, sizeof(f->from), leg->local, leg->local_tag);
	with_tag(f->to, sizeof(f->to), leg->remote, leg->remote_tag);
	leg_contact(leg, f->contact, sizeof(f->contact));
	if ((size_t)snprintf(f->headers, sizeof(f->headers), "%s", headers ? headers : "") >= sizeof(f->headers))
		return -E2BIG;
	const struct call *call = shard_call(leg->shard, leg->call);
	f->request = (struct sip_request){.method = method,
					  .ruri = leg->remote_target,
					  .from = f->from,
					  .to = f->to,
					  .call_id = leg->call_id,
					  .cseq = cseq,
					  .max_forwards = method == SIP_INVITE ? call->max_forwards : 70,
					  .route = leg->route_set,
					  .contact = method == SIP_BYE || method == SIP_ACK ? NULL : f->contact,
					  .headers = f->headers};
	return add_authorization(leg, f->headers, sizeof(f->headers),
				 method == SIP_ACK ? "INVITE" : sip_method_name(method), leg->remote_target);
}

int leg_send(struct leg *leg, const struct leg_request *wanted, sip_txn *txn)
{
	struct filled f;
	struct sip_hop hop = {leg->network, leg->hop};
	*txn = 0;
	if (!leg->hop.addr.family)
		return -ENOTCONN;
	if (!XF_FAULT("cseq-used-twice") || wanted->method != SIP_BYE)
		leg->local_cseq++;
	int r = fill(leg, &f, wanted->method, leg->local_cseq, wanted->headers);
	if (r < 0)
		return r;
	leg->auth_tries = 0;
	f.request.content_type = wanted->content_type;
	f.request.body = wanted->body;
	f.request.body_len = wanted->body_len;
	r = sip_send(leg->shard->sip, txn, &f.request, &hop, leg->id);
	explicit_bzero(&f, sizeof(f));
	return r;
}

void leg_send_ack(struct leg *leg)
{
	struct filled f;
	struct sip_hop hop = {leg->network, leg->hop};
	if (fill(leg, &f, SIP_ACK, leg->invite_cseq, NULL) == 0)
		sip_send_ack(leg->shard->sip, &f.request, &hop);
	leg->ack_pending = false;
	explicit_bzero(&f, sizeof(f));
}

int leg_authenticate(struct leg *leg, sip_txn *txn, const struct sip_message *response, char *why, size_t why_size)
{
	const struct config_credentials *c = credentials(leg);
	const struct sip_request *sent = sip_sent_request(leg->shard->sip, *txn);
	struct digest_challenge challenge;
	char headers[LEG_HEADERS_MAX] = "";
	snprintf(why, why_size, "asks for credentials and there are none for it");
	if (!c || !sent)
		return -ENOENT;
	int r = digest_choose(&challenge, response, XF_FAULT("any-realm") ? NULL : c->realm, why, why_size);
	if (r < 0)
		return r;
	/* A second challenge to the same credentials means that they are wrong, unless it says that the nonce was old.
	 */
	if (leg->auth_tries && !(challenge.stale && leg->auth_tries < 3)) {
		snprintf(why, why_size, "does not accept our credentials for realm %.64s", challenge.realm);
		return -EACCES;
	}
	leg->auth_tries++;
	leg->challenge = challenge;
	leg->challenged = true;
	leg->nonce_count = 0;
	/* What was sent, without the credentials that were refused. */
	const char *line = sent->headers ? sent->headers : "";
	while (*line) {
		const char *end = strstr(line, "\r\n");
		size_t n = end ? (size_t)(end - line) + 2 : strlen(line);
		if (strncasecmp(line, "Authorization:", 14) != 0 && strncasecmp(line, "Proxy-Authorization:", 20) != 0)
			strncat(headers, line, n < sizeof(headers) - strlen(headers) ? n : 0);
		line += n;
	}
	r = add_authorization(leg, headers, sizeof(headers), sip_method_name(sent->method), sent->ruri);
	if (r == 0) {
		struct sip_request again = *sent;
		struct sip_hop hop = {leg->network, leg->hop};
		again.headers = headers;
		again.cseq = ++leg->local_cseq;
		if (again.method == SIP_INVITE)
			leg->invite_cseq = again.cseq;
		r = sip_send(leg->shard->sip, txn, &again, &hop, leg->id);
	}
	explicit_bzero(headers, sizeof(headers));
	if (r < 0)
		snprintf(why, why_size, "could not answer its challenge");
	return r;
}

bool leg_can_reach(const struct sip_uri *contact)
{
	return contact->scheme == SIP_SCHEME_SIP || contact->scheme == SIP_SCHEME_SIPS;
}

void leg_take_tag(struct leg *leg, const char *tag)
{
	if (strcmp(leg->remote_tag, tag) == 0)
		return;
	snprintf(leg->remote_tag, sizeof(leg->remote_tag), "%s", tag);
	leg->remote_cseq = 0;
}

void leg_dialog_from_response(struct leg *leg, const struct sip_message *response)
{
	leg_take_tag(leg, response->to.tag);
	if (leg_can_reach(&response->contact.uri))
		snprintf(leg->remote_target, sizeof(leg->remote_target), "%s", response->contact.uri.text);
	leg->route_set[0] = 0;
	/* RFC 3261 12.1.2: the caller takes the Record-Route in reverse. */
	size_t at = 0;
	for (unsigned i = response->record_route_count; i-- > 0;) {
		int n = snprintf(leg->route_set + at, sizeof(leg->route_set) - at, "%s%s", at ? ", " : "",
				 response->record_route[i]);
		if (n < 0 || (size_t)n >= sizeof(leg->route_set) - at) {
			leg->route_set[at] = 0;
			break;
		}
		at += (size_t)n;
	}
	leg->dialog = true;
}

/* The first Route's URI, else the remote target. */
static int next_uri(const struct leg *leg, struct sip_uri *uri)
{
	if (!*leg->route_set)
		return sip_uri_parse(uri, leg->remote_target, strlen(leg->remote_target));
	const char *start = strchr(leg->route_set, '<');
	const char *end = start ? strchr(start, '>') : NULL;
	if (!end)
		return -EBADMSG;
	return sip_uri_parse(uri, start + 1, (size_t)(end - start - 1));
}

int leg_move_hop(struct leg *leg, const struct xf_sockaddr *hop)
{
	const struct config *config = leg->shard->config;
	const struct seam *seam = leg->shard->env->seam;
	struct seam_route route;
	/* What the operator lists as the peer's is as good as where it speaks from. */
	bool listed = leg_lists(leg, &hop->addr);
	if (!guard_hop(config, &hop->addr, listed ? &hop->addr : &leg->hop.addr) ||
	    seam->route(seam->arg, &hop->addr, &route) < 0 || route.network != leg->network)
		return -ENETUNREACH;
	int r = leg_admit(leg, &hop->addr);
	leg->next_hop = (struct xf_sockaddr){0};
	if (r == 0)
		leg->hop = *hop;
	else if (r == -EINPROGRESS)
		leg->next_hop = *hop; /* leg_admitted goes on */
	return r;
}

void leg_find_hop(struct leg *leg)
{
	struct sip_uri uri;
	struct xf_sockaddr hop = {0};
	resolver_forget(leg->shard->resolver, leg->id); /* an earlier Contact's name */
	if (next_uri(leg, &uri) == 0) {
		hop.port = uri.port ? uri.port : 5060;
		int r = xf_addr_parse(&hop.addr, uri.host) == 0			 ? leg_move_hop(leg, &hop)
			: resolver_ask(leg->shard->resolver, leg->id, &uri) == 0 ? -EINPROGRESS
										 : -ENETUNREACH;
		if (r == -EINPROGRESS)
			return; /* leg_admitted or leg_resolved goes on */
	}
	/* An address that cannot be reached (private, behind NAT): stay with the one that spoke to us. */
	if (leg->ack_pending)
		leg_send_ack(leg);
}
