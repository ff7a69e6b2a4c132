/* Out of memory while signatures are read and compiled, and while a scratch or buckets are made: -ENOMEM, no crash, no
 * message that blames the file, nothing half made. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "../memory/out_of_memory.h"
#include "screen/buckets.h"
#include "screen/signatures.h"

static const char rules[] = "a drop via /x[0-9]/\nb drop via,subject \"y\" && /z/\nc count anywhere \"scanner\"i\n";

/* Every one of the first allocations, then ever larger steps: a compiler of regexes makes thousands. */
Test(signatures_memory, set)
{
	struct signatures *set;
	char written[256];
	long limit = 0, failed = 0;
	int ret;
	do {
		memset(written, 0, sizeof(written));
		FILE *errors = fmemopen(written, sizeof(written), "w");
		setvbuf(errors, NULL, _IONBF, 0);
		memory_allowed = limit;
		ret = signatures_read(&set, rules, sizeof(rules) - 1, "f", errors);
		memory_allowed = -1;
		fclose(errors);
		cr_assert(ret == 0 || ret == -ENOMEM, "%d after %ld: %s", ret, limit, written);
		cr_assert_str_eq(written, "");
		cr_assert_eq(set == NULL, ret != 0);
		failed += ret != 0;
		signatures_destroy(set);
		limit += 1 + limit / 100;
	} while (ret != 0);
	cr_expect_gt(failed, 100);
	cr_expect_gt(memory_refused, 100);
}

Test(signatures_memory, scratch)
{
	struct signatures *set;
	struct signatures_scratch *scratch;
	long limit = 0;
	int ret;
	cr_assert_eq(signatures_read(&set, rules, sizeof(rules) - 1, "f", NULL), 0);
	do {
		memory_allowed = limit++;
		ret = signatures_scratch_create(&scratch, set);
		memory_allowed = -1;
		cr_assert(ret == 0 || ret == -ENOMEM);
		cr_assert_eq(scratch == NULL, ret != 0);
		signatures_scratch_destroy(scratch);
	} while (ret != 0);
	cr_expect_gt(limit, 2);
	signatures_destroy(set);
}

Test(signatures_memory, buckets)
{
	struct buckets_rate rate = {1, 1};
	struct buckets_peer peer = {.packets = rate, .classes = {rate, rate, rate, rate}};
	struct buckets_config config = {{10, 10}, &peer, 1};
	struct buckets_plan *plan;
	struct buckets *buckets;
	memory_allowed = 0;
	int ret = buckets_plan_create(&plan, &config, 0, 1);
	memory_allowed = -1;
	cr_expect_eq(ret, -ENOMEM);
	cr_expect_null(plan);
	cr_assert_eq(buckets_plan_create(&plan, &config, 0, 1), 0);
	memory_allowed = 0;
	ret = buckets_create(&buckets, plan);
	memory_allowed = -1;
	cr_expect_eq(ret, -ENOMEM);
	cr_expect_null(buckets);
	buckets_destroy(NULL);
	buckets_plan_destroy(plan);
	buckets_plan_destroy(NULL);
}
