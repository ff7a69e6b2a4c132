#include "judge.h"
#include "parts.h"
#include "party.h"

static const char *const from[] = {"192.0.2.200", "198.51.100.66", "203.0.113.66"};

static void throw(struct sim * sim, const char *address, uint16_t port, const void *data, size_t len)
{
	struct xf_sockaddr source = {.port = port};
	if (xf_addr_parse(&source.addr, address) < 0)
		return;
	struct xf_sockaddr to = network_gateway(sim, (enum sim_network)network_of(&source.addr));
	network_send(sim, &source, &to, data, len);
}

static void say_sip(struct sim *sim)
{
	static const char *const methods[] = {"INVITE", "OPTIONS", "REGISTER", "BYE", "REFER", "CANCEL", "SUBSCRIBE"};
	const char *address = from[dice_roll(sim->dice, DICE_STRANGER, 3)];
	const char *method = methods[dice_roll(sim->dice, DICE_STRANGER, 7)];
	/* It may have seen a dialog of somebody else's. */
	const struct party *party =
	    sim->party_count ? sim->parties[dice_roll(sim->dice, DICE_STRANGER, sim->party_count)] : NULL;
	bool listed = dice_chance(sim->dice, DICE_STRANGER, 300);
	char *text = sim_print(sim,
			       "%s sip:+12025550100@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKstr%u\r\n"
			       "Max-Forwards: 70\r\nFrom: <sip:x@stranger.lab>;tag=%s\r\nTo: <sip:y@192.0.2.1>%s%s\r\n"
			       "Call-ID: %s\r\nCSeq: 9999 %s\r\nContact: <sip:x@192.0.2.200>\r\n"
			       "Refer-To: <tel:+12025550143>\r\nContent-Length: 0\r\n\r\n",
			       method, address, ++sim->serial, party ? party->remote_tag : "x", party ? ";tag=" : "",
			       party ? party->tag : "", party ? party->call_id : "stranger", method);
	throw(sim, listed ? "198.51.100.10" : address, 5060, text, strlen(text));
}

static void say_rubbish(struct sim *sim)
{
	static const char *const lists[] = {"192.0.2.20", "198.51.100.10", "192.0.2.10", "192.0.2.200"};
	uint8_t bytes[600];
	unsigned len = dice_roll(sim->dice, DICE_STRANGER, sizeof(bytes));
	for (unsigned i = 0; i < len && i < 8; i++)
		bytes[i] = (uint8_t)dice_roll(sim->dice, DICE_STRANGER, 256);
	for (unsigned i = 8; i < len; i++)
		bytes[i] = (uint8_t)(bytes[i - 8] * 31 + i);
	throw(sim, lists[dice_roll(sim->dice, DICE_STRANGER, 4)], 5060, bytes, len);
}

/* RTP into a call whose own media is known already: the lock must hold. */
static void say_media(struct sim *sim)
{
	if (!sim->party_count)
		return;
	struct party *party = sim->parties[dice_roll(sim->dice, DICE_STRANGER, sim->party_count)];
	struct media *m = &party->media;
	uint8_t packet[172];
	if (!m->heard || !party->connected || sim_now(sim) - party->connected_ns < 500 * NS_PER_MS || m->moved ||
	    !m->remote.addr.family || m->remote.addr.family != 4 || party->ended || sim->dataplane_deaths ||
	    sim->stalled_ns || !sim->link || sim->troubled_ns >= party->connected_ns)
		return;
	/* Whoever is behind NAT is learned from what comes. */
	if (!xf_sockaddr_eq(&m->source, &m->said))
		return;
	struct xf_sockaddr source = {.port = 40000};
	xf_addr_parse(&source.addr, from[party->network]);
	if (dice_chance(sim->dice, DICE_STRANGER, 300)) {
		source = m->source; /* the right address, another port */
		source.port += 4;
	}
	for (unsigned i = 0; i < 6; i++) {
		struct media_mark mark = {MEDIA_MAGIC, MEDIA_EVIL, (uint8_t)party->number, m->pt, 0, i};
		media_packet(packet, m->pt, (uint16_t)(m->seq + i + 1), m->timestamp + i * 160, m->ssrc, &mark);
		network_send(sim, &source, &m->remote, packet, sizeof(packet));
	}
}

static void act(void *arg, uint64_t number)
{
	struct sim *sim = arg;
	static void (*const acts[])(struct sim * sim) = {say_sip, say_rubbish, say_media};
	if (!sim->calm)
		acts[dice_roll(sim->dice, DICE_STRANGER, 3)](sim);
}

void stranger_plan(struct sim *sim)
{
	unsigned count = sim->plan.strangers ? 1 + dice_roll(sim->dice, DICE_STRANGER, 12) : 0;
	while (count--)
		sim_later(sim, 300 + dice_roll(sim->dice, DICE_STRANGER, 300) * 50, act, sim, 0);
}
