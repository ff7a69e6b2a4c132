#include "net.h"

#include <criterion/criterion.h>
#include <stdlib.h>

void net_connect(struct net *net, struct phone *caller, struct phone *agent, const char *number)
{
	phone_init(caller, net, "192.0.2.20");
	phone_init(agent, net, "198.51.100.10");
	phone_invite(caller, "+12025550177", number, phone_sdp(caller, "sendrecv"), NULL);
	net_pass(net, 20);
	const struct sip_message *invite = phone_rung(agent);
	phone_answer(agent, invite, 180, NULL, NULL);
	phone_answer(agent, invite, 200, NULL, phone_sdp(agent, "sendrecv"));
	cr_assert_not_null(net_hear(net, "198.51.100.10", "ACK"));
	phone_connected(caller, NULL);
	net_pass(net, 100);
}

struct shard_counts net_counts(struct net *net)
{
	struct shard_counts counts;
	shard_counts(plane_shard(net->plane), &counts);
	return counts;
}

void net_expect_nothing_left(struct net *net)
{
	struct sip_counts sip;
	struct media_counts media;
	net_pass(net, 120000);
	struct shard_counts counts = net_counts(net);
	cr_expect_eq(counts.calls, 0, "%u calls left", counts.calls);
	cr_expect_eq(counts.legs, 0, "%u legs left", counts.legs);
	cr_expect_eq(counts.transfers, 0, "%u transfers left", counts.transfers);
	sip_stack_counts(shard_sip(plane_shard(net->plane)), &sip);
	cr_expect_eq(sip.transactions, 0, "%u transactions left", sip.transactions);
	media_counts(plane_media(net->plane), &media);
	cr_expect_eq(media.endpoints, 0, "%u endpoints left", media.endpoints);
	cr_expect_eq(media.ports_used, 0, "%u ports left", media.ports_used);
	cr_expect_eq(media.admitted, 0, "%u admitted addresses left", media.admitted);
	cr_expect_eq(media.commands_pending, 0);
	cr_expect_eq(fake_open_count(&net->dp), 0);
	cr_expect_eq(net->dp.violations, 0);
	cr_expect_eq(plane_deadline(net->plane), UINT64_MAX, "a timer is left");
}

unsigned net_port(const struct sip_message *with_sdp)
{
	const char *m = with_sdp->body ? strstr(with_sdp->body, "m=audio ") : NULL;
	cr_assert_not_null(m, "no audio line");
	return (unsigned)atoi(m + 8);
}

static struct fake_endpoint *endpoint_at(struct net *net, const struct sip_message *with_sdp, uint32_t *index)
{
	struct sdp sdp;
	char why[128];
	cr_assert_eq(sdp_parse(&sdp, with_sdp->body, with_sdp->body_len, why, sizeof(why)), 0, "%s", why);
	for (unsigned i = 0; i < net->dp.addr_count; i++) {
		if (!xf_addr_eq(&net->dp.addr[i], &sdp.rtp.addr))
			continue;
		*index = xf_endpoint_index(i, sdp.rtp.port);
		return &net->dp.endpoint[*index];
	}
	cr_assert_fail("SDP names an address that is not ours");
	return NULL;
}

unsigned net_feeder(struct net *net, const struct sip_message *with_sdp)
{
	uint32_t index;
	struct fake_endpoint *endpoint = endpoint_at(net, with_sdp, &index);
	struct xf_endpoint_id source = endpoint->armed.index != XF_ENDPOINT_NONE ? endpoint->armed : endpoint->source;
	if (!endpoint->open || endpoint->paused || source.index == XF_ENDPOINT_NONE ||
	    source.index == XF_ENDPOINT_PROMPT)
		return 0;
	return xf_endpoint_port(source.index);
}

static const char *prompt_name(const struct net *net, const struct fake_endpoint *endpoint, uint32_t number)
{
	return endpoint->open && !endpoint->paused && number ? fake_prompt_name(&net->dp, number) : "";
}

const char *net_prompt(struct net *net, const struct sip_message *with_sdp)
{
	uint32_t index;
	const struct fake_endpoint *endpoint = endpoint_at(net, with_sdp, &index);
	return prompt_name(net, endpoint, xf_prompt_of(endpoint->source));
}

const char *net_hold_music(struct net *net, const struct sip_message *with_sdp)
{
	uint32_t index;
	const struct fake_endpoint *endpoint = endpoint_at(net, with_sdp, &index);
	return prompt_name(net, endpoint, endpoint->while_silent);
}

unsigned net_rtcp(struct net *net, const struct sip_message *with_sdp)
{
	uint32_t index;
	return endpoint_at(net, with_sdp, &index)->settings.remote_rtcp.port;
}

struct xf_endpoint_id net_endpoint(struct net *net, const struct sip_message *with_sdp)
{
	struct xf_endpoint_id id;
	id.generation = endpoint_at(net, with_sdp, &id.index)->generation;
	return id;
}
