/* Offer and answer of one leg (RFC 3264). Each leg is a world of its own: every SDP is written from the leg's own
 * state, and a hold ends here. */
#include "call/shard.h"

#include <errno.h>

bool leg_has_sdp(const struct sip_message *message)
{
	return message->body_len > 0 && strcmp(message->content_type, "application/sdp") == 0;
}

bool leg_hears(const struct leg *leg)
{
	return leg->agreed && (leg->remote_sdp.direction & SDP_RECVONLY);
}

unsigned leg_default_codecs(struct sdp_codec *codecs)
{
	codecs[0] = (struct sdp_codec){.pt = 0, .codec = XF_CODEC_PCMU};
	codecs[1] = (struct sdp_codec){.pt = 8, .codec = XF_CODEC_PCMA};
	codecs[2] = (struct sdp_codec){.pt = 101, .codec = XF_CODEC_EVENT, .fmtp = "0-16"};
	return 3;
}

static void new_version(struct leg *leg)
{
	struct sdp_local *local = &leg->local_sdp;
	if (!local->session_id) {
		local->session_id = env_random64(leg->shard->env) >> 2;
		local->version = local->session_id;
	} else {
		local->version++;
	}
	local->rtp = media_advertised(leg->shard->media, leg->endpoint);
	local->ptime_ms = 20;
}

void leg_make_offer(struct leg *leg, const struct sdp_codec *codecs, unsigned count)
{
	new_version(leg);
	memcpy(leg->local_sdp.codecs, codecs, count * sizeof(*codecs));
	leg->local_sdp.codec_count = count;
	leg->local_sdp.direction = SDP_SENDRECV;
	leg->offered = true;
}

void leg_make_reoffer(struct leg *leg)
{
	leg->offered = true;
	/* Whoever holds us says so in the answer; we hold nobody (RFC 6337 5.3). */
	if (leg->local_sdp.direction == SDP_SENDRECV)
		return;
	new_version(leg);
	leg->local_sdp.direction = SDP_SENDRECV;
}

/* 0.0.0.0, :: and port 0: on hold the old way (RFC 3264 8.4), nowhere to send to. */
static bool somewhere(const struct xf_sockaddr *rtp)
{
	static const uint8_t zero[16];
	return rtp->addr.family && rtp->port && memcmp(rtp->addr.bytes, zero, sizeof(zero)) != 0;
}

/* Tells the dataplane where the peer is and how it numbers what was agreed. */
static int set_remote(struct leg *leg, const struct sdp *sdp)
{
	const struct config *config = leg->shard->config;
	bool strict = leg->provider != XF_NONE ? config->providers[leg->provider].strict_source
		      : leg->agent != XF_NONE  ? config->agents[leg->agent].strict_source
					       : false;
	struct media_remote remote = {.rtp = sdp->rtp,
				      .rtcp = sdp->rtcp,
				      .learn = strict ? XF_LEARN_STRICT : XF_LEARN_ONCE,
				      .relearn = leg->agreed && !xf_sockaddr_eq(&sdp->rtp, &leg->remote_sdp.rtp)};
	for (unsigned i = 0; i < leg->local_sdp.codec_count && remote.pt_count < XF_ENDPOINT_PTS; i++)
		remote.pts[remote.pt_count++] =
		    (struct xf_pt){.pt = leg->local_sdp.codecs[i].pt, .codec = leg->local_sdp.codecs[i].codec};
	if (!somewhere(&sdp->rtp))
		return 0; /* what was learned stays */
	return media_set_remote(leg->shard->media, leg->endpoint, &remote);
}

/* `sendonly` is how a hold is said (RFC 3264 8.4), and a holder may send music or nothing at all, or a packet now and
 * then. Music is what goes on for so long from the hold's beginning without such a gap. */
#define HOLD_GAP_MS   5000u
#define HOLD_MUSIC_MS 10000u
/* What was told of a watch before this one has come by then; no limit is shorter. */
#define WATCH_SETTLES_NS (500 * NS_PER_MS)

static bool sends(const struct leg *leg)
{
	return leg->state == LEG_STATE_CONNECTED && (leg->remote_sdp.direction & SDP_SENDONLY);
}

static uint32_t watch_limit_ms(const struct leg *leg)
{
	uint32_t limit_ms = leg->shard->config->media_timeout_ms;
	if (!sends(leg) || leg->hold == LEG_HOLD_SILENT)
		return 0;
	return leg->hold == LEG_HOLD_NEW && limit_ms > HOLD_GAP_MS ? HOLD_GAP_MS : limit_ms;
}

static void watch_anew(struct leg *leg)
{
	leg->watched_ns = leg->shard->env->now_ns;
	media_watch(leg->shard->media, leg->endpoint, 0);
	media_watch(leg->shard->media, leg->endpoint, watch_limit_ms(leg));
}

