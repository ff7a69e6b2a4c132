/* A network and a mount namespace of the test's own; they go with its process. */
#pragma once

#include <criterion/criterion.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

static void netns_enter(void)
{
	if (geteuid() != 0)
		cr_skip_test("needs root");
	cr_assert_eq(unshare(CLONE_NEWNET | CLONE_NEWNS), 0);
	cr_assert_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
}

__attribute__((unused)) static void netns_do(const char *command)
{
	cr_assert_eq(system(command), 0, "%s", command);
}
