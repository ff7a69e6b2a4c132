#include "party.h"
#include "judge.h"

#define T1_MS	   500
#define T2_MS	   4000
#define GIVE_UP_NS (32 * NS_PER_S)

const char *const party_names[PARTY_KINDS] = {"caller", "agent", "number", "pbx"};

static const enum sim_network networks[PARTY_KINDS] = {SIM_CARRIER, SIM_AGENTS, SIM_CARRIER, SIM_PBX};

struct party *party_create(struct sim *sim, enum party_kind kind)
{
	static const char *const addresses[PARTY_KINDS] = {"192.0.2.20", "198.51.100.10", "192.0.2.10", "203.0.113.10"};
	if (sim->party_count == SIM_PARTIES)
		return NULL;
	struct party *party = sim_alloc(sim, sizeof(*party));
	party->sim = sim;
	party->kind = kind;
	party->number = sim->party_count;
	party->network = networks[kind];
	party->gateway = network_gateway(sim, party->network);
	party->own.port = 5060;
	xf_addr_parse(&party->own.addr, party->gateway.addr.family == 6 ? "2001:db8:3::10" : addresses[kind]);
	party->tag = sim_print(sim, "sim%u", ++sim->serial);
	party->remote_tag = "";
	party->cseq = 100;
	char address[XF_SOCKADDR_STRLEN];
	party->contact = sim_print(sim, "sip:sim@%s", xf_sockaddr_format(&party->own, address));
	sim->parties[sim->party_count++] = party;
	media_init(party);
	return party;
}

unsigned party_roll(struct party *party, unsigned sides)
{
	return dice_roll(party->sim->dice, DICE_PARTY + party->number, sides);
}

bool party_chance(struct party *party, unsigned permille)
{
	return dice_chance(party->sim->dice, DICE_PARTY + party->number, permille);
}

/* ---- out */

static char *spoil(struct party *party, char *text, size_t *len)
{
	char *at;
	switch (party_roll(party, 7)) {
	case 0:
		for (unsigned i = 0; i < 3; i++)
			text[party_roll(party, (unsigned)*len)] = (char)party_roll(party, 256);
		break;
	case 1:
		*len = party_roll(party, (unsigned)*len);
		break;
	case 2:
		if ((at = strstr(text, ";tag=")))
			at[5] = '~';
		break;
	case 3:
		if ((at = strstr(text, "CSeq: ")))
			at[6] = (char)('1' + party_roll(party, 9));
		break;
	case 4:
		if ((at = strstr(text, "branch=z9hG4bK")))
			at[14] = '~';
		break;
	case 5: {
		char *big = sim_alloc(party->sim, *len + 9000), *line = strstr(text, "\r\n");
		size_t head = line ? (size_t)(line - text) + 2 : 0;
		memcpy(big, text, head);
		memset(big + head, 'x', 8000);
		memcpy(big + head, "X-Big: ", 7);
		memcpy(big + head + 8000, "\r\n", 2);
		memcpy(big + head + 8002, text + head, *len - head);
		*len += 8002;
		return big;
	}
	default:
		*len = 0;
	}
	return text;
}

void party_transmit(struct party *party, const struct xf_sockaddr *from, const char *text, size_t len)
{
	struct sim *sim = party->sim;
	if (sim->plan.rude && !sim->calm && party_chance(party, sim->plan.rude)) {
		text = spoil(party, sim_copy(sim, text, len), &len);
		sim_note(sim, "%s %u spoils what it sends (%zu bytes)", party_names[party->kind], party->number, len);
	}
	if (len)
		network_send(sim, from, &party->gateway, text, len);
}

