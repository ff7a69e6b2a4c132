/* A server, the conversation that it carries, and its client in one process, over a socket of their own. */
#include <criterion/criterion.h>
#include <errno.h>
#include <grp.h>
#include <stdalign.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "link_server.h"
#include "plane/conversation.h"

static struct link_server server;
static struct conversation conversation;
static char path[64];
static unsigned commands;

static int send_link(void *arg, const void *packet, size_t len)
{
	return link_server_send(&server, packet, len);
}

static void hang_up(void *arg, const char *reason)
{
	link_server_drop(&server, reason);
}

static void quiet(void *arg, enum dplane_log_level level, const char *event, const char *text)
{
}

static const struct dplane_seam seam = {.send_link = send_link, .hang_up = hang_up, .log = quiet};

static void packet_in(const void *packet, size_t len, void *arg)
{
	conversation_packet(&conversation, packet, len);
}

static void down(void *arg)
{
	conversation_down(&conversation);
}

static void command(const struct link_view *view, void *arg)
{
	struct xf_link_ack ack = {.result = view->type};

	commands++;
	conversation.greeted = true;
	conversation_send(&conversation, conversation.connection, XF_LINK_ACK, view->sequence, &ack, sizeof(ack));
}

static void start(void)
{
	strcpy(path, "/tmp/xfergate-link-XXXXXX");
	cr_assert_not_null(mkdtemp(path));
	strcat(path, "/sock");
	cr_assert_eq(conversation_init(&conversation, &seam, command, NULL), 0);
	server.packet = packet_in;
	server.down = down;
	cr_assert_eq(link_server_start(&server, path, "nobody", "nogroup"), 0);
}

static void stop(void)
{
	link_server_stop(&server);
	conversation_fini(&conversation);
	*strrchr(path, '/') = 0;
	rmdir(path);
}

TestSuite(link_server, .init = start, .fini = stop);

static int dial(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	strcpy(address.sun_path, path);
	cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert(link_server_accept(&server));
	conversation_up(&conversation);
	cr_assert_eq(conversation.connection, server.connection);
	return fd;
}

static void say(int fd, uint16_t type, uint32_t sequence, uint16_t len)
{
	static const uint8_t body[2048];
	alignas(8) uint8_t out[4096];
	int n = link_record_put(out, sizeof(out), type, sequence, body, len);

	cr_assert_eq(send(fd, out, (size_t)n, MSG_NOSIGNAL), n);
	link_server_read(&server);
	conversation_flush(&conversation);
}

/* The result of the next ACK; 1000: hung up; 1001: nothing there. */
static int hear(int fd, uint32_t sequence)
{
	alignas(8) static uint8_t in[XF_LINK_PACKET_MAX];
	ssize_t n = recv(fd, in, sizeof(in), 0);
	struct link_view view;

	if (n == 0 || (n < 0 && errno != EAGAIN))
		return 1000;
	if (n < 0)
		return 1001;
	struct link_cursor cursor = link_cursor(in, (size_t)n);
	cr_assert_eq(link_record_next(&cursor, &view), 1);
	cr_expect_eq(view.sequence, sequence);
	return ((const struct xf_link_ack *)view.body)->result;
}

