#include "rewrite.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <strings.h>

#define VALUE_MAX 8192

struct rewriter {
	const struct matcher *matcher;
	const struct recording *rec;
	const struct entry *entry;
	const struct script_leg *leg; /* NULL: none */
	const struct party *party;
	struct sip_text text;
	char old_host[XF_ADDR_STRLEN], new_host[XF_ADDR_STRLEN]; /* of the party; equal: nothing to change */
	bool edited;
};

long rewrite_host(char *buf, size_t size, struct sip_text_span text, const char *old, const char *new)
{
	size_t n = 0, old_len = strlen(old), new_len = strlen(new);
	for (size_t i = 0; i < text.len;) {
		bool begins = i == 0 || (!isalnum((unsigned char)text.at[i - 1]) && text.at[i - 1] != '.');
		size_t end = i + old_len;
		bool hit = begins && end <= text.len && strncasecmp(text.at + i, old, old_len) == 0 &&
			   (end == text.len ||
			    (!isalnum((unsigned char)text.at[end]) &&
			     !(text.at[end] == '.' && end + 1 < text.len && isalnum((unsigned char)text.at[end + 1]))));
		const char *from = hit ? new : text.at + i;
		size_t len = hit ? new_len : 1;
		if (n + len > size)
			return -E2BIG;
		memcpy(buf + n, from, len);
		n += len;
		i += hit ? old_len : 1;
	}
	return (long)n;
}

static void set(struct rewriter *rw, int line, const char *value, size_t len)
{
	if (line >= 0)
		sip_text_set_value(&rw->text, (unsigned)line, value, len);
}

/* ---- the party's own addresses */

static void swap_line(struct rewriter *rw, unsigned line)
{
	char value[VALUE_MAX];
	long n = rewrite_host(value, sizeof(value), rw->text.lines[line].value, rw->old_host, rw->new_host);
	if (n > 0)
		sip_text_set_value(&rw->text, line, value, (size_t)n);
}

static void swap_hosts(struct rewriter *rw)
{
	static const char *const names[] = {"Contact", "Record-Route"};
	int line;
	if (strcmp(rw->old_host, rw->new_host) == 0)
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (unsigned from = 0; (line = sip_text_find(&rw->text, names[i], from)) >= 0;
		     from = (unsigned)line + 1)
			swap_line(rw, (unsigned)line);
	if (rw->entry->facts.request && (line = sip_text_find(&rw->text, "Via", 0)) >= 0)
		swap_line(rw, (unsigned)line);
	char *body = rw->entry->facts.has_sdp ? malloc(rw->text.body.len * 2 + 64) : NULL;
	if (body) {
		long n = rewrite_host(body, rw->text.body.len * 2 + 64, rw->text.body, rw->old_host, rw->new_host);
		if (n >= 0)
			sip_text_set_body(&rw->text, body, (size_t)n);
		free(body);
	}
}

/* What came over a stream enters as datagrams: its Via, Contact and Record-Route must say so. */
static void stream_to_datagram(struct rewriter *rw)
{
	static const char *const names[] = {"Via", "Contact", "Record-Route"};
	char value[VALUE_MAX];
	int line;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (unsigned from = 0; (line = sip_text_find(&rw->text, names[i], from)) >= 0;
		     from = (unsigned)line + 1) {
			struct sip_text_span old = rw->text.lines[line].value;
			size_t n = 0;
			if (old.len >= sizeof(value))
				continue;
			for (size_t k = 0; k < old.len;) {
				size_t left = old.len - k;
				if (i == 0 && left >= 8 && strncasecmp(old.at + k, "/2.0/TCP", 8) == 0) {
					memcpy(value + n, "/2.0/UDP", 8);
					n += 8;
					k += 8;
				} else if (i == 0 && left >= 8 && strncasecmp(old.at + k, "/2.0/TLS", 8) == 0) {
					memcpy(value + n, "/2.0/UDP", 8);
					n += 8;
					k += 8;
				} else if (left >= 14 && strncasecmp(old.at + k, ";transport=tcp", 14) == 0) {
					k += 14;
				} else {
					value[n++] = old.at[k++];
				}
			}
			set(rw, line, value, n);
		}
}

