#include "device.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <rte_dev.h>
#include <rte_ethdev.h>
#include "eal.h"

#define DEVICE_ARGS 4096 /* two paths */

bool device_is(const char *text, const char *driver)
{
	return strncmp(text, driver, strlen(driver)) == 0;
}

int device_args(char *out, size_t size, const char *text)
{
	const char *args = strchr(text, ',');
	bool longer = device_is(text, "net_af_packet") && strstr(text, "framesz=") == NULL;
	int n = snprintf(out, size, "%s", args ? args + 1 : "");

	if (longer && n >= 0 && (size_t)n < size)
		n += snprintf(out + n, size - (size_t)n, "%sblocksz=%u,framesz=%u,framecnt=512", n ? "," : "",
			      DEVICE_AF_PACKET_FRAME, DEVICE_AF_PACKET_FRAME);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

static int device_make(struct device *device, const char *text, const char *more)
{
	char args[DEVICE_ARGS];

	int r = device_args(args, sizeof(args), text);
	if (r < 0)
		return r;
	if (strlen(args) + strlen(more) >= sizeof(args))
		return -ENAMETOOLONG;
	strcat(args, more);
	r = rte_eal_hotplug_add("vdev", device->name, args[0] == ',' ? args + 1 : args);
	device->made = r == 0;
	return r;
}

static int device_find(struct device *device, bool pci)
{
	int r = rte_eth_dev_get_port_by_name(device->name, &device->id);

	if (r == -ENODEV && pci && strlen(device->name) <= 8) {
		/* A PCI address without its domain: DPDK names the port with it. */
		char full[DEVICE_NAME + 5];
		snprintf(full, sizeof(full), "0000:%s", device->name);
		r = rte_eth_dev_get_port_by_name(full, &device->id);
		if (r == 0)
			snprintf(device->name, sizeof(device->name), "%.60s", full);
	}
	return r;
}

int device_start(struct device *device, const char *text, const char *more)
{
	size_t len = strcspn(text, ",");

	*device = (struct device){.id = RTE_MAX_ETHPORTS};
	if (len >= sizeof(device->name))
		return -ENAMETOOLONG;
	/* AF_XDP alone takes its packets away from the kernel. */
	int r = lower_start(&device->lower, text, !device_is(text, "net_af_xdp"));
	device->lower_refused = r < 0;
	if (r < 0)
		return r;
	memcpy(device->name, text, len);
	device->name[len] = 0;
	bool pci = eal_device_is_pci(text);
	if (!pci)
		r = device_make(device, text, more);
	if (r == 0)
		r = device_find(device, pci);
	if (r < 0)
		device_stop(device);
	return r;
}

void device_stop(struct device *device)
{
	if (device->name[0] && device->id != RTE_MAX_ETHPORTS && rte_eth_dev_is_valid_port(device->id))
		rte_eth_dev_close(device->id);
	if (device->made)
		rte_eal_hotplug_remove("vdev", device->name);
	lower_stop(&device->lower);
	*device = (struct device){.id = RTE_MAX_ETHPORTS};
}
