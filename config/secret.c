#include "reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_MAX 1024

/* Takes the last line break off, as echo and editors leave one. False: nothing is left, or no plain text. */
static bool secret_trim(char *text, size_t len)
{
	if (len && text[len - 1] == '\n')
		len--;
	if (len && text[len - 1] == '\r')
		len--;
	text[len] = 0;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	return len > 0;
}

/* Bytes read, or -errno. */
static ssize_t secret_slurp(struct reader *r, const char *path, const char *file, char text[static SECRET_MAX + 2])
{
	struct stat st;
	/* Non-blocking: a FIFO must not hold the start up. */
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? -errno : 0;

	if (fd < 0)
		return n;
	if (fstat(fd, &st) < 0)
		n = -errno;
	else if (!S_ISREG(st.st_mode))
		n = -EINVAL;
	else if (st.st_size > SECRET_MAX)
		n = -EFBIG;
	else if ((n = read(fd, text, SECRET_MAX + 1)) < 0)
		n = -errno;
	if (n >= 0 && st.st_mode & S_IROTH)
		reader_warn(r, path, "'%.120s' can be read by everyone on this machine; chmod o-r", file);
	close(fd);
	return n;
}

static char *secret_from_file(struct reader *r, const char *path, const char *file)
{
	char text[SECRET_MAX + 2] = "";
	ssize_t n = secret_slurp(r, path, file, text);
	char *secret = NULL;

	if (n < 0)
		reader_reject(r, path,
			      "'%.120s' cannot be read: %s; a file of at most %d bytes that holds the password", file,
			      n == -EINVAL ? "not a file" : strerror((int)-n), SECRET_MAX);
	else if (!secret_trim(text, (size_t)n))
		reader_reject(r, path, "'%.120s' is empty or has more than one line; the password, alone", file);
	else
		secret = reader_copy(r, text);
	explicit_bzero(text, sizeof(text));
	return secret;
}

static char *secret_from_env(struct reader *r, const char *path, const char *name)
{
	const char *value = getenv(name);
	char text[SECRET_MAX + 2] = "";
	char *secret = NULL;

	if (!value || !*value)
		reader_reject(r, path, "environment variable '%.80s' is not set; one that holds the password", name);
	else if (strlen(value) > SECRET_MAX || !secret_trim(strcpy(text, value), strlen(value)))
		reader_reject(r, path, "environment variable '%.80s' is no password; one line of at most %d bytes",
			      name, SECRET_MAX);
	else
		secret = reader_copy(r, text);
	explicit_bzero(text, sizeof(text));
	return secret;
}

void secret_read(struct reader *r, const char *prefix, const struct raw_credentials *raw,
		 struct config_credentials *credentials)
{
	const char *given = raw->password_file ? "password-file" : raw->password_env ? "password-env" : NULL;
	char path[READER_PATH_MAX];

	if (raw->password)
		reader_reject(r, reader_at(r, "%s.password", prefix),
			      "a secret in the configuration; password-file: FILE or password-env: VARIABLE");
	if (raw->password_file && raw->password_env)
		reader_reject(r, reader_at(r, "%s.password-env", prefix), "beside password-file; one of the two");
	if (!raw->username && (given || raw->realm))
		reader_reject(r, reader_at(r, "%s.%s", prefix, given ? given : "realm"),
			      "without a username; username and password, or neither");
	if (raw->username && !given && !raw->password && !reader_has(r, reader_at(r, "%s.password-file", prefix)) &&
	    !reader_has(r, reader_at(r, "%s.password-env", prefix)))
		reader_reject(r, reader_at(r, "%s.username", prefix),
			      "without a password; password-file: FILE or password-env: VARIABLE");
	if (!raw->username)
		return;
	if (strpbrk(raw->username, "\"\\"))
		reader_reject(r, reader_at(r, "%s.username", prefix), "has a quote or backslash; text without them");
	credentials->username = reader_copy(r, raw->username);
	credentials->realm = reader_copy(r, raw->realm);
	if (given && r->secrets) {
		snprintf(path, sizeof(path), "%s.%s", prefix, given);
		credentials->password = raw->password_file ? secret_from_file(r, path, raw->password_file)
							   : secret_from_env(r, path, raw->password_env);
	}
	if (!credentials->password)
		credentials->password = reader_copy(r, "");
}