/* ---- requests */

static void set_request_uri(struct rewriter *rw, struct sip_text_span uri)
{
	char start[VALUE_MAX];
	const char *space = memchr(rw->text.start.at, ' ', rw->text.start.len);
	struct sip_text_span ruri = rw->entry->facts.ruri;
	if (!space || !ruri.at)
		return;
	const char *rest = ruri.at + ruri.len, *end = rw->entry->data + rw->text.start.len;
	int n = snprintf(start, sizeof(start), "%.*s %.*s%.*s", (int)(space - rw->text.start.at), rw->text.start.at,
			 (int)uri.len, uri.at, (int)(end - rest), rest);
	if (n > 0 && (size_t)n < sizeof(start))
		sip_text_set_start(&rw->text, start, (size_t)n);
}

/* An opening request to somebody else's address goes to the gateway's. */
static void readdress(struct rewriter *rw)
{
	char uri[VALUE_MAX], gateway[XF_SOCKADDR_STRLEN];
	struct xf_sockaddr shown = parties_gateway_shown(rw->rec->config, rw->party->network);
	struct sip_text_span ruri = rw->entry->facts.ruri, place = sip_text_uri_hostport(ruri);
	xf_sockaddr_format(&shown, gateway);
	if (!place.at)
		return;
	const char *behind = place.at + place.len, *dial = rw->rec->parties->dial;
	const struct facts *facts = &rw->entry->facts;
	if (!facts_is(facts, "INVITE") && !facts_is(facts, "CANCEL") && !facts_is(facts, "ACK"))
		dial = NULL;
	int n = dial ? snprintf(uri, sizeof(uri), "sip:%s@%s", dial, gateway)
		     : snprintf(uri, sizeof(uri), "%.*s%s%.*s", (int)(place.at - ruri.at), ruri.at, gateway,
				(int)(ruri.at + ruri.len - behind), behind);
	if (n <= 0 || (size_t)n >= sizeof(uri))
		return;
	/* the transport that the other one wanted is not ours */
	char *transport = strcasestr(uri, ";transport=");
	if (transport) {
		char *stop = transport + 1 + strcspn(transport + 1, ";?");
		memmove(transport, stop, strlen(stop) + 1);
	}
	set_request_uri(rw, (struct sip_text_span){uri, strlen(uri)});
}

/* "…;tag=old…" with the tag replaced. */
static void set_tag(struct rewriter *rw, const char *name, const char *tag)
{
	char value[VALUE_MAX];
	int line = sip_text_find(&rw->text, name, 0);
	if (line < 0)
		return;
	struct sip_text_span old = rw->text.lines[line].value, found = sip_text_param(old, "tag");
	if (!found.at)
		return;
	int n = snprintf(value, sizeof(value), "%.*s%s%.*s", (int)(found.at - old.at), old.at, tag,
			 (int)(old.at + old.len - found.at - (long)found.len), found.at + found.len);
	if (n > 0 && (size_t)n < sizeof(value))
		set(rw, line, value, (size_t)n);
}

/* Does its Request-URI repeat that of an INVITE? CANCEL, and ACK to a refusal (RFC 3261 9.1, 17.1.1.3). */
static bool repeats_invite(const struct rewriter *rw)
{
	const struct entry *entry = rw->entry;
	if (facts_is(&entry->facts, "CANCEL"))
		return true;
	return facts_is(&entry->facts, "ACK") && entry->answers != RECORDING_NONE &&
	       rw->rec->entries[entry->answers].facts.status >= 300;
}

