/* What the helpers of the unit tests use of Criterion, where no Criterion runs: each check ends the run. */
#pragma once

#include "../fuzz.h"

#define cr_assert(a, ...)	    fuzz_check(a, __VA_ARGS__)
#define cr_assert_fail(...)	    fuzz_check(false, __VA_ARGS__)
#define cr_assert_not(a, ...)	    fuzz_check(!(a), __VA_ARGS__)
#define cr_assert_null(a, ...)	    fuzz_check((a) == NULL, __VA_ARGS__)
#define cr_assert_not_null(a, ...)  fuzz_check((a) != NULL, __VA_ARGS__)
#define cr_assert_eq(a, b, ...)	    fuzz_check((a) == (b), __VA_ARGS__)
#define cr_assert_neq(a, b, ...)    fuzz_check((a) != (b), __VA_ARGS__)
#define cr_assert_lt(a, b, ...)	    fuzz_check((a) < (b), __VA_ARGS__)
#define cr_assert_leq(a, b, ...)    fuzz_check((a) <= (b), __VA_ARGS__)
#define cr_assert_gt(a, b, ...)	    fuzz_check((a) > (b), __VA_ARGS__)
#define cr_assert_geq(a, b, ...)    fuzz_check((a) >= (b), __VA_ARGS__)
#define cr_assert_str_eq(a, b, ...) fuzz_check(strcmp(a, b) == 0, __VA_ARGS__)
#define cr_expect		    cr_assert
#define cr_expect_not		    cr_assert_not
#define cr_expect_null		    cr_assert_null
#define cr_expect_not_null	    cr_assert_not_null
#define cr_expect_eq		    cr_assert_eq
#define cr_expect_neq		    cr_assert_neq
#define cr_expect_lt		    cr_assert_lt
#define cr_expect_leq		    cr_assert_leq
#define cr_expect_gt		    cr_assert_gt
#define cr_expect_geq		    cr_assert_geq
#define cr_expect_str_eq	    cr_assert_str_eq
