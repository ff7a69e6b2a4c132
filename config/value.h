/* Single values of the file: each is judged, complained about by its path, and read. All take NULL text (a key that is
 * not there) and then return what the caller says, or nothing. */
#pragma once

#include "reader.h"
#include "xfergate/e164.h"

struct value_range {
	uint32_t min, max, missing;
	bool zero; /* 0 is allowed below min: none */
};

/* Milliseconds of "500ms", "20s", "5m", "4h". */
uint32_t value_time(struct reader *r, const char *path, const char *text, struct value_range range);
uint32_t value_uint(struct reader *r, const char *path, const uint32_t *number, struct value_range range);

/* A name: letters, digits, '.', '_', '-', at most `max` bytes. Returns a copy, "" if there is none. */
char *value_name(struct reader *r, const char *path, const char *text, size_t max);
/* An absolute path that fits a Unix socket's address. */
char *value_socket(struct reader *r, const char *path, const char *text, const char *missing);
/* Text that goes into SIP header fields as it is: no quotes, brackets or backslashes. */
char *value_plain(struct reader *r, const char *path, const char *text, const char *missing);

/* A unicast address. family 0 after a complaint or if there is none. */
struct xf_addr value_addr(struct reader *r, const char *path, const char *text);
/* "192.0.2.1", "192.0.2.1:5060", "2001:db8::1", "[2001:db8::1]:5060". */
struct xf_sockaddr value_sockaddr(struct reader *r, const char *path, const char *text, uint16_t port);
/* An address block; whole address if there is no '/'. */
struct xf_prefix value_prefix(struct reader *r, const char *path, const char *text);
/* An interface's own address with the length of its network: bits beyond the prefix stay. */
struct xf_prefix value_interface(struct reader *r, const char *path, const char *text);

/* 0 to 63, or a name: EF, VA, CS0 to CS7, AF11 to AF43, LE. */
uint8_t value_dscp(struct reader *r, const char *path, const char *text, uint8_t missing);

void value_ports(struct reader *r, const char *path, const char *text, uint16_t *first, uint16_t *last);

/* "sip:user@host:port". Host and user are bounded and of plain characters. */
struct config_uri value_uri(struct reader *r, const char *path, const char *text);
/* A domain name or address as it stands in a URI. */
bool value_is_host(const char *text);

/* Upper-case ISO 3166 alpha-2 that the numbering data has; a copy, NULL if none. */
char *value_region(struct reader *r, const char *path, const char *text);

/* A number with '+', normalised; "" after a complaint. Possible but not valid: a warning. */
char *value_number(struct reader *r, const char *path, const char *text);
