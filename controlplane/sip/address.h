/* Inside the library: how header values that name someone are read. */
#pragma once

#include "sip/message.h"

/* As sip_address_parse, but tells -EILSEQ and -E2BIG of the URI (address->uri.scheme is then SIP_SCHEME_OTHER, and
 * everything else is read) from -EBADMSG. scratch: at least strlen(text) + 2. */
int address_read(struct sip_address *address, const char *text, char *scratch, size_t scratch_size);

/* One via-parm. scratch: at least strlen(text) + 2; host and branch lie there. 0 or -EBADMSG. */
int via_read(struct sip_via *via, const char *text, char *scratch, size_t scratch_size);
