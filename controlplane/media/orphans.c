#include "media/orphans.h"

void orphans_init(struct orphans *orphans, struct ports *ports)
{
	*orphans = (struct orphans){.ports = ports};
}

void orphans_fini(struct orphans *orphans)
{
	free(orphans->orphan);
	orphans_init(orphans, orphans->ports);
}

int orphans_add(struct orphans *orphans, struct xf_endpoint_id id)
{
	if (orphans->count == orphans->room) {
		uint32_t room = orphans->room ? orphans->room * 2 : 64;
		struct orphan *grown = reallocarray(orphans->orphan, room, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		orphans->orphan = grown;
		orphans->room = room;
	}
	orphans->orphan[orphans->count++] = (struct orphan){
	    .id = id,
	    .marked = ports_mark(orphans->ports, id.index) == 0,
	};
	return 0;
}

static struct orphan *orphans_find(const struct orphans *orphans, struct xf_endpoint_id id)
{
	uint32_t low = 0, high = orphans->count;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		if (orphans->orphan[mid].id.index < id.index)
			low = mid + 1;
		else
			high = mid;
	}
	struct orphan *o = low < orphans->count ? &orphans->orphan[low] : NULL;
	return o && o->id.index == id.index && o->id.generation == id.generation ? o : NULL;
}

static void orphan_release(struct orphans *orphans, const struct orphan *orphan, uint64_t now_ns)
{
	if (orphan->marked)
		ports_release(orphans->ports, orphan->id.index, now_ns);
}

void orphans_gone(struct orphans *orphans, struct xf_endpoint_id id, uint64_t now_ns)
{
	struct orphan *o = orphans_find(orphans, id);
	if (!o)
		return;
	orphan_release(orphans, o, now_ns);
	uint32_t after = --orphans->count - (uint32_t)(o - orphans->orphan);
	memmove(o, o + 1, after * sizeof(*o));
}

void orphans_clear(struct orphans *orphans, uint64_t now_ns)
{
	orphans_look_begin(orphans);
	orphans_look_end(orphans, now_ns);
}

void orphans_look_begin(struct orphans *orphans)
{
	for (uint32_t i = 0; i < orphans->count; i++)
		orphans->orphan[i].seen = false;
}

void orphans_look(struct orphans *orphans, struct xf_endpoint_id id)
{
	struct orphan *o = orphans_find(orphans, id);
	if (o)
		o->seen = true;
}

void orphans_look_end(struct orphans *orphans, uint64_t now_ns)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < orphans->count; i++) {
		if (orphans->orphan[i].seen)
			orphans->orphan[kept++] = orphans->orphan[i];
		else
			orphan_release(orphans, &orphans->orphan[i], now_ns);
	}
	orphans->count = kept;
}
