/* The ways of scanning, one result: what the benchmark and the tests compare. Else call sip_scan. */
#pragma once

#include "xfergate/sip_scan.h"

typedef enum sip_scan_verdict (*sip_scan_fn)(struct sip_scan *scan, const void *data, size_t len);

/* 8 bytes at a time, in plain C. */
enum sip_scan_verdict sip_scan_portable(struct sip_scan *scan, const void *data, size_t len);
/* 32 bytes at a time; NULL where this processor cannot. */
sip_scan_fn sip_scan_avx2(void);

/* One of them for a message whose first byte is data[from], behind leading CRLFs. 0 < len - from, len <=
 * SIP_MESSAGE_MAX. */
enum sip_scan_verdict portable_message(struct sip_scan *scan, const uint8_t *data, size_t from, size_t len);
enum sip_scan_verdict avx2_message(struct sip_scan *scan, const uint8_t *data, size_t from, size_t len);
