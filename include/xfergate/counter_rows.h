/* The counters of the link's rows that are told by their own names: JSON-RPC's and those of DPDK's telemetry. X(field)
 */
#pragma once

/* struct xf_link_worker */
#define XF_WORKER_COUNTERS(X)                                                                                          \
	X(lcore)                                                                                                       \
	X(endpoints)                                                                                                   \
	X(turns)                                                                                                       \
	X(busy_turns)                                                                                                  \
	X(rx_packets)                                                                                                  \
	X(forwarded)                                                                                                   \
	X(to_kernel)                                                                                                   \
	X(handed_over)                                                                                                 \
	X(events_lost)                                                                                                 \
	X(own_reports)                                                                                                 \
	X(keys_untold)

/* struct xf_link_port */
#define XF_PORT_COUNTERS(X)                                                                                            \
	X(rx_packets)                                                                                                  \
	X(rx_bytes)                                                                                                    \
	X(rx_missed)                                                                                                   \
	X(rx_errors)                                                                                                   \
	X(tx_packets)                                                                                                  \
	X(tx_bytes)                                                                                                    \
	X(tx_errors)                                                                                                   \
	X(tap_in)                                                                                                      \
	X(tap_out)

/* struct xf_link_peer */
#define XF_PEER_COUNTERS(X)                                                                                            \
	X(passed)                                                                                                      \
	X(dropped)                                                                                                     \
	X(passed_per_s)                                                                                                \
	X(dropped_per_s)

/* struct xf_endpoint_state */
#define XF_ENDPOINT_COUNTERS(X)                                                                                        \
	X(rx_packets)                                                                                                  \
	X(rx_bytes)                                                                                                    \
	X(rx_rtcp)                                                                                                     \
	X(rx_dropped)                                                                                                  \
	X(rx_wrong_source)                                                                                             \
	X(rx_digits)                                                                                                   \
	X(tx_packets)                                                                                                  \
	X(tx_bytes)                                                                                                    \
	X(tx_rtcp)                                                                                                     \
	X(rx_expected)                                                                                                 \
	X(rx_reordered)                                                                                                \
	X(rx_duplicate)
