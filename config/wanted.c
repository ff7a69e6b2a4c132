#include "wanted.h"

#include <stdbool.h>
#include <stddef.h>

static const struct {
	const char *path; /* [] for any index */
	const char *text;
} wanted[] = {
    {"ports", "a list of 1 to 8, like - {name: wan, device: \"net_af_xdp0,iface=eth1\", tap: xfg-wan}"},
    {"ports[].name", "a name of at most 15 bytes that no other port has, like wan"},
    {"ports[].device", "DPDK device arguments, like net_af_xdp0,iface=eth1 or 0000:3b:00.0"},
    {"ports[].tap", "the name of its kernel interface, which the dataplane makes, like xfg-wan"},
    {"networks", "a list of 1 to 64, like - {name: outside, port: wan, sip: 192.0.2.1, media: [192.0.2.1]}"},
    {"networks[].name", "a name that no other network has, like outside"},
    {"networks[].port", "the name of one of ports"},
    {"networks[].sip", "address and port of its SIP socket, like 192.0.2.1:5060"},
    {"networks[].media", "a list of the addresses of RTP, like [192.0.2.1]"},
    {"providers[].name", "a name that no other provider has, like twilio"},
    {"providers[].network", "the name of one of networks"},
    {"providers[].region", "two capital letters of ISO 3166, like US or GB: how its numbers are read"},
    {"providers[].trunk", "where calls to numbers go, like sip:example.pstn.twilio.com"},
    {"providers[].sources", "a list of the blocks that its SIP comes from, like [192.0.2.0/24]"},
    {"numbers[].number", "a telephone number in E.164, like \"+12025550100\""},
    {"agents[].name", "a name that no other agent has, like bot"},
    {"agents[].network", "the name of one of networks"},
    {"agents[].uri", "where its INVITE goes, like sip:bot@198.51.100.10:5060"},
    {"agents[].sources", "a list of the blocks that its SIP comes from, like [198.51.100.10]"},
    {"routes[].number", "a telephone number in E.164, like \"+12025550100\", or \"*\" for any other"},
    {"routes[].agent", "the name of one of agents"},
    {"sounds[].name", "a name that no other sound has, like closed"},
    {"sounds[].file", "the path of a WAV file, like sounds/closed.wav"},
    {"plans[].name", "a name that no other plan has, like sales"},
    {"plans[].type", "one of: number, sip, agent, hang-up, announcement"},
    {"plans[].fallbacks[].type", "one of: number, sip, agent, hang-up, announcement"},
    {"sip-servers[].host", "the host of the URIs that we call, like pbx.example.com"},
};

/* An index of the path stands for []. */
static bool matches(const char *path, const char *pattern)
{
	while (*pattern && *path == *pattern) {
		if (*path == '[')
			while (path[1] >= '0' && path[1] <= '9')
				path++;
		path++;
		pattern++;
	}
	return !*pattern && !*path;
}

const char *wanted_value(const char *path)
{
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (matches(path, wanted[i].path))
			return wanted[i].text;
	return NULL;
}
