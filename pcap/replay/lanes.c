#include "lanes.h"

#include <stdarg.h>
#include <stdlib.h>
#include "policy/source.h"

int lanes_init(struct lanes *lanes, const struct recording *rec)
{
	*lanes = (struct lanes){.rec = rec, .hub = -1};
	return ladder_create(&lanes->ladder);
}

void lanes_fini(struct lanes *lanes)
{
	ladder_destroy(lanes->ladder);
	free(lanes->addrs);
	free(lanes->lanes);
}

/* "caller 192.0.2.20", "bot 198.51.100.10". */
static void name_lane(const struct lanes *lanes, const struct xf_addr *remote, char *buf, size_t size)
{
	const struct parties *parties = lanes->rec->parties;
	const struct config *config = lanes->rec->config;
	struct source_match match;
	char addr[XF_ADDR_STRLEN];
	const char *name = NULL;
	for (uint32_t i = 0; i < parties->count && !name; i++)
		if (xf_addr_eq(&parties->named[i].shown, remote))
			name = parties->named[i].name;
	if (!name && source_find(config, remote, &match))
		name = match.role == XF_ROLE_AGENT ? config->agents[match.index].name
						   : config->providers[match.index].name;
	xf_addr_format(remote, addr);
	snprintf(buf, size, "%s%s%s", name ? name : "", name ? " " : "", addr);
}

static int lane_of(struct lanes *lanes, const struct xf_addr *remote)
{
	char name[128];
	for (unsigned i = 0; i < lanes->count; i++)
		if (xf_addr_eq(&lanes->addrs[i], remote))
			return lanes->lanes[i];
	struct xf_addr *addrs = realloc(lanes->addrs, (lanes->count + 1) * sizeof(*addrs));
	if (addrs)
		lanes->addrs = addrs;
	int *numbers = realloc(lanes->lanes, (lanes->count + 1) * sizeof(*numbers));
	if (numbers)
		lanes->lanes = numbers;
	if (!addrs || !numbers)
		return -ENOMEM;
	name_lane(lanes, remote, name, sizeof(name));
	int lane = ladder_lane(lanes->ladder, name);
	if (lanes->hub < 0)
		lanes->hub = ladder_lane(lanes->ladder, "xfergate");
	if (lane < 0)
		return lane;
	lanes->addrs[lanes->count] = *remote;
	lanes->lanes[lanes->count++] = lane;
	return lane;
}

void lanes_sip(struct lanes *lanes, uint64_t ns, const struct xf_addr *remote, bool out, const void *data, size_t len,
	       bool repeated)
{
	char label[LADDER_LABEL];
	int lane = lane_of(lanes, remote);
	ladder_label_bytes(label, data, len);
	if (lane < 0 ||
	    ladder_message(lanes->ladder, ns, out ? lanes->hub : lane, out ? lane : lanes->hub, label, repeated) < 0)
		lanes->failed = true;
}

void lanes_rtp(struct lanes *lanes, uint64_t ns, const struct xf_addr *remote, bool out, const void *data, size_t len)
{
	static const char *const codecs[] = {
	    [0] = "PCMU", [3] = "GSM", [4] = "G723", [8] = "PCMA", [9] = "G722", [13] = "CN", [18] = "G729"};
	const uint8_t *p = data;
	unsigned type = len >= 12 ? p[1] & 0x7f : 0;
	if (len < 12 || p[0] >> 6 != 2 || (p[1] >= 192 && p[1] <= 223))
		return;
	uint64_t ssrc = (uint64_t)p[8] << 24 | (uint64_t)p[9] << 16 | (uint64_t)p[10] << 8 | p[11];
	int lane = lane_of(lanes, remote);
	const char *codec = type < sizeof(codecs) / sizeof(codecs[0]) ? codecs[type] : NULL;
	if (lane < 0 || ladder_rtp(lanes->ladder, ns, out ? lanes->hub : lane, out ? lane : lanes->hub,
				   ssrc << 8 | type, codec) < 0)
		lanes->failed = true;
}

void lanes_note(struct lanes *lanes, uint64_t ns, const char *format, ...)
{
	char text[400];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (ladder_note(lanes->ladder, ns, text) < 0)
		lanes->failed = true;
}

void lanes_print(struct lanes *lanes, FILE *out, unsigned width)
{
	ladder_print(lanes->ladder, out, lanes->hub, width);
	if (lanes->failed)
		fputs("xfergate-replay: the ladder is not whole: too many parties, or out of memory\n", stderr);
}
