/* Callers, as their provider brings them. */
#include "party.h"

static void hang_up(void *arg, uint64_t number)
{
	party_bye(arg);
}

static void cancel(void *arg, uint64_t number)
{
	struct party *party = arg;
	if (!party->connected && !party->ended && party->invite->provisional)
		party_cancel(party);
}

static void hold(void *arg, uint64_t number)
{
	static const char *const directions[] = {"sendonly", "inactive", "sendrecv", "recvonly"};
	struct party *party = arg;
	if (party->ended || !party->connected)
		return;
	party->holding = !party->holding;
	unsigned how = PARTY_PICK(party, 60, 20, 20);
	if (how == 1)
		media_move(party);
	if (how == 2) {
		party->offered_late = true;
		party->holding = false;
	}
	party_request(party, party_chance(party, 200) ? "UPDATE" : "INVITE", NULL,
		      how == 2 ? NULL
			       : media_sdp(party, party->holding ? directions[party_roll(party, 4)] : "sendrecv"));
	if (party->holding)
		sim_later(party->sim, 1000 + party_roll(party, 5) * 1000, hold, party, 0);
}

static void fall_silent(void *arg, uint64_t number)
{
	struct party *party = arg;
	party->media.silent = true;
}

static void begin(void *arg, uint64_t number)
{
	static const char *const numbers[] = {"+12025550100", "+12025550199", "+12025550111", "rubbish"};
	struct sim_call *call = arg;
	struct sim *sim = call->sim;
	struct party *party = party_create(sim, PARTY_CALLER);
	char gateway[XF_SOCKADDR_STRLEN];
	if (!party)
		return;
	party->call = call;
	call->party = party;
	party->call_id = sim_print(sim, "sim%u@secret", ++sim->serial);
	party->local_uri = sim_print(sim, "sip:%s@secret.example", call->caller);
	party->remote_uri = sim_print(sim, "sip:%s@%s", numbers[PARTY_PICK(party, 680, 300, 15, 5)],
				      xf_sockaddr_format(&party->gateway, gateway));
	if (sim->plan.plot == SIM_PLOT_LATE)
		party->remote_uri = sim_print(sim, "sip:%s@%s", numbers[1], gateway);
	party->target = party->remote_uri;
	if (party_chance(party, 100))
		party->media.source.port += 8; /* behind NAT */
	party->plan.challenge_bye = party_chance(party, 30);
	party->offered_late = party_chance(party, 80);
	party->invite = party_request(party, "INVITE", "Allow: INVITE, ACK, BYE, CANCEL\r\n",
				      party->offered_late ? NULL : media_sdp(party, "sendrecv"));
	party->invite_cseq = party->invite->cseq;
	if (party_chance(party, 120))
		sim_later(sim, 100 + party_roll(party, 100) * 100, cancel, party, 0);
}

void caller_plan(struct sim *sim, unsigned number)
{
	struct sim_call *call = &sim->calls[number];
	call->sim = sim;
	call->number = number;
	snprintf(call->caller, sizeof(call->caller), "+1202555030%u", number);
	sim_later(sim, 100 + dice_roll(sim->dice, DICE_WORLD, number ? 80 : 1) * 100, begin, call, 0);
}

void caller_answered(struct party *party, struct client *client, const struct message *response)
{
	static const unsigned hang_up_ms[] = {12000, 400, 3000, 5000, 25000, 60000, 100000};
	if (response->status >= 300) {
		if (*response->to_tag)
			party->remote_tag = response->to_tag;
		party_end(party);
		return;
	}
	party->remote_tag = response->to_tag;
	party->target = *response->contact ? response->contact : party->target;
	media_take(party, response);
	if (!party_chance(party, 8))
		party_ack(party, client, party->offered_late ? media_sdp(party, "sendrecv") : NULL);
	party->offered_late = false;
	party_connected(party);
	sim_later(party->sim, hang_up_ms[PARTY_PICK(party, 40, 8, 15, 15, 10, 10, 2)], hang_up, party, 0);
	if (party_chance(party, 150))
		sim_later(party->sim, 500 + party_roll(party, 60) * 100, hold, party, 0);
	if (party_chance(party, 40))
		sim_later(party->sim, 1000, fall_silent, party, 0);
}
