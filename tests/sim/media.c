#include "media.h"
#include "party.h"

#define FIRST_PORT 20000

void media_init(struct party *party)
{
	struct media *m = &party->media;
	m->said = party->own;
	m->said.port = (uint16_t)(FIRST_PORT + party->number * 16);
	m->source = m->said;
	m->ssrc = 0x51000000u + party->number * 0x1001u;
	m->seq = (uint16_t)(65000 + party->number * 97);
	m->timestamp = 0xfffff000u + party->number * 1000;
}

void media_move(struct party *party)
{
	party->media.said.port += 2;
	party->media.source = party->media.said;
	party->media.moved = true;
}

const char *media_sdp(struct party *party, const char *direction)
{
	static const char *const formats[] = {"0 101", "8 0 101", "0", "8 101", "18"};
	struct sim *sim = party->sim;
	struct media *m = &party->media;
	char address[XF_ADDR_STRLEN];
	unsigned format = PARTY_PICK(party, 860, 40, 40, 55, 5);
	unsigned spoilt = sim->plan.rude ? PARTY_PICK(party, 940, 15, 15, 15, 15) : 0;
	bool v6 = m->said.addr.family == 6;
	m->without_keys = m->without_keys || !strstr(formats[format], "101");
	xf_addr_format(&m->said.addr, address);
	const char *shown = spoilt == 1 ? "0.0.0.0" : spoilt == 2 ? "10.1.1.1" : spoilt == 3 ? "224.0.0.9" : address;
	if (spoilt == 4)
		return "v=0\r\nrubbish\r\n";
	return sim_print(
	    sim,
	    "v=0\r\no=secret 1 %u IN IP%c %s\r\ns=secret\r\nc=IN IP%c %s\r\nt=0 0\r\nm=audio %u RTP/AVP %s\r\n"
	    "%sa=%s\r\n",
	    ++sim->serial, v6 ? '6' : '4', address, v6 && shown == address ? '6' : '4', shown, m->said.port,
	    formats[format], strstr(formats[format], "101") ? "a=rtpmap:101 telephone-event/8000\r\n" : "", direction);
}

void media_take(struct party *party, const struct message *message)
{
	struct media *m = &party->media;
	char address[XF_ADDR_STRLEN];
	const char *c = strstr(message->body, "c=IN IP"), *audio = strstr(message->body, "m=audio ");
	unsigned port, pt;
	if (!message_has_sdp(message) || !c || !audio || sscanf(c + 9, "%47[0-9a-fA-F.:]", address) != 1 ||
	    sscanf(audio, "m=audio %u RTP/AVP %u", &port, &pt) != 2)
		return;
	m->remote.port = (uint16_t)port;
	m->pt = (uint8_t)pt;
	m->hears_keys = strstr(audio, "telephone-event") != NULL;
	if (xf_addr_parse(&m->remote.addr, address) < 0)
		m->remote = (struct xf_sockaddr){0};
}

size_t media_packet(uint8_t buf[static 172], uint8_t pt, uint16_t seq, uint32_t timestamp, uint32_t ssrc,
		    const struct media_mark *mark)
{
	uint32_t words[2] = {htonl(timestamp), htonl(ssrc)};
	memset(buf, 0xff, 172);
	buf[0] = 0x80;
	buf[1] = pt;
	buf[2] = (uint8_t)(seq >> 8);
	buf[3] = (uint8_t)seq;
	memcpy(buf + 4, words, 8);
	/* In halves, 0 to 15: what both laws of G.711 turn into 0x20 to 0x2f, each into another. */
	for (unsigned i = 0; i < 2 * sizeof(*mark); i++)
		buf[12 + i] = ((const uint8_t *)mark)[i / 2] >> (i % 2 ? 0 : 4) & 15;
	return 172;
}

bool media_read(struct media_mark *mark, const uint8_t *payload, size_t len)
{
	uint8_t *to = (uint8_t *)mark;
	if (len < 2 * sizeof(*mark))
		return false;
	bool converted = payload[0] > 15;
	for (unsigned i = 0; i < 2 * sizeof(*mark); i++) {
		uint8_t half = payload[i] ^ (converted ? 0x2a : 0);
		if (half > 15)
			return false;
		to[i / 2] = (uint8_t)(i % 2 ? to[i / 2] | half : half << 4);
	}
	mark->converted = converted;
	return mark->magic == MEDIA_MAGIC;
}