static void rewrite_request(struct rewriter *rw)
{
	const struct facts *facts = &rw->entry->facts;
	bool inside = facts->to_tag.at && rw->leg;
	if (rw->rec->parties->as)
		sip_text_del_all(&rw->text, "Route");
	if (inside && rw->leg->contact && !repeats_invite(rw))
		set_request_uri(rw, (struct sip_text_span){rw->leg->contact, strlen(rw->leg->contact)});
	else if (rw->party)
		readdress(rw);
	if (!inside)
		return;
	if (rw->leg->call_id)
		set(rw, sip_text_find(&rw->text, "Call-ID", 0), rw->leg->call_id, strlen(rw->leg->call_id));
	/* a refusal may carry a tag of its own, which its ACK repeats */
	const char *tag = ids_find(&rw->matcher->ids, ID_TAG, rw->leg->party, facts->to_tag);
	if (!tag || !repeats_invite(rw))
		tag = rw->leg->tag ? rw->leg->tag : tag;
	if (tag)
		set_tag(rw, "To", tag);
}

/* ---- responses */

static void copy_vias(struct rewriter *rw, const struct sip_text *live)
{
	int at = sip_text_find(&rw->text, "Via", 0), line;
	unsigned to = at < 0 ? 0 : (unsigned)at;
	sip_text_del_all(&rw->text, "Via");
	for (unsigned from = 0; (line = sip_text_find(live, "Via", from)) >= 0; from = (unsigned)line + 1) {
		struct sip_text_span value = live->lines[line].value;
		sip_text_insert(&rw->text, to++, "Via", value.at, value.len);
	}
}

/* Routes that somebody between the gateway of the capture and the party had put in are not of this run. */
static void drop_routes(struct rewriter *rw, const struct entry *request)
{
	static struct sip_text recorded;
	int line, other;
	if (sip_text_parse(&recorded, request->data, request->len) < 0)
		return;
	for (unsigned from = 0; (line = sip_text_find(&recorded, "Record-Route", from)) >= 0; from = (unsigned)line + 1)
		for (unsigned at = 0; (other = sip_text_find(&rw->text, "Record-Route", at)) >= 0;) {
			struct sip_text_span value = rw->text.lines[other].value;
			if (value.len == recorded.lines[line].value.len &&
			    memcmp(value.at, recorded.lines[line].value.at, value.len) == 0)
				sip_text_del(&rw->text, (unsigned)other);
			else
				at = (unsigned)other + 1;
		}
	sip_text_fini(&recorded);
}

/* Via, From, To, Call-ID and CSeq are those of the request (RFC 3261 8.2.6.2); the tag is the party's own. */
static int rewrite_response(struct rewriter *rw)
{
	static struct sip_text live;
	static const char *const copied[] = {"From", "To", "Call-ID", "CSeq"};
	const struct entry *request = &rw->rec->entries[rw->entry->answers];
	char value[VALUE_MAX];
	if (!request->live || sip_text_parse(&live, request->live, request->live_len) < 0)
		return -EBADMSG;
	drop_routes(rw, request);
	copy_vias(rw, &live);
	for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++) {
		struct sip_text_span theirs = sip_text_value(&live, copied[i]);
		struct sip_text_span tag = rw->entry->facts.to_tag;
		int n = (int)theirs.len, line = sip_text_find(&rw->text, copied[i], 0);
		if (!theirs.at || line < 0 || theirs.len >= sizeof(value))
			continue;
		if (i == 1 && tag.at && !sip_text_param(theirs, "tag").at)
			n = snprintf(value, sizeof(value), "%.*s;tag=%.*s", n, theirs.at, (int)tag.len, tag.at);
		else
			memcpy(value, theirs.at, theirs.len);
		if (n > 0 && (size_t)n < sizeof(value))
			set(rw, line, value, (size_t)n);
	}
	sip_text_fini(&live);
	return 0;
}

/* ---- the rest */

