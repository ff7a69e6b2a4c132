/* One message, read in several ways: do they say the same? For the unit tests and for the fuzz targets. */
#pragma once

#include "scan/paths.h"

/* Scans in every way that this machine has, into *scan, and looks whether the results are equal to the last bit and all
 * spans lie within the message. NULL if so, else what is wrong. */
const char *same_every_way(struct sip_scan *scan, enum sip_scan_verdict *verdict, const void *data, size_t len);

/* What the control plane accepts, the scan accepts, and it says the same of it. NULL if so, else what differs.
 * *accepted (may be NULL): the control plane accepts it. */
const char *same_as_controlplane(const void *data, size_t len, bool *accepted);
