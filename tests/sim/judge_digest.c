/* Credentials go to whom we called, for the realm that the configuration names, in answer to a challenge of that very
 * dialog, and never twice under one number. */
#include "judge.h"

void judge_challenged(struct sim *sim, const struct message *m, struct judge_leg *leg)
{
	const char *value = message_header(m, m->status == 407 ? "Proxy-Authenticate" : "WWW-Authenticate");
	char realm[64], nonce[64];
	if (m->request || (m->status != 401 && m->status != 407) || !value ||
	    !message_param(value, "realm", realm, sizeof(realm)) ||
	    !message_param(value, "nonce", nonce, sizeof(nonce)))
		return;
	for (const struct judge_challenge *c = leg->challenges; c; c = c->next)
		if (strcmp(c->nonce, nonce) == 0)
			return;
	struct judge_challenge *c = sim_alloc(sim, sizeof(*c));
	c->realm = sim_copy(sim, realm, strlen(realm));
	c->nonce = sim_copy(sim, nonce, strlen(nonce));
	c->next = leg->challenges;
	leg->challenges = c;
}

static const char *realm_of(const struct judge_leg *leg)
{
	if (leg->kind == JUDGE_CALLER)
		return NULL;
	return leg->kind == JUDGE_AGENT ? "agent.lab" : leg->network == SIM_CARRIER ? "carrier.lab" : "pbx.lab";
}

static bool is_repetition(const struct sim *sim, const struct message *m)
{
	struct judge_credential *c = sim->judge->credentials;
	for (; c; c = c->next)
		if (strcmp(c->branch, m->branch) == 0)
			return true;
	return false;
}

void judge_credentials(struct sim *sim, const struct datagram *d, const struct message *m, struct judge_leg *leg)
{
	const char *value = message_header(m, "Authorization"), *wanted = realm_of(leg);
	char realm[64] = "", nonce[64] = "", nc[16] = "0";
	if (!value)
		value = message_header(m, "Proxy-Authorization");
	if (!value)
		return;
	message_param(value, "realm", realm, sizeof(realm));
	message_param(value, "nonce", nonce, sizeof(nonce));
	message_param(value, "nc", nc, sizeof(nc));
	struct judge_challenge *c = leg->challenges;
	while (c && strcmp(c->nonce, nonce) != 0)
		c = c->next;
	if (!m->request || !c)
		judge_fail(sim, "digest", "credentials that nobody in this dialog has asked for: %.300s", m->text);
	else if (!wanted || strcmp(realm, wanted) != 0 || strcmp(realm, c->realm) != 0)
		judge_fail(sim, "digest", "credentials for realm '%s': %.300s", realm, m->text);
	if (!c || !m->request || message_is(m, "ACK") || message_is(m, "CANCEL") || is_repetition(sim, m))
		return;
	struct judge_credential *used = sim_alloc(sim, sizeof(*used));
	used->branch = m->branch;
	used->next = sim->judge->credentials;
	sim->judge->credentials = used;
	uint32_t count = (uint32_t)strtoul(nc, NULL, 16);
	if (count <= c->used && !sim->deaf[d->network])
		judge_fail(sim, "digest", "nonce count %u after %u: %.300s", count, c->used, m->text);
	c->used = count;
}

void judge_digest_wrong(struct sim *sim, const char *call_id)
{
	judge_fail(sim, "digest", "the credentials of %s are not accepted", call_id);
}