Test(link_server, mode)
{
	struct stat st;

	cr_assert_eq(stat(path, &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0660);
}

/* As another user of the group. 0: connected; 1: the connection is closed at once; else an error. */
static int knock(uid_t uid)
{
	gid_t group = 65534;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char byte;
	int status;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path);
	pid_t child = fork();
	if (child == 0) {
		if (setgroups(1, &group) < 0 || setresgid(group, group, group) < 0 || setresuid(uid, uid, uid) < 0)
			_exit(100);
		_exit(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : errno);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(status, 0, "%d", WEXITSTATUS(status));
	bool admitted = link_server_accept(&server);
	int n = (int)recv(fd, &byte, 1, MSG_DONTWAIT);
	close(fd);
	return admitted ? 0 : n == 0 ? 1 : -1;
}

/* The group may reach the socket, and only the control plane's user is taken. */
Test(link_server, strangers_are_refused)
{
	if (geteuid() != 0)
		cr_skip("needs root");
	*strrchr(path, '/') = 0;
	cr_assert_eq(chmod(path, 0755), 0);
	path[strlen(path)] = '/';
	int fd = dial();
	say(fd, XF_LINK_HELLO, 1, sizeof(struct xf_link_hello));
	cr_expect_eq(hear(fd, 1), XF_LINK_HELLO);
	for (unsigned i = 1; i <= 3; i++) {
		cr_expect_eq(knock(12345), 1);
		cr_expect_eq(server.refused, i);
	}
	/* They have taken nobody's place. */
	say(fd, XF_LINK_STATS, 2, sizeof(struct xf_link_empty));
	cr_expect_eq(hear(fd, 2), XF_LINK_STATS);
	cr_expect_eq(knock(65534), 0);
	close(fd);
}

/* Of a configuration that names nobody of this machine. */
Test(link_server, without_a_user_only_root)
{
	if (geteuid() != 0)
		cr_skip("needs root");
	link_server_stop(&server);
	cr_assert_eq(link_server_start(&server, path, "no-such-user", "nogroup"), 0);
	*strrchr(path, '/') = 0;
	cr_assert_eq(chmod(path, 0755), 0);
	path[strlen(path)] = '/';
	cr_expect_eq(knock(65534), 1);
	close(dial());
}

Test(link_server, hello_first)
{
	int fd = dial();

	say(fd, XF_LINK_STATS, 1, sizeof(struct xf_link_empty));
	cr_expect_eq(hear(fd, 1), -EPROTO);
	cr_expect_eq(hear(fd, 0), 1000);
	cr_expect_eq(commands, 0);
	close(fd);
}

Test(link_server, sequence_rises_by_one)
{
	int fd = dial();

	say(fd, XF_LINK_HELLO, 7, sizeof(struct xf_link_hello));
	cr_expect_eq(hear(fd, 7), XF_LINK_HELLO);
	say(fd, XF_LINK_STATS, 8, sizeof(struct xf_link_empty));
	cr_expect_eq(hear(fd, 8), XF_LINK_STATS);
	say(fd, XF_LINK_STATS, 10, sizeof(struct xf_link_empty));
	cr_expect_eq(hear(fd, 10), -EPROTO);
	cr_expect_eq(hear(fd, 0), 1000);
	cr_expect_eq(commands, 2);
	close(fd);
}

Test(link_server, bad_records_are_answered)
{
	int fd = dial();

	say(fd, XF_LINK_HELLO, 1, sizeof(struct xf_link_hello));
	cr_expect_eq(hear(fd, 1), XF_LINK_HELLO);
	say(fd, 63, 2, 8);
	cr_expect_eq(hear(fd, 2), -ENOSYS);
	say(fd, XF_LINK_OPEN, 3, 8);
	cr_expect_eq(hear(fd, 3), -EMSGSIZE);
	say(fd, XF_LINK_STATS, 4, 8);
	cr_expect_eq(hear(fd, 4), XF_LINK_STATS);
	close(fd);
}

Test(link_server, broken_packet_ends_it)
{
	int fd = dial();

	say(fd, XF_LINK_HELLO, 1, sizeof(struct xf_link_hello));
	cr_expect_eq(hear(fd, 1), XF_LINK_HELLO);
	cr_assert_eq(send(fd, "abc", 3, MSG_NOSIGNAL), 3);
	link_server_read(&server);
	cr_expect_eq(hear(fd, 0), 1000);
	cr_expect_eq(server.client, -1);
	close(fd);
}

Test(link_server, newer_replaces_older)
{
	int a = dial(), b;
	struct xf_link_ack ack = {0};
	uint64_t old = server.connection;

	say(a, XF_LINK_HELLO, 1, sizeof(struct xf_link_hello));
	cr_expect_eq(hear(a, 1), XF_LINK_HELLO);
	b = dial();
	cr_expect_eq(hear(a, 0), 1000);
	/* An answer to the older one is not the newer one's. */
	conversation_send(&conversation, old, XF_LINK_ACK, 2, &ack, sizeof(ack));
	conversation_flush(&conversation);
	cr_expect_eq(hear(b, 0), 1001);
	say(b, XF_LINK_HELLO, 1, sizeof(struct xf_link_hello));
	cr_expect_eq(hear(b, 1), XF_LINK_HELLO);
	close(a);
	close(b);
}

Test(link_server, a_client_that_does_not_read_is_dropped)
{
	static struct xf_link_drops row;
	int fd = dial();
	unsigned n = 0;

	say(fd, XF_LINK_HELLO, 1, sizeof(struct xf_link_hello));
	while (server.client >= 0 && n < 10000000) {
		conversation_send(&conversation, conversation.connection, XF_LINK_DROPS, 0, &row, sizeof(row));
		n++;
	}
	cr_expect_eq(server.client, -1);
	/* What it could have had: the socket's buffer and the backlog, full packets. */
	cr_expect_gt(n, CONVERSATION_BACKLOG_MAX * (XF_LINK_PACKET_MAX / xf_link_record_size(sizeof(row))) / 2);
	close(fd);
}

static void command_flood(const struct link_view *view, void *arg)
{
	static struct xf_link_drops row;

	commands++;
	conversation.greeted = true;
	for (unsigned n = 0; server.client >= 0 && n < 10000000; n++)
		conversation_send(&conversation, conversation.connection, XF_LINK_DROPS, 0, &row, sizeof(row));
}

/* It is dropped over the first of two commands of one packet: the second is nobody's, and the next client is served. */
Test(link_server, dropped_in_mid_packet)
{
	static const uint8_t body[sizeof(struct xf_link_hello)];
	alignas(8) uint8_t out[256];
	int fd = dial();

	int n = link_record_put(out, sizeof(out), XF_LINK_HELLO, 1, body, sizeof(body));
	n += link_record_put(out + n, sizeof(out) - (size_t)n, XF_LINK_STATS, 2, body, sizeof(struct xf_link_empty));
	conversation.command = command_flood;
	cr_assert_eq(send(fd, out, (size_t)n, MSG_NOSIGNAL), n);
	link_server_read(&server);
	cr_expect_eq(server.client, -1);
	cr_expect_eq(commands, 1);
	conversation.command = command;
	int next = dial();
	say(next, XF_LINK_HELLO, 1, sizeof(struct xf_link_hello));
	cr_expect_eq(hear(next, 1), XF_LINK_HELLO);
	close(fd);
	close(next);
}

Test(link_server, slow_reader_loses_nothing)
{
	static struct xf_link_drops row;
	alignas(8) static uint8_t in[XF_LINK_PACKET_MAX];
	const unsigned total = 20000;
	unsigned got = 0;
	int fd = dial();

	say(fd, XF_LINK_HELLO, 1, sizeof(struct xf_link_hello));
	cr_expect_eq(hear(fd, 1), XF_LINK_HELLO);
	for (unsigned i = 0; i < total; i++)
		conversation_send(&conversation, conversation.connection, XF_LINK_DROPS, i, &row, sizeof(row));
	for (unsigned turns = 0; turns < 10000 && got < total; turns++) {
		struct link_view view;
		conversation_flush(&conversation);
		ssize_t n = recv(fd, in, sizeof(in), 0);
		if (n <= 0)
			continue;
		struct link_cursor cursor = link_cursor(in, (size_t)n);
		while (link_record_next(&cursor, &view) > 0)
			cr_assert_eq(view.sequence, got++);
	}
	cr_expect_eq(got, total);
	close(fd);
}

Test(link_server, stale_socket_file)
{
	struct link_server second = {.packet = packet_in, .down = down};
	struct link_server third = {.packet = packet_in, .down = down};

	cr_expect_eq(link_server_start(&second, path, "nobody", "nogroup"), -EADDRINUSE);
	cr_assert_eq(access(path, F_OK), 0);
	/* As kill -9 leaves it. */
	close(server.listener);
	cr_expect_eq(link_server_start(&third, path, "nobody", "nogroup"), 0);
	link_server_stop(&third);
	server.listener = -1;
}

Test(link_server, other_file_stays)
{
	struct link_server second = {.packet = packet_in, .down = down};
	char file[80];

	snprintf(file, sizeof(file), "%s.txt", path);
	FILE *f = fopen(file, "w");
	cr_assert_not_null(f);
	fclose(f);
	cr_expect_eq(link_server_start(&second, file, "nobody", "nogroup"), -EEXIST);
	cr_expect_eq(access(file, F_OK), 0);
	unlink(file);
}
