/* `xfergate show version`. Ages are for who has a clock: the numbering data's date stands here as it is. */
#include <openssl/crypto.h>
#include "handlers.h"
#include "row.h"
#include "xfergate/e164.h"

void version_show(struct api *api, struct ask *ask, const json_t *params)
{
	struct row row;
	int64_t made = e164_data_time();
	row_init(&row);
	row_text(&row, "xfergate", XF_VERSION);
	row_count(&row, "link", XF_LINK_VERSION);
	row_text(&row, "libosip2", OSIP_VERSION);
	row_text(&row, "openssl", OpenSSL_version(OPENSSL_VERSION));
	row_text(&row, "jansson", jansson_version_str());
	row_text(&row, "numbering_data", e164_data_version());
	if (made > 0)
		row_count(&row, "numbering_data_time", (uint64_t)made);
	else
		row_null(&row, "numbering_data_time");
	row_bool(&row, "dataplane_connected", media_ready(api->media));
	row_seconds(&row, "uptime_s", api->created_ns, api->env->now_ns);
	ask_answer(api, ask, row_take(&row));
}