static void client_repeat(void *arg, uint64_t number)
{
	struct client *client = arg;
	bool invite = strcmp(client->method, "INVITE") == 0;
	if (client->done || (invite && client->provisional))
		return;
	if (sim_now(client->party->sim) - client->began_ns > GIVE_UP_NS) {
		client->done = true;
		if (strcmp(client->method, "BYE") == 0 || invite)
			party_end(client->party);
		return;
	}
	party_transmit(client->party, &client->party->own, client->text, client->len);
	client->interval_ms *= 2;
	if (!invite && client->interval_ms > T2_MS)
		client->interval_ms = T2_MS;
	sim_later(client->party->sim, client->interval_ms, client_repeat, client, 0);
}

static char *request_text(struct party *party, const char *method, uint32_t cseq, const char *branch,
			  const char *target, const char *extra, const char *body)
{
	char own[XF_SOCKADDR_STRLEN];
	xf_sockaddr_format(&party->own, own);
	return sim_print(party->sim,
			 "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=%s;rport\r\nMax-Forwards: 70\r\n"
			 "From: <%s>;tag=%s\r\nTo: <%s>%s%s\r\nCall-ID: %s\r\nCSeq: %u %s\r\nContact: <%s>\r\n%s%s"
			 "Content-Length: %zu\r\n\r\n%s",
			 method, target, own, branch, party->local_uri, party->tag, party->remote_uri,
			 *party->remote_tag ? ";tag=" : "", party->remote_tag, party->call_id, cseq, method,
			 party->contact, extra ? extra : "", body ? "Content-Type: application/sdp\r\n" : "",
			 body ? strlen(body) : 0, body ? body : "");
}

struct client *party_request(struct party *party, const char *method, const char *extra, const char *body)
{
	struct sim *sim = party->sim;
	struct client *client = sim_alloc(sim, sizeof(*client));
	client->party = party;
	client->method = method;
	client->cseq = ++party->cseq;
	client->branch = sim_print(sim, "z9hG4bKsim%u", ++sim->serial);
	client->text = request_text(party, method, client->cseq, client->branch, party->target, extra, body);
	client->len = strlen(client->text);
	client->began_ns = sim_now(sim);
	client->interval_ms = T1_MS;
	client->next = party->clients;
	party->clients = client;
	party_transmit(party, &party->own, client->text, client->len);
	sim_later(sim, T1_MS, client_repeat, client, 0);
	return client;
}

/* CANCEL has the INVITE's branch, and its own transaction. */
void party_cancel(struct party *party)
{
	struct sim *sim = party->sim;
	struct client *client = sim_alloc(sim, sizeof(*client));
	client->party = party;
	client->method = "CANCEL";
	client->cseq = party->invite->cseq;
	client->branch = party->invite->branch;
	client->text = request_text(party, "CANCEL", client->cseq, client->branch, party->target, NULL, NULL);
	client->len = strlen(client->text);
	client->began_ns = sim_now(sim);
	client->interval_ms = T1_MS;
	client->next = party->clients;
	party->clients = client;
	party_transmit(party, &party->own, client->text, client->len);
	sim_later(sim, T1_MS, client_repeat, client, 0);
}

void party_ack(struct party *party, struct client *invite, const char *body)
{
	struct sim *sim = party->sim;
	if (!invite->ack)
		invite->ack = request_text(party, "ACK", invite->cseq, sim_print(sim, "z9hG4bKsim%u", ++sim->serial),
					   party->target, NULL, body);
	party_transmit(party, &party->own, invite->ack, strlen(invite->ack));
}

static void server_repeat(void *arg, uint64_t number)
{
	struct server *server = arg;
	if (server->acked || sim_now(server->party->sim) - server->began_ns > GIVE_UP_NS)
		return;
	party_transmit(server->party, &server->own, server->answer, server->answer_len);
	server->interval_ms = server->interval_ms * 2 > T2_MS ? T2_MS : server->interval_ms * 2;
	sim_later(server->party->sim, server->interval_ms, server_repeat, server, 0);
}

