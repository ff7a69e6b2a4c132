/* What a recording knows, looked up; and the fate of its entries. */
#include "recording.h"

#include <stdarg.h>
#include <stdlib.h>

/* An address of the gateway counts as one place, under whatever name it stands in the SDP. */
struct xf_sockaddr recording_canonical(const struct recording *rec, const struct xf_sockaddr *at)
{
	struct xf_sockaddr same = *at;
	if (rec->parties->as)
		return same;
	for (uint32_t n = 0; n < rec->config->network_count; n++) {
		const struct config_network *network = &rec->config->networks[n];
		if (network->advertise.family && network->media_count && xf_addr_eq(&network->advertise, &at->addr))
			same.addr = network->media[0];
	}
	return same;
}

struct xf_addr recording_shown(const struct recording *rec, const struct xf_addr *recorded)
{
	uint32_t party = rec->parties->as ? parties_find(rec->parties, recorded) : PARTY_NONE;
	return party == PARTY_NONE ? *recorded : rec->parties->named[party].shown;
}

uint32_t recording_network(const struct recording *rec, const struct xf_addr *remote)
{
	uint32_t network = strmap_get(&rec->network_of, remote, sizeof(*remote));
	return network == STRMAP_NONE ? XF_NONE : network;
}

static const struct sink *sink_at(const struct recording *rec, struct xf_sockaddr at, uint64_t ns, uint64_t *until_ns)
{
	uint32_t i = strmap_get(&rec->sink_by_at, &at, sizeof(at));
	if (i == STRMAP_NONE)
		return NULL;
	/* media may come before the message that names the port is captured */
	while (rec->sinks[i].next != RECORDING_NONE && rec->sinks[rec->sinks[i].next].ns <= ns)
		i = rec->sinks[i].next;
	*until_ns = rec->sinks[i].next == RECORDING_NONE ? UINT64_MAX : rec->sinks[rec->sinks[i].next].ns;
	return &rec->sinks[i];
}

uint32_t recording_media_leg(const struct recording *rec, const struct xf_sockaddr *from, const struct xf_sockaddr *to,
			     uint64_t ns, bool *rtcp, uint64_t *until_ns)
{
	struct xf_sockaddr at = recording_canonical(rec, to), source = *from;
	const struct sink *sink = sink_at(rec, at, ns, until_ns);
	*rtcp = false;
	if (sink)
		return sink->leg;
	at.port--;
	sink = sink_at(rec, at, ns, until_ns);
	*rtcp = true;
	if (sink)
		return sink->leg;
	/* an address translated on the way: the party's own SDP says whose media it is */
	*until_ns = UINT64_MAX;
	*rtcp = false;
	uint32_t leg = strmap_get(&rec->source_by_at, &source, sizeof(source));
	if (leg != STRMAP_NONE)
		return leg;
	source.port--;
	*rtcp = true;
	leg = strmap_get(&rec->source_by_at, &source, sizeof(source));
	return leg == STRMAP_NONE ? RECORDING_NONE : leg;
}

uint32_t recording_live_leg(const struct recording *rec, struct sip_text_span call_id)
{
	return call_id.at ? strmap_get(&rec->leg_by_live, call_id.at, call_id.len) : RECORDING_NONE;
}

void recording_bye(struct recording *rec, const struct entry *entry)
{
	struct script_leg *leg = entry->leg == RECORDING_NONE ? NULL : &rec->legs[entry->leg];
	if (!leg || leg->bye_live_ns || !entry->facts.request || !facts_is(&entry->facts, "BYE"))
		return;
	leg->bye_recorded_ns = entry->ns;
	leg->bye_live_ns = entry->live_ns;
}

void recording_never(struct recording *rec, uint32_t index, const char *format, ...)
{
	struct entry *entry = &rec->entries[index];
	va_list args;
	entry->state = ENTRY_NEVER;
	free(entry->why);
	va_start(args, format);
	if (vasprintf(&entry->why, format, args) < 0)
		entry->why = NULL;
	va_end(args);
}
