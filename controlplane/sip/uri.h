/* SIP, SIPS and tel URIs (RFC 3261 19.1, RFC 3966), as far as routing and policy need them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIP_URI_MAX  512
#define SIP_USER_MAX 128
#define SIP_HOST_MAX 256

enum sip_scheme {
	SIP_SCHEME_SIP,
	SIP_SCHEME_SIPS,
	SIP_SCHEME_TEL,
	SIP_SCHEME_OTHER,
};

struct sip_uri {
	uint8_t scheme;		 /* enum sip_scheme */
	bool user_phone;	 /* ;user=phone */
	uint16_t port;		 /* 0: none */
	char user[SIP_USER_MAX]; /* unescaped; without password; a tel: URI's number without its parameters */
	char host[SIP_HOST_MAX]; /* lower case; IPv6 without brackets; "" for tel: */
	char transport[8];	 /* lower case; "" if none */
	char method[16];	 /* ;method=, "" if none */
	bool lr;		 /* ;lr */
	bool headers;		 /* has ?headers (dropped) */
	char text[SIP_URI_MAX];	 /* as it came, without the embedded headers */
};

/* 0, -EBADMSG (not a URI), -EILSEQ (a URI, but its user part escapes control characters: %00, %0d, %0a) or -E2BIG. */
int sip_uri_parse(struct sip_uri *uri, const char *text, size_t len);

/* Host as it stands in a URI or Via: IPv6 in brackets. Returns buf. */
const char *sip_host_format(char *buf, size_t size, const char *host);
/* Escapes what RFC 3261's user rule does not allow. Returns buf; cut to fit. */
const char *sip_user_escape(char *buf, size_t size, const char *user);