/* Header values may name other dialogs, or answer challenges. */
static void rewrite_others(struct rewriter *rw)
{
	static const char *const own[] = {"Via",     "From",	     "To",	     "Call-ID",	      "CSeq",
					  "Contact", "Record-Route", "Content-Type", "Content-Length"};
	char value[VALUE_MAX];
	uint32_t party = rw->leg ? rw->leg->party : PARTY_NONE;
	for (unsigned i = 0; i < rw->text.line_count; i++) {
		bool skip = !rw->text.lines[i].name.len;
		for (size_t k = 0; k < sizeof(own) / sizeof(own[0]) && !skip; k++)
			skip = sip_text_name_is(rw->text.lines[i].name, own[k]);
		if (skip)
			continue;
		long n = ids_rewrite(&rw->matcher->ids, party, rw->text.lines[i].value, value, sizeof(value));
		if (n > 0)
			sip_text_set_value(&rw->text, i, value, (size_t)n);
	}
}

/* Where it comes from and goes to. */
static void find_ends(const struct rewriter *rw, struct xf_sockaddr *from, struct xf_sockaddr *to)
{
	const struct config *config = rw->rec->config;
	const struct entry *entry = rw->entry;
	*from = entry->from;
	*to = entry->to;
	from->addr = recording_shown(rw->rec, &entry->from.addr);
	uint32_t network = parties_network(config, &entry->to.addr);
	if (rw->party)
		network = rw->leg && rw->leg->network != XF_NONE ? rw->leg->network : rw->party->network;
	const struct entry *request =
	    !entry->facts.request && entry->answers != RECORDING_NONE ? &rw->rec->entries[entry->answers] : NULL;
	if (request && request->live) {
		/* an answer comes from where the request went, and goes to where it came from */
		*from = request->live_to;
		network = rw->leg ? rw->leg->network : network;
	} else if (entry->tcp) {
		from->port = 5060;
	}
	if (network == XF_NONE)
		return;
	to->addr = config->networks[network].sip.addr;
	if (rw->party || entry->tcp || request)
		to->port = config->networks[network].sip.port;
}

long rewrite_input(const struct matcher *matcher, uint32_t index, char *buf, size_t size, struct xf_sockaddr *from,
		   struct xf_sockaddr *to, char why[static REWRITE_WHY])
{
	static struct rewriter rw; /* big; one thread */
	const struct recording *rec = matcher->rec;
	const struct entry *entry = &rec->entries[index];
	rw.matcher = matcher;
	rw.rec = rec;
	rw.entry = entry;
	rw.leg = entry->leg == RECORDING_NONE ? NULL : &rec->legs[entry->leg];
	uint32_t party = rec->parties->as ? parties_find(rec->parties, &entry->from.addr) : PARTY_NONE;
	rw.party = party == PARTY_NONE ? NULL : &rec->parties->named[party];
	xf_addr_format(&entry->from.addr, rw.old_host);
	struct xf_addr shown = recording_shown(rec, &entry->from.addr);
	xf_addr_format(&shown, rw.new_host);
	find_ends(&rw, from, to);
	int r = sip_text_parse(&rw.text, entry->data, entry->len);
	if (r < 0) {
		snprintf(why, REWRITE_WHY, "%s", r == -E2BIG ? "it has too many header lines" : "it is no SIP message");
		return r;
	}
	if (rw.leg) {
		swap_hosts(&rw);
		if (entry->tcp)
			stream_to_datagram(&rw);
		if (entry->facts.request)
			rewrite_request(&rw);
		else if (entry->answers != RECORDING_NONE && rec->entries[entry->answers].live)
			r = rewrite_response(&rw);
		rewrite_others(&rw);
	}
	long n = r < 0 ? r : sip_text_print(&rw.text, buf, size);
	sip_text_fini(&rw.text);
	if (n < 0)
		snprintf(why, REWRITE_WHY, "%s", n == -E2BIG ? "it is too long for a datagram" : strerror((int)-n));
	return n;
}