void party_answer(struct server *server, int status, const char *extra, const char *body)
{
	struct party *party = server->party;
	const struct message *r = server->request;
	char tag[160] = "";
	if (!*r->to_tag && status > 100)
		snprintf(tag, sizeof(tag), ";tag=%.100s", party->tag);
	server->answer = sim_print(party->sim,
				   "SIP/2.0 %d Words of secret\r\nVia: %s\r\nFrom: %s\r\nTo: %s%s\r\nCall-ID: %s\r\n"
				   "CSeq: %u %s\r\nContact: <%s>\r\n%s%sContent-Length: %zu\r\n\r\n%s",
				   status, r->via, r->from, r->to, tag, r->call_id, r->cseq, r->method, party->contact,
				   extra ? extra : "", body ? "Content-Type: application/sdp\r\n" : "",
				   body ? strlen(body) : 0, body ? body : "");
	server->answer_len = strlen(server->answer);
	server->status = status;
	party_transmit(party, &server->own, server->answer, server->answer_len);
	if (status >= 200 && message_is(r, "INVITE")) {
		server->began_ns = sim_now(party->sim);
		server->interval_ms = T1_MS;
		sim_later(party->sim, T1_MS, server_repeat, server, 0);
	}
}

/* ---- life */

void party_end(struct party *party)
{
	party->ended = true;
}

void party_bye(struct party *party)
{
	if (party->ended || !party->connected)
		return;
	party_end(party);
	party_request(party, "BYE", NULL, NULL);
}

void party_connected(struct party *party)
{
	if (party->connected)
		return;
	party->connected = true;
	party->connected_ns = sim_now(party->sim);
	media_talk_all(party->sim, party->call, 600);
	if (party->kind != PARTY_CALLER)
		callee_connected(party);
	if (party->kind == PARTY_AGENT)
		agent_connected(party);
}

/* ---- in */

static void invite_refused(struct party *party, struct client *client)
{
	struct sim *sim = party->sim;
	if (!client->ack) {
		/* RFC 3261 17.1.1.3: the INVITE's branch, and the answer's To. */
		const char *text = request_text(party, "ACK", client->cseq, client->branch, party->target, NULL, NULL);
		client->ack = text;
	}
	network_send(sim, &party->own, &party->gateway, client->ack, strlen(client->ack));
}

static void response_received(struct party *party, const struct message *m)
{
	struct client *client = party->clients;
	while (client && (strcmp(client->branch, m->branch) != 0 || !message_is(m, client->method)))
		client = client->next;
	if (!client)
		return;
	bool invite = message_is(m, "INVITE");
	if (m->status < 200) {
		client->provisional = true;
		if (invite && client == party->invite && message_has_sdp(m))
			media_take(party, m);
		return;
	}
	if (client->done) {
		if (invite && client->ack)
			party_transmit(party, &party->own, client->ack, strlen(client->ack));
		return;
	}
	client->done = true;
	if (invite && client == party->invite) {
		caller_answered(party, client, m);
	} else if (invite) { /* re-INVITE */
		if (m->status < 300) {
			media_take(party, m);
			party_ack(party, client, party->offered_late ? media_sdp(party, "sendrecv") : NULL);
			party->offered_late = false;
			media_talk(party, 300);
		} else {
			invite_refused(party, client);
		}
	} else if (party->kind == PARTY_AGENT) {
		agent_answered(party, client, m);
	}
	if (invite && m->status >= 300 && client == party->invite)
		invite_refused(party, client);
}

static void bye_received(struct party *party, struct server *server)
{
	if (party->plan.challenge_bye && !message_header(server->request, "Authorization") &&
	    !message_header(server->request, "Proxy-Authorization")) {
		const char *realm = party->kind == PARTY_PBX ? "pbx.lab" : "carrier.lab";
		const char *nonce = sim_print(party->sim, "bye%u", ++party->sim->serial);
		party_answer(server, 401,
			     sim_print(party->sim,
				       "WWW-Authenticate: Digest realm=\"%s\", nonce=\"%s\", qop=\"auth\"\r\n", realm,
				       nonce),
			     NULL);
		party_end(party);
		return;
	}
	party_answer(server, party->ended && party_chance(party, 500) ? 481 : 200, NULL, NULL);
	party_end(party);
	if (party->rung && party->rung->status >= 200)
		party->rung->acked = true;
}