void leg_watch(struct leg *leg, bool again)
{
	if (!sends(leg) || (leg->remote_sdp.direction & SDP_RECVONLY))
		leg->hold = LEG_HOLD_NONE;
	else if (again || leg->hold == LEG_HOLD_NONE)
		leg->hold = LEG_HOLD_NEW;
	if (again)
		watch_anew(leg);
	else
		media_watch(leg->shard->media, leg->endpoint, watch_limit_ms(leg));
}

bool leg_fell_silent(struct leg *leg, unsigned spoke_ms)
{
	/* Told before it said that it may be silent, or that it is back. */
	if (!sends(leg) || leg->shard->env->now_ns - leg->watched_ns < WATCH_SETTLES_NS)
		return false;
	if (leg->hold != LEG_HOLD_NEW)
		return leg->hold != LEG_HOLD_SILENT;
	leg->hold = spoke_ms >= HOLD_MUSIC_MS ? LEG_HOLD_MUSIC : LEG_HOLD_SILENT;
	watch_anew(leg);
	return false;
}

/* One audio codec for both ways: whoever we connect to the leg later can be sure of what it sends. Who answers us may
 * send any that its answer has (RFC 3264 7), and both laws of G.711 are as good as one. The law that we have not got
 * is better than nothing. */
static int settle(struct leg *leg, const struct sdp *sdp, bool answer, const struct sdp_codec *ours, unsigned count,
		  char *why, size_t why_size)
{
	struct sdp_codec common[SDP_CODEC_MAX], both[SDP_CODEC_MAX];
	unsigned n = sdp_intersect(common, sdp->codecs, sdp->codec_count, ours, count);
	if (n == 0) {
		memcpy(both, ours, count * sizeof(*ours));
		n = sdp_intersect(common, sdp->codecs, sdp->codec_count, both, codecs_with_both_laws(both, count));
	}
	if (n == 0) {
		snprintf(why, why_size, "no audio codec in common");
		return 488;
	}
	struct sdp_local before = leg->local_sdp;
	leg->local_sdp.codec_count = codecs_one_audio(common, n, answer);
	memcpy(leg->local_sdp.codecs, common, sizeof(common));
	int r = set_remote(leg, sdp);
	if (r == -ENETUNREACH) {
		leg->local_sdp = before; /* RFC 3261 14.1: what fails changes nothing */
		snprintf(why, why_size, "no route to the media address in its SDP");
		return 488;
	}
	/* Its silence counts from where it began to be or not to be due. */
	bool turned = leg->agreed && leg->remote_sdp.direction != sdp->direction;
	leg->remote_sdp = *sdp;
	leg->agreed = true;
	leg_watch(leg, turned);
	return 0;
}

int leg_take_answer(struct leg *leg, const struct sip_message *message, char *why, size_t why_size)
{
	struct sdp sdp;
	int r = sdp_parse(&sdp, message->body, message->body_len, why, why_size);
	if (r < 0)
		return r == -ENOTSUP ? 488 : 400;
	leg->offered = false;
	/* We offer it only where it is agreed on already. */
	if (!leg->agreed || !leg->remote_sdp.rtcp_mux)
		sdp_unmux(&sdp);
	return settle(leg, &sdp, true, leg->local_sdp.codecs, leg->local_sdp.codec_count, why, why_size);
}

/* What they send we receive, and the other way round (RFC 3264 6.1). */
static uint8_t mirrored(unsigned direction)
{
	return (uint8_t)((direction & SDP_SENDONLY ? SDP_RECVONLY : 0) | (direction & SDP_RECVONLY ? SDP_SENDONLY : 0));
}

int leg_take_offer(struct leg *leg, const struct sip_message *message, char *why, size_t why_size)
{
	struct sdp sdp;
	int r = sdp_parse(&sdp, message->body, message->body_len, why, why_size);
	if (r < 0)
		return r == -ENOTSUP ? 488 : 400;
	if (!leg->agreed) {
		leg->remote_sdp = sdp;
		return 0;
	}
	r = settle(leg, &sdp, false, leg->local_sdp.codecs, leg->local_sdp.codec_count, why, why_size);
	if (r == 0) {
		new_version(leg);
		leg->local_sdp.direction = mirrored(sdp.direction);
	}
	return r;
}

int leg_make_answer(struct leg *leg, const struct sdp_codec *ours, unsigned count)
{
	char why[128];
	struct sdp offer = leg->remote_sdp;
	int r = settle(leg, &offer, false, ours, count, why, sizeof(why));
	if (r)
		return r;
	new_version(leg);
	leg->local_sdp.direction = mirrored(offer.direction);
	return 0;
}

int leg_sdp_text(const struct leg *leg, bool offer, char *buf, size_t size)
{
	/* RFC 3264 8: a later offer has a line for each one of the session, in its place. */
	return sdp_format(buf, size, &leg->local_sdp, offer && !leg->agreed ? NULL : &leg->remote_sdp);
}
