/* What happens to media when the way to a peer changes. */
#include <string.h>
#include "desk.h"

TestSuite(routes, .init = desk_eal);

static uint64_t no_neighbour(struct desk *desk)
{
	static const struct xf_link_empty empty;

	cr_assert_eq(desk_say(desk, XF_LINK_STATS, &empty, sizeof(empty)), 0);
	return desk->drops.count[XF_DROP_NO_NEIGHBOUR];
}

static const uint8_t other_gateway[6] = {2, 0, 0, 0, 0, 0x53};

/* Where the latest packet to the caller went. */
static const uint8_t *to_caller(struct desk *desk, uint16_t seq)
{
	static uint8_t mac[6];
	unsigned sent = desk->rig.sent_count;

	desk_rtp(desk, 1, DESK_AGENT, 5000, "192.0.2.1", 20002, seq);
	if (desk->rig.sent_count == sent)
		return NULL;
	memcpy(mac, rig_last(&desk->rig).eth, sizeof(mac));
	return mac;
}

/* A route leads to the peer by another router: nothing is lost until that one's MAC is known. A peer elsewhere is
 * another matter: what is for it does not go by the former one's way. */
Test(routes, route_changes)
{
	static struct desk desk;
	struct xf_link_update update = {.id = {xf_endpoint_index(0, 20000), 1}};
	struct xf_addr first = rig_addr("192.0.2.254"), second = rig_addr("192.0.2.253");
	const uint8_t *mac;

	desk_start(&desk);
	desk_hello(&desk, 1);
	desk_open_pair(&desk);
	dplane_neighbour(desk.dplane, 0, &first, rig_next_hop);
	desk_settle(&desk);
	cr_assert((mac = to_caller(&desk, 1)) && memcmp(mac, rig_next_hop, 6) == 0);
	update.settings = desk_opening(20000, 1, 1, DESK_CALLER, 4000).settings;
	update.settings.next_hop = second;
	cr_assert_eq(desk_say(&desk, XF_LINK_UPDATE, &update, sizeof(update)), 0);
	cr_assert((mac = to_caller(&desk, 2)) && memcmp(mac, rig_next_hop, 6) == 0,
		  "the old way until the new is known");
	dplane_neighbour(desk.dplane, 0, &second, other_gateway);
	desk_settle(&desk);
	cr_assert((mac = to_caller(&desk, 3)) && memcmp(mac, other_gateway, 6) == 0);
	cr_expect_eq(no_neighbour(&desk), 0);
	dplane_neighbour(desk.dplane, 0, &second, NULL);
	desk_settle(&desk);
	cr_expect_null(to_caller(&desk, 4), "the new one is lost, and the old one is none");
	dplane_neighbour(desk.dplane, 0, &second, other_gateway);
	desk_settle(&desk);
	update.settings.remote = rig_sockaddr("198.51.100.99", 4000);
	update.settings.next_hop = rig_addr("192.0.2.252");
	cr_assert_eq(desk_say(&desk, XF_LINK_UPDATE, &update, sizeof(update)), 0);
	cr_expect_null(to_caller(&desk, 5), "another peer's packets by this one's way");
	desk_stop(&desk);
	desk_free(&desk);
}

/* The caller's endpoint sends to this peer by this router from now on; not settled. */
static void update_caller(struct desk *desk, const char *remote, const char *router)
{
	struct xf_link_update update = {.id = {xf_endpoint_index(0, 20000), 1}};

	update.settings = desk_opening(20000, 1, 1, remote, 4000).settings;
	update.settings.next_hop = rig_addr(router);
	desk_post(desk, XF_LINK_UPDATE, &update, sizeof(update));
}

static void routed_pair(struct desk *desk)
{
	struct xf_addr first = rig_addr("192.0.2.254");

	desk_start(desk);
	desk_hello(desk, 1);
	desk_open_pair(desk);
	dplane_neighbour(desk->dplane, 0, &first, rig_next_hop);
	desk_settle(desk);
}

/* An UPDATE for another reason while the new router's MAC is not known yet. */
Test(routes, updated_again_while_a_route_changes)
{
	static struct desk desk;
	struct xf_addr third = rig_addr("192.0.2.252");
	const uint8_t *mac;

	routed_pair(&desk);
	update_caller(&desk, DESK_CALLER, "192.0.2.253");
	desk_settle(&desk);
	update_caller(&desk, DESK_CALLER, "192.0.2.253");
	desk_settle(&desk);
	cr_assert((mac = to_caller(&desk, 1)) && memcmp(mac, rig_next_hop, 6) == 0, "applied one after the other");
	update_caller(&desk, DESK_CALLER, "192.0.2.252");
	update_caller(&desk, DESK_CALLER, "192.0.2.252");
	desk_settle(&desk);
	cr_assert((mac = to_caller(&desk, 2)) && memcmp(mac, rig_next_hop, 6) == 0, "both at once");
	dplane_neighbour(desk.dplane, 0, &third, other_gateway);
	desk_settle(&desk);
	cr_assert((mac = to_caller(&desk, 3)) && memcmp(mac, other_gateway, 6) == 0);
	cr_expect_eq(no_neighbour(&desk), 0);
	desk_stop(&desk);
	desk_free(&desk);
}

/* Two that are applied in one turn: the second finds what the first has made, not what was there before. */
Test(routes, updated_twice_before_the_first_is_applied)
{
	static struct desk desk;
	struct xf_addr second = rig_addr("192.0.2.253");
	const uint8_t *mac;

	routed_pair(&desk);
	dplane_neighbour(desk.dplane, 0, &second, other_gateway);
	update_caller(&desk, "198.51.100.99", "192.0.2.253");
	dplane_neighbour(desk.dplane, 0, &second, other_gateway);
	desk_settle(&desk);
	cr_assert((mac = to_caller(&desk, 1)) && memcmp(mac, other_gateway, 6) == 0);
	/* Away and back: the caller's packets do not go by the other peer's router. */
	update_caller(&desk, DESK_CALLER, "192.0.2.254");
	desk_settle(&desk);
	struct xf_addr first = rig_addr("192.0.2.254");
	dplane_neighbour(desk.dplane, 0, &first, rig_next_hop);
	desk.known = true;
	update_caller(&desk, "198.51.100.99", "192.0.2.253");
	desk.known = false;
	update_caller(&desk, DESK_CALLER, "192.0.2.252");
	desk_settle(&desk);
	cr_expect_null(to_caller(&desk, 2), "by another peer's router");
	/* And a peer's route that changes right behind its address. */
	desk.known = true;
	update_caller(&desk, "198.51.100.99", "192.0.2.253");
	desk.known = false;
	update_caller(&desk, "198.51.100.99", "192.0.2.251");
	desk_settle(&desk);
	cr_expect_not_null(to_caller(&desk, 3), "dropped, although there is a way");
	desk_stop(&desk);
	desk_free(&desk);
}
