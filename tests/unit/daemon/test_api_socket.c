#include "daemon/api_socket.h"
#include "loop.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct api_socket *api;
static char directory[64], path[100];
static unsigned lines, gone;
static uint64_t last_client, gone_client;
static size_t last_len;
static char last_line[64];
static bool echo = true;
static char *answer; /* instead of the echo */

static void on_line(void *arg, uint64_t client, const char *line, size_t len)
{
	lines++;
	last_client = client;
	last_len = len;
	snprintf(last_line, sizeof(last_line), "%s", line);
	cr_assert_eq(line[len], 0);
	if (answer)
		api_socket_reply(api, client, answer, strlen(answer));
	else if (echo)
		api_socket_reply(api, client, line, len);
}

static void on_gone(void *arg, uint64_t client)
{
	gone++;
	gone_client = client;
}

static const struct api_socket_user user = {.line = on_line, .gone = on_gone};

static void setup(void)
{
	loop_setup();
	signal(SIGPIPE, SIG_IGN);
	snprintf(directory, sizeof(directory), "/tmp/xfg-test-api-%d", getpid());
	snprintf(path, sizeof(path), "%s/api.sock", directory);
	cr_assert_eq(api_socket_open(&api, base, path, getegid(), &user), 0);
}

static void teardown(void)
{
	api_socket_close(api);
	cr_expect_eq(access(path, F_OK), -1);
	rmdir(directory);
	free(answer);
	loop_teardown();
}

TestSuite(api_socket, .init = setup, .fini = teardown);

static int connected(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	strcpy(address.sun_path, path);
	cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* Sends all of it while the loop turns. */
static void say(int fd, const char *text, size_t len)
{
	for (unsigned turns = 0; len && turns < 10000; turns++) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	cr_assert_eq(len, 0, "it does not take its requests");
}

/* What comes until the end or for 300 ms. */
static size_t hear(int fd, char *text, size_t size)
{
	size_t len = 0;
	for (unsigned quiet = 0; quiet < 300 && len < size - 1; quiet++) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		ssize_t n = recv(fd, text + len, size - 1 - len, 0);
		if (n == 0)
			break;
		if (n > 0) {
			len += (size_t)n;
			quiet = 0;
		} else {
			usleep(1000);
		}
	}
	text[len] = 0;
	return len;
}

Test(api_socket, lines_in_and_out)
{
	char text[256];
	struct stat st;
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0660);
	int fd = connected();
	say(fd, "one\ntw", 6);
	hear(fd, text, sizeof(text));
	cr_assert_str_eq(text, "one\n");
	say(fd, "o\r\n \n\nthree\n", 12);
	hear(fd, text, sizeof(text));
	cr_assert_str_eq(text, "two\nthree\n");
	cr_assert_eq(lines, 3, "blank lines are no requests");
	close(fd);
	cr_assert(loop_until(&gone, 1, 1000));
	cr_assert_eq(gone_client, last_client);
	int again = connected();
	say(again, "x\n", 2);
	cr_assert(loop_until(&lines, 4, 1000));
	cr_assert_gt(last_client, gone_client, "numbers are never used again");
	close(again);
}

Test(api_socket, the_longest_line_and_one_more)
{
	char *text = malloc(API_LINE_MAX + 3), heard[512];
	int fd = connected();
	memset(text, 'a', API_LINE_MAX + 2);
	echo = false;
	text[API_LINE_MAX] = '\n';
	say(fd, text, API_LINE_MAX + 1);
	cr_assert(loop_until(&lines, 1, 1000));
	cr_assert_eq(last_len, API_LINE_MAX);
	text[API_LINE_MAX] = 'a';
	text[API_LINE_MAX + 1] = '\n';
	say(fd, text, API_LINE_MAX + 2);
	hear(fd, heard, sizeof(heard));
	cr_assert_not_null(strstr(heard, "-32600"));
	cr_assert_eq(lines, 1);
	echo = true;
	say(fd, "after\n", 6);
	hear(fd, heard, sizeof(heard));
	cr_assert_str_eq(heard, "after\n", "it goes on with the next line");
	for (unsigned i = 0; i < 4; i++) /* much more without a line end: one error, and no memory for it */
		say(fd, text, API_LINE_MAX);
	hear(fd, heard, sizeof(heard));
	cr_assert_eq(strchr(heard, '\n'), heard + strlen(heard) - 1, "one line: %s", heard);
	close(fd);
	free(text);
}