/* A packet of a key (RFC 4733) that is held for some time. Its volume says whose it is. */
static void press(struct party *party)
{
	struct media *m = &party->media;
	uint8_t packet[172];
	struct media_mark none = {0};
	bool first = m->key_timestamp == m->timestamp, end = m->key_left <= 3;
	uint32_t duration = m->timestamp - m->key_timestamp + (end ? 160 * m->key_left - 320 : 160);
	media_packet(packet, MEDIA_KEY_PT, m->seq, m->key_timestamp, m->ssrc, &none);
	packet[1] |= first ? 0x80 : 0;
	packet[12] = (uint8_t)(m->keys % 12);
	packet[13] = (uint8_t)((end ? 0x80 : 0) | (party->number & 63));
	packet[14] = (uint8_t)(duration >> 8);
	packet[15] = (uint8_t)duration;
	m->key_left--;
	network_send(party->sim, &m->source, &m->remote, packet, 16);
}

static void say(struct party *party)
{
	if (party->media.last_ns && party_chance(party, 30))
		media_report(party);
	struct sim *sim = party->sim;
	struct media *m = &party->media;
	uint8_t packet[172];
	uint64_t passed = m->last_ns ? (sim_now(sim) - m->last_ns) / 20000000 : 1;
	if (sim->plan.rude && party_chance(party, 3)) {
		unsigned what = party_roll(party, 3);
		m->ssrc += what == 0 ? 0x777 : 0;
		m->seq = (uint16_t)(m->seq + (what == 1 ? 20000 : 0));
		m->timestamp += what == 2 ? 0x40000000u : 0;
	}
	m->last_ns = sim_now(sim);
	m->seq++;
	m->timestamp += (uint32_t)(passed ? passed : 1) * 160;
	if (passed > 1)
		m->key_left = 0; /* it let go, and nobody has heard of it */
	if (m->key_left == 0 && m->hears_keys && party_chance(party, 20)) {
		m->key_left = 4 + party_roll(party, 12);
		m->key_timestamp = m->timestamp;
		m->keys++;
	}
	if (m->key_left > 0) {
		press(party);
		return;
	}
	struct media_mark mark = {MEDIA_MAGIC, (uint8_t)party->call->number, (uint8_t)party->number, m->pt, 0,
				  ++m->number};
	media_packet(packet, m->pt, m->seq, m->timestamp, m->ssrc, &mark);
	network_send(sim, &m->source, &m->remote, packet, sizeof(packet));
}

static void tick(void *arg, uint64_t number)
{
	struct party *party = arg;
	struct media *m = &party->media;
	m->ticking = false;
	if (party->ended || party->sim->calm || m->silent || !m->remote.addr.family)
		return;
	if (sim_now(party->sim) >= m->until_ns)
		say(party);
	m->ticking = true;
	sim_later(party->sim, 4000, tick, party, 0);
}

/* The packets of a window. */
static void begin(void *arg, uint64_t number)
{
	struct party *party = arg;
	if (party->media.last_ns + 20 * NS_PER_MS <= sim_now(party->sim) && !party->ended && !party->sim->calm &&
	    !party->media.silent && party->media.remote.addr.family)
		say(party);
	if (sim_now(party->sim) < party->media.until_ns)
		sim_later(party->sim, 20, begin, party, 0);
}

void media_talk(struct party *party, unsigned ms)
{
	struct media *m = &party->media;
	uint64_t now = sim_now(party->sim);
	bool talking = m->until_ns > now;
	if (party->ended || party->sim->calm || !m->remote.addr.family)
		return;
	if (m->until_ns < now + ms * NS_PER_MS)
		m->until_ns = now + ms * NS_PER_MS;
	if (!talking)
		begin(party, 0);
	if (!m->ticking) {
		m->ticking = true;
		sim_later(party->sim, ms + 4000, tick, party, 0);
	}
}

void media_talk_all(struct sim *sim, const struct sim_call *call, unsigned ms)
{
	for (unsigned i = 0; i < sim->party_count; i++)
		if (sim->parties[i]->call == call)
			media_talk(sim->parties[i], ms);
}

struct party *media_party(struct sim *sim, const struct xf_sockaddr *addr)
{
	unsigned number = (unsigned)(addr->port - FIRST_PORT) / 16;
	if (addr->port < FIRST_PORT || number >= sim->party_count)
		return NULL;
	struct party *party = sim->parties[number];
	return xf_addr_eq(&party->media.said.addr, &addr->addr) ? party : NULL;
}
