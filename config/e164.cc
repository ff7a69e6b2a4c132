#include "xfergate/e164.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <set>
#include <string>

#include <phonenumbers/phonenumberutil.h>
#include <phonenumbers/shortnumberinfo.h>

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;
using i18n::phonenumbers::ShortNumberInfo;

namespace
{

/* Separators that a copied number brings along: no-break spaces and typographic dashes (UTF-8). */
struct separator {
	const char *bytes;
	char plain;
};
const struct separator separators[] = {
    {"\xc2\xa0", ' '},	   {"\xe2\x80\xaf", ' '}, {"\xe2\x80\x90", '-'}, {"\xe2\x80\x91", '-'},
    {"\xe2\x80\x92", '-'}, {"\xe2\x80\x93", '-'}, {"\xe2\x80\x94", '-'}, {"\xe2\x88\x92", '-'},
};

bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Copies text into out in ASCII separators. */
enum e164_result clean(std::string *out, const char *text)
{
	unsigned digits = 0;
	if (strlen(text) > E164_TEXT_MAX)
		return E164_TOO_LONG;
	for (const char *c = text; *c;) {
		if (is_digit(*c))
			digits++;
		if (is_digit(*c) || strchr(" -./()\t", *c)) {
			out->push_back(*c++);
			continue;
		}
		if (*c == '+' && digits == 0 && out->find('+') == std::string::npos) {
			out->push_back(*c++);
			continue;
		}
		if (is_letter(*c))
			return E164_LETTERS;
		bool known = false;
		for (const struct separator &s : separators) {
			size_t len = strlen(s.bytes);
			if (strncmp(c, s.bytes, len) == 0) {
				out->push_back(s.plain);
				c += len;
				known = true;
				break;
			}
		}
		if (!known)
			return E164_NOT_A_NUMBER;
	}
	if (digits)
		return E164_OK;
	return out->find_first_not_of(" \t") == std::string::npos ? E164_EMPTY : E164_NOT_A_NUMBER;
}

enum e164_result from_error(PhoneNumberUtil::ErrorType error, bool has_plus, bool has_region)
{
	switch (error) {
	case PhoneNumberUtil::NO_PARSING_ERROR:
		return E164_OK;
	case PhoneNumberUtil::INVALID_COUNTRY_CODE_ERROR:
		return has_plus || has_region ? E164_BAD_COUNTRY : E164_NO_REGION;
	case PhoneNumberUtil::TOO_SHORT_AFTER_IDD:
	case PhoneNumberUtil::TOO_SHORT_NSN:
		return E164_TOO_SHORT;
	case PhoneNumberUtil::TOO_LONG_NSN:
		return E164_TOO_LONG;
	default:
		return E164_NOT_A_NUMBER;
	}
}

/* A number as short as a local one (+15550100) is possible, and never valid, if it was written whole; without '+' it
 * has lost its area code, and nobody here is within its area. */
enum e164_result from_possible(PhoneNumberUtil::ValidationResult result, bool whole)
{
	switch (result) {
	case PhoneNumberUtil::IS_POSSIBLE:
		return E164_OK;
	case PhoneNumberUtil::INVALID_COUNTRY_CODE:
		return E164_BAD_COUNTRY;
	case PhoneNumberUtil::IS_POSSIBLE_LOCAL_ONLY:
		return whole ? E164_OK : E164_TOO_SHORT;
	case PhoneNumberUtil::TOO_SHORT:
		return E164_TOO_SHORT;
	case PhoneNumberUtil::TOO_LONG:
		return E164_TOO_LONG;
	default:
		return E164_BAD_LENGTH;
	}
}

void set_region(char out[E164_REGION_STRLEN], const std::string &region)
{
	snprintf(out, E164_REGION_STRLEN, "%s",
		 region == "ZZ" || region.size() >= E164_REGION_STRLEN ? "" : region.c_str());
}

bool is_emergency(const std::string &text, const std::string &national, const std::string &region)
{
	static const ShortNumberInfo shorts;
	return !region.empty() &&
	       (shorts.IsEmergencyNumber(text, region) || shorts.IsEmergencyNumber(national, region));
}

enum e164_result parse(struct e164 *number, const char *text, const char *region)
{
	std::string spelled, formatted, national, own, main_region;
	enum e164_result result = clean(&spelled, text);
	if (result != E164_OK)
		return result;
	const PhoneNumberUtil &util = *PhoneNumberUtil::GetInstance();
	std::string by = region ? region : "";
	bool has_plus = spelled.find('+') != std::string::npos;
	if (!has_plus)
		set_region(number->region, by);
	if (is_emergency(spelled, spelled, by))
		return E164_EMERGENCY;
	PhoneNumber parsed;
	result = from_error(util.Parse(spelled, by.empty() ? "ZZ" : by, &parsed), has_plus, !by.empty());
	if (result != E164_OK)
		return result;
	util.GetRegionCodeForCountryCode(parsed.country_code(), &main_region);
	set_region(number->region, main_region);
	util.GetNationalSignificantNumber(parsed, &national);
	if (is_emergency(national, national, main_region == "ZZ" || main_region == "001" ? "" : main_region))
		return E164_EMERGENCY;
	result = from_possible(util.IsPossibleNumberWithReason(parsed), has_plus);
	if (result != E164_OK)
		return result;
	util.Format(parsed, PhoneNumberUtil::E164, &formatted);
	if (formatted.size() >= E164_STRLEN)
		return E164_TOO_LONG;
	snprintf(number->text, sizeof(number->text), "%s", formatted.c_str());
	number->valid = util.IsValidNumber(parsed);
	util.GetRegionCodeForNumber(parsed, &own);
	set_region(number->country, number->valid ? own : "");
	if (!number->country[0]) {
		/* A calling code of one country only leaves no doubt. */
		std::list<std::string> regions;
		util.GetRegionCodesForCountryCallingCode(parsed.country_code(), &regions);
		if (regions.size() == 1)
			set_region(number->country, regions.front());
	}
	set_region(number->region, number->country[0] ? std::string(number->country) : main_region);
	return E164_OK;
}

struct data {
	char version[96];
	int64_t made;
};

/* The numbering data is compiled into the library, which has no function that tells its version: its file does. */
struct data find_data()
{
	struct data d = {"libphonenumber, numbering data of unknown age", 0};
	char real[PATH_MAX], date[16];
	Dl_info info;
	struct stat st;
	struct tm tm;
	void *symbol = dlsym(RTLD_DEFAULT, "_ZN4i18n12phonenumbers15PhoneNumberUtil11GetInstanceEv");
	if (!symbol || !dladdr(symbol, &info) || !realpath(info.dli_fname, real) || stat(real, &st) < 0)
		return d;
	time_t made = st.st_mtime;
	const char *so = strstr(real, ".so.");
	d.made = made;
	strftime(date, sizeof(date), "%Y-%m", gmtime_r(&made, &tm));
	snprintf(d.version, sizeof(d.version), "libphonenumber %.20s, numbering data of %s", so ? so + 4 : "(static)",
		 date);
	return d;
}

const struct data &get_data()
{
	static const struct data d = find_data();
	return d;
}

} // namespace

