#include "parts.h"

static const struct {
	const char *name, *address, *v6;
} hosts[] = {{"edge.carrier.lab", "192.0.2.10", NULL},
	     {"agent.lab", "198.51.100.10", NULL},
	     {"pbx.lab", "203.0.113.10", "2001:db8:3::10"},
	     {"sneaky.lab", "192.0.2.10", NULL}};

struct question {
	struct sim *sim;
	uint64_t query;
	const char *name;
	unsigned life;
	bool fails;
};

static void answer(void *arg, uint64_t number)
{
	const struct question *q = arg;
	struct xf_addr addr;
	unsigned count = 0;
	if (q->life != q->sim->control_deaths || !q->sim->control)
		return;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts) && !q->fails; i++) {
		if (strcmp(hosts[i].name, q->name) != 0)
			continue;
		bool v6 = hosts[i].v6 && q->sim->config->networks[2].sip.addr.family == 6;
		xf_addr_parse(&addr, v6 ? hosts[i].v6 : hosts[i].address);
		count = 1;
	}
	world_resolved(q->sim->world, q->query, &addr, count, count ? NULL : "no such host");
}

void names_asked(void *arg, uint64_t query, const char *name)
{
	static const uint64_t delays[] = {0, 20, 900, 7000};
	struct sim *sim = arg;
	struct question *q = sim_alloc(sim, sizeof(*q));
	*q = (struct question){sim, query, sim_copy(sim, name, strlen(name)), sim->control_deaths, false};
	q->fails = dice_chance(sim->dice, DICE_NAMES, 15);
	sim_later(sim, delays[DICE_PICK(sim->dice, DICE_NAMES, 900, 60, 30, 10)], answer, q, 0);
}