Test(api_socket, half_closed_clients_get_their_answers)
{
	char text[256];
	int fd = connected();
	echo = false;
	say(fd, "one\ntwo", 7);
	shutdown(fd, SHUT_WR);
	cr_assert(loop_until(&lines, 2, 1000));
	cr_assert_str_eq(last_line, "two", "the last line lacks its end");
	cr_assert_not(loop_until(&gone, 1, 1500), "two answers are owed");
	api_socket_reply(api, last_client, "first", 5);
	api_socket_reply(api, last_client, "second", 6);
	hear(fd, text, sizeof(text));
	cr_assert_str_eq(text, "first\nsecond\n");
	cr_assert(loop_until(&gone, 1, 1000));
	close(fd);
}

Test(api_socket, half_closed_and_gone)
{
	int fd = connected();
	echo = false;
	say(fd, "one\n", 4);
	shutdown(fd, SHUT_WR);
	cr_assert_not(loop_until(&gone, 1, 100));
	close(fd);
	cr_assert(loop_until(&gone, 1, 2500));
	api_socket_reply(api, last_client, "late", 4);
}

Test(api_socket, exactly_max_clients_and_one_more)
{
	int fd[API_CLIENTS_MAX + 1];
	char text[256];
	for (unsigned i = 0; i < API_CLIENTS_MAX; i++) {
		fd[i] = connected();
		say(fd[i], "x\n", 2);
	}
	cr_assert(loop_until(&lines, API_CLIENTS_MAX, 1000));
	fd[API_CLIENTS_MAX] = connected();
	hear(fd[API_CLIENTS_MAX], text, sizeof(text));
	cr_assert_not_null(strstr(text, "too many clients"));
	cr_assert_eq(recv(fd[API_CLIENTS_MAX], text, 1, 0), 0, "and closed");
	close(fd[0]);
	cr_assert(loop_until(&gone, 1, 1000));
	fd[0] = connected();
	say(fd[0], "x\n", 2);
	cr_assert(loop_until(&lines, API_CLIENTS_MAX + 1, 1000));
	for (unsigned i = 0; i <= API_CLIENTS_MAX; i++)
		close(fd[i]);
}

