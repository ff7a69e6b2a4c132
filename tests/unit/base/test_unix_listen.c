/* Sockets of their own folder, mode and group, and who calls there. */
#include "base/unix_listen.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534

static char top[64], folder[80], path[96];

static void setup(void)
{
	strcpy(top, "/tmp/xfergate-listen-XXXXXX");
	cr_assert_not_null(mkdtemp(top));
	cr_assert_eq(chmod(top, 0755), 0);
	snprintf(folder, sizeof(folder), "%s/new", top);
	snprintf(path, sizeof(path), "%s/sock", folder);
}

static void teardown(void)
{
	unlink(path);
	rmdir(folder);
	rmdir(top);
}

TestSuite(unix_listen, .init = setup, .fini = teardown);

static struct stat status_of(const char *name)
{
	struct stat st;
	cr_assert_eq(lstat(name, &st), 0, "%s: %s", name, strerror(errno));
	return st;
}

static int dial(int type)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	strcpy(address.sun_path, path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	int result = -errno;
	close(fd);
	return result;
}

/* What comes of it for a user that is nobody but has the group. */
static int as_a_member(int (*act)(void))
{
	int status;
	gid_t group = NOBODY;
	pid_t child = fork();
	if (child == 0) {
		if (setgroups(1, &group) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
		    setresuid(NOBODY, NOBODY, NOBODY) < 0)
			_exit(100);
		_exit(-act());
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

static int call(void)
{
	int fd = dial(SOCK_STREAM);
	return fd < 0 ? fd : 0;
}

static int plant(void)
{
	char other[120];
	snprintf(other, sizeof(other), "%s/other", folder);
	int fd = open(other, O_CREAT | O_WRONLY, 0600);
	return fd < 0 ? -errno : 0;
}

static int steal(void)
{
	return unlink(path) < 0 ? -errno : 0;
}

Test(unix_listen, mode_group_and_folder)
{
	static const mode_t masks[] = {0022, 0, 0777};
	for (unsigned i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		int fd;
		mode_t before = umask(masks[i]);
		cr_assert_eq(unix_listen(&fd, path, SOCK_STREAM, (gid_t)-1, 4), 0);
		cr_expect_eq(umask(before), masks[i], "the umask is as it was");
		cr_expect_eq(status_of(path).st_mode, S_IFSOCK | 0660);
		cr_expect_eq(status_of(folder).st_mode, S_IFDIR | 0755);
		cr_expect_not(unix_listen_shared(path));
		close(fd);
		unlink(path);
		rmdir(folder);
	}
}

/* Whoever has the group may connect, and neither put anything beside the socket nor something in its place. */
Test(unix_listen, what_a_member_may)
{
	int fd;
	if (geteuid() != 0)
		cr_skip("needs root");
	cr_assert_eq(unix_listen(&fd, path, SOCK_STREAM, NOBODY, 4), 0);
	cr_expect_eq(status_of(path).st_gid, NOBODY);
	cr_expect_eq(status_of(path).st_uid, 0);
	cr_expect_eq(status_of(folder).st_gid, getegid());
	cr_expect_eq(as_a_member(call), 0);
	struct ucred peer;
	int client = accept(fd, NULL, NULL);
	cr_assert_eq(unix_listen_peer(client, &peer), 0);
	cr_expect_eq(peer.uid, NOBODY);
	cr_expect_eq(as_a_member(plant), -EACCES);
	cr_expect_eq(as_a_member(steal), -EACCES);
	close(client);
	close(fd);
}

Test(unix_listen, folders_that_others_may_write)
{
	static const mode_t shared[] = {0775, 01775, 0757, 01777};
	int fd;
	cr_assert_eq(unix_listen(&fd, path, SOCK_STREAM, (gid_t)-1, 4), 0);
	for (unsigned i = 0; i < sizeof(shared) / sizeof(shared[0]); i++) {
		chmod(folder, shared[i]);
		cr_expect(unix_listen_shared(path), "%o", shared[i]);
	}
	chmod(folder, 0750);
	cr_expect_not(unix_listen_shared(path));
	if (geteuid() == 0) {
		cr_assert_eq(chown(folder, NOBODY, (gid_t)-1), 0);
		cr_expect(unix_listen_shared(path), "its owner is somebody else");
	}
	close(fd);
}

Test(unix_listen, in_the_place_of_a_dead_one_only)
{
	int fd, second;
	char name[120];
	cr_assert_eq(unix_listen(&fd, path, SOCK_SEQPACKET, (gid_t)-1, 4), 0);
	cr_expect_eq(unix_listen(&second, path, SOCK_SEQPACKET, (gid_t)-1, 4), -EADDRINUSE);
	cr_expect_eq(unix_listen(&second, path, SOCK_STREAM, (gid_t)-1, 4), -EADDRINUSE, "of another type");
	close(fd);
	cr_expect_eq(dial(SOCK_SEQPACKET), -ECONNREFUSED);
	cr_assert_eq(unix_listen(&second, path, SOCK_SEQPACKET, (gid_t)-1, 4), 0);
	close(second);
	unlink(path);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	cr_expect_eq(unix_listen(&second, path, SOCK_STREAM, (gid_t)-1, 4), -EEXIST);
	unlink(path);
	snprintf(name, sizeof(name), "%s/target", folder);
	cr_assert_eq(symlink(name, path), 0);
	cr_expect_eq(unix_listen(&second, path, SOCK_STREAM, (gid_t)-1, 4), -EEXIST, "a link to nowhere");
	cr_expect_eq(access(name, F_OK), -1);
}

Test(unix_listen, paths_that_are_too_long)
{
	char name[160];
	int fd;
	size_t most = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;
	memset(name, 'a', sizeof(name));
	snprintf(name, sizeof(name), "%s/", top);
	name[strlen(name)] = 'a';
	name[most] = 0;
	cr_assert_eq(unix_listen(&fd, name, SOCK_STREAM, (gid_t)-1, 4), 0);
	close(fd);
	unlink(name);
	name[most] = 'a';
	name[most + 1] = 0;
	cr_expect_eq(unix_listen(&fd, name, SOCK_STREAM, (gid_t)-1, 4), -ENAMETOOLONG);
}
