#include "policy/number.h"

#include <stdio.h>
#include <string.h>

static bool number_judge(struct number *number, enum e164_result result, const char *text, unsigned validity,
			 struct verdict *verdict)
{
	char why[E164_WHY_MAX];

	number->warning[0] = 0;
	if (result != E164_OK)
		return verdict_refuse(verdict, 400, "'%.64s' %s", text,
				      e164_explain(why, sizeof(why), result, &number->e164));
	if (number->e164.valid)
		return verdict_allow(verdict);
	if (validity == CONFIG_VALIDITY_STRICT)
		return verdict_refuse(
		    verdict, 403,
		    "%s is not known to the numbering data (%s): check it, or set validity: possible at the "
		    "provider",
		    number->e164.text, e164_data_version());
	snprintf(number->warning, sizeof(number->warning), "%s is possible, but not known to the numbering data (%s)",
		 number->e164.text, e164_data_version());
	return verdict_allow(verdict);
}

bool number_read(struct number *number, const char *text, char *const *regions, unsigned region_count,
		 unsigned validity, struct verdict *verdict)
{
	const char *region = NULL;

	for (unsigned i = 0; i < region_count && !region; i++)
		if (regions[i] && regions[i][0])
			region = regions[i];
	return number_judge(number, e164_parse(&number->e164, text, region), text, validity, verdict);
}

bool number_read_inbound(struct number *number, const char *text, const struct config_provider *provider,
			 unsigned validity, struct verdict *verdict)
{
	char plus[E164_TEXT_MAX + 2];
	struct e164 with_plus = {0};
	enum e164_result result = e164_parse(&number->e164, text, provider->region);

	if (provider->number_format == CONFIG_NUMBER_PLAIN && text[0] != '+' &&
	    snprintf(plus, sizeof(plus), "+%s", text) < (int)sizeof(plus) &&
	    e164_parse(&with_plus, plus, NULL) == E164_OK && (with_plus.valid || result != E164_OK)) {
		number->e164 = with_plus;
		result = E164_OK;
	}
	return number_judge(number, result, text, validity, verdict);
}

const char *number_format(const char *e164_text, const struct config_provider *provider)
{
	return provider->number_format == CONFIG_NUMBER_PLAIN ? e164_plain(e164_text) : e164_text;
}
