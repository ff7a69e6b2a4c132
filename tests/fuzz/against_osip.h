/* Our reading held against libosip2's, field by field. */
#pragma once

#include <osipparser2/osip_parser.h>
#include "fuzz.h"
#include "sip/message.h"

/* What routing and policy read in a SIP or SIPS URI. */
void against_osip_uri(const char *what, const struct sip_uri *ours, const osip_uri_t *theirs);
void against_osip_address(const char *what, const struct sip_address *ours, const osip_from_t *theirs);
/* A whole message that both accept. */
void against_osip_message(const struct sip_message *ours, osip_message_t *theirs);