enum e164_result e164_parse(struct e164 *number, const char *text, const char *region)
{
	memset(number, 0, sizeof(*number));
	try {
		enum e164_result result = parse(number, text, region);
		if (result != E164_OK) {
			struct e164 nothing = {};
			memcpy(nothing.region, number->region, sizeof(nothing.region));
			*number = nothing;
		}
		return result;
	} catch (...) {
		memset(number, 0, sizeof(*number));
		return E164_FAILED;
	}
}

const char *e164_result_text(enum e164_result result)
{
	static const char *const texts[] = {
#define X(symbol, text) text,
	    E164_RESULTS(X)
#undef X
	};
	return result < E164_RESULT_COUNT ? texts[result] : "unknown";
}

const char *e164_explain(char *out, size_t size, enum e164_result result, const struct e164 *number)
{
	const char *what = result == E164_TOO_SHORT    ? "is too short for a number"
			   : result == E164_TOO_LONG   ? "is too long for a number"
			   : result == E164_BAD_LENGTH ? "has the wrong length for a number"
						       : NULL;
	/* 001 are the numbers of no country */
	if (what && number->region[0] && strcmp(number->region, "001") != 0)
		snprintf(out, size, "%s of %s", what, number->region);
	else
		snprintf(out, size, "%s", e164_result_text(result));
	return out;
}

bool e164_is_spelling(const char *text)
{
	try {
		std::string out;
		return clean(&out, text) == E164_OK;
	} catch (...) {
		return false;
	}
}

bool e164_region_known(const char *region)
{
	try {
		std::set<std::string> regions;
		PhoneNumberUtil::GetInstance()->GetSupportedRegions(&regions);
		return regions.count(region) > 0;
	} catch (...) {
		return false;
	}
}

const char *e164_plain(const char *e164_text)
{
	return e164_text[0] == '+' ? e164_text + 1 : e164_text;
}

const char *e164_data_version(void)
{
	return get_data().version;
}

int64_t e164_data_time(void)
{
	return get_data().made;
}