static void ack_received(struct party *party, const struct message *m)
{
	for (struct server *s = party->servers; s; s = s->next) {
		if (!message_is(s->request, "INVITE") || s->request->cseq != m->cseq)
			continue;
		s->acked = true;
		if (s->status >= 200 && s->status < 300)
			party_connected(party);
	}
}

static void request_received(struct party *party, const struct message *m, const struct datagram *datagram)
{
	struct server *server = party->servers;
	if (message_is(m, "ACK")) {
		ack_received(party, m);
		return;
	}
	while (server && (strcmp(server->request->branch, m->branch) != 0 || !message_is(m, server->request->method)))
		server = server->next;
	if (server) {
		if (server->status)
			party_transmit(party, &server->own, server->answer, server->answer_len);
		return;
	}
	server = sim_alloc(party->sim, sizeof(*server));
	server->party = party;
	server->request = m;
	server->own = datagram->to;
	server->next = party->servers;
	party->servers = server;
	if (message_is(m, "BYE"))
		bye_received(party, server);
	else if (message_is(m, "CANCEL")) {
		party_answer(server, 200, NULL, NULL);
		callee_cancelled(party);
	} else if (party->kind == PARTY_CALLER || !callee_request(party, server))
		party_answer(server, message_is(m, "OPTIONS") ? 200 : 501, NULL, NULL);
}

static struct party *party_of(struct sim *sim, const struct message *m, enum sim_network network)
{
	for (unsigned i = 0; i < sim->party_count; i++)
		if (sim->parties[i]->network == network && strcmp(sim->parties[i]->call_id, m->call_id) == 0)
			return sim->parties[i];
	return NULL;
}

static void hang_up(void *arg, uint64_t number)
{
	party_bye(arg);
}

/* While the gateway waits for its dataplane somebody of the call hangs up. */
static void hang_up_meanwhile(struct party *party)
{
	unsigned kind = PARTY_PICK(party, 40, 20, 20, 20);
	if (party->sim->plan.plot == SIM_PLOT_CROSS)
		kind = 1 + party_roll(party, 3);
	uint64_t ms = 10 + party_roll(party, 20) * 20;
	for (unsigned i = 0; i < party->sim->party_count; i++) {
		struct party *other = party->sim->parties[i];
		bool meant = kind == 1	 ? other->kind == PARTY_CALLER
			     : kind == 2 ? other->kind == PARTY_AGENT
					 : other == party;
		if (kind && meant && other->call == party->call)
			sim_later(party->sim, ms, hang_up, other, 0);
	}
}

void party_acknowledged(struct sim *sim, const char *call_id, const struct xf_sockaddr *gateway_media)
{
	for (unsigned i = 0; i < sim->party_count; i++)
		if (strcmp(sim->parties[i]->call_id, call_id) == 0 && sim->parties[i]->plan.stall_ms && !sim->calm) {
			sim_stall(sim, gateway_media, sim->parties[i]->plan.stall_ms);
			hang_up_meanwhile(sim->parties[i]);
		}
}

void party_receive(struct sim *sim, const struct datagram *datagram)
{
	struct message *m = message_read(sim, datagram->data, datagram->len);
	if (m->bad)
		return; /* the judge has said so already */
	struct party *party = party_of(sim, m, datagram->network);
	if (party && !m->request)
		response_received(party, m);
	else if (party)
		request_received(party, m, datagram);
	else if (m->request && message_is(m, "INVITE") && !*m->to_tag)
		callee_rung(sim, m, datagram);
}
