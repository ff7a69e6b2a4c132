#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include "fast/flow.h"
#include "fast/fragments.h"
#include "inside.h"
#include "note.h"

static int tables_flows(struct dplane *dplane)
{
	const struct config *config = dplane->config;
	struct flow_config *flow = calloc(1, sizeof(*flow));
	int r = flow ? 0 : -ENOMEM;

	for (uint32_t n = 0; n < config->network_count && r == 0; n++) {
		const struct config_network *network = &config->networks[n];
		if (flow->media_count + network->media_count > XF_MAX_MEDIA_ADDRS || flow->sip_count == FLOW_SIP_MAX)
			r = -E2BIG;
		for (uint32_t m = 0; m < network->media_count && r == 0; m++)
			flow->media[flow->media_count++] = network->media[m];
		if (r == 0)
			flow->sip[flow->sip_count++] = network->sip;
	}
	if (r == 0)
		r = flow_table_create(&dplane->flows, flow, SOCKET_ID_ANY);
	free(flow);
	return r;
}

static int tables_qsbr(struct dplane *dplane)
{
	unsigned workers = dplane->config->workers;

	dplane->qsbr = rte_zmalloc("qsbr", rte_rcu_qsbr_get_memsize(workers), RTE_CACHE_LINE_SIZE);
	if (dplane->qsbr == NULL)
		return -ENOMEM;
	return rte_rcu_qsbr_init(dplane->qsbr, workers) == 0 ? 0 : -EINVAL;
}

static int tables_fragments(struct dplane *dplane)
{
	dplane->fragments_pool = rte_pktmbuf_pool_create("fragments", dplane->config->workers * FRAGMENTS_BUFFERS, 0, 0,
							 FRAGMENTS_BUFFER, SOCKET_ID_ANY);
	return dplane->fragments_pool ? 0 : -ENOMEM;
}

/* What is not logged by those who do it. */
static int tables_own(struct dplane *dplane)
{
	int r = tables_flows(dplane);

	if (r == 0)
		r = tables_qsbr(dplane);
	if (r == 0)
		r = admitted_create(&dplane->admitted, "admitted", dplane->qsbr, SOCKET_ID_ANY);
	if (r == 0)
		r = tables_fragments(dplane);
	if (r < 0)
		note_error(&dplane->seam, "tables-failed", "error=\"%s\"", strerror(-r));
	return r;
}

int tables_create(struct dplane *dplane)
{
	int r = tables_own(dplane);

	if (r == 0)
		r = prompts_init(&dplane->prompts, dplane->config, &dplane->seam);
	if (r == 0)
		r = screening_init(&dplane->screening, dplane->config, &dplane->seam);
	if (r < 0)
		tables_destroy(dplane);
	return r;
}

void tables_destroy(struct dplane *dplane)
{
	rte_mempool_free(dplane->fragments_pool);
	screening_fini(&dplane->screening);
	admitted_destroy(dplane->admitted);
	rte_free(dplane->qsbr);
	prompts_fini(&dplane->prompts);
	flow_table_destroy(dplane->flows);
}
