/* What is particular to a port on captures (driver net_pcap): "net_pcap0,rx_pcap=in.pcap,tx_pcap=out.pcap".
 *
 * Nobody lives behind it: the frames of one file come in, as fast as they are taken, and what is sent goes to another.
 * Its MAC is the one that the capture was sent to, so that a capture plays without being rewritten. Main thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "xfergate/config.h"

struct pcap_port {
	bool reads;	 /* from a file, that is: there is an rx_pcap */
	bool repeats;	 /* infinite_rx */
	bool mac_found;	 /* a frame goes to one of the port's addresses */
	uint8_t mac[6];	 /* where it goes */
	uint32_t frames; /* in the file, if it repeats: the driver keeps them all in packet buffers */
};

bool pcap_port_is(const char *device);
/* The value of an argument of the device, like "rx_pcap". false: it has none, or it does not fit. */
bool pcap_port_arg(char *out, size_t size, const char *device, const char *key);
/* Reads the port's capture through, as far as needed. 0; -errno, logged: no such file, no capture, no Ethernet, or the
 * file to be written cannot be. A port of another driver gives 0 and zeros. */
int pcap_port_look(struct pcap_port *out, const struct config_port *port);
