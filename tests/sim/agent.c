/* What only agents do: ask for transfers, and hear how they went. */
#include "party.h"

static const char *const refer_to[] = {
    "Refer-To: <tel:+12025550143>\r\n",
    "Refer-To: <sip:plan-sales@198.51.100.1>\r\n",
    "Refer-To: <sip:reception@pbx.lab>\r\n",
    "Refer-To: <sip:plan-desk@198.51.100.1>\r\n",
    "Refer-To: <tel:+12025550143>\r\nRefer-Sub: false\r\n",
    /* What must be refused. */
    "Refer-To: <tel:+442079460000>\r\n",
    "Refer-To: <sip:x@sneaky.lab>\r\n",
    "Refer-To: <sip:x@elsewhere.lab>\r\n",
    "Refer-To: <sip:x@198.51.100.1>\r\n",
    "Refer-To: <sip:x@127.0.0.1>\r\n",
    "Refer-To: <sip:reception@pbx.lab;method=BYE?Route=%3Csip:192.0.2.200%3E>\r\n",
    "Refer-To: rubbish\r\n",
    "",
    "Refer-To: <tel:+12025550143>\r\nRefer-To: <tel:+12025550144>\r\n",
};

static void refer(void *arg, uint64_t number)
{
	struct party *party = arg;
	if (party->ended || !party->connected || party->sim->calm)
		return;
	unsigned to = PARTY_PICK(party, 300, 150, 150, 80, 40, 15, 15, 10, 10, 10, 10, 10, 10, 10);
	struct client *client = party_request(party, "REFER", refer_to[to], NULL);
	party->refers++;
	party->refer_cseq = client->cseq;
	sim_note(party->sim, "agent %u asks: %.40s", party->number, refer_to[to]);
}

/* ms after the 202: most leave soon, some when the second target rings, or later. */
static unsigned patience(struct party *party)
{
	unsigned roll = party_roll(party, 30);
	return roll < 18 ? roll * 100 : (roll - 17) * 1200;
}

static void hang_up(void *arg, uint64_t number)
{
	party_bye(arg);
}

void agent_connected(struct party *party)
{
	if (party_chance(party, 80))
		return; /* keeps the caller for itself */
	sim_later(party->sim, 1500 + party_roll(party, 20) * 200, refer, party, 0);
	if (party_chance(party, 30)) /* and at once again */
		sim_later(party->sim, 1550, refer, party, 0);
}

void agent_answered(struct party *party, struct client *client, const struct message *response)
{
	if (strcmp(client->method, "REFER") != 0)
		return;
	if (response->status < 300) {
		party->referring = true;
		if (party_chance(party, 120)) /* as agents do that take 202 for done */
			sim_later(party->sim, patience(party), hang_up, party, 0);
		return;
	}
	if (party->refers < 4 && party_chance(party, 600))
		sim_later(party->sim, 1000, refer, party, 0);
}

void agent_notified(struct party *party, struct server *server)
{
	const char *state = message_header(server->request, "Subscription-State");
	int status = 0;
	sscanf(server->request->body ? server->request->body : "", "SIP/2.0 %d", &status);
	switch (PARTY_PICK(party, 920, 30, 30, 20)) {
	case 0:
		party_answer(server, party->ended && party_chance(party, 500) ? 481 : 200, NULL, NULL);
		break;
	case 1:
		party_answer(server, 481, NULL, NULL);
		break;
	case 2:
		party_answer(server, 500, NULL, NULL);
		break;
	default:
		break; /* no answer */
	}
	if (!state || strncmp(state, "terminated", 10) != 0)
		return;
	party->referring = false;
	party->referred = status;
	if (status >= 300 && party->refers < 4) {
		media_talk_all(party->sim, party->call, 300);
		if (party_chance(party, 500))
			sim_later(party->sim, 500, refer, party, 0);
	}
	if (status >= 300 && party_chance(party, 100))
		sim_later(party->sim, 700, hang_up, party, 0);
	if (status == 200 && party_chance(party, 200))
		party_bye(party); /* crosses the gateway's BYE */
}