Test(api_socket, unanswered_requests_wait)
{
	int fd = connected();
	echo = false;
	for (unsigned i = 0; i < API_UNANSWERED_MAX + 10; i++)
		say(fd, "x\n", 2);
	for (unsigned i = 0; i < 20; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
	cr_assert_eq(lines, API_UNANSWERED_MAX);
	api_socket_reply(api, last_client, "a", 1);
	cr_assert(loop_until(&lines, API_UNANSWERED_MAX + 1, 1000));
	for (unsigned i = 0; i < 9; i++)
		api_socket_reply(api, last_client, "a", 1);
	cr_assert(loop_until(&lines, API_UNANSWERED_MAX + 10, 1000));
	close(fd);
}

Test(api_socket, a_slow_reader_is_not_asked_for_more)
{
	size_t size = 300000;
	answer = malloc(size + 1);
	memset(answer, 'r', size);
	answer[size] = 0;
	int fd = connected();
	for (unsigned i = 0; i < 40; i++)
		say(fd, "x\n", 2);
	for (unsigned i = 0; i < 50; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
	cr_assert_lt(lines, 10, "its requests wait while it does not read");
	char *text = malloc(41 * (size + 1));
	size_t len = hear(fd, text, 41 * (size + 1));
	cr_assert_eq(len, 40 * (size + 1), "then it gets all");
	cr_assert_eq(lines, 40);
	free(text);
	close(fd);
}

/* Exactly what may wait, and one more; then it reads, and there is room again. Other clients notice nothing. */
Test(api_socket, notifications_to_a_slow_reader)
{
	size_t size = 100000, sent = 0, lost = 0;
	char *line = malloc(size), *text = malloc(3 * API_NOTIFY_MAX), small[64];
	memset(line, 'n', size);
	int fd = connected(), other = connected();
	say(other, "x\n", 2);
	say(fd, "x\n", 2);
	hear(fd, small, sizeof(small));
	hear(other, small, sizeof(small));
	uint64_t slow = last_client;
	cr_assert_eq(api_socket_notify(api, slow + 100, line, 1), -ENOENT);
	for (unsigned i = 0; i < 2 * API_NOTIFY_MAX / size; i++) {
		int r = api_socket_notify(api, slow, line, size);
		cr_assert(r == 0 || r == -ENOBUFS);
		*(r ? &lost : &sent) += 1;
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	cr_expect_gt(lost, 0);
	cr_expect_geq(sent, (API_NOTIFY_MAX - 1) / (size + 1));
	cr_expect_eq(gone, 0);
	say(other, "y\n", 2);
	hear(other, small, sizeof(small));
	cr_expect_str_eq(small, "y\n");
	cr_expect_eq(hear(fd, text, 3 * API_NOTIFY_MAX), sent * (size + 1), "whole lines only");
	cr_expect_eq(text[size], '\n');
	cr_expect_eq(api_socket_notify(api, slow, "z", 1), 0, "there is room again");
	hear(fd, small, sizeof(small));
	cr_expect_str_eq(small, "z\n");
	close(fd);
	close(other);
	free(text);
	free(line);
}

/* As many notifications as may wait, and more all the time, are no reason to leave its request unread: it may be the
 * one that ends them. The answer comes after what was there before it. */
Test(api_socket, a_request_amid_notifications)
{
	size_t size = 100000, len = 0, room = 4 * API_NOTIFY_MAX;
	char *line = malloc(size), *text = malloc(room), small[64];
	memset(line, 'n', size);
	int fd = connected();
	say(fd, "x\n", 2);
	hear(fd, small, sizeof(small));
	while (api_socket_notify(api, last_client, line, size) == 0)
		event_base_loop(base, EVLOOP_NONBLOCK);
	cr_assert_eq(send(fd, "stop\n", 5, MSG_NOSIGNAL), 5);
	for (unsigned i = 0; i < 10 && lines == 1; i++) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		while (api_socket_notify(api, last_client, line, size) == 0)
			;
	}
	cr_expect_eq(lines, 2, "it is not read");
	cr_expect_eq(api_socket_notify(api, last_client, line, size), -ENOBUFS);
	len = hear(fd, text, room);
	cr_expect(memmem(text, len, "n\nstop\n", 7), "%zu bytes, and no answer that is whole among them", len);
	cr_expect_eq((len - 5) % (size + 1), 0, "whole lines only");
	cr_expect_eq(api_socket_notify(api, last_client, "z", 1), 0, "there is room again");
	hear(fd, small, sizeof(small));
	cr_expect_str_eq(small, "z\n");
	close(fd);
	free(text);
	free(line);
}

/* A notification is no answer: what is owed is still owed. */
Test(api_socket, notifications_answer_nothing)
{
	char text[256];
	int fd = connected();
	echo = false;
	say(fd, "one\n", 4);
	shutdown(fd, SHUT_WR);
	cr_assert_eq(api_socket_notify(api, last_client, "note", 4), 0);
	cr_assert_not(loop_until(&gone, 1, 300));
	api_socket_reply(api, last_client, "answer", 6);
	hear(fd, text, sizeof(text));
	cr_assert_str_eq(text, "note\nanswer\n");
	cr_assert(loop_until(&gone, 1, 1000));
	close(fd);
}

Test(api_socket, one_listener)
{
	struct api_socket *second;
	char other[100], file[120];
	cr_assert_eq(api_socket_open(&second, base, path, (gid_t)-1, &user), -EADDRINUSE);
	snprintf(other, sizeof(other), "%s/file", directory);
	fclose(fopen(other, "w"));
	cr_assert_eq(api_socket_open(&second, base, other, (gid_t)-1, &user), -EEXIST);
	unlink(other);
	/* A listener that died leaves its socket behind. */
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(file, sizeof(file), "%s/stale", directory);
	strcpy(address.sun_path, file);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(listen(fd, 1), 0);
	close(fd);
	cr_assert_eq(api_socket_open(&second, base, file, (gid_t)-1, &user), 0);
	api_socket_close(second);
}

/* Root opens it in root's folder, the user that the daemon then becomes closes it and leaves its file, and the next one
 * takes that file's place. */
Test(api_socket_as_root, is_replaced_by_the_next)
{
	char own[64], socket_path[100];
	int status;
	if (geteuid() != 0)
		cr_skip("needs root");
	loop_setup();
	snprintf(own, sizeof(own), "/tmp/xfg-test-api-dir-%d", getpid());
	snprintf(socket_path, sizeof(socket_path), "%s/api.sock", own);
	cr_assert_eq(api_socket_open(&api, base, socket_path, 65534, &user), 0);
	pid_t child = fork();
	if (child == 0) {
		if (setgroups(0, NULL) < 0 || setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
			_exit(1);
		api_socket_close(api);
		_exit(unlink(socket_path) == 0 ? 2 : 0);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_expect_eq(status, 0);
	cr_expect_eq(access(socket_path, F_OK), 0);
	struct api_socket *next;
	cr_expect_eq(api_socket_open(&next, base, socket_path, 65534, &user), -EADDRINUSE, "ours listens still");
	api_socket_close(api);
	cr_assert_eq(api_socket_open(&next, base, socket_path, 65534, &user), 0);
	api_socket_close(next);
	rmdir(own);
	loop_teardown();
}
