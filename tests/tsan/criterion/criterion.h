/* What the tests of the worker library use of Criterion, for builds with ThreadSanitizer: Criterion maps memory where
 * ThreadSanitizer has its own and does not run under it. Each test runs in a process of its own, and TAP comes out. */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct shim_test {
	const char *suite, *name;
	void (*run)(void);
	struct shim_test *next;
};

/* Each executable has one file of tests; what it links besides (rig.c) adds none. */
__attribute__((weak)) struct shim_test *shim_tests;
__attribute__((weak)) unsigned shim_failures;

/* What stands around each test; there is one suite in a file. */
struct shim_fixture {
	void (*init)(void), (*fini)(void);
};
__attribute__((weak)) struct shim_fixture shim_fixture;

#define TestSuite(suite, ...)                                                                                          \
	__attribute__((constructor)) static void suite##_fixture(void)                                                 \
	{                                                                                                              \
		shim_fixture = (struct shim_fixture){__VA_ARGS__};                                                     \
	}                                                                                                              \
	_Static_assert(true, "takes a semicolon")

/* DPDK reads a ring's two tails plainly to count what is in it; either is one aligned word, and an old one is as good.
 * librte_hash is not built for ThreadSanitizer: it sees the keys that it copies and compares, not their order. */
const char *__tsan_default_suppressions(void);
__attribute__((weak)) const char *__tsan_default_suppressions(void)
{
	return "race:rte_ring_count\ncalled_from_lib:librte_hash.so\n";
}

/* A report whose older side it cannot name any more would be held against no suppression. */
const char *__tsan_default_options(void);
__attribute__((weak)) const char *__tsan_default_options(void)
{
	return "history_size=7";
}

#define Test(suite, name, ...)                                                                                         \
	static void suite##_##name##_run(void);                                                                        \
	__attribute__((constructor)) static void suite##_##name##_add(void)                                            \
	{                                                                                                              \
		static struct shim_test test = {#suite, #name, suite##_##name##_run, NULL};                            \
		test.next = shim_tests;                                                                                \
		shim_tests = &test;                                                                                    \
	}                                                                                                              \
	static void suite##_##name##_run(void)

#define shim_check(fatal, condition, ...)                                                                              \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			printf("# %s:%d: %s: ", __FILE__, __LINE__, #condition);                                       \
			printf(" " __VA_ARGS__);                                                                       \
			printf("\n");                                                                                  \
			shim_failures++;                                                                               \
			if (fatal)                                                                                     \
				exit(1);                                                                               \
		}                                                                                                      \
	} while (0)

#define cr_assert(a, ...)		    shim_check(true, a, __VA_ARGS__)
#define cr_assert_not(a, ...)		    shim_check(true, !(a), __VA_ARGS__)
#define cr_assert_not_null(a, ...)	    shim_check(true, (a) != NULL, __VA_ARGS__)
#define cr_assert_eq(a, b, ...)		    shim_check(true, (a) == (b), __VA_ARGS__)
#define cr_assert_neq(a, b, ...)	    shim_check(true, (a) != (b), __VA_ARGS__)
#define cr_assert_lt(a, b, ...)		    shim_check(true, (a) < (b), __VA_ARGS__)
#define cr_assert_leq(a, b, ...)	    shim_check(true, (a) <= (b), __VA_ARGS__)
#define cr_assert_gt(a, b, ...)		    shim_check(true, (a) > (b), __VA_ARGS__)
#define cr_assert_geq(a, b, ...)	    shim_check(true, (a) >= (b), __VA_ARGS__)
#define cr_expect(a, ...)		    shim_check(false, a, __VA_ARGS__)
#define cr_expect_not(a, ...)		    shim_check(false, !(a), __VA_ARGS__)
#define cr_expect_null(a, ...)		    shim_check(false, (a) == NULL, __VA_ARGS__)
#define cr_expect_not_null(a, ...)	    shim_check(false, (a) != NULL, __VA_ARGS__)
#define cr_expect_eq(a, b, ...)		    shim_check(false, (a) == (b), __VA_ARGS__)
#define cr_expect_neq(a, b, ...)	    shim_check(false, (a) != (b), __VA_ARGS__)
#define cr_expect_lt(a, b, ...)		    shim_check(false, (a) < (b), __VA_ARGS__)
#define cr_expect_leq(a, b, ...)	    shim_check(false, (a) <= (b), __VA_ARGS__)
#define cr_expect_gt(a, b, ...)		    shim_check(false, (a) > (b), __VA_ARGS__)
#define cr_expect_geq(a, b, ...)	    shim_check(false, (a) >= (b), __VA_ARGS__)
#define cr_expect_str_eq(a, b, ...)	    shim_check(false, strcmp(a, b) == 0, __VA_ARGS__)
#define cr_assert_str_eq(a, b, ...)	    shim_check(true, strcmp(a, b) == 0, __VA_ARGS__)
#define cr_assert_null(a, ...)		    shim_check(true, (a) == NULL, __VA_ARGS__)
#define cr_assert_fail(...)		    shim_check(true, false, __VA_ARGS__)
#define cr_assert_arr_eq(a, b, n, ...)	    shim_check(true, memcmp(a, b, n) == 0, __VA_ARGS__)
#define cr_expect_float_eq(a, b, near, ...) shim_check(false, (a) - (b) <= (near) && (b) - (a) <= (near), __VA_ARGS__)
#define cr_log_info(...)		    (printf("# " __VA_ARGS__), printf("\n"))

__attribute__((weak)) int main(void)
{
	unsigned n = 0, failed = 0;
	for (const struct shim_test *test = shim_tests; test; test = test->next) {
		int status = 1;
		fflush(stdout);
		pid_t child = fork();
		if (child == 0) {
			if (shim_fixture.init)
				shim_fixture.init();
			test->run();
			if (shim_fixture.fini)
				shim_fixture.fini();
			exit(shim_failures ? 1 : 0);
		}
		if (child < 0 || waitpid(child, &status, 0) < 0)
			status = 1;
		failed += status != 0;
		printf("%sok %u - %s::%s\n", status ? "not " : "", ++n, test->suite, test->name);
	}
	printf("1..%u\n", n);
	return failed > 0;
}
