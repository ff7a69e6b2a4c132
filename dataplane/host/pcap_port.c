#include "pcap_port.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "log.h"

#define PCAP_PORT_PATH	 1024
#define PCAP_PORT_FRAMES 100000 /* looked at for a MAC */

bool pcap_port_is(const char *device)
{
	return strncmp(device, "net_pcap", 8) == 0;
}

bool pcap_port_arg(char *out, size_t size, const char *device, const char *key)
{
	size_t len = strlen(key);

	for (const char *p = strchr(device, ','); p; p = strchr(p, ',')) {
		p++;
		if (strncmp(p, key, len) != 0 || p[len] != '=')
			continue;
		size_t n = strcspn(p + len + 1, ",");
		if (n == 0 || n >= size)
			return false;
		memcpy(out, p + len + 1, n);
		out[n] = 0;
		return true;
	}
	return false;
}

static uint16_t pcap_port_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* Whether the frame is unicast IP for one of the port's addresses. */
static bool pcap_port_ours(const struct config_port *port, const uint8_t *frame, size_t len)
{
	size_t at = 12;
	struct xf_addr to;

	if (len < 14 || (frame[0] & 1))
		return false;
	while (pcap_port_get16(frame + at) == 0x8100 && len >= at + 6)
		at += 4;
	uint16_t type = pcap_port_get16(frame + at);
	const uint8_t *ip = frame + at + 2;
	size_t left = len - at - 2;
	if (type == 0x0800 && left >= 20)
		to = xf_addr_v4(ip + 16);
	else if (type == 0x86dd && left >= 40)
		to = xf_addr_v6(ip + 24);
	else
		return false;
	for (uint32_t i = 0; i < port->address_count; i++)
		if (xf_addr_eq(&port->addresses[i].addr, &to))
			return true;
	return false;
}

static void pcap_port_read(struct pcap_port *out, const struct config_port *port, pcap_t *capture)
{
	struct pcap_pkthdr *header;
	const uint8_t *frame;

	for (uint32_t n = 0; n < PCAP_PORT_FRAMES || out->repeats; n++) {
		if (pcap_next_ex(capture, &header, &frame) != 1)
			break;
		out->frames++;
		if (!out->mac_found && pcap_port_ours(port, frame, header->caplen)) {
			memcpy(out->mac, frame, sizeof(out->mac));
			out->mac_found = true;
		}
		if (out->mac_found && !out->repeats)
			break;
	}
	if (!out->repeats)
		out->frames = 0;
}

static int pcap_port_refuse(const struct config_port *port, const char *file, const char *why, int r)
{
	log_error("capture-failed", "port=%s file=\"%s\" error=\"%s\"%s", port->name, file, why,
		  r == -ENOENT ? " hint=\"a comma ends a file's name\"" : "");
	return r;
}

static int pcap_port_look_rx(struct pcap_port *out, const struct config_port *port, const char *file)
{
	char why[PCAP_ERRBUF_SIZE];
	FILE *f = fopen(file, "re");

	if (f == NULL)
		return pcap_port_refuse(port, file, strerror(errno), -errno);
	pcap_t *capture = pcap_fopen_offline(f, why);
	if (capture == NULL) {
		fclose(f);
		return pcap_port_refuse(port, file, why, -EBADMSG);
	}
	int r = 0;
	if (pcap_datalink(capture) != DLT_EN10MB)
		r = pcap_port_refuse(port, file, "not captured on Ethernet", -EPROTONOSUPPORT);
	else
		pcap_port_read(out, port, capture);
	pcap_close(capture);
	if (r == 0 && !out->mac_found)
		log_warning("capture-not-for-us",
			    "port=%s file=\"%s\" effect=\"no frame in it goes to an address of the port\"", port->name,
			    file);
	return r;
}

/* The driver would say no more than that it failed. */
static int pcap_port_look_tx(const struct config_port *port, const char *file)
{
	FILE *f = fopen(file, "ae");

	if (f == NULL)
		return pcap_port_refuse(port, file, strerror(errno), -errno);
	fclose(f);
	return 0;
}

int pcap_port_look(struct pcap_port *out, const struct config_port *port)
{
	char file[PCAP_PORT_PATH], repeats[8];

	*out = (struct pcap_port){0};
	if (!pcap_port_is(port->device))
		return 0;
	out->repeats = pcap_port_arg(repeats, sizeof(repeats), port->device, "infinite_rx") && atoi(repeats) != 0;
	out->reads = pcap_port_arg(file, sizeof(file), port->device, "rx_pcap");
	int r = out->reads ? pcap_port_look_rx(out, port, file) : 0;
	if (r == 0 && pcap_port_arg(file, sizeof(file), port->device, "tx_pcap"))
		r = pcap_port_look_tx(port, file);
	return r;
}
