#include "daemon/link_socket.h"
#include "loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct link_socket *link_;
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static unsigned ups, downs, packets;
static size_t last_len;

static void on_up(void *arg)
{
	ups++;
}

static void on_down(void *arg)
{
	downs++;
}

static void on_packet(void *arg, const void *packet, size_t len)
{
	packets++;
	last_len = len;
}

static const struct link_socket_user user = {.up = on_up, .down = on_down, .packet = on_packet};

static void setup(void)
{
	loop_setup();
	snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/xfg-test-link-%d.sock", getpid());
}

static void teardown(void)
{
	link_socket_destroy(link_);
	unlink(address.sun_path);
	loop_teardown();
}

TestSuite(link_socket, .init = setup, .fini = teardown);

static int listen_here(void)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	unlink(address.sun_path);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(listen(fd, 4), 0);
	return fd;
}

Test(link_socket, connects_when_there_is_somebody)
{
	cr_assert_eq(link_socket_create(&link_, base, address.sun_path, &user), 0);
	cr_assert_eq(link_socket_send(link_, "x", 1), -ENOTCONN);
	cr_assert_not(loop_until(&ups, 1, 300));
	int listener = listen_here();
	cr_assert(loop_until(&ups, 1, 2500));
	int peer = accept(listener, NULL, NULL);
	char got[16];
	static char big[65536];
	cr_assert_eq(link_socket_send(link_, "hello", 5), 0);
	cr_assert_eq(recv(peer, got, sizeof(got), 0), 5);
	cr_assert_eq(send(peer, "ok", 2, 0), 2);
	cr_assert_eq(send(peer, big, sizeof(big), 0), (ssize_t)sizeof(big));
	cr_assert(loop_until(&packets, 2, 1000));
	cr_assert_eq(last_len, sizeof(big));
	close(peer);
	cr_assert(loop_until(&downs, 1, 1000));
	cr_assert(loop_until(&ups, 2, 3000), "and again");
	close(listener);
}

Test(link_socket, up_comes_from_the_loop)
{
	int listener = listen_here();
	cr_assert_eq(link_socket_create(&link_, base, address.sun_path, &user), 0);
	unlink(address.sun_path); /* connected already */
	cr_assert_eq(ups, 0);
	cr_assert(loop_until(&ups, 1, 500));
	close(listener);
}

Test(link_socket, a_full_socket_is_waited_for)
{
	int listener = listen_here();
	static char packet[32768], got[65536];
	cr_assert_eq(link_socket_create(&link_, base, address.sun_path, &user), 0);
	cr_assert(loop_until(&ups, 1, 500));
	int peer = accept(listener, NULL, NULL);
	for (unsigned i = 0; i < 100; i++) {
		packet[0] = (char)i;
		cr_assert_eq(link_socket_send(link_, packet, sizeof(packet)), 0);
	}
	for (unsigned i = 0; i < 100; i++) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		cr_assert_eq(recv(peer, got, sizeof(got), MSG_DONTWAIT), (ssize_t)sizeof(packet), "packet %u", i);
		cr_assert_eq(got[0], (char)i, "in order");
	}
	cr_assert_eq(downs, 0);
	close(peer);
	close(listener);
}

Test(link_socket, a_hung_dataplane_is_let_go)
{
	int listener = listen_here();
	static char packet[32768];
	cr_assert_eq(link_socket_create(&link_, base, address.sun_path, &user), 0);
	cr_assert(loop_until(&ups, 1, 500));
	int result = 0;
	unsigned sent = 0;
	while (result == 0 && sent < 1000) {
		result = link_socket_send(link_, packet, sizeof(packet));
		sent++;
	}
	cr_assert_eq(result, -ENOBUFS);
	cr_assert_eq(downs, 0, "never inside a call");
	cr_assert_eq(link_socket_send(link_, packet, 1), -ENOTCONN);
	cr_assert(loop_until(&downs, 1, 500));
	close(listener);
}

Test(link_socket, path_too_long)
{
	char path[200];
	memset(path, 'x', sizeof(path));
	path[199] = 0;
	cr_assert_eq(link_socket_create(&link_, base, path, &user), -ENAMETOOLONG);
	link_ = NULL;
}
