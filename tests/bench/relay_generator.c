/* relay-generator INTERFACE CAPTURE PORT...: for each line "RATE MILLISECONDS" that it reads, sends so many packets a
 * second for so long, and writes what came back as a line of JSON. One port for each stream of the capture. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "relay_traffic.h"

static void generator_print(const struct relay_seen *seen)
{
	printf("{\"sent\":%" PRIu64 ",\"received\":%" PRIu64 ",\"astray\":%" PRIu64 ",\"disorder\":%" PRIu64
	       ",\"behind_us\":%" PRIu64 "}\n",
	       seen->sent, seen->received, seen->astray, seen->disorder, seen->behind_us);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	uint16_t ports[RELAY_FLOWS_MAX];
	struct relay_traffic *traffic;
	struct relay_seen seen;
	uint32_t flows = argc > 3 ? (uint32_t)argc - 3 : 0, rate, ms;
	if (flows < 2 || flows > RELAY_FLOWS_MAX || flows % 2) {
		fprintf(stderr,
			"usage: relay-generator INTERFACE CAPTURE PORT...\nan even number of ports, at most %d\n",
			RELAY_FLOWS_MAX);
		return 2;
	}
	for (uint32_t i = 0; i < flows; i++)
		ports[i] = (uint16_t)strtoul(argv[3 + i], NULL, 10);
	int r = relay_traffic_create(&traffic, argv[1], argv[2], flows, ports);
	while (r == 0 && scanf("%" SCNu32 " %" SCNu32, &rate, &ms) == 2) {
		r = relay_traffic_run(traffic, rate, ms, &seen);
		if (r == 0)
			generator_print(&seen);
	}
	if (r < 0)
		fprintf(stderr, "relay-generator: %s\n", strerror(-r));
	relay_traffic_destroy(traffic);
	return r < 0;
}
