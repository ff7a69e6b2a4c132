#include "sip/agree.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <osipparser2/osip_parser.h>

static bool same(const char *ours, const char *theirs)
{
	return strcmp(ours, theirs ? theirs : "") == 0;
}

static bool agree_tag(osip_list_t *params, const char *tag)
{
	osip_generic_param_t *param = NULL;
	if (osip_generic_param_get_byname(params, (char *)"tag", &param) != OSIP_SUCCESS || !param)
		return tag[0] == 0;
	return same(tag, param->gvalue);
}

static bool agree_host(const struct sip_uri *ours, const osip_uri_t *theirs)
{
	if (ours->scheme != SIP_SCHEME_SIP && ours->scheme != SIP_SCHEME_SIPS)
		return true;
	return theirs && theirs->host && strcasecmp(ours->host, theirs->host) == 0 &&
	       (theirs->port ? atoi(theirs->port) : 0) == ours->port;
}

bool agree_address(const struct sip_address *address)
{
	osip_from_t *theirs;
	if (osip_from_init(&theirs) != OSIP_SUCCESS)
		return false;
	bool ok = osip_from_parse(theirs, address->text) == OSIP_SUCCESS &&
		  agree_tag(&theirs->gen_params, address->tag) && agree_host(&address->uri, theirs->url);
	osip_from_free(theirs);
	return ok;
}

bool agree_via(const struct sip_via *via)
{
	osip_via_t *theirs;
	if (osip_via_init(&theirs) != OSIP_SUCCESS)
		return false;
	osip_generic_param_t *branch = NULL;
	bool ok = osip_via_parse(theirs, via->text) == OSIP_SUCCESS && theirs->host &&
		  strcasecmp(via->host, theirs->host) == 0 && (theirs->port ? atoi(theirs->port) : 0) == via->port;
	if (ok)
		osip_via_param_get_byname(theirs, (char *)"branch", &branch);
	ok = ok && same(via->branch, branch ? branch->gvalue : NULL);
	osip_via_free(theirs);
	return ok;
}

bool agree_uri(const struct sip_uri *uri, const char *text)
{
	osip_uri_t *theirs;
	if (uri->scheme != SIP_SCHEME_SIP && uri->scheme != SIP_SCHEME_SIPS)
		return true;
	if (osip_uri_init(&theirs) != OSIP_SUCCESS)
		return false;
	bool ok = osip_uri_parse(theirs, text) == OSIP_SUCCESS && agree_host(uri, theirs);
	osip_uri_free(theirs);
	return ok;
}

bool agree_cseq(uint32_t number, const char *method, const char *value)
{
	osip_cseq_t *theirs;
	if (osip_cseq_init(&theirs) != OSIP_SUCCESS)
		return false;
	bool ok = osip_cseq_parse(theirs, value) == OSIP_SUCCESS && theirs->number &&
		  strtoul(theirs->number, NULL, 10) == number && same(method, theirs->method);
	osip_cseq_free(theirs);
	return ok;
}
